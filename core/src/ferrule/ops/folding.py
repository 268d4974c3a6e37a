"""Columns of what sliding windows see (im2col), and the transpose (col2im).

Source: Chellapilla, Puri, Simard, "High performance convolutional neural networks for document
processing", IWFHR 2006.
"""

from __future__ import annotations

import math
from typing import Any

from ferrule.declare import composite, everything, numeric
from ferrule.errors import ShapeError
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import reshape
from ferrule.ops.window import Windows
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped

_ONES = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
_SAMPLES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 2, 4, 3), {**_ONES, "kernel_size": (2, 2)}),
    ((1, 2, 7), {"kernel_size": (3,), "stride": (2,), "padding": (1,), "dilation": (2,)}),
    ((1, 1, 5, 4), {**_ONES, "kernel_size": (3, 2), "stride": (3, 1), "padding": (2, 1)}),
    (
        (1, 2, 3, 4, 3),
        {
            "kernel_size": (2, 1, 2),
            "stride": (1, 2, 1),
            "padding": (0, 0, 1),
            "dilation": (1, 1, 2),
        },
    ),
    ((0, 1, 3, 3), {**_ONES, "kernel_size": (2, 2)}),
]


def _columns(x: tuple[int, ...], options: dict[str, Any]):
    """What the columns of an input of that shape look like."""
    windows = Windows("sample", x[2:], **options)
    return of(x[0], x[1] * windows.taps, math.prod(windows.count))


@composite(
    dtypes=everything,
    ref="ferrule_conformance.spatial_references:im2col",
    samples=[sample(of(*x), **options) for x, options in _SAMPLES],
)
def im2col(
    x: Tensor,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Tensor:
    """What each window sees, as a column.

    Args:
        x: ``(N, C, *size)`` with any number of spatial dims.
        kernel_size: the size of a window; one number for each spatial dim, as are the others.
        stride: the distance between neighbouring windows.
        padding: zeros on each side.
        dilation: the distance between neighbouring taps of a window.

    Returns:
        ``(N, C * taps, windows)``, taps and windows in row-major order.
    """
    windows = _windows("im2col", x, kernel_size, stride, padding, dilation)
    columns = windows.unfold(x, False if x.dtype.category == "bool" else 0)
    shape = (x.shape[0], x.shape[1] * windows.taps, math.prod(windows.count))
    return reshape(columns, shape=shape)


@im2col.vjp
def _(g, x: Shaped, kernel_size, stride, padding, dilation):
    return col2im(
        g,
        output_size=x.shape[2:],
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )


@composite(
    dtypes=numeric,
    ref="ferrule_conformance.spatial_references:col2im",
    samples=[sample(_columns(x, o), output_size=x[2:], **o) for x, o in _SAMPLES],
    tolerance=2,
)
def col2im(
    x: Tensor,
    *,
    output_size: tuple[int, ...],
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Tensor:
    """The transpose of `im2col`: the elements of each column added where its window stands.

    Args:
        x: ``(N, C * taps, windows)``.
        output_size: the spatial dims of the result.
        kernel_size, stride, padding, dilation: as in `im2col`.

    Returns:
        ``(N, C, *output_size)``.
    """
    windows = Windows("col2im", output_size, kernel_size, stride, padding, dilation)
    if len(x.shape) != 3 or x.shape[1] % windows.taps or x.shape[2] != math.prod(windows.count):
        raise ShapeError(
            f"col2im: x has the shape {x.shape}; for output_size={output_size} it must be "
            f"(N, C * {windows.taps}, {math.prod(windows.count)}), a column for each of the "
            f"{windows.count} windows"
        )
    return _added_up(x, windows)


@in_float32
def _added_up(x: Tensor, windows: Windows) -> Tensor:
    channels = x.shape[1] // windows.taps
    return windows.fold(reshape(x, shape=(x.shape[0], channels, windows.taps, *windows.count)))


@col2im.vjp
def _(g, kernel_size, stride, padding, dilation):
    return im2col(g, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)


def _windows(
    op: str,
    x: Shaped,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Windows:
    if len(x.shape) < 3:
        raise ShapeError(f"{op}: x has the shape {x.shape}; it must be (N, C, *size)")
    return Windows(op, x.shape[2:], kernel_size, stride, padding, dilation)
