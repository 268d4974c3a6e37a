"""Pooling in two dimensions."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import maximum, minimum
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq
from ferrule.ops.creation import arange, full
from ferrule.ops.indexing import gather, scatter_add
from ferrule.ops.reduction import argmax
from ferrule.ops.shape import cat, reshape
from ferrule.ops.window import Windows
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped
from ferrule_plugins.dtypes import int64


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:max_pool2d_with_indices",
    samples=[
        sample(of(2, 2, 4, 4, distinct=True), kernel_size=(2, 2), stride=(2, 2)),
        sample(of(1, 2, 5, 4, distinct=True), kernel_size=(3, 2), stride=(2, 1), padding=(1, 1)),
        sample(of(1, 1, 7, 6, distinct=True), kernel_size=(2, 3), stride=(2, 1), dilation=(3, 2)),
        sample(
            of(1, 2, 5, 5, distinct=True),
            kernel_size=(2, 2),
            stride=(2, 2),
            padding=(0, 1),
            ceil_mode=True,
        ),
        sample(of(0, 1, 3, 3), kernel_size=(3, 3), stride=(1, 1)),
    ],
)
def max_pool2d_with_indices(
    x: Tensor,
    *,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest element of each window, and where it stands.

    The first among equals is taken, and NaN is larger than all else.

    Args:
        x: ``(N, C, H, W)``.
        kernel_size: the height and width of a window.
        stride: the distance between neighbouring windows.
        padding: rows and columns on each side that are never chosen; at most half a window.
        dilation: the distance between neighbouring taps of a window.
        ceil_mode: the last window may reach over the edge.

    Returns:
        ``(N, C, OH, OW)``, and int64 indices of that shape into the ``H * W`` places of an image.
    """
    windows = _windows(
        "max_pool2d_with_indices", x, kernel_size, stride, padding, dilation, ceil_mode
    )
    height, width = windows.count
    seen = _stacked(windows.unfold(x, value=-math.inf))
    tap = argmax(seen, dim=2, keepdim=True)
    values = gather(seen, tap, dim=2)
    if not windows.inside:
        # where all that a window sees is -inf, the first tap may lie in the padding
        real = full(shape=(1, 1, *windows.size), value=1.0, dtype=x.dtype, device=x.device)
        first = argmax(_stacked(windows.unfold(real)), dim=2, keepdim=True)
        tap = where(eq(values, -math.inf), first, tap)

    row = reshape(_starts(windows, 0, x), shape=(height, 1)) + tap // kernel_size[1] * dilation[0]
    column = _starts(windows, 1, x) + tap % kernel_size[1] * dilation[1]
    shape = (*x.shape[:2], height, width)
    indices = row * windows.size[1] + column
    return reshape(values, shape=shape), reshape(indices, shape=shape)


@max_pool2d_with_indices.vjp
def _(g, y, x: Shaped):
    images, channels, height, width = x.shape
    gradient, indices = g[0], y[1].detach()
    places = math.prod(indices.shape[2:])
    zeros = full(
        shape=(images, channels, height * width),
        value=0,
        dtype=gradient.dtype,
        device=gradient.device,
    )
    index = reshape(indices, shape=(images, channels, places))
    source = reshape(gradient, shape=(images, channels, places))
    return reshape(scatter_add(zeros, index, source, dim=2), shape=x.shape)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:avg_pool2d",
    samples=[
        sample(of(2, 2, 4, 4), kernel_size=(2, 2), stride=(2, 2)),
        sample(of(1, 2, 5, 4), kernel_size=(3, 2), stride=(2, 1), padding=(1, 1)),
        sample(
            of(1, 2, 5, 5),
            kernel_size=(2, 3),
            stride=(2, 3),
            padding=(1, 1),
            ceil_mode=True,
            count_include_pad=False,
        ),
        sample(of(1, 1, 5, 4), kernel_size=(2, 3), stride=(2, 2), padding=(1, 0), ceil_mode=True),
        sample(of(0, 1, 3, 3), kernel_size=(3, 3), stride=(1, 1)),
    ],
    tolerance=2,
)
def avg_pool2d(
    x: Tensor,
    *,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int] = (0, 0),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window.

    Args:
        x: ``(N, C, H, W)``.
        kernel_size: the height and width of a window.
        stride: the distance between neighbouring windows.
        padding: rows and columns of zeros on each side; at most half a window.
        ceil_mode: the last window may reach over the edge. What it sees there never counts.
        count_include_pad: the padding counts among the elements of a window.

    Returns:
        ``(N, C, OH, OW)``.
    """
    windows = _windows("avg_pool2d", x, kernel_size, stride, padding, (1, 1), ceil_mode)
    total, *others = windows.unfold(x)
    for seen in others:
        total = total + seen
    return total / _divisor(windows, x, kernel_size, ceil_mode, count_include_pad)


@avg_pool2d.vjp
def _(g, x: Shaped, kernel_size, stride, padding, ceil_mode, count_include_pad):
    windows = _windows("avg_pool2d", x, kernel_size, stride, padding, (1, 1), ceil_mode)
    share = g / _divisor(windows, g, kernel_size, ceil_mode, count_include_pad)
    return windows.fold([share] * len(windows.taps))


def _windows(
    op: str,
    x: Shaped,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    ceil_mode: bool,
) -> Windows:
    if len(x.shape) != 4:
        raise ShapeError(f"{op}: x has the shape {x.shape}; it must be (N, C, H, W)")
    height, width = x.shape[2:]
    windows = Windows(op, (height, width), kernel_size, stride, padding, dilation, ceil_mode)
    if any(2 * p > k for p, k in zip(padding, kernel_size)):
        raise ShapeError(
            f"{op}: padding {padding} is more than half of kernel_size {kernel_size}, so that "
            "windows would see nothing else; take at most half"
        )
    if windows.sees_nothing():
        raise ShapeError(
            f"{op}: with dilation {dilation}, all taps of some window over an input of "
            f"{windows.size} lie in the padding of {padding}; take less padding"
        )
    return windows


def _stacked(parts: list[Tensor]) -> Tensor:
    """``(N, C, taps, OH, OW)``"""
    return cat(*(reshape(p, shape=(*p.shape[:2], 1, *p.shape[2:])) for p in parts), dim=2)


def _divisor(
    windows: Windows,
    like: Tensor,
    kernel_size: tuple[int, int],
    ceil_mode: bool,
    count_include_pad: bool,
) -> Tensor | float:
    """How many elements each window counts, in the dtype of ``like``: one number where it is the
    same for all."""
    if windows.inside or (count_include_pad and not ceil_mode):
        return float(len(windows.taps))
    along = []
    for d in range(2):
        size, padding = windows.size[d], windows.padding[d]
        start = _starts(windows, d, like)
        end = minimum(start + kernel_size[d], size + padding)
        if not count_include_pad:
            start, end = maximum(start, 0), minimum(end, size)
        along.append(cast(end - start, dtype=like.dtype))
    return reshape(along[0], shape=(-1, 1)) * along[1]


def _starts(windows: Windows, d: int, like: Tensor) -> Tensor:
    """Where windows begin along one of the two dims; in the padding, indices are negative."""
    return arange(
        start=-windows.padding[d],
        step=windows.stride[d],
        length=windows.count[d],
        dtype=int64,
        device=like.device,
    )
