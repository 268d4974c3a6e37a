"""Convolutional layers that learn the number of channels from their first input."""

from __future__ import annotations

from typing import Any

from ferrule.errors import ShapeError
from ferrule.nn.conv import Conv1d, Conv2d, Conv3d, ConvBase
from ferrule.nn.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ferrule.nn.lazy_module import LazyModuleMixin
from ferrule.nn.pair import Sizes
from ferrule.tensor import Tensor


class _Lazy(LazyModuleMixin, ConvBase):
    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        if self.has_uninitialized_params():
            if input.ndim not in (self.ndim + 1, self.ndim + 2):
                raise ShapeError(
                    f"{type(self).__name__}: the input is {input._type}; it must have "
                    f"{self.ndim + 1} or {self.ndim + 2} dims"
                )
            self.in_channels = input.shape[-self.ndim - 1]
            self._check_groups(in_channels=self.in_channels)
            self.materialize(weight=self._weight_shape(), bias=(self.out_channels,))
            self.reset_parameters()
        shape = self.weight.shape
        self.in_channels = shape[0] if self.transposed else shape[1] * self.groups


class _LazyConv(_Lazy):
    """A convolution whose ``in_channels`` are those of the first input."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        ConvBase.__init__(
            self, None, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias,
            padding_mode, {"device": device, "dtype": dtype},
        )  # fmt: skip


class _LazyConvTranspose(_Lazy):
    """A transposed convolution whose ``in_channels`` are those of the first input."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        ConvBase.__init__(
            self, None, out_channels, kernel_size, stride, padding, output_padding, dilation,
            groups, bias, padding_mode, {"device": device, "dtype": dtype},
        )  # fmt: skip


class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` whose ``in_channels`` are those of the first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` whose ``in_channels`` are those of the first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` whose ``in_channels`` are those of the first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` whose ``in_channels`` are those of the first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` whose ``in_channels`` are those of the first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` whose ``in_channels`` are those of the first input."""

    cls_to_become = ConvTranspose3d
