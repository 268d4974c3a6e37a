"""Logical operations, element by element: what is not 0 is true."""

from __future__ import annotations

from ferrule.declare import composite, everything
from ferrule.ops.arithmetic import abs, mul
from ferrule.ops.choice import cast
from ferrule.ops.comparison import eq, le, ne
from ferrule.ops.floating_point import isfinite, isnan
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float64


@composite(
    dtypes=everything,
    samples=[(of(4), of(4)), (of(3, 1), of(2))],
    ref="numpy:logical_and",
    differentiable=False,
)
def logical_and(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise: both are not 0."""
    return mul(ne(a, 0), ne(b, 0))


@composite(
    dtypes=everything,
    samples=[(of(4), of(4)), (of(3, 1), of(2))],
    ref="numpy:logical_or",
    differentiable=False,
)
def logical_or(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise: one is not 0."""
    return ne(a, 0) | ne(b, 0)


@composite(dtypes=everything, samples=[(of(4),)], ref="numpy:logical_not", differentiable=False)
def logical_not(x: Tensor) -> Tensor:
    """Elementwise: it is 0."""
    return eq(x, 0)


@composite(
    dtypes=everything,
    samples=[(of(4), of(4)), (of(3, 1), of(2))],
    ref="numpy:logical_xor",
    differentiable=False,
)
def logical_xor(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise: just one is not 0."""
    return ne(ne(a, 0), ne(b, 0))


@composite(
    dtypes=everything,
    ref="ferrule_conformance.references:isclose",
    samples=[
        (of(3, 4), of(3, 4)),
        sample(of(2, 1), of(3), rtol=0.5, atol=0.1),
        sample(of(0), of(1), equal_nan=True),
    ],
    differentiable=False,
)
def isclose(
    a: Tensor, b: Tensor, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Elementwise: they are equal, or both finite with ``abs(a - b) <= atol + rtol * abs(b)``."""
    equal = eq(a, b)
    if equal_nan:
        equal = equal | (isnan(a) & isnan(b))
    if a.dtype.category == "bool":
        return equal
    if a.dtype.category == "integer":
        a, b = cast(a, dtype=float64), cast(b, dtype=float64)
    near = le(abs(a - b), abs(b) * rtol + atol)
    return equal | (near & isfinite(a) & isfinite(b))
