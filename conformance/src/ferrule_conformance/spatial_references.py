"""Independent references of ops over spatial dims; see `ferrule_conformance.references`.

Each is the definition in its op's docstring, term by term, with loops over places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]


def _output_sizes(
    size: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool = False,
) -> Sizes:
    """Windows that fit; with ``ceil_mode``, also one over the far edge that begins before it."""
    counts = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        count = (n + 2 * p - d * (k - 1) - 1) // s + 1
        if ceil_mode and (count - 1) * s + d * (k - 1) + 1 < n + 2 * p and count * s < n + p:
            count += 1
        counts.append(count)
    return tuple(counts)


def _every(sizes: Sizes) -> Iterator[Sizes]:
    return product(*map(range, sizes))


def _seen(
    window: Sizes, tap: Sizes, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Sizes | None:
    """The place that a tap of a window sees; None outside the input."""
    place = tuple(
        w * s + t * d - p for w, t, s, p, d in zip(window, tap, stride, padding, dilation)
    )
    return place if all(0 <= i < n for i, n in zip(place, size)) else None


# Convolution: every product of an input element and a weight, with the output that it is part of.


def _terms(
    x: Sizes, weight: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Iterator[tuple[Sizes, Sizes, Sizes]]:
    """Places ``(output, input, weight)`` of all terms of a convolution."""
    filters, channels, *kernel = weight
    out = _output_sizes(x[2:], tuple(kernel), stride, padding, dilation)
    for o, c, *tap in _every(weight):
        channel = o // (filters // groups) * channels + c
        for window in _every(out):
            place = _seen(window, tuple(tap), x[2:], stride, padding, dilation)
            if place is not None:
                for n in range(x[0]):
                    yield (n, o, *window), (n, channel, *place), (o, c, *tap)


def conv(
    x: Array, weight: Array, bias: Array | None = None, *, groups: int, **options: Any
) -> Array:
    out = _output_sizes(x.shape[2:], weight.shape[2:], **options)
    y = np.zeros((x.shape[0], weight.shape[0], *out), x.dtype)
    for to, at, by in _terms(x.shape, weight.shape, groups=groups, **options):
        y[to] += x[at] * weight[by]
    return y if bias is None else y + bias.reshape(-1, *(1,) * len(out))


def conv_input(grad_output: Array, weight: Array, *, input_size: Sizes, **options: Any) -> Array:
    y = np.zeros(input_size, weight.dtype)
    for to, at, by in _terms(input_size, weight.shape, **options):
        y[at] += grad_output[to] * weight[by]
    return y


def conv_weight(grad_output: Array, x: Array, *, weight_size: Sizes, **options: Any) -> Array:
    y = np.zeros(weight_size, x.dtype)
    for to, at, by in _terms(x.shape, weight_size, **options):
        y[by] += grad_output[to] * x[at]
    return y


# Columns.


def _column_places(
    size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Iterator[tuple[int, int, Sizes]]:
    """``(tap, window, place)`` of everything that windows see."""
    out = _output_sizes(size, kernel_size, stride, padding, dilation)
    for t, tap in enumerate(_every(kernel_size)):
        for w, window in enumerate(_every(out)):
            place = _seen(window, tap, size, stride, padding, dilation)
            if place is not None:
                yield t, w, place


def im2col(x: Array, *, kernel_size: Sizes, **options: Any) -> Array:
    images, channels, *size = x.shape
    taps = math.prod(kernel_size)
    windows = math.prod(_output_sizes(tuple(size), kernel_size, **options))
    y = np.zeros((images, channels, taps, windows), x.dtype)
    for t, w, place in _column_places(tuple(size), kernel_size, **options):
        y[:, :, t, w] = x[(..., *place)]
    return y.reshape(images, channels * taps, windows)


def col2im(x: Array, *, output_size: Sizes, kernel_size: Sizes, **options: Any) -> Array:
    images, rows, windows = x.shape
    taps = math.prod(kernel_size)
    columns = x.reshape(images, rows // taps, taps, windows)
    y = np.zeros((images, rows // taps, *output_size), x.dtype)
    for t, w, place in _column_places(output_size, kernel_size, **options):
        y[(..., *place)] += columns[:, :, t, w]
    return y


# Pooling.


def _largest(x: Array, places: list[Sizes]) -> tuple[Any, int]:
    """The largest of these elements, the first among equals and NaN above all, and its index."""
    best, winner = None, -1
    for place in places:
        v = x[place]
        if best is None or v > best or (v != v and best == best):
            best, winner = v, int(np.ravel_multi_index(place, x.shape))
    return best, winner


def max_pool_with_indices(
    x: Array, *, kernel_size: Sizes, ceil_mode: bool, **options: Sizes
) -> tuple[Array, Array]:
    size = x.shape[2:]
    out = _output_sizes(size, kernel_size, **options, ceil_mode=ceil_mode)
    values = np.zeros((*x.shape[:2], *out), x.dtype)
    indices = np.zeros(values.shape, np.int64)
    for n, c, *window in np.ndindex(values.shape):
        seen = (_seen(tuple(window), tap, size, **options) for tap in _every(kernel_size))
        at = (n, c, *window)
        values[at], indices[at] = _largest(x[n, c], [p for p in seen if p is not None])
    return values, indices


def avg_pool(
    x: Array,
    *,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    size = x.shape[2:]
    out = _output_sizes(size, kernel_size, stride, padding, (1,) * len(size), ceil_mode)
    y = np.zeros((*x.shape[:2], *out))
    for window in _every(out):
        seen, counted = [], 1
        for w, s, k, n, p in zip(window, stride, kernel_size, size, padding):
            start = w * s - p
            stop = min(start + k, n + p)
            inside = range(max(start, 0), min(stop, n))
            seen.append(inside)
            counted *= stop - start if count_include_pad else len(inside)
        total = sum(x[(..., *place)] for place in product(*seen))
        y[(..., *window)] = total / (divisor_override or counted)
    return y


def lp_pool(
    x: Array, *, norm_type: float, kernel_size: Sizes, stride: Sizes, ceil_mode: bool
) -> Array:
    size, zeros = x.shape[2:], (0,) * len(kernel_size)
    out = _output_sizes(size, kernel_size, stride, zeros, (1,) * len(size), ceil_mode)
    y = np.zeros((*x.shape[:2], *out))
    for window in _every(out):
        along = zip(window, stride, kernel_size, size)
        part = x[(..., *(slice(w * s, min(w * s + k, n)) for w, s, k, n in along))]
        mean = (part**norm_type).mean(axis=tuple(range(2, x.ndim)))
        y[(..., *window)] = (mean * math.prod(kernel_size)) ** (1 / norm_type)
    return y


def _ranges(size: Sizes, output_size: Sizes, window: Sizes) -> list[range]:
    """What an adaptive window covers along each dim."""
    along = zip(size, output_size, window)
    return [range(math.floor(i * n / m), math.ceil((i + 1) * n / m)) for n, m, i in along]


def adaptive_avg_pool(x: Array, *, output_size: Sizes) -> Array:
    y = np.zeros((*x.shape[:2], *output_size))
    for window in _every(output_size):
        places = list(product(*_ranges(x.shape[2:], output_size, window)))
        y[(..., *window)] = sum(x[(..., *place)] for place in places) / len(places)
    return y


def adaptive_max_pool_with_indices(x: Array, *, output_size: Sizes) -> tuple[Array, Array]:
    values = np.zeros((*x.shape[:2], *output_size))
    indices = np.zeros(values.shape, np.int64)
    for n, c, *window in np.ndindex(values.shape):
        places = list(product(*_ranges(x.shape[2:], output_size, tuple(window))))
        at = (n, c, *window)
        values[at], indices[at] = _largest(x[n, c], places)
    return values, indices


def fractional_max_pool_with_indices(
    x: Array, samples: Array, *, kernel_size: Sizes, output_size: Sizes
) -> tuple[Array, Array]:
    values = np.zeros((*x.shape[:2], *output_size))
    indices = np.zeros(values.shape, np.int64)
    for n, c, *window in np.ndindex(values.shape):
        seen = []
        for i, m, k, s, u in zip(window, output_size, kernel_size, x.shape[2:], samples[n, c]):
            start = s - k
            if i < m - 1:
                step = (s - k) / (m - 1)
                start = math.floor((i + u) * step) - math.floor(u * step)
            seen.append(range(start, start + k))
        at = (n, c, *window)
        values[at], indices[at] = _largest(x[n, c], list(product(*seen)))
    return values, indices


def max_unpool(x: Array, indices: Array, *, output_size: Sizes) -> Array:
    y = np.zeros((*x.shape[:2], math.prod(output_size)))
    for n, c, *place in np.ndindex(x.shape):
        y[n, c, indices[(n, c, *place)]] = x[(n, c, *place)]
    return y.reshape(*x.shape[:2], *output_size)
