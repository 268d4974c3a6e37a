"""Maximum pooling of images, one pass per tap of the window."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule_cpu.windows import Pair, out_size, taps

Array = np.ndarray[Any, Any]


def max_pool2d_with_indices(
    x: Array, *, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[Array, Array]:
    """See the op of that name. Memory order is kept, and the indices are made at the end, from
    the number of the winning tap."""
    h, w = x.shape[2:]
    out = out_size((h, w), kernel_size, stride, padding, dilation, ceil_mode)
    # enough on the far side for the last window, which ceil_mode lets run over the edge
    far = [
        max(0, (o - 1) * s + d * (k - 1) + 1 - size - p)
        for o, s, d, k, size, p in zip(out, stride, dilation, kernel_size, (h, w), padding)
    ]
    source = x
    if any(padding) or any(far):
        lowest = -np.inf if x.dtype.kind not in "iu" else np.iinfo(x.dtype).min
        around = [(0, 0), (0, 0), (padding[0], far[0]), (padding[1], far[1])]
        source = np.pad(x, around, constant_values=lowest)
    seen = [
        source[:, :, rows, cols] for _, _, rows, cols in taps(kernel_size, out, stride, dilation)
    ]
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
    return best, _positions(winner, (h, w), kernel_size, stride, padding, dilation)


def _positions(
    winner: Array, size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> Array:
    """The flat position in the image of each winning tap."""
    out_h, out_w = winner.shape[2:]
    width = size[1]
    tops = (np.arange(out_h) * stride[0] - padding[0])[:, None]
    lefts = np.arange(out_w) * stride[1] - padding[1]
    i, j = np.divmod(np.arange(kernel[0] * kernel[1]), kernel[1])
    if padding == (0, 0):
        return (i * dilation[0] * width + j * dilation[1])[winner] + (tops * width + lefts)
    # where all taps are -inf, the padding may have won: then the first tap inside the image has
    rows = np.maximum((i * dilation[0])[winner] + tops, _first_inside(tops, dilation[0]))
    columns = np.maximum((j * dilation[1])[winner] + lefts, _first_inside(lefts, dilation[1]))
    return rows * width + columns


def _first_inside(starts: Array, dilation: int) -> Array:
    """Where the first tap outside the padding stands, for windows that begin at ``starts``."""
    return np.where(starts < 0, starts % dilation, starts)
