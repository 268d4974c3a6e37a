"""Normalisation over batches and over features."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.exponential import sqrt
from ferrule.ops.reduction import sum
from ferrule.ops.shape import reshape
from ferrule.ops.statistics import mean as mean_of
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shape, Shaped

_VAR = of(3, low=0.5, high=2.0)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:batch_norm",
    samples=[
        (of(4, 3), of(3), _VAR, of(3), of(3)),
        (of(2, 3, 2, 2), of(3), _VAR, None, None),
        sample(of(2, 3, 4), of(3), _VAR, of(3), None, eps=0.1),
        (of(0, 3), of(3), _VAR, of(3), of(3)),
    ],
    tolerance=4,
)
def batch_norm(
    x: Tensor,
    mean: Tensor,
    var: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` with statistics that are given.

    Args:
        x: ``(N, C, ...)``.
        mean, var, weight, bias: ``(C,)``: one number for each channel.
        eps: keeps the root from 0.

    Source: Ioffe, Szegedy, arXiv:1502.03167.
    """
    _check_channels("batch_norm", x, mean=mean, var=var, weight=weight, bias=bias)
    scale = 1.0 / sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    y = (x - _channels(mean, x)) * _channels(scale, x)
    return y if bias is None else y + _channels(bias, x)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:batch_norm_training",
    samples=[
        (of(4, 3), of(3), of(3)),
        (of(2, 3, 2, 2), None, None),
        sample(of(2, 3, 4), of(3), None, eps=0.1),
    ],
    tolerance=16,
)
def batch_norm_training(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_norm` with the statistics of the batch itself.

    Args:
        x: ``(N, C, ...)``, with one element or more for each channel.
        weight, bias: ``(C,)``.
        eps: as in `batch_norm`.

    Returns:
        The result, and the mean and the variance (over n, not n - 1) of each channel, ``(C,)``.
    """
    _check_channels("batch_norm_training", x, weight=weight, bias=bias)
    dims = _but_channels(x)
    mean = mean_of(x, dim=dims)
    centred = x - _channels(mean, x)
    var = mean_of(centred * centred, dim=dims)
    scale = 1.0 / sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    y = centred * _channels(scale, x)
    return (y if bias is None else y + _channels(bias, x)), mean, var


@batch_norm_training.vjp
def _(g, y, x, weight, eps):
    g, g_mean, g_var = g
    dims = _but_channels(x)
    n = math.prod(x.shape[d] for d in dims)
    _, mean, var = y
    inverse = 1.0 / sqrt(var + eps)
    centred = x - _channels(mean, x)
    total = sum(g, dim=dims)
    along = sum(g * centred, dim=dims) * inverse

    def for_x():
        # linear in g and in x, with coefficients that are one number for each channel
        scale = inverse if weight is None else inverse * weight
        of_x = (g_var * 2.0 - scale * inverse * along) * (1.0 / n)
        rest = (g_mean - scale * total) * (1.0 / n)
        return g * _channels(scale, x) + centred * _channels(of_x, x) + _channels(rest, x)

    return for_x, lambda: along, lambda: total


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:layer_norm",
    samples=[
        sample(of(3, 4), of(4), of(4), normalized_shape=(4,)),
        sample(of(2, 2, 3), None, None, normalized_shape=(2, 3)),
        sample(of(5), of(5), None, normalized_shape=(5,), eps=0.1),
        sample(of(0, 3), of(3), of(3), normalized_shape=(3,)),
    ],
    tolerance=16,
)
def layer_norm(
    x: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    normalized_shape: Shape,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` with the mean and variance over the last
    dims.

    Args:
        x: ``(..., *normalized_shape)``.
        weight, bias: of ``normalized_shape``.
        normalized_shape: the sizes of the dims that are normalised together.
        eps: keeps the root from 0.

    Source: Ba, Kiros, Hinton, arXiv:1607.06450.
    """
    if not normalized_shape or x.shape[-len(normalized_shape) :] != normalized_shape:
        raise ShapeError(
            f"layer_norm: x is {x._type}; its shape must end in normalized_shape, which is "
            f"{normalized_shape}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.shape != normalized_shape:
            raise ShapeError(
                f"layer_norm: {name} is {given._type}; its shape must be {normalized_shape}"
            )
    centred, inverse = _centred(x, normalized_shape, eps)
    y = centred * inverse
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


@layer_norm.vjp
def _(g, x, weight, normalized_shape, eps):
    dims = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    lead = tuple(range(dims[0]))
    centred, inverse = _centred(x, normalized_shape, eps)
    normal = centred * inverse

    def for_x():
        inner = g if weight is None else g * weight
        mean = mean_of(inner, dim=dims, keepdim=True)
        along = mean_of(inner * normal, dim=dims, keepdim=True)
        return (inner - mean - normal * along) * inverse

    return for_x, lambda: sum(g * normal, dim=lead), lambda: sum(g, dim=lead)


def _centred(x: Tensor, normalized_shape: Shape, eps: float) -> tuple[Tensor, Tensor]:
    """Distances from the mean, and one over the root of their mean square."""
    dims = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    centred = x - mean_of(x, dim=dims, keepdim=True)
    var = mean_of(centred * centred, dim=dims, keepdim=True)
    return centred, 1.0 / sqrt(var + eps)


def _but_channels(x: Shaped) -> tuple[int, ...]:
    return (0, *range(2, len(x.shape)))


def _channels(each: Tensor, x: Shaped) -> Tensor:
    """One number for each channel, with dims of 1 so that it broadcasts to ``x``."""
    trailing = len(x.shape) - 2
    return reshape(each, shape=(each.shape[0], *(1,) * trailing)) if trailing else each


def _check_channels(op: str, x: Tensor, **others: Tensor | None) -> None:
    if x.ndim < 2:
        raise ShapeError(f"{op}: x is {x._type}; it must have two dims or more, (N, C, ...)")
    for name, given in others.items():
        if given is not None and given.shape != x.shape[1:2]:
            raise ShapeError(
                f"{op}: x is {x._type} and {name} is {given._type}; the shape of {name} must be "
                f"({x.shape[1]},), the number of channels"
            )
