"""Reading tensors at places that other tensors name (Jaderberg, Simonyan, Zisserman, Kavukcuoglu,
"Spatial transformer networks", 2015)."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import remainder
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ge, gt, lt
from ferrule.ops.creation import arange, full
from ferrule.ops.indexing import gather
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import HALVES, widened
from ferrule.ops.rounding import floor, round
from ferrule.ops.shape import cat, expand, narrow, permute, reshape
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")


def _sample(x: tuple[int, ...], out: tuple[int, ...], reach: float = 0.95, **options: Any):
    options = {"mode": "bilinear", "padding_mode": "zeros", "align_corners": False, **options}
    grid = of(x[0], *out, len(out), low=-reach, high=reach, distinct=True)
    return sample(of(*x), grid, **options)


@composite(
    dtypes=floating,
    autocast="widest",
    promote="same",
    ref="ferrule_conformance.resampling_references:grid_sample",
    samples=[
        _sample((2, 2, 4, 5), (3, 2)),
        _sample((1, 2, 4, 5), (3, 3), 1.6),
        _sample((1, 1, 3, 4), (3, 3), 1.6, padding_mode="border", align_corners=True),
        _sample((1, 1, 3, 4), (3, 3), 1.9, padding_mode="reflection"),
        _sample((1, 1, 3, 4), (3, 3), 2.3, padding_mode="reflection", align_corners=True),
        _sample((1, 2, 4, 5), (3, 3), 1.6, mode="nearest"),
        _sample((1, 1, 4, 5), (2, 3), 1.4, mode="bicubic"),
        _sample((1, 1, 4, 3), (2, 2), 1.4, mode="bicubic", padding_mode="reflection"),
        _sample((1, 1, 4, 3), (2, 2), mode="bicubic", padding_mode="border", align_corners=True),
        _sample((1, 2, 2, 3, 4), (2, 1, 3), 1.5),
        _sample((1, 1, 3, 2, 3), (2, 2, 1), 1.5, mode="nearest", padding_mode="border"),
        _sample((0, 1, 3, 3), (2, 2)),
    ],
    tolerance=32,
)
def grid_sample(
    x: Tensor, grid: Tensor, *, mode: str, padding_mode: str, align_corners: bool
) -> Tensor:
    """``x`` at the places that ``grid`` names, interpolated.

    Args:
        x: ``(N, C, *size)``.
        grid: ``(N, *out, spatial dims)``: for each place of the result its coordinates, that along
            the last spatial dim first. -1 and 1 are the ends of a dim.
        mode: ``"bilinear"`` (in three dims trilinear), ``"nearest"``, or ``"bicubic"``, which
            takes two spatial dims.
        padding_mode: what is seen outside: ``"zeros"``, the nearest place of the ``"border"``, or
            the ``"reflection"`` at it.
        align_corners: -1 and 1 are the centres of the outermost places, not their outer edges.

    Returns:
        ``(N, C, *out)``.
    """
    _check(x, grid, mode, padding_mode)
    if x.dtype in HALVES:
        wide = widened((x, grid))
        options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
        return cast(grid_sample(*wide, **options), dtype=x.dtype)
    size = x.shape[2:]
    images, *out, ndim = grid.shape
    coordinates = [
        _unnormalized(_component(grid, ndim - 1 - d), n, align_corners) for d, n in enumerate(size)
    ]
    pixels = _Pixels(x, padding_mode, align_corners)
    if mode == "bicubic":
        y = _bicubic(pixels, coordinates)
    else:
        inside = [pixels.brought_inside(c, d) for d, c in enumerate(coordinates)]
        y = _nearest(pixels, inside) if mode == "nearest" else _linear(pixels, inside)
    return reshape(y, shape=(images, x.shape[1], *out))


class _Pixels:
    """The elements of ``(N, C, *size)``, read at places ``(N, P)``."""

    def __init__(self, x: Tensor, padding_mode: str, align_corners: bool) -> None:
        self.size = x.shape[2:]
        self.flat = reshape(x, shape=(*x.shape[:2], math.prod(self.size)))
        self.padding_mode = padding_mode
        self.align_corners = align_corners

    def brought_inside(self, c: Tensor, d: int) -> Tensor:
        """Coordinates along spatial dim ``d`` as the padding has them."""
        n = self.size[d]
        if self.padding_mode == "zeros":
            return c
        if self.padding_mode == "reflection":
            low, span = (0.0, n - 1.0) if self.align_corners else (-0.5, float(n))
            c = _reflected(c, low, span)
        # NaN becomes 0, and what is at an edge or beyond has no gradient
        return where(gt(c, 0), where(lt(c, n - 1), c, n - 1.0), 0.0)

    def at(self, places: list[Tensor]) -> Tensor:
        """The elements at whole coordinates, ``(N, C, P)``; 0 outside."""
        there, index = None, None
        for n, c in zip(self.size, places):
            within = ge(c, 0) & lt(c, n)
            there = within if there is None else there & within
            i = cast(where(within, c, 0.0), dtype=int64)
            index = i if index is None else index * n + i
        assert there is not None and index is not None
        images, channels = self.flat.shape[:2]
        shape = (images, channels, index.shape[1])
        found = gather.unchecked(self.flat, expand(_per_place(index), shape=shape), dim=2)
        return where(_per_place(there), found, 0.0)


def _linear(pixels: _Pixels, coordinates: list[Tensor]) -> Tensor:
    first = [floor(c).detach() for c in coordinates]
    share = [c - f for c, f in zip(coordinates, first)]
    total = None
    for corner in product((0, 1), repeat=len(coordinates)):
        weight: Any = 1.0
        for upper, s in zip(corner, share):
            weight = weight * (s if upper else 1 - s)
        term = pixels.at([f + upper for f, upper in zip(first, corner)]) * _per_place(weight)
        total = term if total is None else total + term
    assert total is not None
    return total


def _nearest(pixels: _Pixels, coordinates: list[Tensor]) -> Tensor:
    places = [round(c).detach() for c in coordinates]
    # the result does not change with the coordinates: the gradient is 0, but there is one
    flat = coordinates[0] * 0.0
    return pixels.at(places) + _per_place(where(eq(flat, 0), flat, 0.0))


def _bicubic(pixels: _Pixels, coordinates: list[Tensor]) -> Tensor:
    first = [floor(c).detach() for c in coordinates]
    weights = [_cubic(c - f) for c, f in zip(coordinates, first)]
    taps = [
        [pixels.brought_inside(f + (tap - 1), d) for tap in range(4)] for d, f in enumerate(first)
    ]
    total = None
    for tap in product(range(4), repeat=2):
        weight = weights[0][tap[0]] * weights[1][tap[1]]
        term = pixels.at([taps[0][tap[0]], taps[1][tap[1]]]) * _per_place(weight)
        total = term if total is None else total + term
    assert total is not None
    return total


def _cubic(t: Tensor) -> list[Tensor]:
    """What the two places before and the two behind count (Keys, 1981, with a = -0.75)."""
    a = -0.75

    def near(x: Tensor) -> Tensor:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Tensor) -> Tensor:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _component(grid: Tensor, i: int) -> Tensor:
    """``(N, P)``: number ``i`` of each place's coordinates."""
    found = narrow(grid, dim=grid.ndim - 1, start=i, length=1)
    return reshape(found, shape=(grid.shape[0], math.prod(grid.shape[1:-1])))


def _unnormalized(c: Tensor, n: int, align_corners: bool) -> Tensor:
    """Coordinates in places, from those in [-1, 1]."""
    return (c + 1) / 2 * (n - 1) if align_corners else ((c + 1) * n - 1) / 2


def _reflected(c: Tensor, low: float, span: float) -> Tensor:
    """Coordinates reflected at ``low`` and ``low + span`` until they lie between."""
    if span == 0:
        return c * 0.0
    c = c - low
    c = where(lt(c, 0), -c, c)
    beyond = remainder(c, span)
    even = eq(remainder(floor(c / span).detach(), 2.0), 0)
    return where(even, beyond, span - beyond) + low


def _per_place(x: Tensor) -> Tensor:
    """``(N, 1, P)``, from ``(N, P)``: the same for all channels."""
    return reshape(x, shape=(x.shape[0], 1, x.shape[1]))


def _check(x: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    for name, value, known in (
        ("mode", mode, MODES),
        ("padding_mode", padding_mode, PADDING_MODES),
    ):
        if value not in known:
            raise ArgumentError(
                f"grid_sample: {name} must be one of {', '.join(known)}, not {value!r}"
            )
    ndim = len(x.shape) - 2
    if ndim < 1 or len(grid.shape) != len(x.shape) or grid.shape[-1] != ndim:
        raise ShapeError(
            f"grid_sample: x has the shape {x.shape} and grid {grid.shape}; they must be (N, C, "
            "*size) and (N, *out, d), with d spatial dims each"
        )
    if x.shape[0] != grid.shape[0]:
        raise ShapeError(
            f"grid_sample: x of the shape {x.shape} and grid of the shape {grid.shape} differ in "
            "their first dim, the batch; expand one of them"
        )
    if min(x.shape[2:]) < 1:
        raise ShapeError(f"grid_sample: x has the shape {x.shape}; no spatial dim may be empty")
    if mode == "bicubic" and ndim != 2:
        raise ArgumentError(
            f'grid_sample: mode "bicubic" takes two spatial dims, not {ndim}; use "bilinear"'
        )


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.resampling_references:affine_grid",
    samples=[
        sample(of(2, 2, 3), size=(3, 2), align_corners=False),
        sample(of(1, 2, 3), size=(1, 4), align_corners=True),
        sample(of(1, 3, 4), size=(2, 3, 1), align_corners=True),
        sample(of(2, 3, 4), size=(2, 1, 2), align_corners=False),
        sample(of(0, 2, 3), size=(2, 2), align_corners=False),
    ],
    tolerance=4,
)
def affine_grid(theta: Tensor, *, size: tuple[int, ...], align_corners: bool) -> Tensor:
    """A grid for `grid_sample` that maps places by affine transforms.

    Args:
        theta: ``(N, d, d + 1)``, matrices on coordinates in [-1, 1], that along the last spatial
            dim first.
        size: the ``d`` spatial dims of the result.
        align_corners: as in `grid_sample`.

    Returns:
        ``(N, *size, d)``.
    """
    ndim = len(size)
    if len(theta.shape) != 3 or theta.shape[1:] != (ndim, ndim + 1) or min(size, default=0) < 1:
        raise ShapeError(
            f"affine_grid: theta has the shape {theta.shape} and size is {size}; for d sizes of at "
            "least 1, theta must be (N, d, d + 1)"
        )
    columns = []
    for d in reversed(range(ndim)):
        n = size[d]
        step = (2.0 / (n - 1) if n > 1 else 0.0) if align_corners else 2.0 / n
        start = -step * (n - 1) / 2
        along = arange(start=start, step=step, length=n, dtype=theta.dtype, device=theta.device)
        spread = reshape(along, shape=(n, *(1,) * (ndim - d - 1), 1))
        columns.append(expand(spread, shape=(*size, 1)))
    ones = full(shape=(*size, 1), value=1.0, dtype=theta.dtype, device=theta.device)
    base = reshape(cat(*columns, ones, dim=ndim), shape=(math.prod(size), ndim + 1))
    grid = matmul(base, permute(theta, dims=(0, 2, 1)))
    return reshape(grid, shape=(theta.shape[0], *size, ndim))
