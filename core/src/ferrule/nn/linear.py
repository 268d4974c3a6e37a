"""Linear layers, and one that computes nothing."""

from __future__ import annotations

import math
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.lazy import UninitializedParameter
from ferrule.nn.lazy_module import LazyModuleMixin
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
        bound = 1.0 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` whose ``in_features`` is the last size of the first input."""

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        Module.__init__(self)
        positive("LazyLinear", out_features=out_features)
        self.in_features = 0
        self.out_features = out_features
        place = {"device": device, "dtype": dtype}
        self.weight = UninitializedParameter(**place)
        self.bias = UninitializedParameter(**place) if bias else None

    def initialize_parameters(self, input: Tensor) -> None:
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.materialize(
                weight=(self.out_features, self.in_features), bias=(self.out_features,)
            )
            self.reset_parameters()
        self.in_features = self.weight.shape[1]


class Bilinear(Module):
    """``x1 @ weight[k] @ x2 + bias[k]`` for every ``k``: ``(..., in1_features)`` and ``(...,
    in2_features)`` to ``(..., out_features)``.

    Attributes:
        weight: ``(out_features, in1_features, in2_features)``, initially uniform within ``1 /
            sqrt(in1_features)`` of 0, as is the bias.
        bias: ``(out_features,)``, or None.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive(
            "Bilinear",
            in1_features=in1_features,
            in2_features=in2_features,
            out_features=out_features,
        )
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        place = {"device": device, "dtype": dtype}
        self.weight = Parameter(fe.empty(out_features, in1_features, in2_features, **place))
        self.bias = Parameter(fe.empty(out_features, **place)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """Its input. Arguments of the constructor are ignored, so that it can stand for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input
