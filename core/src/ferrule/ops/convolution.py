"""Convolution in any number of dims and its two transposes, each the gradient of the others.

The bodies gather what every window sees into columns (`im2col`), so that one matrix product does
the arithmetic.
"""

from __future__ import annotations

import math
from typing import Any

from ferrule.declare import composite, numeric
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.complex import conjugate
from ferrule.ops.folding import col2im, im2col
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import HALVES, widened
from ferrule.ops.reduction import sum
from ferrule.ops.shape import permute, reshape
from ferrule.ops.window import Sizes, Windows
from ferrule.samples import of, sample
from ferrule.tensor import Tensor


def _options(
    ndim: int, stride: Sizes = (), padding: Sizes = (), dilation: Sizes = (), groups: int = 1
) -> dict[str, Any]:
    return {
        "stride": stride or (1,) * ndim,
        "padding": padding or (0,) * ndim,
        "dilation": dilation or (1,) * ndim,
        "groups": groups,
    }


_SAMPLES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 4, 4), (2, 3, 3, 3), _options(2)),
    ((2, 2, 7), (3, 2, 3), _options(1, stride=(2,), padding=(1,))),
    ((1, 4, 8), (4, 2, 2), _options(1, dilation=(3,), groups=2)),
    ((1, 2, 5, 4), (3, 2, 2, 3), _options(2, stride=(2, 1), padding=(1, 2))),
    ((1, 1, 6, 5), (2, 1, 3, 2), _options(2, padding=(2, 1), dilation=(2, 3))),
    ((2, 4, 3, 3), (2, 2, 2, 2), _options(2, stride=(2, 2), groups=2)),
    ((1, 3, 3, 3), (3, 1, 1, 1), _options(2, groups=3)),
    ((1, 2, 3, 4, 3), (2, 2, 2, 2, 2), _options(3)),
    (
        (1, 2, 4, 3, 5),
        (2, 1, 2, 1, 3),
        _options(3, stride=(2, 1, 2), padding=(1, 0, 1), dilation=(1, 2, 1), groups=2),
    ),
    ((0, 2, 3, 3), (1, 2, 2, 2), _options(2)),
]


def _windows(
    op: str, x: Sizes, weight: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Windows:
    if len(x) < 3 or len(weight) != len(x):
        raise ShapeError(
            f"{op}: x has the shape {x} and weight {weight}; they must be (N, C, *size) and "
            "(O, C / groups, *kernel), with as many spatial dims"
        )
    if groups < 1 or weight[0] % groups:
        raise ShapeError(f"{op}: groups={groups} does not divide the {weight[0]} output channels")
    if x[1] != weight[1] * groups:
        raise ShapeError(
            f"{op}: x of the shape {x} has {x[1]} channels, and weight of the shape {weight} with "
            f"groups={groups} takes {weight[1] * groups}"
        )
    return Windows(op, x[2:], weight[2:], stride, padding, dilation)


def _gradient(x: Sizes, weight: Sizes, options: dict[str, Any]):
    """What the output of that convolution looks like."""
    windows = _windows("sample", x, weight, **options)
    return of(x[0], weight[0], *windows.count)


@composite(
    dtypes=numeric,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.spatial_references:conv",
    samples=[sample(of(*x), of(*w), of(w[0]), **options) for x, w, options in _SAMPLES]
    + [sample(of(1, 2, 3, 3), of(1, 2, 2, 2), None, **_options(2))],
    tolerance=4,
)
def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int = 1,
) -> Tensor:
    """Cross-correlation with a bank of filters, in any number of dims.

    Args:
        x: ``(N, C, *size)``.
        weight: ``(O, C / groups, *kernel)``.
        bias: ``(O,)``.
        stride: the distance between neighbouring windows; one number for each spatial dim, as are
            the two that follow.
        padding: zeros on each side.
        dilation: the distance between neighbouring taps of a window.
        groups: output channels in ``groups`` blocks each see one block of input channels.

    Returns:
        ``(N, O, *out)`` with ``out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride +
        1`` along each dim.
    """
    windows = _windows("conv", x.shape, weight.shape, stride, padding, dilation, groups)
    filters = weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        raise ShapeError(f"conv: bias is {bias._type}; its shape must be ({filters},)")
    y = matmul(_filter_rows(weight, groups), _columns(x, windows, groups))
    y = reshape(y, shape=(x.shape[0], filters, *windows.count))
    return y if bias is None else y + reshape(bias, shape=(filters, *(1,) * len(windows.size)))


@conv.vjp
def _(g, x, weight, stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (
        lambda: conv_input(g, conjugate(weight), input_size=x.shape, **options),
        lambda: conv_weight(g, conjugate(x), weight_size=weight.shape, **options),
        lambda: sum(g, dim=(0, *range(2, g.ndim))),
    )


@composite(
    dtypes=numeric,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.spatial_references:conv_input",
    samples=[
        sample(_gradient(x, w, options), of(*w), input_size=x, **options)
        for x, w, options in _SAMPLES
    ],
    tolerance=4,
)
def conv_input(
    grad_output: Tensor,
    weight: Tensor,
    *,
    input_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int = 1,
) -> Tensor:
    """The transpose of `conv` by its input, which is its gradient: a transposed convolution.

    Args:
        grad_output: ``(N, O, *out)``, the gradient of the output.
        weight: ``(O, C / groups, *kernel)``.
        input_size: ``(N, C, *size)``, the shape of the result.
        stride, padding, dilation, groups: as in `conv`.
    """
    windows = _windows("conv_input", input_size, weight.shape, stride, padding, dilation, groups)
    _check_gradient("conv_input", grad_output, input_size, weight.shape, windows)
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    if grad_output.dtype in HALVES:
        wide = widened((grad_output, weight))
        y = conv_input(*wide, input_size=input_size, **options, groups=groups)
        return cast(y, dtype=grad_output.dtype)
    rows = permute(_filter_rows(weight, groups), dims=(0, 2, 1))
    columns = matmul(rows, _channel_rows(grad_output, groups))
    places = math.prod(windows.count)
    columns = reshape(columns, shape=(input_size[0], input_size[1] * windows.taps, places))
    kernel, size = weight.shape[2:], input_size[2:]
    return col2im(columns, output_size=size, kernel_size=kernel, **options)


@conv_input.vjp
def _(g, grad_output, weight, stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (
        lambda: conv(g, conjugate(weight), None, **options),
        lambda: conv_weight(conjugate(grad_output), g, weight_size=weight.shape, **options),
    )


@composite(
    dtypes=numeric,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.spatial_references:conv_weight",
    samples=[
        sample(_gradient(x, w, options), of(*x), weight_size=w, **options)
        for x, w, options in _SAMPLES
    ],
    tolerance=4,
)
def conv_weight(
    grad_output: Tensor,
    x: Tensor,
    *,
    weight_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int = 1,
) -> Tensor:
    """The transpose of `conv` by its weight, which is its gradient.

    Args:
        grad_output: ``(N, O, *out)``, the gradient of the output.
        x: ``(N, C, *size)``.
        weight_size: ``(O, C / groups, *kernel)``, the shape of the result.
        stride, padding, dilation, groups: as in `conv`.
    """
    windows = _windows("conv_weight", x.shape, weight_size, stride, padding, dilation, groups)
    _check_gradient("conv_weight", grad_output, x.shape, weight_size, windows)
    # images and places are summed over alike, so they become one dim: groups, rows, N * places
    rows = permute(_channel_rows(grad_output, groups), dims=(1, 2, 0, 3))
    columns = permute(_columns(x, windows, groups), dims=(1, 0, 3, 2))
    summed = x.shape[0] * math.prod(windows.count)
    rows = reshape(rows, shape=(*rows.shape[:2], summed))
    columns = reshape(columns, shape=(groups, summed, columns.shape[3]))
    return reshape(matmul(rows, columns), shape=weight_size)


@conv_weight.vjp
def _(g, grad_output, x, stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (
        lambda: conv(conjugate(x), g, None, **options),
        lambda: conv_input(conjugate(grad_output), g, input_size=x.shape, **options),
    )


def _check_gradient(
    op: str, grad_output: Tensor, x: Sizes, weight: Sizes, windows: Windows
) -> None:
    wanted = (x[0], weight[0], *windows.count)
    if grad_output.shape != wanted:
        raise ShapeError(f"{op}: grad_output is {grad_output._type}; its shape must be {wanted}")


def _filter_rows(weight: Tensor, groups: int) -> Tensor:
    """``(groups, O / groups, C / groups * taps)``"""
    rows = weight.shape[0] // groups
    return reshape(weight, shape=(groups, rows, math.prod(weight.shape[1:])))


def _channel_rows(y: Tensor, groups: int) -> Tensor:
    """``(N, groups, O / groups, places)``"""
    images, channels = y.shape[:2]
    return reshape(y, shape=(images, groups, channels // groups, math.prod(y.shape[2:])))


def _columns(x: Tensor, windows: Windows, groups: int) -> Tensor:
    """``(N, groups, C / groups * taps, places)``: what each window sees, as a column."""
    images, channels = x.shape[:2]
    columns = im2col(
        x,
        kernel_size=windows.kernel_size,
        stride=windows.stride,
        padding=windows.padding,
        dilation=windows.dilation,
    )
    rows = channels // groups * windows.taps
    return reshape(columns, shape=(images, groups, rows, columns.shape[2]))
