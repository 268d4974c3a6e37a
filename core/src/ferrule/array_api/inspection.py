"""Dtypes, and what the namespace says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ferrule as fe
from ferrule import promotion, runtime
from ferrule.array_api.arguments import Array, arrays
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType, dtypes

_KINDS: dict[str, tuple[DType, ...]] = {
    "bool": (dtypes.bool_,),
    "signed integer": (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64),
    "unsigned integer": (dtypes.uint8,),
    "real floating": (dtypes.float32, dtypes.float64),
    "complex floating": (dtypes.complex64, dtypes.complex128),
}
_KINDS["integral"] = _KINDS["signed integer"] + _KINDS["unsigned integer"]
_KINDS["numeric"] = _KINDS["integral"] + _KINDS["real floating"] + _KINDS["complex floating"]

_HALVES = {dtypes.float16: "real floating", dtypes.bfloat16: "real floating"}


def astype(x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """The elements converted to ``dtype``. Tensors are values, so ``copy`` makes no difference."""
    arrays("astype", x)
    return x.to(device=device, dtype=DType.of(dtype))


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether promotion may convert so."""
    source = from_.dtype if isinstance(from_, Tensor) else DType.of(from_)
    return promotion.promote_types(source, DType.of(to)) is DType.of(to)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype in which a function of these arrays, dtypes and scalars computes. Arrays without
    dims count like others."""
    found: DType | None = None
    scalars = []
    for value in arrays_and_dtypes:
        if type(value) in promotion.WEAK:
            scalars.append(value)
            continue
        dtype = value.dtype if isinstance(value, Tensor) else DType.of(value)
        found = dtype if found is None else promotion.promote_types(found, dtype)
    if found is None:
        raise ArgumentError("result_type: at least one array or dtype must be given")
    for value in scalars:
        found = fe.result_type(fe.zeros(1, dtype=found), value)
    return found


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether ``dtype`` is of a kind: a dtype, the name of a group (``"bool"``, ``"signed
    integer"``, ``"unsigned integer"``, ``"integral"``, ``"real floating"``, ``"complex floating"``,
    ``"numeric"``), or a tuple of them.

    Raises:
        ArgumentError: there is no such kind.
    """
    found = DType.of(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(found, each) for each in kind)
    if isinstance(kind, str) and kind in _KINDS:
        return found in _KINDS[kind] or _HALVES.get(found) == kind
    if isinstance(kind, DType):
        return found is kind
    raise ArgumentError(f"isdtype: there is no kind {kind!r}; there are {', '.join(_KINDS)}")


@dataclass(frozen=True)
class FloatInfo:
    """Limits of a floating dtype; of the parts, for a complex one."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class IntegerInfo:
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: Any, /) -> FloatInfo:
    """Limits of a floating or complex dtype, or of that of an array."""
    dtype = promotion.real_of(type.dtype if isinstance(type, Tensor) else DType.of(type))
    found = dtypes.finfo(dtype)
    return FloatInfo(
        bits=int(found.bits),
        eps=float(found.eps),
        max=float(found.max),
        min=float(found.min),
        smallest_normal=float(found.smallest_normal),
        dtype=dtype,
    )


def iinfo(type: Any, /) -> IntegerInfo:
    """Limits of an integer dtype, or of that of an array."""
    dtype = type.dtype if isinstance(type, Tensor) else DType.of(type)
    found = dtypes.iinfo(dtype)
    return IntegerInfo(int(found.bits), int(found.max), int(found.min), dtype)


class Info:
    """What the standard's ``__array_namespace_info__`` tells."""

    def capabilities(self) -> dict[str, Any]:
        """Which optional parts of the standard there are."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """Where arrays are made: the selected backend."""
        return runtime.device(None)

    def devices(self) -> list[Device]:
        """Every device of the backends that work here."""
        return [
            Device(f"{status.name}:{i}")
            for status in fe.backends()
            if status.state == "ready"
            for i in range(len(status.devices))
        ]

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """The dtypes that arrays have by default."""
        real = promotion.default_float()
        return {
            "real floating": real,
            "complex floating": promotion.complex_of(real),
            "integral": dtypes.int64,
            "indexing": dtypes.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """The standard's dtypes that the device's backend has, by name."""
        there = runtime.active(runtime.device(device).backend).dtypes
        named = (*_KINDS["bool"], *_KINDS["numeric"])
        return {d.name: d for d in named if d in there and (kind is None or isdtype(d, kind))}


def __array_namespace_info__() -> Info:  # noqa: N807  the standard's name
    """What the namespace can do."""
    return Info()
