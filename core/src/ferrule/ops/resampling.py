"""Weighted sums of a few places along one dim, which depend on sizes alone.

Interpolation and adaptive pooling are such sums along one spatial dim after the other. Their
transposes are too, so gradients of any order only read elements and never scatter them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.ops.arithmetic import mul
from ferrule.ops.indexing import index_select
from ferrule.ops.reduction import sum
from ferrule.ops.shape import pad, reshape
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Sampling:
    """For each of some new places along a dim, the old places that it is the sum of.

    Attributes:
        size: how many old places there are.
        index: ``(terms, new)``: old places. ``size`` stands for none.
        weight: ``(terms, new)``, by which they are multiplied; None for ones.
    """

    size: int
    index: Array
    weight: Array | None = None

    def __call__(self, x: Tensor, dim: int) -> Tensor:
        """The sums along ``dim`` of ``x``."""
        terms, new = self.index.shape
        if terms == 1 and self.weight is None and np.array_equal(self.index[0], range(self.size)):
            return x
        if (self.index == self.size).any():  # what is not there is 0
            after = tuple(1 if d == dim else 0 for d in range(x.ndim))
            x = pad(x, before=(0,) * x.ndim, after=after, inner=(0,) * x.ndim)
        index = fe.tensor(self.index.reshape(-1), dtype=int64, device=x.device)
        found = index_select.unchecked(x, index, dim=dim)
        if terms == 1 and self.weight is None:
            return found
        lead, rest = x.shape[:dim], x.shape[dim + 1 :]
        found = reshape(found, shape=(*lead, terms, new, *rest))
        if self.weight is not None:
            weight = fe.tensor(self.weight, dtype=x.dtype, device=x.device)
            found = mul(found, reshape(weight, shape=(terms, new, *(1,) * len(rest))))
        return sum(found, dim=dim)

    def transposed(self) -> Sampling:
        """For each old place, the new places in whose sums it takes part."""
        terms, new = self.index.shape
        old = self.index.reshape(-1)
        place = np.tile(np.arange(new), terms)
        weight = np.ones(old.size) if self.weight is None else self.weight.reshape(-1)
        there = old < self.size
        old, place, weight = old[there], place[there], weight[there]
        order = np.lexsort((place, old))
        old, place, weight = old[order], place[order], weight[order]
        # the how-many-th of its old place each term is
        counts = np.bincount(old, minlength=self.size)
        rank = np.arange(old.size) - (np.cumsum(counts) - counts)[old]
        shape = (max(int(counts.max(initial=0)), 1), self.size)
        index, weights = np.full(shape, new), np.zeros(shape)
        index[rank, old], weights[rank, old] = place, weight
        plain = self.weight is None
        return Sampling(new, index, None if plain else weights)


@lru_cache(maxsize=256)
def windows(size: int, count: int) -> tuple[Sampling, Array]:
    """``count`` windows that cover ``size`` places as evenly as can be, and how long each is.

    Window ``i`` reaches from ``floor(i * size / count)`` to ``ceil((i + 1) * size / count)``.
    """
    number = np.arange(count, dtype=np.int64)
    start = number * size // max(count, 1)
    length = -(-(number + 1) * size // max(count, 1)) - start
    tap = np.arange(max(int(length.max(initial=0)), 1))[:, None]
    return Sampling(size, np.where(tap < length, start + tap, size)), length


@lru_cache(maxsize=256)
def interpolation(
    size: int,
    new: int,
    mode: str,
    align_corners: bool,
    scale: float | None,
    antialias: bool,
    double: bool,
) -> Sampling:
    """How ``new`` places are interpolated from ``size``.

    Args:
        mode: ``"nearest"``, ``"nearest-exact"``, ``"linear"``, ``"cubic"`` or ``"lanczos"``.
        align_corners: the centres of the outermost places coincide, not their outer edges.
        scale: the factor that sizes are said to differ by; None: the one by which they do.
        antialias: where places become fewer, all of what they stand for is weighed.
        double: the tensor is of float64, in which PyTorch rounds its nearest places.
    """
    if mode in ("nearest", "nearest-exact"):
        return Sampling(size, _nearest(size, new, mode == "nearest-exact", scale, double)[None])
    number = np.arange(new)
    step = 1 / scale if scale is not None and scale > 0 else size / new
    if align_corners:
        step = (size - 1) / (new - 1) if new > 1 else 0.0
    if size == new and (antialias or mode == "linear"):
        return Sampling(size, number[None])
    if antialias:
        return _filtered(size, step * (number + 0.5), step, mode)
    centre = step * number if align_corners else step * (number + 0.5) - 0.5
    if mode == "linear":
        centre = np.maximum(centre, 0)
    first = np.minimum(np.floor(centre), size - 1)
    t = np.clip(centre - first, 0, 1)
    if mode == "linear":
        taps, weight = first + np.arange(2)[:, None], np.stack([1 - t, t])
    else:
        taps = first + np.arange(-1, 3)[:, None]
        weight = _cubic(np.stack([t + 1, t, 1 - t, 2 - t]), -0.75)
    return Sampling(size, np.clip(taps, 0, size - 1).astype(np.int64), weight)


def _nearest(size: int, new: int, exact: bool, scale: float | None, double: bool) -> Array:
    """The nearest places, rounded where PyTorch rounds: in the last place this decides which of two
    neighbours is taken."""
    kind = np.float64 if double else np.float32
    step = kind(1 / scale if scale is not None and scale > 0 else size / new)
    number = np.arange(new, dtype=kind)
    if exact:
        centre = step.astype(np.float64) * (number + 0.5).astype(np.float64) - 0.5
        place = np.maximum(centre.astype(kind), 0).astype(np.float64) + 0.5
    else:
        place = number * step
    return np.minimum(np.floor(place.astype(np.float32)), size - 1).astype(np.int64)


def _cubic(x: Array, a: float) -> Array:
    """The cubic convolution kernel at distances ``x``.

    Source: Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions
    on Acoustics, Speech, and Signal Processing 29, 1981.
    """
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


_FILTERS: dict[str, tuple[float, Any]] = {
    "linear": (1.0, lambda x: np.maximum(1 - x, 0)),
    "cubic": (2.0, lambda x: _cubic(x, -0.5)),
    "lanczos": (3.0, lambda x: np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)),
}


def _filtered(size: int, centre: Array, step: float, mode: str) -> Sampling:
    """A filter as wide as what each new place stands for, cut off at the edges and normalised.

    Source: the resampling of the Pillow library, which PyTorch follows.
    """
    radius, shape = _FILTERS[mode]
    stretch = max(step, 1.0)
    reach = radius * stretch
    start = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    stop = np.minimum((centre + reach + 0.5).astype(np.int64), size)
    tap = np.arange(max(int((stop - start).max(initial=0)), 1))[:, None]
    there = tap < stop - start
    weight = np.where(there, shape(abs(start + tap - centre + 0.5) / stretch), 0.0)
    total = weight.sum(axis=0)
    weight = weight / np.where(total == 0, 1.0, total)
    return Sampling(size, np.where(there, start + tap, size), weight)


def lengths(sizes: list[Array]) -> Array | float:
    """How many elements windows have that are as long as that along each dim: one number where
    all are equal."""
    if all(len(set(n.tolist())) == 1 for n in sizes):
        return float(math.prod(int(n[0]) for n in sizes))
    total: Any = 1.0
    for n in sizes:
        total = np.multiply.outer(total, n)
    return total
