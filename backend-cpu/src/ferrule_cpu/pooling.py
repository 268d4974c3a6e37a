"""Maximum pooling, one pass per tap of the window."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_cpu.windows import Sizes, out_size, taps

Array = np.ndarray[Any, Any]


def max_pool_with_indices(
    x: Array,
    *,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> tuple[Array, Array]:
    """See the op of that name. Memory order is kept, and the indices are made at the end, from
    the number of the winning tap."""
    size = x.shape[2:]
    out = out_size(size, kernel_size, stride, padding, dilation, ceil_mode)
    # enough on the far side for the last window, which ceil_mode lets run over the edge
    far = [
        max(0, (o - 1) * s + d * (k - 1) + 1 - n - p)
        for o, s, d, k, n, p in zip(out, stride, dilation, kernel_size, size, padding)
    ]
    source = x
    if any(padding) or any(far):
        lowest = -np.inf if x.dtype.kind not in "iu" else np.iinfo(x.dtype).min
        around = [(0, 0), (0, 0), *zip(padding, far)]
        source = np.pad(x, around, constant_values=lowest)
    seen = [source[(..., *part)] for _, part in taps(kernel_size, out, stride, dilation)]
    best = seen[0].copy(order="K")
    winner = np.zeros_like(best, dtype=np.uint8 if len(seen) < 256 else np.int64)
    for number, tap in enumerate(seen[1:], 1):
        # the last tap to be better is the first one of the maximum
        better = (tap > best).view(np.uint8)
        np.maximum(winner, better * winner.dtype.type(number), out=winner)
        np.maximum(best, tap, out=best)
    lost = best != best
    if lost.any():  # NaN is greater than nothing, and wins
        for number, tap in reversed(list(enumerate(seen))):
            np.copyto(winner, number, where=lost & (tap != tap))
    return best, _positions(winner, size, kernel_size, stride, padding, dilation)


def _positions(
    winner: Array, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    """The flat position in the image of each winning tap."""
    ndim = len(size)
    strides = [math.prod(size[d + 1 :]) for d in range(ndim)]
    offsets = np.unravel_index(np.arange(math.prod(kernel)), kernel)
    starts = [
        (np.arange(winner.shape[2 + d]) * stride[d] - padding[d]).reshape(
            -1, *(1,) * (ndim - d - 1)
        )
        for d in range(ndim)
    ]
    if not any(padding):
        tap: Any = sum(offsets[d] * dilation[d] * strides[d] for d in range(ndim))
        return tap[winner] + sum(starts[d] * strides[d] for d in range(ndim))
    # where all taps are -inf, the padding may have won: then the first tap inside the image has
    found: Any = 0
    for d in range(ndim):
        place = (offsets[d] * dilation[d])[winner] + starts[d]
        found = found + np.maximum(place, _first_inside(starts[d], dilation[d])) * strides[d]
    return found


def _first_inside(starts: Array, dilation: int) -> Array:
    """Where the first tap outside the padding stands, for windows that begin at ``starts``."""
    return np.where(starts < 0, starts % dilation, starts)
