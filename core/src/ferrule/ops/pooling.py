"""Pooling over windows of one size, in any number of dims."""

from __future__ import annotations

import math
from typing import Any

from ferrule.declare import composite, floating, real
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import maximum, minimum, mul, pow
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ne
from ferrule.ops.creation import arange, full
from ferrule.ops.indexing import gather, scatter_add
from ferrule.ops.precision import widened
from ferrule.ops.reduction import argmax
from ferrule.ops.shape import reshape
from ferrule.ops.window import Sizes, Windows, span
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped
from ferrule_plugins.dtypes import float32, iinfo, int64


def _options(kernel_size: Sizes, stride: Sizes, padding: Sizes = (), **options: Any) -> Any:
    padding = padding or (0,) * len(kernel_size)
    return {"kernel_size": kernel_size, "stride": stride, "padding": padding, **options}


@composite(
    dtypes=real,
    ref="ferrule_conformance.spatial_references:max_pool_with_indices",
    samples=[
        sample(of(2, 2, 4, 4, distinct=True), **_options((2, 2), (2, 2), dilation=(1, 1))),
        sample(of(2, 3, 7, distinct=True), **_options((3,), (2,), (1,), dilation=(1,))),
        sample(of(1, 2, 5, 4, distinct=True), **_options((3, 2), (2, 1), (1, 1), dilation=(1, 1))),
        sample(of(1, 1, 7, 6, distinct=True), **_options((2, 3), (2, 1), dilation=(3, 2))),
        sample(
            of(1, 2, 5, 5, distinct=True),
            **_options((2, 2), (2, 2), (0, 1), dilation=(1, 1), ceil_mode=True),
        ),
        sample(
            of(1, 2, 3, 5, 4, distinct=True),
            **_options((2, 3, 2), (1, 2, 2), (1, 0, 1), dilation=(1, 2, 1)),
        ),
        sample(of(0, 1, 3, 3), **_options((3, 3), (1, 1), dilation=(1, 1))),
    ],
)
def max_pool_with_indices(
    x: Tensor,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest element of each window, and where it stands.

    The first among equals is taken, and NaN is larger than all else.

    Args:
        x: ``(N, C, *size)``.
        kernel_size: the size of a window; one number for each spatial dim, as are the next three.
        stride: the distance between neighbouring windows.
        padding: places on each side that are never chosen; at most half of what a window spans.
        dilation: the distance between neighbouring taps of a window.
        ceil_mode: the last window may reach over the edge.

    Returns:
        ``(N, C, *out)``, and int64 indices of that shape into the places of ``size`` in row-major
        order.
    """
    windows = _windows(
        "max_pool_with_indices", x, kernel_size, stride, padding, dilation, ceil_mode
    )
    least = -math.inf if x.dtype.is_floating_point else int(iinfo(x.dtype).min)
    seen = windows.unfold(x, value=least)
    tap = argmax(seen, dim=2, keepdim=True)
    values = gather(seen, tap, dim=2)
    if not windows.inside:
        # where all that a window sees is the least number, its first tap may lie in the padding
        inside = full(shape=(1, 1, *windows.size), value=1.0, dtype=float32, device=x.device)
        first = argmax(windows.unfold(inside), dim=2, keepdim=True)
        tap = where(eq(values, least), first, tap)
    indices: Any = 0
    for d, kernel in enumerate(kernel_size):
        after = math.prod(kernel_size[d + 1 :])
        offset = tap // after % kernel * dilation[d]
        indices = indices * windows.size[d] + (_starts(windows, d, x) + offset)
    shape = (*x.shape[:2], *windows.count)
    return reshape(values, shape=shape), reshape(indices, shape=shape)


@max_pool_with_indices.vjp
def _(g, y, x: Shaped):
    return put_back(g[0], y[1].detach(), x.shape)


def put_back(x: Tensor, indices: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``x`` added up at ``indices`` into the spatial dims of ``shape``, ``(N, C, *size)``."""
    images, channels, *size = shape
    places = math.prod(x.shape[2:])
    zeros = full(shape=(images, channels, math.prod(size)), value=0, dtype=x.dtype, device=x.device)
    index = reshape(indices, shape=(images, channels, places))
    source = reshape(x, shape=(images, channels, places))
    return reshape(scatter_add(zeros, index, source, dim=2), shape=shape)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.spatial_references:avg_pool",
    samples=[
        sample(of(2, 2, 4, 4), **_options((2, 2), (2, 2))),
        sample(of(2, 2, 7), **_options((3,), (2,), (1,), count_include_pad=False)),
        sample(of(1, 2, 5, 4), **_options((3, 2), (2, 1), (1, 1))),
        sample(
            of(1, 2, 5, 5),
            **_options((2, 3), (2, 3), (1, 1), ceil_mode=True, count_include_pad=False),
        ),
        sample(of(1, 1, 5, 4), **_options((2, 3), (2, 2), (1, 0), ceil_mode=True)),
        sample(of(1, 2, 3, 5, 4), **_options((2, 3, 2), (1, 2, 2), (1, 0, 1))),
        sample(of(1, 2, 5, 4), **_options((3, 2), (2, 1), (1, 1), divisor_override=-5)),
        sample(of(0, 1, 3, 3), **_options((3, 3), (1, 1))),
    ],
    tolerance=2,
)
def avg_pool(
    x: Tensor,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    Args:
        x: ``(N, C, *size)``.
        kernel_size: the size of a window; one number for each spatial dim, as are the next two.
        stride: the distance between neighbouring windows.
        padding: zeros on each side; at most half a window.
        ceil_mode: the last window may reach over the edge. What it sees there never counts.
        count_include_pad: the padding counts among the elements of a window.
        divisor_override: what to divide the sum by, in the place of the number of elements.

    Returns:
        ``(N, C, *out)``.
    """
    windows = _averaged(x, kernel_size, stride, padding, ceil_mode)
    wide = widened(x)
    divisor = _divisor(windows, wide, ceil_mode, count_include_pad, divisor_override)
    return cast(windows.sum(wide) / divisor, dtype=x.dtype)


@avg_pool.vjp
def _(
    g,
    x: Shaped,
    kernel_size,
    stride,
    padding,
    ceil_mode,
    count_include_pad,
    divisor_override,
):
    windows = _averaged(x, kernel_size, stride, padding, ceil_mode)
    wide = widened(g)
    divisor = _divisor(windows, wide, ceil_mode, count_include_pad, divisor_override)
    return cast(windows.spread(wide / divisor), dtype=g.dtype)


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.spatial_references:lp_pool",
    samples=[
        sample(of(2, 2, 4, 4), norm_type=2.0, kernel_size=(2, 2), stride=(2, 2)),
        sample(of(1, 2, 7, low=0.5, high=2.0), norm_type=3.0, kernel_size=(3,), stride=(2,)),
        sample(
            of(1, 1, 5, 4, low=0.5, high=2.0),
            norm_type=1.5,
            kernel_size=(2, 3),
            stride=(2, 2),
            ceil_mode=True,
        ),
        sample(of(1, 1, 2, 3, 4), norm_type=4.0, kernel_size=(2, 2, 2), stride=(1, 1, 2)),
        sample(of(0, 1, 3), norm_type=2.0, kernel_size=(3,), stride=(1,)),
    ],
    tolerance=8,
)
def lp_pool(
    x: Tensor,
    *,
    norm_type: float,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x ** p) ** (1 / p)`` over each window, with ``p = norm_type``.

    Of a window that reaches over the edge, the mean times the size of a whole window is taken for
    the sum, as PyTorch does. Where the sum is 0, so is the gradient; where it is negative, the
    result is NaN.

    Args:
        x: ``(N, C, *size)``.
        norm_type: the power.
        kernel_size, stride, ceil_mode: as in `avg_pool`.
    """
    padding = (0,) * len(kernel_size)
    mean = avg_pool(
        pow(x, norm_type),
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
    )
    some = ne(mean, 0)
    total = mul(where(some, mean, 1.0), float(math.prod(kernel_size)))
    return where(some, pow(total, 1.0 / norm_type), 0.0)


def _averaged(
    x: Shaped, kernel_size: Sizes, stride: Sizes, padding: Sizes, ceil_mode: bool
) -> Windows:
    ones = (1,) * len(kernel_size)
    return _windows("avg_pool", x, kernel_size, stride, padding, ones, ceil_mode)


def _windows(
    op: str,
    x: Shaped,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Windows:
    if len(x.shape) < 3:
        raise ShapeError(f"{op}: x has the shape {x.shape}; it must be (N, C, *size)")
    windows = Windows(op, x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
    if any(2 * p > span(k, d) for p, k, d in zip(padding, kernel_size, dilation)):
        raise ShapeError(
            f"{op}: padding {padding} is more than half of what windows of {kernel_size} with "
            f"dilation {dilation} span, so that some would see nothing else; take at most half"
        )
    if windows.sees_nothing():
        raise ShapeError(
            f"{op}: with dilation {dilation}, all taps of some window over an input of "
            f"{windows.size} lie in the padding of {padding}; take less padding"
        )
    return windows


def _divisor(
    windows: Windows,
    like: Tensor,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor | float:
    """How many elements each window counts, in the dtype of ``like``: one number where it is the
    same for all."""
    if divisor_override == 0:
        raise ArgumentError("avg_pool: divisor_override must not be 0")
    if divisor_override is not None:
        return float(divisor_override)
    if windows.inside or (count_include_pad and not ceil_mode):
        return float(windows.taps)
    counts: Any = 1
    for d, kernel in enumerate(windows.kernel_size):
        size, padding = windows.size[d], windows.padding[d]
        start = _starts(windows, d, like)
        end = minimum(start + kernel, size + padding)
        if not count_include_pad:
            start, end = maximum(start, 0), minimum(end, size)
        counts = counts * (end - start)
    return cast(counts, dtype=like.dtype)


def _starts(windows: Windows, d: int, like: Tensor) -> Tensor:
    """Where windows begin along a spatial dim, shaped to broadcast with the windows; in the
    padding, indices are negative."""
    starts = arange(
        start=-windows.padding[d],
        step=windows.stride[d],
        length=windows.count[d],
        dtype=int64,
        device=like.device,
    )
    return reshape(starts, shape=(windows.count[d], *(1,) * (len(windows.count) - d - 1)))
