"""Maximum pooling over windows at random distances."""

from __future__ import annotations

import math
from typing import Any

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.creation import arange, full
from ferrule.ops.indexing import gather
from ferrule.ops.pooling import put_back
from ferrule.ops.reduction import argmax
from ferrule.ops.rounding import floor
from ferrule.ops.shape import cat, expand, narrow, permute, reshape
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped
from ferrule_plugins.dtypes import int64


def _sample(x: tuple[int, ...], kernel_size: tuple[int, ...], output_size: tuple[int, ...]):
    samples = of(*x[:2], len(kernel_size), low=0.0, high=1.0)
    return sample(of(*x, distinct=True), samples, kernel_size=kernel_size, output_size=output_size)


@composite(
    dtypes=floating,
    promote="same",
    ref="ferrule_conformance.spatial_references:fractional_max_pool_with_indices",
    samples=[
        _sample((2, 2, 5, 6), (2, 2), (3, 4)),
        _sample((1, 2, 7), (3,), (1,)),
        _sample((1, 1, 4, 5, 3), (2, 1, 2), (2, 3, 2)),
        _sample((0, 2, 4, 4), (2, 2), (2, 2)),
    ],
)
def fractional_max_pool_with_indices(
    x: Tensor,
    samples: Tensor,
    *,
    kernel_size: tuple[int, ...],
    output_size: tuple[int, ...],
) -> tuple[Tensor, Tensor]:
    """The largest element of each of ``output_size`` windows at pseudorandom distances, and where
    it stands.

    Source: Graham, "Fractional max-pooling", 2014. Window ``i`` along a dim begins at ``floor((i +
    u) * a) - floor(u * a)`` with ``a = (size - kernel_size) / (output_size - 1)``, and the last one
    ends at the edge.

    Args:
        x: ``(N, C, *size)``.
        samples: ``(N, C, spatial dims)``: the ``u`` of each, within [0, 1).
        kernel_size: the size of a window; one number for each spatial dim, as is the next.
        output_size: how many windows there are.

    Returns:
        ``(N, C, *output_size)``, and int64 indices of that shape into the places of ``size`` in
        row-major order.
    """
    _check(x, samples, kernel_size, output_size)
    size, ndim = x.shape[2:], len(output_size)
    lead = x.shape[:2]
    seen, places = x, None
    for d, (n, k, m) in enumerate(zip(size, kernel_size, output_size)):
        start = _starts(narrow(samples, dim=2, start=d, length=1), n, k, m)
        taps = arange(start=0, step=1, length=k, dtype=int64, device=x.device)
        index = reshape(reshape(taps, shape=(k, 1)) + start, shape=(*lead, k * m))
        before, after = seen.shape[2 : 2 + d], seen.shape[3 + d :]
        spread = reshape(index, shape=(*lead, *(1,) * d, k * m, *(1,) * len(after)))
        chosen = expand(spread, shape=(*lead, *before, k * m, *after))
        seen = gather.unchecked(seen, chosen, dim=2 + d)
        # (N, C, k0, m0, k1, m1, ...), to broadcast with those of the other dims
        along = (*(1,) * (2 * d), k, m, *(1,) * (2 * (ndim - d - 1)))
        place = reshape(index, shape=(*lead, *along))
        places = place if places is None else places * n + place
    interleaved = [k for pair in zip(kernel_size, output_size) for k in pair]
    seen = _taps_first(reshape(seen, shape=(*lead, *interleaved)), ndim)
    places = _taps_first(places, ndim)
    tap = argmax(seen, dim=2, keepdim=True)
    shape = (*lead, *output_size)
    values, indices = (gather.unchecked(each, tap, dim=2) for each in (seen, places))
    return reshape(values, shape=shape), reshape(indices, shape=shape)


@fractional_max_pool_with_indices.vjp
def _(g, y, x: Shaped):
    return put_back(g[0], y[1].detach(), x.shape), None


def _starts(sample: Tensor, size: int, kernel: int, count: int) -> Tensor:
    """Where the windows along one dim begin, ``(N, C, 1, count)``."""
    sample = reshape(sample, shape=(*sample.shape[:2], 1, 1))
    last = full(shape=sample.shape, value=size - kernel, dtype=int64, device=sample.device)
    if count == 1:
        return last
    step = (size - kernel) / (count - 1)
    number = arange(start=0, step=1, length=count - 1, dtype=sample.dtype, device=sample.device)
    begin = floor((number + sample) * step) - floor(sample * step)
    return cat(cast(begin, dtype=int64), last, dim=3)


def _taps_first(x: Any, ndim: int) -> Tensor:
    """``(N, C, taps, windows)`` from ``(N, C, k0, m0, k1, m1, ...)``."""
    taps = math.prod(x.shape[2::2])
    order = (0, 1, *(2 + 2 * d for d in range(ndim)), *(3 + 2 * d for d in range(ndim)))
    windows = math.prod(x.shape[3::2])
    return reshape(permute(x, dims=order), shape=(*x.shape[:2], taps, windows))


def _check(
    x: Tensor, samples: Tensor, kernel_size: tuple[int, ...], output_size: tuple[int, ...]
) -> None:
    op = "fractional_max_pool_with_indices"
    ndim = len(x.shape) - 2
    if ndim < 1 or len(kernel_size) != ndim or len(output_size) != ndim:
        raise ShapeError(
            f"{op}: x has the shape {x.shape}; it must be (N, C, *size), and kernel_size "
            f"{kernel_size} and output_size {output_size} one number for each spatial dim"
        )
    if samples.shape != (*x.shape[:2], ndim):
        raise ShapeError(
            f"{op}: samples has the shape {samples.shape}; for x of the shape {x.shape} it must be "
            f"{(*x.shape[:2], ndim)}"
        )
    for n, k, m in zip(x.shape[2:], kernel_size, output_size):
        if k < 1 or m < 1 or k + m - 1 > n:
            raise ShapeError(
                f"{op}: {m} windows of {k} do not fit in {n} places; take kernel_size + "
                "output_size - 1 <= size along each dim"
            )
