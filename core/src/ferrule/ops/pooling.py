"""Pooling in two dimensions."""

from __future__ import annotations

import math

from ferrule_plugins import DType
from ferrule_plugins.dtypes import int64

from ferrule.errors import ShapeError
from ferrule.op import composite, floating
from ferrule.ops.creation import arange, full
from ferrule.ops.elementwise import eq, where
from ferrule.ops.indexing import gather, scatter_add
from ferrule.ops.reduction import argmax
from ferrule.ops.shape import cat, reshape
from ferrule.ops.window import Windows
from ferrule.samples import of, sample
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:max_pool2d_with_indices",
    samples=[
        sample(of(2, 2, 4, 4, distinct=True), kernel_size=(2, 2), stride=(2, 2)),
        sample(
            of(1, 2, 5, 4, distinct=True), kernel_size=(3, 2), stride=(2, 1), padding=(1, 1)
        ),
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

    def along(length: int, step: int, shape: tuple[int, ...]) -> Tensor:
        ramp = arange(start=0, step=step, length=length, dtype=int64, device=x.device)
        return reshape(ramp, shape=shape)

    row = along(height, stride[0], (height, 1)) - padding[0] + tap // kernel_size[1] * dilation[0]
    column = along(width, stride[1], (width,)) - padding[1] + tap % kernel_size[1] * dilation[1]
    shape = (*x.shape[:2], height, width)
    indices = row * windows.size[1] + column
    return reshape(values, shape=shape), reshape(indices, shape=shape)


@max_pool2d_with_indices.vjp
def _(g, y, x):
    images, channels, height, width = x.shape
    gradient, indices = g[0], y[1].detach()
    places = math.prod(indices.shape[2:])
    zeros = full(
        shape=(images, channels, height * width), value=0, dtype=gradient.dtype, device=x.device
    )
    index = reshape(indices, shape=(images, channels, places))
    source = reshape(gradient, shape=(images, channels, places))
    return reshape(scatter_add(zeros, index, source, dim=2), shape=x.shape)
