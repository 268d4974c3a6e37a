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


# Interpolation: for each new place along a dim, the old places and what they count.


def _keys(x: float, a: float) -> float:
    """The kernel of Keys: a cubic polynomial within 1 of the centre, and another within 2."""
    x = abs(x)
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


_FILTERS: dict[str, tuple[int, Any]] = {
    "linear": (1, lambda x: max(1 - abs(x), 0.0)),
    "cubic": (2, lambda x: _keys(x, -0.5)),
    "lanczos": (3, lambda x: float(np.sinc(x) * np.sinc(x / 3)) if abs(x) < 3 else 0.0),
}


def _weights(
    i: int, old: int, new: int, mode: str, align_corners: bool, scale: float | None, antialias: bool
) -> dict[int, float]:
    """What old places count at the new place ``i``."""
    step = old / new if scale is None else 1 / scale
    if align_corners:
        step = (old - 1) / (new - 1) if new > 1 else 0.0
    found: dict[int, float] = {}
    if mode.startswith("nearest"):
        place = math.floor(i * step) if mode == "nearest" else math.floor((i + 0.5) * step)
        found[min(place, old - 1)] = 1.0
    elif antialias:
        radius, shape = _FILTERS[mode]
        stretch = max(step, 1.0)
        centre = step * (i + 0.5)
        for j in range(old):
            if int(centre - radius * stretch + 0.5) <= j < int(centre + radius * stretch + 0.5):
                found[j] = shape((j + 0.5 - centre) / stretch)
        total = sum(found.values())
        found = {j: w / total for j, w in found.items()}
    elif mode == "linear" and old == new:
        found[i] = 1.0
    else:
        centre = i * step if align_corners else (i + 0.5) * step - 0.5
        reach = 2 if mode == "cubic" else 1
        centre = centre if mode == "cubic" else min(max(centre, 0.0), old - 1)
        for j in range(math.floor(centre) - reach + 1, math.floor(centre) + reach + 1):
            w = _keys(centre - j, -0.75) if mode == "cubic" else max(1 - abs(centre - j), 0.0)
            at = min(max(j, 0), old - 1)
            found[at] = found.get(at, 0.0) + w
    return found


def _interpolation_terms(
    old: Sizes, new: Sizes, scale_factor: tuple[float, ...] | None, *options: Any
) -> Iterator[tuple[Sizes, Sizes, float]]:
    """``(new place, old place, weight)`` of all terms."""
    mode, align_corners, antialias = options
    scales = scale_factor or (None,) * len(old)
    for to in _every(new):
        along = [
            _weights(i, n, m, mode, align_corners, scale, antialias).items()
            for i, n, m, scale in zip(to, old, new, scales)
        ]
        for terms in product(*along):
            yield to, tuple(j for j, _ in terms), math.prod(w for _, w in terms)


def interpolate(
    x: Array,
    *,
    size: Sizes,
    mode: str,
    align_corners: bool,
    scale_factor: tuple[float, ...] | None,
    antialias: bool,
) -> Array:
    y = np.zeros((*x.shape[:2], *size))
    options = scale_factor, mode, align_corners, antialias
    for to, at, weight in _interpolation_terms(x.shape[2:], size, *options):
        y[(..., *to)] += weight * x[(..., *at)]
    return y


def interpolate_input(
    grad_output: Array,
    *,
    input_size: Sizes,
    mode: str,
    align_corners: bool,
    scale_factor: tuple[float, ...] | None,
    antialias: bool,
) -> Array:
    y = np.zeros((*grad_output.shape[:2], *input_size))
    options = scale_factor, mode, align_corners, antialias
    for to, at, weight in _interpolation_terms(input_size, grad_output.shape[2:], *options):
        y[(..., *at)] += weight * grad_output[(..., *to)]
    return y


# Grids.


def _padded(c: float, n: int, padding_mode: str, align_corners: bool) -> float:
    """A coordinate along a dim of size ``n`` as the padding has it."""
    if padding_mode == "zeros":
        return c
    low, high = (0.0, n - 1.0) if align_corners else (-0.5, n - 0.5)
    while padding_mode == "reflection" and low < high and not low <= c <= high:
        c = 2 * low - c if c < low else 2 * high - c
    return min(max(c, 0.0), n - 1.0)


def _grid_terms(
    c: float, n: int, mode: str, padding_mode: str, align_corners: bool
) -> list[tuple[float, float]]:
    """Places along one dim that make up what is at coordinate ``c``, and what they count."""
    if mode == "bicubic":
        first = math.floor(c)
        places = range(first - 1, first + 3)
        return [(_padded(p, n, padding_mode, align_corners), _keys(c - p, -0.75)) for p in places]
    c = _padded(c, n, padding_mode, align_corners)
    if mode == "nearest":
        return [(float(np.rint(c)), 1.0)]
    first = math.floor(c)
    return [(first, first + 1 - c), (first + 1, c - first)]


def grid_sample(
    x: Array, grid: Array, *, mode: str, padding_mode: str, align_corners: bool
) -> Array:
    size = x.shape[2:]
    out = grid.shape[1:-1]
    y = np.zeros((*x.shape[:2], *out))
    for image, *place in np.ndindex(x.shape[0], *out):
        along = []
        for n, c in zip(size, grid[(image, *place)][::-1]):
            c = (c + 1) / 2 * (n - 1) if align_corners else ((c + 1) * n - 1) / 2
            along.append(_grid_terms(float(c), n, mode, padding_mode, align_corners))
        for terms in product(*along):
            at = tuple(int(p) for p, _ in terms)
            if all(0 <= p < n for p, n in zip(at, size)):
                y[(image, slice(None), *place)] += (
                    math.prod(w for _, w in terms) * x[(image, slice(None), *at)]
                )
    return y


def affine_grid(theta: Array, *, size: Sizes, align_corners: bool) -> Array:
    y = np.zeros((theta.shape[0], *size, len(size)))
    for place in _every(size):
        at = []
        for i, n in zip(place, size):
            if align_corners:
                at.append(2 * i / (n - 1) - 1 if n > 1 else 0.0)
            else:
                at.append((2 * i + 1) / n - 1)
        y[(slice(None), *place)] = theta @ np.array([*at[::-1], 1.0])
    return y
