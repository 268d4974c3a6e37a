"""Convolutional layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.lazy import UninitializedParameter
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.pair import Sizes, sizes
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class ConvBase(Module):
    """What convolutions and transposed ones have in common.

    Attributes:
        ndim: the number of spatial dims.
        function: the one of `functional`.
        transposed: whether it is the transpose of a convolution.
    """

    ndim: ClassVar[int]
    function: ClassVar[Callable[..., Tensor]]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        output_padding: Sizes,
        dilation: Sizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        place: dict[str, Any],
    ) -> None:
        super().__init__()
        layer, n = type(self).__name__, self.ndim
        positive(layer, out_channels=out_channels, groups=groups)
        if padding_mode not in PADDING_MODES:
            known = ", ".join(map(repr, PADDING_MODES))
            raise ArgumentError(f"{layer}: padding_mode is one of {known}, not {padding_mode!r}")
        self.in_channels = in_channels or 0  # 0: it is not known as yet
        self.out_channels = out_channels
        self.kernel_size = sizes(layer, "kernel_size", kernel_size, n)
        self.stride = sizes(layer, "stride", stride, n)
        self.padding = padding
        self.dilation = sizes(layer, "dilation", dilation, n)
        self.output_padding = sizes(layer, "output_padding", output_padding, n, least=0)
        self.groups = groups
        self.padding_mode = padding_mode
        if not isinstance(padding, str):
            self.padding = sizes(layer, "padding", padding, n, least=0)
        elif padding not in ("same", "valid"):
            raise ArgumentError(
                f'{layer}: padding must be "same", "valid", an int or {n} ints, not {padding!r}'
            )
        elif padding == "same" and self.stride != (1,) * n:
            raise ArgumentError(f'{layer}: padding="same" needs a stride of 1, not {stride}')
        if in_channels is None:
            self._check_groups(out_channels=out_channels)
            self.weight = UninitializedParameter(**place)
            self.bias = UninitializedParameter(**place) if bias else None
        else:
            positive(layer, in_channels=in_channels)
            self._check_groups(in_channels=in_channels, out_channels=out_channels)
            self.weight = Parameter(fe.empty(self._weight_shape(), **place))
            self.bias = Parameter(fe.empty(out_channels, **place)) if bias else None
            self.reset_parameters()

    def _check_groups(self, **channels: int) -> None:
        for name, n in channels.items():
            if n % self.groups:
                raise ArgumentError(
                    f"{type(self).__name__}: groups={self.groups} does not divide {name}={n}; take "
                    "a divisor"
                )

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(math.prod(self.weight.shape[1:]))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        none, one = (0,) * self.ndim, (1,) * self.ndim
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}, stride={self.stride}",
        ]
        if self.padding != none:
            parts.append(f"padding={self.padding}")
        if self.dilation != one:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != none:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv(ConvBase):
    """A bank of filters slid over its input: ``(N, in_channels, *size)`` or ``(in_channels,
    *size)`` to ``(N, out_channels, *new)`` with ``new = (size + 2 * padding - dilation *
    (kernel_size - 1) - 1) // stride + 1``.

    ``padding`` may be ``"same"`` or ``"valid"``. With ``groups``, the channels form that many
    blocks, each convolved on its own. ``padding_mode`` is what the padding consists of:
    ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Attributes:
        weight: ``(out_channels, in_channels / groups, *kernel_size)``, initially uniform within
            ``1 / sqrt(in_channels / groups * prod(kernel_size))`` of 0, as is the bias.
        bias: ``(out_channels,)``, or None.
    """

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias,
            padding_mode, {"device": device, "dtype": dtype},
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._around(), self.padding_mode), 0
        return type(self).function(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _around(self) -> list[int]:
        """The padding on both sides of each dim, the last dim first."""
        if self.padding == "valid":
            return [0] * (2 * self.ndim)
        if self.padding == "same":
            room = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
            return [n for r in reversed(room) for n in (r // 2, r - r // 2)]
        assert isinstance(self.padding, tuple)
        return [p for p in reversed(self.padding) for _ in range(2)]


class Conv1d(Conv):
    __doc__ = f"{Conv.__doc__}\n    ``size`` is one number.\n    "
    ndim = 1
    function = F.conv1d


class Conv2d(Conv):
    __doc__ = f"{Conv.__doc__}\n    ``size`` is a height and a width.\n    "
    ndim = 2
    function = F.conv2d


class Conv3d(Conv):
    __doc__ = f"{Conv.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    ndim = 3
    function = F.conv3d
