"""Windows that slide over images: how many there are, and what each of their taps sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Pair = tuple[int, int]


def out_size(
    size: Any, kernel: Any, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool = False
) -> Pair:
    """How many windows fit along height and width; with ``ceil_mode``, the last may run over."""
    h, w = (_along(*dim, ceil_mode) for dim in zip(size, kernel, stride, padding, dilation))
    return h, w


def _along(size: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    span = size + 2 * p - d * (k - 1) - 1
    n = (span + (s - 1 if ceil_mode else 0)) // s + 1
    # the last window must begin inside the image or its left padding
    return n - 1 if ceil_mode and (n - 1) * s >= size + p else n


def taps(
    kernel: Any, out: Any, stride: Pair, dilation: Pair
) -> Iterator[tuple[int, int, slice, slice]]:
    """For each tap, its place in the kernel and the rows and columns of the image that it meets."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            rows = slice(top, top + (out[0] - 1) * stride[0] + 1, stride[0])
            columns = slice(left, left + (out[1] - 1) * stride[1] + 1, stride[1])
            yield i, j, rows, columns
