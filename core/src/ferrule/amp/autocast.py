"""The ``with`` block that turns mixed precision on."""

from __future__ import annotations

from typing import Any, TypeGuard

import ferrule as fe
from ferrule import runtime
from ferrule.amp.casting import HALVES, Casting
from ferrule.errors import ArgumentError, DTypeError
from ferrule.modes import Modes, Scope, current, ordered
from ferrule_plugins import Device, DType
from ferrule_plugins.dtypes import bfloat16, float16


class autocast(Scope):
    """Within the block, or the decorated function, ops compute in the dtype that suits them:
    matrix products and convolutions in ``dtype``, sums, losses, norms and the like in float32::

        with fe.amp.autocast("cpu", dtype=fe.bfloat16):
            loss = F.cross_entropy(model(x), y)
        loss.backward()

    Parameters stay as they are, and so do the dtypes of their gradients: the casts are ops that
    gradients flow through. A parameter is cast once per outermost block. An op says in its
    declaration what it computes in, see ``ferrule ops NAME``; backends have no say. float64 is
    never converted. Backward computes in the dtypes that forward did, inside the block or not.

    Args:
        device_type: a backend's name. Tensors of other backends are left alone.
        dtype: float16 or bfloat16; by default bfloat16 where the backend has it, else float16.
        enabled: False turns an outer block off, and asks nothing of the backend.
        cache_enabled: keep the casts of parameters until the outermost block ends.

    Raises:
        ArgumentError: ``device_type`` is not a backend's name.
        DTypeError: the dtype is not one of the two, or the backend lacks it.
        BackendError: the backend cannot be used.
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        super().__init__()
        self.device = _backend_name(device_type)
        self.enabled = bool(enabled)
        self.cache_enabled = cache_enabled is not False
        self.fast_dtype: DType | None = None
        if self.enabled:
            self.fast_dtype = _checked(self.device, dtype)

    def modes(self, now: Modes) -> Modes:
        others = tuple(i for i in now.stack if not _acts(i, self.device))
        if self.fast_dtype is None:
            return now.with_stack(others)
        outer = next((i for i in now.stack if isinstance(i, Casting)), None)
        cache = {} if outer is None else outer.cache
        casting = Casting(self.device, self.fast_dtype, cache, self.cache_enabled)
        return now.with_stack(ordered((*others, casting)))

    def __exit__(self, *exc: object) -> None:
        inside = _in_force(self.device)
        super().__exit__(*exc)
        if inside is not None and not any(
            isinstance(i, Casting) and i.cache is inside.cache for i in current().stack
        ):
            inside.cache.clear()


def is_autocast_enabled(device_type: str | Device | None = None) -> bool:
    """Whether an `autocast` is in force for a backend, by default for the selected one."""
    return _in_force(_backend_name(device_type or fe.get_backend())) is not None


def get_autocast_dtype(device_type: str | Device | None = None) -> DType:
    """What `autocast` computes in on a backend: that of the block in force, or the default.

    Raises:
        DTypeError: the backend has no 16-bit floats.
    """
    name = _backend_name(device_type or fe.get_backend())
    casting = _in_force(name)
    return _checked(name, None) if casting is None else casting.lower


def is_autocast_available(device_type: str) -> bool:
    """Whether a backend can be used and has float16 or bfloat16."""
    name = _backend_name(device_type)
    try:
        return bool(runtime.active(name).dtypes & {*HALVES})
    except fe.BackendError:
        return False


def _in_force(backend: str) -> Casting | None:
    return next((i for i in current().stack if _acts(i, backend)), None)


def _acts(interpreter: Any, backend: str) -> TypeGuard[Casting]:
    return isinstance(interpreter, Casting) and interpreter.backend == backend


def _backend_name(device_type: Any) -> str:
    if isinstance(device_type, Device):
        return device_type.backend
    if not isinstance(device_type, str) or not device_type or ":" in device_type:
        raise ArgumentError(
            f"autocast: device_type is a backend's name, such as 'cpu', not {device_type!r}"
        )
    return device_type


def _checked(backend: str, dtype: Any) -> DType:
    declared = runtime.active(backend).dtypes
    if dtype is None:
        found = bfloat16 if bfloat16 in declared else float16
    else:
        try:
            found = DType.of(dtype)
        except TypeError as error:
            raise DTypeError(f"autocast: {error}") from None
        if found not in HALVES:
            raise DTypeError(f"autocast: dtype is float16 or bfloat16, not {found.name}")
    if found not in declared:
        other = next((d.name for d in HALVES if d in declared), None)
        remedy = (
            f"use dtype=fe.{other}" if other else "use another backend, or autocast(enabled=False)"
        )
        raise DTypeError(f"autocast: backend {backend!r} has no {found.name}; {remedy}")
    return found
