"""Pooling over windows of one size. All take ``(N, C, *size)`` or ``(C, *size)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.module import Module
from ferrule.nn.pair import Sizes, sizes
from ferrule.tensor import Tensor


class _Pool(Module):
    """What slides a window over ``ndim`` spatial dims and calls ``function``."""

    ndim: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def _check(self, kernel_size: Sizes, stride: Sizes | None, padding: Sizes = 0) -> None:
        layer, n = type(self).__name__, self.ndim
        kernel = sizes(layer, "kernel_size", kernel_size, n)
        if stride is not None:
            sizes(layer, "stride", stride, n)
        around = sizes(layer, "padding", padding, n, least=0)
        if any(2 * p > k for p, k in zip(around, kernel)):
            raise ArgumentError(
                f"{layer}: padding={padding} is more than half of kernel_size={kernel_size}, so "
                "that windows would see nothing else; take at most half"
            )


class _MaxPool(_Pool):
    """The largest element of each window.

    ``stride`` is by default ``kernel_size``. With ``return_indices`` it also returns where in its
    channel each element stood. The other arguments are those of `functional.max_pool2d`.
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._check(kernel_size, stride, padding)
        sizes(type(self).__name__, "dilation", dilation, self.ndim)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return type(self).function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    __doc__ = f"{_MaxPool.__doc__}\n    ``size`` is one number.\n    "
    ndim = 1
    function = F.max_pool1d


class MaxPool2d(_MaxPool):
    __doc__ = f"{_MaxPool.__doc__}\n    ``size`` is a height and a width.\n    "
    ndim = 2
    function = F.max_pool2d


class MaxPool3d(_MaxPool):
    __doc__ = f"{_MaxPool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    ndim = 3
    function = F.max_pool3d


class AvgPool1d(_Pool):
    """The mean of each window. ``stride`` is by default ``kernel_size``. The other arguments are
    those of `functional.avg_pool1d`."""

    ndim = 1

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self._check(kernel_size, stride, padding)
        self.kernel_size = sizes("AvgPool1d", "kernel_size", kernel_size, 1)
        self.stride = (
            self.kernel_size if stride is None else sizes("AvgPool1d", "stride", stride, 1)
        )
        self.padding = sizes("AvgPool1d", "padding", padding, 1, least=0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(_Pool):
    """The mean of each window.

    ``stride`` is by default ``kernel_size``. The other arguments are those of
    `functional.avg_pool2d`.
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self._check(kernel_size, stride, padding)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    __doc__ = f"{_AvgPool.__doc__}\n    ``size`` is a height and a width.\n    "
    ndim = 2
    function = F.avg_pool2d


class AvgPool3d(_AvgPool):
    __doc__ = f"{_AvgPool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    ndim = 3
    function = F.avg_pool3d


class _LPPool(_Pool):
    """``sum(x ** norm_type) ** (1 / norm_type)`` over each window. ``stride`` is by default
    ``kernel_size``."""

    def __init__(
        self,
        norm_type: float,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._check(kernel_size, stride)
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    __doc__ = f"{_LPPool.__doc__}\n    ``size`` is one number.\n    "
    ndim = 1
    function = F.lp_pool1d


class LPPool2d(_LPPool):
    __doc__ = f"{_LPPool.__doc__}\n    ``size`` is a height and a width.\n    "
    ndim = 2
    function = F.lp_pool2d


class LPPool3d(_LPPool):
    __doc__ = f"{_LPPool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    ndim = 3
    function = F.lp_pool3d


class _MaxUnpool(_Pool):
    """Puts what max-pooling kept back where it stood, with zeros elsewhere: called with the values
    and the indices of a max-pooling layer of the same arguments, and, where several sizes lead to
    the same, with the ``output_size`` that is meant."""

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        super().__init__()
        layer, n = type(self).__name__, self.ndim
        self.kernel_size = sizes(layer, "kernel_size", kernel_size, n)
        self.stride = self.kernel_size if stride is None else sizes(layer, "stride", stride, n)
        self.padding = sizes(layer, "padding", padding, n, least=0)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return type(self).function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    __doc__ = f"{_MaxUnpool.__doc__}\n    ``size`` is one number.\n    "
    ndim = 1
    function = F.max_unpool1d


class MaxUnpool2d(_MaxUnpool):
    __doc__ = f"{_MaxUnpool.__doc__}\n    ``size`` is a height and a width.\n    "
    ndim = 2
    function = F.max_unpool2d


class MaxUnpool3d(_MaxUnpool):
    __doc__ = f"{_MaxUnpool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    ndim = 3
    function = F.max_unpool3d
