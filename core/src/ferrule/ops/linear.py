"""The affine map, and the bilinear one."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating, numeric
from ferrule.errors import ShapeError
from ferrule.ops.complex import conjugate
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.shape import permute, reshape
from ferrule.samples import of
from ferrule.tensor import Tensor


@composite(
    dtypes=numeric,
    autocast="lower",
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


@composite(
    dtypes=floating,
    autocast="widest",
    promote="same",
    ref="ferrule_conformance.nn_references:bilinear",
    samples=[
        (of(5, 3), of(5, 4), of(2, 3, 4), of(2)),
        (of(2, 3, 2), of(2, 3, 1), of(3, 2, 1), None),
        (of(3), of(2), of(2, 3, 2), of(2)),
        (of(0, 3), of(0, 2), of(2, 3, 2), of(2)),
    ],
    tolerance=4,
)
@in_float32
def bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``y[..., k] = x1[..., :] @ weight[k] @ x2[..., :] + bias[k]``

    Args:
        x1: ``(..., in1_features)``.
        x2: ``(..., in2_features)``, with the same leading dims.
        weight: ``(out_features, in1_features, in2_features)``.
        bias: ``(out_features,)``.

    Returns:
        ``(..., out_features)``.
    """
    if weight.ndim != 3:
        raise ShapeError(
            f"bilinear: weight is {weight._type}; it must have three dims, (out, in1, in2)"
        )
    out, first, second = weight.shape
    if not x1.ndim or x1.shape[:-1] != x2.shape[:-1] or not x2.ndim:
        raise ShapeError(
            f"bilinear: x1 is {x1._type} and x2 is {x2._type}; all sizes but the last must be equal"
        )
    if x1.shape[-1] != first or x2.shape[-1] != second:
        raise ShapeError(
            f"bilinear: x1 is {x1._type}, x2 is {x2._type} and weight is {weight._type}; the last "
            f"sizes must be {first} and {second}"
        )
    if bias is not None and bias.shape != (out,):
        raise ShapeError(f"bilinear: bias is {bias._type}; its shape must be ({out},)")
    rows, others = _rows(x1), _rows(x2)
    n = rows.shape[0]
    maps = reshape(permute(weight, dims=(1, 0, 2)), shape=(first, out * second))
    half = reshape(matmul(rows, maps), shape=(n, out, second))
    y = reshape(matmul(half, reshape(others, shape=(n, second, 1))), shape=(n, out))
    if bias is not None:
        y = y + bias
    return reshape(y, shape=(*x1.shape[:-1], out))


def _rows(x: Tensor) -> Tensor:
    """All leading dims made one."""
    if x.ndim == 2:
        return x
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))
