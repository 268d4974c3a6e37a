"""Windows that slide over the spatial dims: how many there are, and what each tap sees."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

Sizes = tuple[int, ...]
"""One number for each spatial dim."""


def out_size(
    size: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool = False,
) -> Sizes:
    """How many windows fit along each dim; with ``ceil_mode``, the last may run over."""
    along = zip(size, kernel, stride, padding, dilation)
    return tuple(_along(*dim, ceil_mode) for dim in along)


def _along(size: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    span = size + 2 * p - d * (k - 1) - 1
    n = (span + (s - 1 if ceil_mode else 0)) // s + 1
    # the last window must begin inside the image or its left padding
    return n - 1 if ceil_mode and (n - 1) * s >= size + p else n


def taps(
    kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes
) -> Iterator[tuple[Sizes, tuple[slice, ...]]]:
    """For each tap, its place in the kernel and the part of the image that it meets."""
    for tap in product(*map(range, kernel)):
        starts = [t * d for t, d in zip(tap, dilation)]
        yield tap, tuple(slice(a, a + (o - 1) * s + 1, s) for a, o, s in zip(starts, out, stride))
