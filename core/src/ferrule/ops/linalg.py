"""The matrix product."""

from __future__ import annotations

from ferrule.declare import numeric, primitive
from ferrule.errors import ShapeError
from ferrule.ops.complex import conjugate
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.shape import permute
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec


@primitive(
    dtypes=numeric,
    promote="same",
    ref="numpy:matmul",
    samples=[
        (of(2, 3), of(3, 4)),
        (of(5, 2, 3), of(3, 4)),
        (of(2, 1, 2, 3), of(4, 3, 1)),
        (of(0, 3), of(3, 2)),
        (of(2, 0), of(0, 2)),
    ],
)
def matmul(a: Shaped, b: Shaped) -> Spec:
    """The matrix product over the last two dims; leading dims broadcast."""
    if len(a.shape) < 2 or len(b.shape) < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"the last size of {a.shape} and the last but one of {b.shape} must be equal"
        )
    lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return Spec((*lead, a.shape[-2], b.shape[-1]), a.dtype)


@matmul.vjp
def _(g, a, b):
    return (
        lambda: matmul(g, _swapped(conjugate(b))),
        lambda: matmul(_swapped(conjugate(a)), g),
    )


def _swapped(x: Tensor) -> Tensor:
    n = x.ndim
    return permute(x, dims=(*range(n - 2), n - 1, n - 2))
