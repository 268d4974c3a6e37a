"""Pooling over as many windows as asked for, which cover the input as evenly as can be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import div
from ferrule.ops.choice import cast
from ferrule.ops.indexing import gather, index_select
from ferrule.ops.pooling import put_back
from ferrule.ops.precision import widened
from ferrule.ops.reduction import argmax
from ferrule.ops.resampling import lengths, windows
from ferrule.ops.shape import expand, permute, reshape
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped
from ferrule_plugins.dtypes import int64

_SAMPLES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((2, 2, 4, 6), (2, 3)),
    ((1, 2, 7), (3,)),
    ((1, 2, 3), (5,)),
    ((1, 2, 5, 4), (3, 1)),
    ((1, 1, 3, 5, 4), (2, 3, 4)),
    ((0, 2, 5), (2,)),
]


@composite(
    dtypes=floating,
    ref="ferrule_conformance.spatial_references:adaptive_avg_pool",
    samples=[sample(of(*x), output_size=size) for x, size in _SAMPLES],
    tolerance=2,
)
def adaptive_avg_pool(x: Tensor, *, output_size: tuple[int, ...]) -> Tensor:
    """The mean of each of ``output_size`` windows.

    Window ``i`` along a dim reaches from ``floor(i * size / output_size)`` to ``ceil((i + 1) * size
    / output_size)``.

    Args:
        x: ``(N, C, *size)``.
        output_size: one number for each spatial dim.

    Returns:
        ``(N, C, *output_size)``.
    """
    _check("adaptive_avg_pool", x, output_size)
    y = widened(x)
    along = [windows(n, m) for n, m in zip(x.shape[2:], output_size)]
    for d, (sampling, _) in enumerate(along):
        y = sampling(y, 2 + d)
    return cast(div(y, _lengths(along, y)), dtype=x.dtype)


@adaptive_avg_pool.vjp
def _(g, x: Shaped, output_size):
    y = widened(g)
    along = [windows(n, m) for n, m in zip(x.shape[2:], output_size)]
    y = div(y, _lengths(along, y))
    for d, (sampling, _) in enumerate(along):
        y = sampling.transposed()(y, 2 + d)
    return cast(y, dtype=g.dtype)


def _lengths(along: list[Any], like: Tensor) -> Tensor | float:
    found = lengths([length for _, length in along])
    if isinstance(found, float):
        return found
    return fe.tensor(found, dtype=like.dtype, device=like.device)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.spatial_references:adaptive_max_pool_with_indices",
    samples=[sample(of(*x, distinct=True), output_size=size) for x, size in _SAMPLES],
)
def adaptive_max_pool_with_indices(
    x: Tensor, *, output_size: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """The largest element of each of ``output_size`` windows, and where it stands.

    The first among equals is taken, and NaN is larger than all else.

    Args:
        x: ``(N, C, *size)``.
        output_size: one number for each spatial dim; windows are those of `adaptive_avg_pool`.

    Returns:
        ``(N, C, *output_size)``, and int64 indices of that shape into the places of ``size`` in
        row-major order.
    """
    _check("adaptive_max_pool_with_indices", x, output_size)
    size, ndim = x.shape[2:], len(output_size)
    seen, places = x, np.zeros((1,) * (2 * ndim), np.int64)
    taps = []
    for d, (n, m) in enumerate(zip(size, output_size)):
        sampling, length = windows(n, m)
        # a shorter window sees its last place again, which never wins over the first sight of it
        last = sampling.index[0] + length - 1
        index = np.minimum(sampling.index[0] + np.arange(len(sampling.index))[:, None], last)
        taps.append(len(index))
        flat = fe.tensor(index.reshape(-1), dtype=int64, device=x.device)
        seen = index_select.unchecked(seen, flat, dim=2 + d)
        spread = [1] * (2 * ndim)
        spread[d], spread[ndim + d] = index.shape
        places = places * n + index.reshape(spread)
    interleaved = [k for pair in zip(taps, output_size) for k in pair]
    seen = reshape(seen, shape=(*x.shape[:2], *interleaved))
    order = (0, 1, *(2 + 2 * d for d in range(ndim)), *(3 + 2 * d for d in range(ndim)))
    stacked = (*x.shape[:2], math.prod(taps), math.prod(output_size))
    seen = reshape(permute(seen, dims=order), shape=stacked)
    tap = argmax(seen, dim=2, keepdim=True)
    shape = (*x.shape[:2], *output_size)
    values = reshape(gather.unchecked(seen, tap, dim=2), shape=shape)
    table = fe.tensor(places.reshape(1, 1, *stacked[2:]), dtype=int64, device=x.device)
    indices = gather.unchecked(expand(table, shape=stacked), tap, dim=2)
    return values, reshape(indices, shape=shape)


@adaptive_max_pool_with_indices.vjp
def _(g, y, x: Shaped):
    return put_back(g[0], y[1].detach(), x.shape)


def _check(op: str, x: Shaped, output_size: tuple[int, ...]) -> None:
    if len(x.shape) != len(output_size) + 2 or not output_size or min(output_size) < 0:
        raise ShapeError(
            f"{op}: x has the shape {x.shape} and output_size is {output_size}; they must be "
            "(N, C, *size) and a number of at least 0 for each spatial dim"
        )
    if min(x.shape[2:]) < 1:
        raise ShapeError(f"{op}: x has the shape {x.shape}; no spatial dim may be empty")
