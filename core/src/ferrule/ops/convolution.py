"""Convolution in two dimensions and its two transposes, each the gradient of the others.

The bodies gather what every window sees into columns (im2col), so that one matrix product does the
arithmetic. Source: Chellapilla, Puri, Simard, "High performance convolutional neural networks for
document processing", IWFHR 2006.
"""

from __future__ import annotations

from typing import Any

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.linalg import matmul
from ferrule.ops.reduction import sum
from ferrule.ops.shape import cat, narrow, permute, reshape
from ferrule.ops.window import Windows
from ferrule.samples import of, sample
from ferrule.tensor import Tensor

_SAMPLES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 4, 4), (2, 3, 3, 3), {}),
    ((1, 2, 5, 4), (3, 2, 2, 3), {"stride": (2, 1), "padding": (1, 2)}),
    ((1, 1, 6, 5), (2, 1, 3, 2), {"padding": (2, 1), "dilation": (2, 3)}),
    ((2, 4, 3, 3), (2, 2, 2, 2), {"stride": (2, 2), "groups": 2}),
    ((1, 3, 3, 3), (3, 1, 1, 1), {"groups": 3}),
    ((0, 2, 3, 3), (1, 2, 2, 2), {}),
]


def _gradient(x: tuple[int, ...], weight: tuple[int, ...], options: dict[str, Any]):
    """What the output of that convolution looks like."""
    windows = Windows(
        "sample",
        (x[2], x[3]),
        (weight[2], weight[3]),
        options.get("stride", (1, 1)),
        options.get("padding", (0, 0)),
        options.get("dilation", (1, 1)),
    )
    return of(x[0], weight[0], *windows.count)


@composite(
    dtypes=floating,
    promote="same",
    ref="ferrule_conformance.nn_references:conv2d",
    samples=[sample(of(*x), of(*w), of(w[0]), **options) for x, w, options in _SAMPLES]
    + [sample(of(1, 2, 3, 3), of(1, 2, 2, 2), None)],
    tolerance=4,
)
def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of images with a bank of filters.

    Args:
        x: ``(N, C, H, W)``.
        weight: ``(O, C / groups, KH, KW)``.
        bias: ``(O,)``.
        stride: the distance between neighbouring windows.
        padding: rows and columns of zeros on each side.
        dilation: the distance between neighbouring taps of a window.
        groups: output channels in ``groups`` blocks each see one block of input channels.

    Returns:
        ``(N, O, OH, OW)`` with ``OH = (H + 2 * padding - dilation * (KH - 1) - 1) // stride + 1``.
    """
    windows = _windows("conv2d", x.shape, weight.shape, stride, padding, dilation, groups)
    filters = weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        raise ShapeError(f"conv2d: bias is {bias._type}; its shape must be ({filters},)")
    y = matmul(_filter_rows(weight, groups), _columns(x, windows, groups))
    y = reshape(y, shape=(x.shape[0], filters, *windows.count))
    return y if bias is None else y + reshape(bias, shape=(filters, 1, 1))


@conv2d.vjp
def _(g, x, weight, stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (
        lambda: conv2d_input(g, weight, input_size=x.shape, **options),
        lambda: conv2d_weight(g, x, weight_size=weight.shape, **options),
        lambda: sum(g, dim=(0, 2, 3)),
    )


@composite(
    dtypes=floating,
    promote="same",
    ref="ferrule_conformance.nn_references:conv2d_input",
    samples=[
        sample(_gradient(x, w, options), of(*w), input_size=x, **options)
        for x, w, options in _SAMPLES
    ],
    tolerance=4,
)
def conv2d_input(
    grad_output: Tensor,
    weight: Tensor,
    *,
    input_size: tuple[int, ...],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` by its input: a transposed convolution.

    Args:
        grad_output: ``(N, O, OH, OW)``, the gradient of the output.
        weight: ``(O, C / groups, KH, KW)``.
        input_size: ``(N, C, H, W)``, the shape of the result.
        stride, padding, dilation, groups: as in `conv2d`.
    """
    windows = _windows("conv2d_input", input_size, weight.shape, stride, padding, dilation, groups)
    _check_gradient("conv2d_input", grad_output, input_size, weight.shape, windows)
    rows = permute(_filter_rows(weight, groups), dims=(0, 2, 1))
    columns = matmul(rows, _channel_rows(grad_output, groups))
    images, channels = input_size[:2]
    taps = len(windows.taps)
    columns = reshape(columns, shape=(images, channels, taps, *windows.count))
    return windows.fold(
        [
            reshape(
                narrow(columns, dim=2, start=i, length=1),
                shape=(images, channels, *windows.count),
            )
            for i in range(taps)
        ]
    )


@conv2d_input.vjp
def _(g, grad_output, weight, stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (
        lambda: conv2d(g, weight, None, **options),
        lambda: conv2d_weight(grad_output, g, weight_size=weight.shape, **options),
    )


@composite(
    dtypes=floating,
    promote="same",
    ref="ferrule_conformance.nn_references:conv2d_weight",
    samples=[
        sample(_gradient(x, w, options), of(*x), weight_size=w, **options)
        for x, w, options in _SAMPLES
    ],
    tolerance=4,
)
def conv2d_weight(
    grad_output: Tensor,
    x: Tensor,
    *,
    weight_size: tuple[int, ...],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` by its weight.

    Args:
        grad_output: ``(N, O, OH, OW)``, the gradient of the output.
        x: ``(N, C, H, W)``.
        weight_size: ``(O, C / groups, KH, KW)``, the shape of the result.
        stride, padding, dilation, groups: as in `conv2d`.
    """
    windows = _windows("conv2d_weight", x.shape, weight_size, stride, padding, dilation, groups)
    _check_gradient("conv2d_weight", grad_output, x.shape, weight_size, windows)
    # images and places are summed over alike, so they become one dim: groups, rows, N * OH * OW
    rows = permute(_channel_rows(grad_output, groups), dims=(1, 2, 0, 3))
    columns = permute(_columns(x, windows, groups), dims=(1, 0, 3, 2))
    summed = x.shape[0] * windows.count[0] * windows.count[1]
    rows = reshape(rows, shape=(*rows.shape[:2], summed))
    columns = reshape(columns, shape=(groups, summed, columns.shape[3]))
    return reshape(matmul(rows, columns), shape=weight_size)


@conv2d_weight.vjp
def _(g, grad_output, x, stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (
        lambda: conv2d(x, g, None, **options),
        lambda: conv2d_input(grad_output, g, input_size=x.shape, **options),
    )


def _windows(
    op: str,
    x: tuple[int, ...],
    weight: tuple[int, ...],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> Windows:
    if len(x) != 4 or len(weight) != 4:
        raise ShapeError(
            f"{op}: x has the shape {x} and weight {weight}; they must be (N, C, H, W) and "
            "(O, C / groups, KH, KW)"
        )
    if groups < 1 or weight[0] % groups:
        raise ShapeError(f"{op}: groups={groups} does not divide the {weight[0]} output channels")
    if x[1] != weight[1] * groups:
        raise ShapeError(
            f"{op}: x of the shape {x} has {x[1]} channels, and weight of the shape {weight} with "
            f"groups={groups} takes {weight[1] * groups}"
        )
    return Windows(op, (x[2], x[3]), (weight[2], weight[3]), stride, padding, dilation)


def _check_gradient(
    op: str, grad_output: Tensor, x: tuple[int, ...], weight: tuple[int, ...], windows: Windows
) -> None:
    wanted = (x[0], weight[0], *windows.count)
    if grad_output.shape != wanted:
        raise ShapeError(f"{op}: grad_output is {grad_output._type}; its shape must be {wanted}")


def _filter_rows(weight: Tensor, groups: int) -> Tensor:
    """``(groups, O / groups, C / groups * KH * KW)``"""
    filters, channels, height, width = weight.shape
    return reshape(weight, shape=(groups, filters // groups, channels * height * width))


def _channel_rows(y: Tensor, groups: int) -> Tensor:
    """``(N, groups, O / groups, OH * OW)``"""
    images, channels, height, width = y.shape
    return reshape(y, shape=(images, groups, channels // groups, height * width))


def _columns(x: Tensor, windows: Windows, groups: int) -> Tensor:
    """``(N, groups, C / groups * KH * KW, OH * OW)``: what each window sees, as a column."""
    images, channels = x.shape[:2]
    places = windows.count[0] * windows.count[1]
    seen = [reshape(t, shape=(images, channels, 1, places)) for t in windows.unfold(x)]
    rows = channels // groups * len(windows.taps)
    return reshape(cat(*seen, dim=2), shape=(images, groups, rows, places))
