"""Pooling over windows of one size, in one, two and three dims."""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.nn.functional.batch import as_given, with_batch
from ferrule.nn.pair import Sizes, sizes
from ferrule.tensor import Tensor


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of ``(N, C, L)`` or ``(C, L)``; the arguments are those
    of `max_pool2d`."""
    found = _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of ``(N, C, H, W)`` or ``(C, H, W)``.

    Args:
        input: the images.
        kernel_size: an int or a pair, as are ``padding`` and ``dilation``.
        stride: by default ``kernel_size``.
        padding: never chosen; at most half of what a window spans.
        dilation: the distance between neighbouring elements of a window.
        ceil_mode: the last window may reach over the edge.
        return_indices: also return where in its image each element stood, as int64.
    """
    found = _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; the arguments
    are those of `max_pool2d`."""
    found = _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool1d` with ``return_indices=True``."""
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool2d` with ``return_indices=True``."""
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool3d` with ``return_indices=True``."""
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)


def _max_pool(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> tuple[Tensor, Tensor]:
    kernel = sizes(name, "kernel_size", kernel_size, ndim)
    x, single = with_batch(name, input, ndim)
    values, indices = ops.max_pool_with_indices(
        x,
        kernel_size=kernel,
        stride=strides(name, stride, kernel),
        padding=sizes(name, "padding", padding, ndim, least=0),
        dilation=sizes(name, "dilation", dilation, ndim),
        ceil_mode=ceil_mode,
    )
    return as_given(values, single), as_given(indices, single)


def strides(name: str, stride: Any, kernel: tuple[int, ...]) -> tuple[int, ...]:
    """The stride given; without one, the size of a window."""
    if stride is None or (isinstance(stride, (tuple, list)) and not stride):
        return kernel
    return sizes(name, "stride", stride, len(kernel))


def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of ``(N, C, L)`` or ``(C, L)``; the arguments are those of
    `avg_pool2d`."""
    return _avg_pool(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of ``(N, C, H, W)`` or ``(C, H, W)``.

    Args:
        input, kernel_size, stride, ceil_mode: as in `max_pool2d`.
        padding: zeros on each side; at most half a window.
        count_include_pad: whether the padding counts among the elements.
        divisor_override: what to divide the sum by, in the place of the number of elements.
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def avg_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; the arguments are those
    of `avg_pool2d`."""
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def _avg_pool(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    kernel = sizes(name, "kernel_size", kernel_size, ndim)
    x, single = with_batch(name, input, ndim)
    y = ops.avg_pool(
        x,
        kernel_size=kernel,
        stride=strides(name, stride, kernel),
        padding=sizes(name, "padding", padding, ndim, least=0),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )
    return as_given(y, single)


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x ** norm_type) ** (1 / norm_type)`` over each window of ``(N, C, L)`` or ``(C, L)``;
    the arguments are those of `lp_pool2d`."""
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x ** norm_type) ** (1 / norm_type)`` over each window of ``(N, C, H, W)`` or ``(C, H,
    W)``.

    Args:
        input, kernel_size, stride, ceil_mode: as in `max_pool2d`.
        norm_type: the power.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x ** norm_type) ** (1 / norm_type)`` over each window of ``(N, C, D, H, W)`` or ``(C,
    D, H, W)``; the arguments are those of `lp_pool2d`."""
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(
    name: str,
    ndim: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None,
    ceil_mode: bool,
) -> Tensor:
    kernel = sizes(name, "kernel_size", kernel_size, ndim)
    x, single = with_batch(name, input, ndim)
    y = ops.lp_pool(
        x,
        norm_type=float(norm_type),
        kernel_size=kernel,
        stride=strides(name, stride, kernel),
        ceil_mode=ceil_mode,
    )
    return as_given(y, single)
