"""The affine map."""

from __future__ import annotations

import math

from ferrule.declare import composite, numeric
from ferrule.errors import ShapeError
from ferrule.ops.complex import conjugate
from ferrule.ops.linalg import matmul
from ferrule.ops.reduction import sum
from ferrule.ops.shape import permute, reshape
from ferrule.samples import of
from ferrule.tensor import Tensor


@composite(
    dtypes=numeric,
    promote="same",
    ref="ferrule_conformance.nn_references:linear",
    samples=[
        (of(3, 4), of(2, 4), of(2)),
        (of(2, 3, 4), of(5, 4), None),
        (of(4), of(2, 4), of(2)),
        (of(0, 3), of(2, 3), of(2)),
        (of(2, 0), of(3, 0), of(3)),
    ],
    tolerance=2,
)
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``.

    Args:
        x: ``(..., in_features)``.
        weight: ``(out_features, in_features)``.
        bias: ``(out_features,)``.

    Returns:
        ``(..., out_features)``.
    """
    if weight.ndim != 2:
        raise ShapeError(f"linear: weight is {weight._type}; it must have two dims, (out, in)")
    out, features = weight.shape
    if not x.ndim or x.shape[-1] != features:
        raise ShapeError(
            f"linear: x is {x._type} and weight is {weight._type}; the last size of x must be "
            f"{features}"
        )
    if bias is not None and bias.shape != (out,):
        raise ShapeError(f"linear: bias is {bias._type}; its shape must be ({out},)")
    y = matmul(_rows(x), permute(weight, dims=(1, 0)))
    if bias is not None:
        y = y + bias
    return y if x.ndim == 2 else reshape(y, shape=(*x.shape[:-1], out))


@linear.vjp
def _(g, x, weight):
    def for_weight():
        return matmul(permute(_rows(g), dims=(1, 0)), conjugate(_rows(x)))

    return (
        lambda: reshape(matmul(_rows(g), conjugate(weight)), shape=x.shape),
        for_weight,
        lambda: sum(_rows(g), dim=0),
    )


def _rows(x: Tensor) -> Tensor:
    """All leading dims made one."""
    if x.ndim == 2:
        return x
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))
