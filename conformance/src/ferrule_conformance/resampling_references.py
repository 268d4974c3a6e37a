"""Independent references of interpolation and of grids; see `ferrule_conformance.references`.

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


def _every(sizes: Sizes) -> Iterator[Sizes]:
    return product(*map(range, sizes))


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
    elif old == new and (antialias or mode == "linear"):
        found[i] = 1.0
    elif antialias:
        radius, shape = _FILTERS[mode]
        stretch = max(step, 1.0)
        centre = step * (i + 0.5)
        for j in range(old):
            if int(centre - radius * stretch + 0.5) <= j < int(centre + radius * stretch + 0.5):
                found[j] = shape((j + 0.5 - centre) / stretch)
        total = sum(found.values())
        found = {j: w / total for j, w in found.items()}
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
