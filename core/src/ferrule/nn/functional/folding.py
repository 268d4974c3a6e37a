"""Images taken apart into sliding blocks, and put together from them."""

from __future__ import annotations

from ferrule import ops
from ferrule.errors import ShapeError
from ferrule.nn.functional.batch import as_given, with_batch
from ferrule.nn.pair import Sizes, sizes
from ferrule.tensor import Tensor


def unfold(
    input: Tensor,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Sliding blocks as columns: ``(N, C, H, W)`` or ``(C, H, W)`` to ``(N, C * KH * KW, blocks)``.

    Args:
        input: the images.
        kernel_size: the size of a block; an int or a pair, as are the others.
        dilation: the distance between neighbouring elements of a block.
        padding: zeros on each side.
        stride: the distance between neighbouring blocks.
    """
    x, single = with_batch("unfold", input, 2)
    options = _options("unfold", kernel_size, dilation, padding, stride)
    return as_given(ops.im2col(x, **options), single)


def fold(
    input: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Blocks added up where they stand: ``(N, C * KH * KW, blocks)``, or without ``N``, to ``(N, C,
    H, W)``. The transpose of `unfold`.

    Args:
        input: the blocks as columns.
        output_size: ``H`` and ``W``; an int or a pair.
        kernel_size, dilation, padding, stride: as in `unfold`.
    """
    if input.ndim not in (2, 3):
        raise ShapeError(
            f"fold: input is {input._type}; it must be (C * KH * KW, blocks), or with a batch (N, "
            "C * KH * KW, blocks)"
        )
    x, single = with_batch("fold", input, 1)
    size = sizes("fold", "output_size", output_size, 2)
    options = _options("fold", kernel_size, dilation, padding, stride)
    return as_given(ops.col2im(x, output_size=size, **options), single)


def _options(
    name: str, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> dict[str, tuple[int, ...]]:
    return {
        "kernel_size": sizes(name, "kernel_size", kernel_size, 2),
        "stride": sizes(name, "stride", stride, 2),
        "padding": sizes(name, "padding", padding, 2, least=0),
        "dilation": sizes(name, "dilation", dilation, 2),
    }
