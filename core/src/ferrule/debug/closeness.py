"""How far apart two results of one op are, in ULPs, and how far apart they may be.

Each of two right backends may be off by what conformance allows a result: ``units * eps *
max(|value|, floor)``. So they may be apart by twice that. The units are

    the dtype's entry in the table  x  the op's factor  x  sqrt(reduction length),

where the reduction length is 1 for an elementwise primitive, and otherwise the number of elements
of the largest operand. The floor is 0 for an elementwise primitive, whose error is therefore
relative, and otherwise the largest magnitude that takes part, since terms may cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe
from ferrule.abstract import Abstract
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import DType, FerruleError, Spec, dtypes
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.op import Op

Array = np.ndarray[Any, Any]

UNITS = {
    dtypes.float16: 4.0,
    dtypes.bfloat16: 4.0,
    dtypes.float32: 6.0,
    dtypes.float64: 8.0,
    dtypes.complex64: 12.0,
    dtypes.complex128: 16.0,
}
"""How far apart two right results of one rounding step may be, in units of eps: twice what
conformance allows one. Integers and bools are exact."""


@dataclass(frozen=True)
class Allowance:
    """``units * eps * max(|value|, floor)``."""

    units: float
    floor: float = 0.0


@dataclass(frozen=True)
class Gap:
    """The element at which two results are farthest apart.

    Attributes:
        index: its place.
        values: what the one and the other have there.
        ulps: how far apart these are, in ULPs of the first; infinite where only one is finite, or
            their signs are infinite, or only one is NaN.
        excess: by how many times that is more than allowed; at most 1 for results that agree.
        wrong, total: how many elements are farther apart than allowed, of how many.
    """

    index: tuple[int, ...]
    values: tuple[Any, Any]
    ulps: float
    excess: float
    wrong: int
    total: int

    @property
    def agrees(self) -> bool:
        return not self.wrong


def allowance(op: Op, dtype: DType, operands: Sequence[Array], units: float | None) -> Allowance:
    """How far apart two results of a call may be.

    Args:
        dtype: the results'.
        operands: of the call.
        units: in the place of the table's, and of the op's factor.
    """
    if units is None:
        units = UNITS.get(dtype, 0.0) * op.tolerance
    if elementwise(op):
        return Allowance(units)
    longest = max((x.size for x in operands), default=1) or 1
    return Allowance(units * math.sqrt(longest), max(map(_largest, operands), default=0.0))


_ELEMENTWISE: dict[str, bool] = {}


def elementwise(op: Op) -> bool:
    """Whether the op is a primitive of which each result depends on one element of each operand, as
    the shapes of its samples tell."""
    if op.name not in _ELEMENTWISE:
        _ELEMENTWISE[op.name] = _is_elementwise(op)
    return _ELEMENTWISE[op.name]


def _is_elementwise(op: Op) -> bool:
    schema = op.schema
    kinds = {a.kind.rstrip("?") for a in schema.attributes.values()}
    if not op.primitive or schema.variadic or schema.creates or op.dynamic or not op.samples:
        return False
    if kinds & {"dim", "dims", "shape", "sizes", "tuple"}:
        return False
    roles = {"mask": fe.bool, "index": fe.int64}
    swept = next((d for d in (fe.float32, fe.int64, fe.bool) if d in op.dtypes), fe.complex64)
    for sample in op.samples:
        operands = [
            None
            if each is None
            else Tensor(
                None,
                TensorType(
                    Spec(each.shape, each.dtype or roles.get(schema.role(i)) or swept),
                    fe.runtime.device(),
                ),
            )
            for i, each in enumerate(sample.inputs)
        ]
        try:
            wanted = np.broadcast_shapes(*(x.shape for x in operands if x is not None))
            with Abstract():
                results = op(*operands, **sample.attrs)
        except (ValueError, FerruleError):
            return False
        results = results if isinstance(results, tuple) else (results,)
        if any(i is not None and i.matrix for i in sample.inputs):
            return False
        if any(y.shape != wanted for y in results):
            return False
    return True


def _largest(x: Array) -> float:
    """The largest finite magnitude, of numbers that have rounding errors."""
    try:
        rounded = DType.of(x.dtype).category in CONTINUOUS
    except TypeError:
        return 0.0
    if not rounded:
        return 0.0
    size = np.abs(_widened(x))
    return float(size[np.isfinite(size)].max(initial=0.0))


def gap(a: Array, b: Array, within: Allowance) -> Gap | None:
    """Where two arrays of one shape and dtype are farthest apart; None if they have no elements."""
    if a.size == 0:
        return None
    dtype = DType.of(a.dtype)
    with np.errstate(all="ignore"):
        if dtype.category in CONTINUOUS:
            ulps, excess = _apart(_widened(a), _widened(b), dtype, within)
        else:
            wide = np.float64 if dtype.itemsize == 8 else np.int64
            ulps = np.abs(a.astype(wide) - b.astype(wide)).astype(np.float64)
            ulps = np.where((a != b) & (ulps == 0), 1.0, ulps)  # large integers
            excess = np.where(a != b, np.inf, 0.0)
    wrong = excess > 1
    # of several that are infinitely wrong, the one that is farthest apart
    worst = int(np.argmax(np.where(excess == excess.max(), ulps, -1.0)))
    index = tuple(int(i) for i in np.unravel_index(worst, a.shape))
    return Gap(
        index,
        (_number(a[index]), _number(b[index])),
        float(ulps[index]),
        float(excess[index]),
        int(wrong.sum()),
        a.size,
    )


def _apart(a: Array, b: Array, dtype: DType, within: Allowance) -> tuple[Array, Array]:
    """Distances in ULPs, and as multiples of what is allowed."""
    info = dtypes.finfo(dtype)
    eps, tiny = float(info.eps), float(info.smallest_subnormal)
    size = np.abs(a)
    exceptional = ~np.isfinite(a) | ~np.isfinite(b)
    distance = np.where(exceptional, np.where(_kind(a) == _kind(b), 0.0, np.inf), np.abs(a - b))
    binade = np.exp2(np.floor(np.log2(np.where((size > 0) & ~exceptional, size, 1.0))))
    ulp = np.maximum(np.where(size > 0, eps * binade, 0.0), tiny)
    allowed = within.units * (
        eps * np.maximum(np.where(exceptional, 0.0, size), within.floor) + tiny
    )
    excess = np.where(distance == 0, 0.0, np.where(exceptional, np.inf, distance / allowed))
    return np.where(distance == 0, 0.0, distance / ulp), excess


def _kind(x: Array) -> Array:
    """Tells NaN, both infinities and finite numbers apart. A complex number with a NaN is NaN."""
    if np.iscomplexobj(x):
        return np.where(np.isnan(x), 3, 10 * _kind(x.real) + _kind(x.imag))
    return np.where(np.isnan(x), 3, np.where(np.isinf(x), np.sign(x), 0))


def _widened(x: Array) -> Array:
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _number(x: Any) -> Any:
    """A Python number."""
    found = x.item()
    return found if isinstance(found, (bool, int, float, complex)) else float(found)


def relative(a: Array, b: Array) -> tuple[float, float]:
    """How far apart two arrays are in all: the largest distance as a part of the largest magnitude,
    and in units of eps of that."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return math.inf, math.inf
    if a.size == 0:
        return 0.0, 0.0
    dtype = DType.of(a.dtype)
    with np.errstate(all="ignore"):
        x, y = _widened(a), _widened(b)
        alike = _kind(x) == _kind(y)
        distance = np.where(np.isfinite(x) & np.isfinite(y), np.abs(x - y), 0.0)
    if not alike.all():
        return math.inf, math.inf
    largest = max(_largest(x), np.finfo(np.float64).tiny)
    part = float(distance.max()) / largest
    if dtype.category not in CONTINUOUS:
        return part, float(distance.max())
    return part, part / float(dtypes.finfo(dtype).eps)
