"""Transposed convolutional layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn.conv import ConvBase
from ferrule.nn.pair import Sizes
from ferrule.tensor import Tensor


class ConvTranspose(ConvBase):
    """The transpose of a convolution with the same arguments, or its gradient: each element of
    ``(N, in_channels, *size)`` or ``(in_channels, *size)`` spreads a filter over ``(N,
    out_channels, *new)`` with ``new = (size - 1) * stride - 2 * padding + dilation * (kernel_size -
    1) + output_padding + 1``.

    A convolution with a stride takes several sizes to one. ``output_padding``, or ``output_size``
    in the call, says which of them is meant.

    Attributes:
        weight: ``(in_channels, out_channels / groups, *kernel_size)``, initially uniform within
            ``1 / sqrt(out_channels / groups * prod(kernel_size))`` of 0, as is the bias.
        bias: ``(out_channels,)``, or None.
    """

    transposed = True
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
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
        layer = type(self).__name__
        if padding_mode != "zeros":
            raise ArgumentError(f'{layer}: padding_mode must be "zeros", not {padding_mode!r}')
        if isinstance(padding, str):
            raise ArgumentError(f"{layer}: padding must be numbers, not {padding!r}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation,
            groups, bias, padding_mode, {"device": device, "dtype": dtype},
        )  # fmt: skip

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self.output_padding if output_size is None else self._padding_to(input, output_size)
        return type(self).function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups,
            self.dilation,
        )  # fmt: skip

    def _padding_to(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output padding that leads to a size, of which leading dims may be given, too."""
        n = self.ndim
        wanted = tuple(output_size)
        if len(wanted) not in (n, input.ndim):
            raise ShapeError(
                f"{type(self).__name__}: output_size must have {n} or {input.ndim} numbers, not "
                f"{wanted}"
            )
        along = zip(input.shape[-n:], self.kernel_size, self.stride, self.padding, self.dilation)
        least = tuple((size - 1) * s - 2 * p + d * (k - 1) + 1 for size, k, s, p, d in along)
        extra = tuple(want - low for want, low in zip(wanted[-n:], least))
        if not all(0 <= e < s for e, s in zip(extra, self.stride)):
            most = tuple(low + s - 1 for low, s in zip(least, self.stride))
            raise ShapeError(
                f"{type(self).__name__}: output_size {wanted} is out of reach of {input._type}; "
                f"its sizes lie between {least} and {most}"
            )
        return extra


class ConvTranspose1d(ConvTranspose):
    __doc__ = f"{ConvTranspose.__doc__}\n    ``size`` is one number.\n    "
    ndim = 1
    function = F.conv_transpose1d


class ConvTranspose2d(ConvTranspose):
    __doc__ = f"{ConvTranspose.__doc__}\n    ``size`` is a height and a width.\n    "
    ndim = 2
    function = F.conv_transpose2d


class ConvTranspose3d(ConvTranspose):
    __doc__ = f"{ConvTranspose.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    ndim = 3
    function = F.conv_transpose3d
