"""Backends as core sees them: activated once, their kernels collected into one table each."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ferrule import debug, host_kernels
from ferrule.errors import DTypeError, MissingKernel
from ferrule_plugins import (
    Backend,
    BackendNotInstalled,
    Device,
    DType,
    Kernel,
    discovery,
    dtypes,
    plugin_manager,
    selection,
)
from ferrule_plugins.plugin_manager import call_hook

if TYPE_CHECKING:
    from ferrule.op import Op

Fallback = Literal["error", "warn", "allow"]


@dataclass
class FallbackEntry:
    """What one op cost on the host, in the place of a kernel that its backend lacks.

    Attributes:
        op, backend: which.
        calls: how often it ran.
        bytes: what was copied between backend and host.
        seconds: time spent, copies included.
    """

    op: str
    backend: str
    calls: int = 0
    bytes: int = 0
    seconds: float = 0.0


class ActiveBackend:
    """A backend in use.

    Attributes:
        backend: the plugin's object.
        kernels: op name to kernel: the backend's own, overlaid with those of kernel packs.
        fallback: what happens when a primitive has no kernel: an error, or a run on the host,
            with or without a warning.
        ledger: what ran on the host.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.name = backend.name
        self.dtypes = backend.capabilities.dtypes
        self.kernels: dict[str, Kernel] = dict(backend.kernels)
        self.packs: dict[str, str] = {}
        # the plugin registered last is asked first, and has the last word
        for source, pack in reversed(call_hook("ferrule_register_kernels", backend=backend)):
            if not isinstance(pack, Mapping):
                reason = TypeError(f"it returned {pack!r}, not a mapping from ops to kernels")
                plugin_manager.record(source, "ferrule_register_kernels", reason)
                continue
            self.kernels.update(pack)
            self.packs.update(dict.fromkeys(pack, source))
        self.fallback: Fallback = "error"
        self.ledger: dict[str, FallbackEntry] = {}

    def kernel(self, op: Op, device: Device) -> Kernel | None:
        """The kernel for ``op`` on ``device``; None for a composite that runs by its body.

        Raises:
            MissingKernel: a primitive has none and falling back is not allowed.
        """
        kernel = self.kernels.get(op.name)
        if kernel is not None or not op.primitive:
            return kernel
        if self.fallback == "error":
            if op.feature is not None and op.feature not in self.backend.capabilities.features:
                raise MissingKernel(
                    f"backend {self.name!r} does not offer {op.feature!r}, which {op.name!r} is "
                    "part of. Move the tensor with .to(...) to a backend that does, or run it on "
                    f'the host: fe.set_backend("{self.name}", fallback="warn")'
                )
            raise MissingKernel(
                f"backend {self.name!r} has no kernel for the primitive {op.name!r}. To run it on "
                f'the host meanwhile: fe.set_backend("{self.name}", fallback="warn")'
            )
        host = _host_kernels().get(op.name)
        if host is None:
            raise MissingKernel(
                f"backend {self.name!r} has no kernel for the primitive {op.name!r}, and neither "
                "has the host; the package that declares the op must supply one"
            )
        return self._on_host(op.name, host, device)

    def check_dtype(self, dtype: DType) -> None:
        """Refuse a dtype that the backend does not declare."""
        if dtype not in self.dtypes:
            names = " ".join(d.name for d in dtypes.ALL if d in self.dtypes)
            raise DTypeError(
                f"backend {self.name!r} has no {dtype.name}; convert with .to(dtype) to one of "
                f"{names}, or use another backend"
            )

    def _on_host(self, name: str, host: Kernel, device: Device) -> Kernel:
        entry = self.ledger.setdefault(name, FallbackEntry(name, self.name))
        backend = self.backend

        def run(*arrays: Any, **attrs: Any) -> Any:
            start = perf_counter()
            if self.fallback == "warn" and entry.calls == 0:
                warnings.warn(
                    f"backend {self.name!r} has no kernel for {name!r}: it runs on the host",
                    RuntimeWarning,
                    stacklevel=4,
                )
            here = [a if np.isscalar(a) or a is None else backend.to_host(a) for a in arrays]
            with np.errstate(all="ignore"):
                results = host(*here, **attrs)
            several = isinstance(results, tuple)
            results = [np.asarray(r) for r in (results if several else (results,))]
            back = tuple(backend.from_host(r, device) for r in results)
            entry.calls += 1
            entry.bytes += sum(a.nbytes for a in (*here, *results) if isinstance(a, np.ndarray))
            entry.seconds += perf_counter() - start
            return back if several else back[0]

        return run


_active: dict[str, ActiveBackend] = {}
_lock = threading.RLock()


def active(name: str) -> ActiveBackend:
    """The backend of that name, loaded and activated on first use.

    Raises:
        BackendError: one of the four errors of selection.
    """
    found = _active.get(name)
    if found is None:
        backend = discovery.load(name)
        with _lock:
            found = _active.get(name)
            if found is None:
                _register_ops()
                found = _active[name] = ActiveBackend(backend)
    return found


def described(name: str) -> ActiveBackend:
    """The backend of that name, to look at its kernels and capabilities: as `active` gives it, or,
    if it is not in use, an object of its own, whether or not the backend can run here.

    Raises:
        BackendError: it is not installed, or broken.
    """
    found = _active.get(name)
    if found is None:
        _register_ops()
        found = ActiveBackend(discovery.imported(name))
    return found


def locate(name: str) -> Backend:
    """The backend of that name, or the object at ``module:attribute``, which is then installed.

    Raises:
        BackendError: it cannot be used.
    """
    module, colon, attribute = name.partition(":")
    if not colon:
        return active(name).backend
    try:
        found: Any = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BackendNotInstalled(
            name,
            f"there is no such object: {error}",
            remedy="write a backend's name, or module:attribute of a module on sys.path",
        ) from error
    if isinstance(found, type):
        for each in _active.values():
            if type(each.backend) is found:
                return each.backend
        found = found()
    before = _active.get(found.name)
    if before is None or before.backend is not found:
        install(found)
    return found


def name_of(text: str) -> str:
    """The name of the backend that is meant by a device's name, or by ``module:attribute``, which
    is then installed.

    Raises:
        BackendNotInstalled: there is no such object.
        ValueError: it is neither.
    """
    located = ":" in text and not text.rpartition(":")[2].isdecimal()
    return locate(text).name if located else Device(text).backend


def has_host_kernel(op: Op) -> bool:
    """Whether a primitive can run on the host where a backend has no kernel for it."""
    return op.name in _host_kernels()


def install(backend: Backend) -> None:
    """Use a backend object of this process, with no distribution to announce it: for tests, and for
    a backend in the making. Tensors are made there with ``device=backend.name``, or after
    ``fe.set_backend(backend.name)``.

    It takes the place of an earlier backend of that name, whose tensors must no longer be used.
    """
    from ferrule.op import forget_plans

    with _lock:
        _register_ops()
        discovery.adopt(backend)
        _active[backend.name] = ActiveBackend(backend)
        _existing.add(Device(backend.name))
    forget_plans()


_ops_registered = False


def _register_ops() -> None:
    """Let plugins declare their ops, once."""
    global _ops_registered
    if not _ops_registered:
        _ops_registered = True
        call_hook("ferrule_register_ops")


def _host_kernels() -> dict[str, Kernel]:
    return host_kernels.table()


def device(name: Any = None) -> Device:
    """The device that ``name`` names; without one, that of the selected backend.

    Raises:
        BackendError: its backend cannot be used, or has fewer devices.
    """
    if name is None:
        return selection.selected()
    found = Device(name)
    if found not in _existing:
        found = selection.resolve(found)
        _existing.add(found)
    return found


_existing: set[Device] = set()


def set_backend(name: str, *, fallback: Fallback = "error") -> None:
    """Create tensors on this backend from here on, in this thread or async task.

    Args:
        name: a backend or one of its devices (``"cuda"``, ``"cuda:1"``), or ``"auto"`` for the
            fastest kind that works here.
        fallback: what to do when the backend lacks the kernel of a primitive, in all threads:
            raise, or run it on the host with or without a warning. See `fallbacks`.

    Raises:
        BackendError: the backend cannot be used; the selection stays as it was.
    """
    if fallback not in ("error", "warn", "allow"):
        raise ValueError(f'fallback must be "error", "warn" or "allow", not {fallback!r}')
    from ferrule.op import forget_plans

    chosen = active(selection.resolve(name).backend)
    selection.set_backend(name)
    if chosen.fallback != fallback:
        chosen.fallback = fallback
        forget_plans()


def get_backend() -> str:
    """The name of the selected backend."""
    return selection.selected().backend


def fallbacks() -> list[FallbackEntry]:
    """What ran on the host because a backend lacks its kernel, in order of first use."""
    return [entry for a in _active.values() for entry in a.ledger.values() if entry.calls]


def synchronize(name: Any = None) -> None:
    """Return when all work queued on a device is done; without a name, the selected one.

    Raises:
        OutOfRange: an op there was given an index out of range, and ``fe.debug.check_indices``
            found it.
    """
    where = device(name)
    active(where.backend).backend.synchronize(where)
    debug.report(where)
