"""Convolution, pooling and padding of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.pair import Pair, pair
from ferrule.ops.window import span
from ferrule.tensor import Tensor


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
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
    strides, dilations = pair("conv2d", "stride", stride), pair("conv2d", "dilation", dilation)
    if padding == "same":
        if strides != (1, 1):
            raise ArgumentError(
                f'conv2d: padding="same" needs a stride of 1, not {stride}; give numbers'
            )
        room = [span(k, d) - 1 for k, d in zip(weight.shape[2:], dilations)]
        if len(room) == 2 and any(n % 2 for n in room):
            # the odd row or column goes behind, as in PyTorch
            high, wide = room
            around = (wide // 2, wide - wide // 2, high // 2, high - high // 2)
            input, padding = pad(input, around), 0
        else:
            # `room` is a pair, and so is this, which a type checker cannot see
            padding = tuple(n // 2 for n in room)  # pyright: ignore[reportAssignmentType]
    elif padding == "valid":
        padding = 0
    paddings = pair("conv2d", "padding", padding, least=0)
    images = input if input.ndim != 3 else fe.unsqueeze(input, 0)
    y = ops.conv2d(
        images, weight, bias,
        stride=strides, padding=paddings, dilation=dilations, groups=groups,
    )  # fmt: skip
    return y if images is input else fe.squeeze(y, 0)


def max_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of ``(N, C, H, W)`` or ``(C, H, W)``.

    Args:
        input: the images.
        kernel_size: an int or a pair, as are ``padding`` and ``dilation``.
        stride: by default ``kernel_size``.
        padding: never chosen; at most half a window.
        dilation: the distance between neighbouring elements of a window.
        ceil_mode: the last window may reach over the edge.
        return_indices: also return where in its image each element stood, as int64.
    """
    name = "max_pool2d"
    kernel = pair(name, "kernel_size", kernel_size)
    images = input if input.ndim != 3 else fe.unsqueeze(input, 0)
    found = ops.max_pool2d_with_indices(
        images,
        kernel_size=kernel,
        stride=kernel if stride is None else pair(name, "stride", stride),
        padding=pair(name, "padding", padding, least=0),
        dilation=pair(name, "dilation", dilation),
        ceil_mode=ceil_mode,
    )
    if images is not input:
        found = tuple(fe.squeeze(y, 0) for y in found)
    return found if return_indices else found[0]


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool2d` with ``return_indices=True``."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def avg_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of ``(N, C, H, W)`` or ``(C, H, W)``.

    Args:
        input, kernel_size, stride, padding, ceil_mode: as in `max_pool2d`; the padding is zeros.
        count_include_pad: whether the padding counts among the elements.
    """
    name = "avg_pool2d"
    kernel = pair(name, "kernel_size", kernel_size)
    images = input if input.ndim != 3 else fe.unsqueeze(input, 0)
    y = ops.avg_pool2d(
        images,
        kernel_size=kernel,
        stride=kernel if stride is None else pair(name, "stride", stride),
        padding=pair(name, "padding", padding, least=0),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return y if images is input else fe.squeeze(y, 0)


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """``value`` around the last dims.

    Args:
        input: of any shape.
        pad: how many before and behind, for the last dim, then for the one before it, ...;
            negative ones crop.
        mode: ``"constant"``.
        value: by default 0.
    """
    if mode != "constant":
        raise ArgumentError(f'pad: mode must be "constant", not {mode!r}')
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(
            f"pad: {input._type} takes pairs for at most {input.ndim} dims, not {tuple(pad)}"
        )
    missing = input.ndim - len(pad) // 2
    before = (0,) * missing + tuple(pad[-2::-2])
    after = (0,) * missing + tuple(pad[::-2])
    if min((*before, *after), default=0) < 0:
        starts = tuple(max(-n, 0) for n in before)
        stops = tuple(n - max(-m, 0) for n, m in zip(input.shape, after))
        input = ops.slice(input, starts=starts, stops=stops, steps=(1,) * input.ndim)
        before, after = (tuple(max(n, 0) for n in counts) for counts in (before, after))
    return ops.pad(input, before=before, after=after, inner=(0,) * input.ndim, value=value or 0)
