"""Convolutional layers."""

from __future__ import annotations

import math
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.pair import Pair, pair
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class Conv2d(Module):
    """A bank of filters slid over images: ``(N, in_channels, H, W)`` to ``(N, out_channels, OH,
    OW)`` with ``OH = (H + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``.

    ``padding`` may be ``"same"`` or ``"valid"``. With ``groups``, the channels form that many
    blocks, each convolved on its own.

    Attributes:
        weight: ``(out_channels, in_channels / groups, KH, KW)``, initially uniform within
            ``1 / sqrt(in_channels / groups * KH * KW)`` of 0, as is the bias.
        bias: ``(out_channels,)``, or None.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups)
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ArgumentError(
                    f"Conv2d: groups={groups} does not divide {name}={channels}; take a divisor"
                )
        if padding_mode != "zeros":
            raise ArgumentError(f'Conv2d: padding_mode must be "zeros", not {padding_mode!r}')
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size)
        self.stride = pair("Conv2d", "stride", stride)
        self.padding = padding
        self.dilation = pair("Conv2d", "dilation", dilation)
        self.groups = groups
        if not isinstance(padding, str):
            self.padding = pair("Conv2d", "padding", padding, least=0)
        elif padding not in ("same", "valid"):
            raise ArgumentError(
                f'Conv2d: padding must be "same", "valid", an int or a pair, not {padding!r}'
            )
        elif padding == "same" and self.stride != (1, 1):
            raise ArgumentError(f'Conv2d: padding="same" needs a stride of 1, not {stride}')
        place = {"device": device, "dtype": dtype}
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(fe.empty(shape, **place))
        self.bias = Parameter(fe.empty(out_channels, **place)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5.0))
        if self.bias is not None:
            bound = 1.0 / math.sqrt(math.prod(self.weight.shape[1:]))
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}, stride={self.stride}",
        ]
        if self.padding not in (0, (0, 0)):
            parts.append(f"padding={self.padding}")
        if self.dilation != (1, 1):
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)
