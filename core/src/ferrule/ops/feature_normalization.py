"""Normalisation of the features of each sample. 16-bit floats are computed in float32."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.exponential import sqrt
from ferrule.ops.normalization import by_channel, check_channels
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.shape import narrow, pad, reshape
from ferrule.ops.statistics import mean as mean_of
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shape, dtypes


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.nn_references:layer_norm",
    samples=[
        sample(of(3, 4), of(4), of(4), normalized_shape=(4,)),
        sample(of(2, 2, 3), None, None, normalized_shape=(2, 3)),
        sample(of(5), of(5), None, normalized_shape=(5,), eps=0.1),
        sample(of(0, 3), of(3), of(3), normalized_shape=(3,)),
    ],
    tolerance=16,
)
@in_float32
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
    _check_last("layer_norm", x, normalized_shape, weight=weight, bias=bias)
    centred, inverse = _centred(x, normalized_shape, eps)
    y = centred * inverse
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


@layer_norm.vjp
@in_float32
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


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.nn_references:rms_norm",
    samples=[
        sample(of(3, 4), of(4), normalized_shape=(4,)),
        sample(of(2, 2, 3), None, normalized_shape=(2, 3), eps=0.1),
        sample(of(0, 3), of(3), normalized_shape=(3,), eps=0.5),
    ],
    tolerance=16,
)
@in_float32
def rms_norm(
    x: Tensor, weight: Tensor | None = None, *, normalized_shape: Shape, eps: float | None = None
) -> Tensor:
    """``x / sqrt(mean(x ** 2) + eps) * weight`` with the mean over the last dims.

    Args:
        x: ``(..., *normalized_shape)``.
        weight: of ``normalized_shape``.
        normalized_shape: the sizes of the dims that are normalised together.
        eps: keeps the root from 0; by default the distance from 1 to the next number of the dtype
            that it is computed in.

    Source: Zhang, Sennrich, arXiv:1910.07467.
    """
    _check_last("rms_norm", x, normalized_shape, weight=weight)
    if eps is None:
        eps = float(dtypes.finfo(x.dtype).eps)
    dims = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    y = x * (1.0 / sqrt(mean_of(x * x, dim=dims, keepdim=True) + eps))
    return y if weight is None else y * weight


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.nn_references:group_norm",
    samples=[
        sample(of(2, 4, 3), of(4), of(4), num_groups=2),
        sample(of(3, 6), None, None, num_groups=3, eps=0.1),
        sample(of(1, 2, 2, 2), of(2), None, num_groups=1),
        sample(of(0, 2, 3), of(2), of(2), num_groups=2),
    ],
    tolerance=16,
)
@in_float32
def group_norm(
    x: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    num_groups: int,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` with the mean and variance over the channels
    of a group, for each of the ``N``.

    Args:
        x: ``(N, C, ...)``.
        weight, bias: ``(C,)``: one number for each channel.
        num_groups: how many blocks the channels form.
        eps: keeps the root from 0.

    Source: Wu, He, arXiv:1803.08494.
    """
    check_channels("group_norm", x, weight=weight, bias=bias)
    if num_groups < 1 or x.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: x is {x._type}; num_groups={num_groups} must divide its {x.shape[1]} "
            "channels"
        )
    size = math.prod(x.shape[1:]) // num_groups
    groups = reshape(x, shape=(x.shape[0], num_groups, size))
    centred, inverse = _centred(groups, (size,), eps)
    y = reshape(centred * inverse, shape=x.shape)
    if weight is not None:
        y = y * by_channel(weight, x)
    return y if bias is None else y + by_channel(bias, x)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:local_response_norm",
    samples=[
        sample(of(2, 5, 3), size=3, alpha=0.5),
        sample(of(1, 4, 2, 2), size=2, alpha=0.3, beta=0.5, k=2.0),
        sample(of(2, 2, 3), size=5, alpha=0.2),
        sample(of(0, 2, 3), size=2),
    ],
    tolerance=8,
)
@in_float32
def local_response_norm(
    x: Tensor, *, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``x / (k + alpha * mean) ** beta``, with ``mean`` that of the squares of ``size``
    neighbouring channels, where those that do not exist count as 0.

    Args:
        x: ``(N, C, ...)``, of three dims or more.
        size: how many channels; of an even number, one more of those before than of those behind.
        alpha, beta, k: as in the equation.

    Source: Krizhevsky, Sutskever, Hinton, NIPS 2012.
    """
    if x.ndim < 3:
        raise ShapeError(
            f"local_response_norm: x is {x._type}; it must have three dims or more, (N, C, ...)"
        )
    if size < 1:
        raise ArgumentError(f"local_response_norm: size must be 1 or more, not {size}")
    none = (0,) * x.ndim
    before, after = ((0, n, *none[2:]) for n in (size // 2, (size - 1) // 2))
    squares = pad(x * x, before=before, after=after, inner=none)
    channels = x.shape[1]
    total = narrow(squares, dim=1, start=0, length=channels)
    for i in range(1, size):
        total = total + narrow(squares, dim=1, start=i, length=channels)
    return x / (total * (alpha / size) + k) ** beta


def _centred(x: Tensor, normalized_shape: Shape, eps: float) -> tuple[Tensor, Tensor]:
    """Distances from the mean, and one over the root of their mean square."""
    dims = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    centred = x - mean_of(x, dim=dims, keepdim=True)
    var = mean_of(centred * centred, dim=dims, keepdim=True)
    return centred, 1.0 / sqrt(var + eps)


def _check_last(op: str, x: Tensor, normalized_shape: Shape, **others: Tensor | None) -> None:
    if not normalized_shape or x.shape[-len(normalized_shape) :] != normalized_shape:
        raise ShapeError(
            f"{op}: x is {x._type}; its shape must end in normalized_shape, which is "
            f"{normalized_shape}"
        )
    for name, given in others.items():
        if given is not None and given.shape != normalized_shape:
            raise ShapeError(f"{op}: {name} is {given._type}; its shape must be {normalized_shape}")
