"""Normalisation of each channel over a batch. 16-bit floats are computed in float32."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.exponential import sqrt
from ferrule.ops.precision import HALVES, in_float32, widened
from ferrule.ops.reduction import sum
from ferrule.ops.shape import expand, reshape
from ferrule.ops.statistics import mean as mean_of
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped

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
@in_float32
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
    check_channels("batch_norm", x, mean=mean, var=var, weight=weight, bias=bias)
    scale = 1.0 / sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    y = (x - by_channel(mean, x)) * by_channel(scale, x)
    return y if bias is None else y + by_channel(bias, x)


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
        The result, and the mean and the variance (over n, not n - 1) of each channel, ``(C,)``;
        of 16-bit floats these are float32.
    """
    check_channels("batch_norm_training", x, weight=weight, bias=bias)
    dims = _but_channels(x)
    wide = widened(x)
    mean = mean_of(wide, dim=dims)
    centred = wide - by_channel(mean, x)
    var = mean_of(centred * centred, dim=dims)
    scale = 1.0 / sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    y = centred * by_channel(scale, x)
    if bias is not None:
        y = y + by_channel(bias, x)
    return (cast(y, dtype=x.dtype) if x.dtype in HALVES else y), mean, var


@batch_norm_training.vjp
@in_float32
def _(g, y, x, weight, eps):
    g, g_mean, g_var = g
    dims = _but_channels(x)
    n = math.prod(x.shape[d] for d in dims) or 1  # of no elements there is no gradient
    _, mean, var = y
    inverse = 1.0 / sqrt(var + eps)
    centred = x - by_channel(mean, x)
    total = sum(g, dim=dims)
    along = sum(g * centred, dim=dims) * inverse

    def for_x():
        # linear in g and in x, with coefficients that are one number for each channel
        scale = inverse if weight is None else inverse * weight
        of_x = (g_var * 2.0 - scale * inverse * along) * (1.0 / n)
        rest = (g_mean - scale * total) * (1.0 / n)
        return g * by_channel(scale, x) + centred * by_channel(of_x, x) + by_channel(rest, x)

    return for_x, lambda: along, lambda: total


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:instance_norm",
    samples=[
        sample(of(2, 3, 4), of(3), of(3)),
        sample(of(2, 2, 2, 3), None, None, eps=0.1),
        sample(of(1, 3, 2), of(3), None),
    ],
    tolerance=16,
)
def instance_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_norm_training` of each of the ``N`` for itself.

    Args:
        x: ``(N, C, ...)``, with one element or more for each channel.
        weight, bias: ``(C,)``.
        eps: keeps the root from 0.

    Returns:
        The result, and the mean and the variance (over n, not n - 1) of each channel, ``(N, C)``;
        of 16-bit floats these are float32.

    Source: Ulyanov, Vedaldi, Lempitsky, arXiv:1607.08022.
    """
    check_channels("instance_norm", x, weight=weight, bias=bias)
    n, channels = x.shape[:2]

    def repeated(each: Tensor | None) -> Tensor | None:
        if each is None:
            return None
        return reshape(expand(each, shape=(n, channels)), shape=(n * channels,))

    together = reshape(x, shape=(1, n * channels, *x.shape[2:]))
    y, mean, var = batch_norm_training(together, repeated(weight), repeated(bias), eps=eps)
    mean, var = (reshape(each, shape=(n, channels)) for each in (mean, var))
    return reshape(y, shape=x.shape), mean, var


def _but_channels(x: Shaped) -> tuple[int, ...]:
    return (0, *range(2, len(x.shape)))


def by_channel(each: Tensor, x: Shaped) -> Tensor:
    """One number for each channel, with dims of 1 so that it broadcasts to ``x``."""
    trailing = len(x.shape) - 2
    return reshape(each, shape=(each.shape[0], *(1,) * trailing)) if trailing else each


def check_channels(op: str, x: Tensor, **others: Tensor | None) -> None:
    """Refuse an ``x`` without channels, and others that are not one number for each."""
    if x.ndim < 2:
        raise ShapeError(f"{op}: x is {x._type}; it must have two dims or more, (N, C, ...)")
    for name, given in others.items():
        if given is not None and given.shape != x.shape[1:2]:
            raise ShapeError(
                f"{op}: x is {x._type} and {name} is {given._type}; the shape of {name} must be "
                f"({x.shape[1]},), the number of channels"
            )
