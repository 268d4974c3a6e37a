"""Pooling to a size that is asked for. All take ``(N, C, *size)`` or ``(C, *size)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.functional.adaptive_pooling import Wanted
from ferrule.nn.module import Module
from ferrule.nn.pair import Sizes
from ferrule.tensor import Tensor


class _AdaptiveAvgPool(Module):
    """The means of as many windows as asked for: ``(N, C, *output_size)``. None stands for the
    size of the input."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, output_size: Wanted) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    __doc__ = f"{_AdaptiveAvgPool.__doc__}\n    ``size`` is one number.\n    "
    function = F.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    __doc__ = f"{_AdaptiveAvgPool.__doc__}\n    ``size`` is a height and a width.\n    "
    function = F.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    __doc__ = f"{_AdaptiveAvgPool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    function = F.adaptive_avg_pool3d


class _AdaptiveMaxPool(Module):
    """The largest elements of as many windows as asked for: ``(N, C, *output_size)``. None stands
    for the size of the input. With ``return_indices`` it also returns where in its channel each
    element stood."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Wanted, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return type(self).function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    __doc__ = f"{_AdaptiveMaxPool.__doc__}\n    ``size`` is one number.\n    "
    function = F.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    __doc__ = f"{_AdaptiveMaxPool.__doc__}\n    ``size`` is a height and a width.\n    "
    function = F.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    __doc__ = f"{_AdaptiveMaxPool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    function = F.adaptive_max_pool3d


class _FractionalMaxPool(Module):
    """The largest element of windows at random distances. Give either the ``output_size``, or the
    ``output_ratio`` between 0 and 1 that it is of the input's. The other arguments are those of
    `functional.fractional_max_pool2d`.

    Source: Graham, "Fractional max-pooling", 2014.
    """

    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: float | Sequence[float] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        if (output_size is None) == (output_ratio is None):
            raise ArgumentError(
                f"{type(self).__name__}: give either output_size or output_ratio, and not both"
            )
        self.kernel_size = kernel_size
        self.output_size = output_size
        self.output_ratio = output_ratio
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    _random_samples: Tensor | None

    def forward(self, input: Tensor) -> Any:
        return type(self).function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    __doc__ = f"{_FractionalMaxPool.__doc__}\n    ``size`` is a height and a width.\n    "
    function = F.fractional_max_pool2d


class FractionalMaxPool3d(_FractionalMaxPool):
    __doc__ = f"{_FractionalMaxPool.__doc__}\n    ``size`` is a depth, a height and a width.\n    "
    function = F.fractional_max_pool3d
