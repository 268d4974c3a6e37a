"""Linear layers, and layers that compute nothing."""

from __future__ import annotations

import math
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


def positive(layer: str, **sizes: int) -> None:
    """Refuse sizes that are not ints of at least 1."""
    for name, n in sizes.items():
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            raise ArgumentError(f"{layer}: {name} must be an int of at least 1, not {n!r}")


class Linear(Module):
    """``x @ weight.T + bias``, from ``(..., in_features)`` to ``(..., out_features)``.

    Attributes:
        weight: ``(out_features, in_features)``, initially uniform within ``1 / sqrt(in_features)``
            of 0, as is the bias.
        bias: ``(out_features,)``, or None.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        place = {"device": device, "dtype": dtype}
        self.weight = Parameter(fe.empty(out_features, in_features, **place))
        self.bias = Parameter(fe.empty(out_features, **place)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5.0))
        if self.bias is not None:
            bound = 1.0 / math.sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Identity(Module):
    """Its input. Arguments of the constructor are ignored, so that it can stand for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """The dims from ``start_dim`` to ``end_dim`` made one; by default all but the first."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return fe.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
