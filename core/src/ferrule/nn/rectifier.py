"""Activation functions that bend at one place or two, as layers. All keep the shape."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class InPlace(Module):
    """What may write its result to its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return ", ".join(filter(None, [self._numbers(), "inplace=True" if self.inplace else ""]))

    def _numbers(self) -> str:
        return ""


class ReLU(InPlace):
    """``max(x, 0)``"""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class Threshold(InPlace):
    """``x`` where it is above ``threshold``, elsewhere ``value``."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def _numbers(self) -> str:
        return f"threshold={self.threshold}, value={self.value}"


class Hardtanh(InPlace):
    """``x``, brought within ``min_val`` and ``max_val``."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if not self.max_val > self.min_val:
            raise ArgumentError(
                f"{type(self).__name__}: max_val={self.max_val} must be above "
                f"min_val={self.min_val}"
            )

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def _numbers(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``"""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)

    def _numbers(self) -> str:
        return ""


class Hardsigmoid(InPlace):
    """``min(max(x + 3, 0), 6) / 6``"""

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardswish(InPlace):
    """``x * hardsigmoid(x)``. Source: Howard et al., arXiv:1905.02244."""

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class LeakyReLU(InPlace):
    """``x`` where it is positive, elsewhere ``negative_slope * x``."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def _numbers(self) -> str:
        return f"negative_slope={self.negative_slope}"


class RReLU(InPlace):
    """`LeakyReLU`, whose slope is, for each element, drawn between ``lower`` and ``upper`` while
    training, and their mean otherwise. Source: Xu et al., arXiv:1505.00853."""

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def _numbers(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"


class PReLU(Module):
    """`LeakyReLU` whose slope is learned: one for all, or one for each channel of ``(N, C, ...)``.

    Attributes:
        weight: ``(num_parameters,)``, initially ``init``.

    Source: He et al., arXiv:1502.01852.
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        positive("PReLU", num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(fe.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Back to the initial value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class ELU(InPlace):
    """``x`` where it is positive, elsewhere ``alpha * (exp(x) - 1)``. Source: Clevert,
    Unterthiner, Hochreiter, arXiv:1511.07289."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def _numbers(self) -> str:
        return f"alpha={self.alpha}"


class CELU(ELU):
    """``x`` where it is positive, elsewhere ``alpha * (exp(x / alpha) - 1)``. Source: Barron,
    arXiv:1704.07483."""

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(InPlace):
    """``scale * elu(x, alpha)`` with the constants that keep mean 0 and variance 1. Source:
    Klambauer et al., arXiv:1706.02515."""

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)
