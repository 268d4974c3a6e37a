"""Pooling layers."""

from __future__ import annotations

from typing import Any

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.module import Module
from ferrule.nn.pair import Pair, pair
from ferrule.tensor import Tensor


class MaxPool2d(Module):
    """The largest element of each window: ``(N, C, H, W)`` to ``(N, C, OH, OW)``.

    ``stride`` is by default ``kernel_size``. With ``return_indices`` it also returns where in its
    image each element stood. The other arguments are those of `functional.max_pool2d`.
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode
        _check("MaxPool2d", kernel_size, self.stride, padding)
        pair("MaxPool2d", "dilation", dilation)

    def forward(self, input: Tensor) -> Any:
        return F.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """The mean of each window: ``(N, C, H, W)`` to ``(N, C, OH, OW)``.

    ``stride`` is by default ``kernel_size``. The other arguments are those of
    `functional.avg_pool2d`.
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        _check("AvgPool2d", kernel_size, self.stride, padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _check(layer: str, kernel_size: Pair, stride: Pair, padding: Pair) -> None:
    kernel = pair(layer, "kernel_size", kernel_size)
    pair(layer, "stride", stride)
    around = pair(layer, "padding", padding, least=0)
    if any(2 * p > k for p, k in zip(around, kernel)):
        raise ArgumentError(
            f"{layer}: padding={padding} is more than half of kernel_size={kernel_size}, so that "
            "windows would see nothing else; take at most half"
        )
