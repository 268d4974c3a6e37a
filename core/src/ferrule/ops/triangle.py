"""Triangles of matrices."""

from __future__ import annotations

from ferrule.declare import composite, everything
from ferrule.errors import ShapeError
from ferrule.ops.choice import where
from ferrule.ops.comparison import ge, le
from ferrule.ops.creation import arange, full
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

_SAMPLES = [
    sample(of(3, 4)),
    sample(of(2, 4, 3), diagonal=1),
    sample(of(4, 4), diagonal=-2),
    sample(of(2, 0)),
]


@composite(dtypes=everything, ref="ferrule_conformance.shape_references:tril", samples=_SAMPLES)
def tril(x: Tensor, *, diagonal: int = 0) -> Tensor:
    """The lower triangles of matrices: zeros above a diagonal.

    Args:
        diagonal: which one, counted upwards from the main diagonal.
    """
    rows, columns = _places(x)
    return where(le(columns - rows, diagonal), x, _zero(x))


@composite(dtypes=everything, ref="ferrule_conformance.shape_references:triu", samples=_SAMPLES)
def triu(x: Tensor, *, diagonal: int = 0) -> Tensor:
    """The upper triangles of matrices: zeros below a diagonal.

    Args:
        diagonal: which one, counted upwards from the main diagonal.
    """
    rows, columns = _places(x)
    return where(ge(columns - rows, diagonal), x, _zero(x))


def _places(x: Tensor) -> tuple[Tensor, Tensor]:
    if x.ndim < 2:
        raise ShapeError(f"{x._type} is not a matrix; it needs at least two dims")
    n, m = x.shape[-2:]
    rows = arange(start=0, step=1, length=n, dtype=int64, device=x.device)
    columns = arange(start=0, step=1, length=m, dtype=int64, device=x.device)
    return reshape(rows, shape=(n, 1)), columns


def _zero(x: Tensor) -> Tensor:
    return full(shape=(), value=0, dtype=x.dtype, device=x.device)


@tril.vjp
def _(g, diagonal):
    return tril(g, diagonal=diagonal)


@triu.vjp
def _(g, diagonal):
    return triu(g, diagonal=diagonal)
