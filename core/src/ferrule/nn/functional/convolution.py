"""Convolution and transposed convolution in one, two and three dims."""

from __future__ import annotations

from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.functional.batch import as_given, with_batch
from ferrule.nn.functional.padding import pad
from ferrule.nn.pair import Sizes, sizes
from ferrule.ops.precision import HALVES, widened
from ferrule.ops.window import output_size, span
from ferrule.tensor import Tensor


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of ``(N, C, L)`` or ``(C, L)`` with filters ``(O, C / groups, K)``; the
    arguments are those of `conv2d`."""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of ``(N, C, H, W)``, or one image ``(C, H, W)``, with a bank of filters.

    Args:
        input: the images.
        weight: ``(O, C / groups, KH, KW)``.
        bias: ``(O,)``.
        stride, dilation: ints or pairs.
        padding: an int, a pair, ``"valid"`` for none, or ``"same"`` for as much as keeps the size
            (with a stride of 1).
        groups: how many blocks the channels form.
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of ``(N, C, D, H, W)`` or ``(C, D, H, W)`` with filters ``(O, C / groups,
    KD, KH, KW)``; the arguments are those of `conv2d`."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    name: str,
    ndim: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes | str,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    strides = sizes(name, "stride", stride, ndim)
    dilations = sizes(name, "dilation", dilation, ndim)
    x, single = with_batch(name, input, ndim)
    _check_weight(name, weight, ndim)
    if padding == "same":
        if strides != (1,) * ndim:
            raise ArgumentError(
                f'{name}: padding="same" needs a stride of 1, not {stride}; give numbers'
            )
        room = [span(k, d) - 1 for k, d in zip(weight.shape[2:], dilations)]
        padding = [n // 2 for n in room]
        if any(n % 2 for n in room):
            # the odd one goes behind, as in PyTorch
            around = [n for r in reversed(room) for n in (r // 2, r - r // 2)]
            x, padding = pad(x, around), 0
    elif padding == "valid":
        padding = 0
    y = ops.conv(
        x, weight, bias, stride=strides, padding=sizes(name, "padding", padding, ndim, least=0),
        dilation=dilations, groups=groups,
    )  # fmt: skip
    return as_given(y, single)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of ``(N, C, L)`` or ``(C, L)`` with filters ``(C, O / groups, K)``;
    the arguments are those of `conv_transpose2d`."""
    return _conv_transpose(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """The transpose of `conv2d`: each input element spreads a filter over the output.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        weight: ``(C, O / groups, KH, KW)``.
        bias: ``(O,)``.
        stride, padding, dilation: those of the convolution that this is the transpose of; ints or
            pairs.
        output_padding: added to the output's size on one side; it is smaller than the stride or
            the dilation.
        groups: how many blocks the channels form.

    Returns:
        ``(N, O, OH, OW)`` with ``OH = (H - 1) * stride - 2 * padding + dilation * (KH - 1) +
        output_padding + 1``.
    """
    return _conv_transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of ``(N, C, D, H, W)`` or ``(C, D, H, W)`` with filters ``(C, O /
    groups, KD, KH, KW)``; the arguments are those of `conv_transpose2d`."""
    return _conv_transpose(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def _conv_transpose(
    name: str,
    ndim: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Tensor:
    strides = sizes(name, "stride", stride, ndim)
    paddings = sizes(name, "padding", padding, ndim, least=0)
    extra = sizes(name, "output_padding", output_padding, ndim, least=0)
    dilations = sizes(name, "dilation", dilation, ndim)
    if any(e >= s and e >= d for e, s, d in zip(extra, strides, dilations)):
        raise ArgumentError(
            f"{name}: output_padding {output_padding} must be smaller than either stride {stride} "
            f"or dilation {dilation}"
        )
    x, single = with_batch(name, input, ndim)
    _check_weight(name, weight, ndim)
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"{name}: input has {x.shape[1]} channels, and weight of the shape {weight.shape} "
            f"takes {weight.shape[0]}"
        )
    kernel, places = weight.shape[2:], x.shape[2:]
    spans = [span(k, d) for k, d in zip(kernel, dilations)]
    size = tuple(
        (n - 1) * s - 2 * p + reach + e
        for n, s, p, reach, e in zip(places, strides, paddings, spans, extra)
    )
    if min(*places, *size) < 1:
        raise ShapeError(
            f"{name}: input of the size {places} would become one of {size}; sizes are at least 1"
        )
    # where the dilation lets output_padding reach beyond the stride, more windows fit in the
    # output than there are elements: the others are 0
    along = zip(size, kernel, strides, paddings, dilations)
    missing = [output_size(*dim) - n for dim, n in zip(along, places)]
    if any(missing):
        x = pad(x, [n for m in reversed(missing) for n in (0, m)])
    filters = weight.shape[1] * groups
    if bias is not None and bias.shape != (filters,):
        raise ShapeError(f"{name}: bias is {bias._type}; its shape must be ({filters},)")
    dtype = None
    if bias is not None and x.dtype in HALVES and weight.dtype is x.dtype is bias.dtype:
        dtype = x.dtype
        x, weight, bias = widened((x, weight, bias))  # rounded once, at the end
    y = ops.conv_input(
        x, weight, input_size=(x.shape[0], filters, *size), stride=strides, padding=paddings,
        dilation=dilations, groups=groups,
    )  # fmt: skip
    dtype = dtype or y.dtype  # autocast may have lowered it
    if bias is not None:
        y = y + ops.reshape(bias, shape=(filters, *(1,) * ndim))
    return as_given(y.to(dtype), single)


def _check_weight(name: str, weight: Tensor, ndim: int) -> None:
    if weight.ndim != ndim + 2:
        raise ShapeError(f"{name}: weight is {weight._type}; it must have {ndim + 2} dims")
