"""What batch and instance normalisation share: numbers for each channel."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn import init
from ferrule.nn.lazy import UninitializedBuffer, UninitializedParameter
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class ChannelNorm(Module):
    """Scale, shift and running averages, one number for each channel.

    Attributes:
        ndims: how many dims the input may have; any from 2 if it is empty.
        shapes: the same in words.
    """

    ndims: ClassVar[tuple[int, ...]]
    shapes: ClassVar[str]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int | None,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
        place: dict[str, Any],
    ) -> None:
        super().__init__()
        layer = type(self).__name__
        if not (math.isfinite(eps) and eps >= 0):
            raise ArgumentError(f"{layer}: eps must be a number of at least 0, not {eps}")
        if momentum is not None and not 0.0 <= momentum <= 1.0:
            raise ArgumentError(f"{layer}: momentum must be None or lie in [0, 1], not {momentum}")
        self.num_features = num_features or 0  # 0: it is not known as yet
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        n = num_features
        if n is not None:
            positive(layer, num_features=n)
        self.weight = self.bias = None
        if affine:
            self.weight = _parameter(fe.ones, n, place)
            self.bias = _parameter(fe.zeros, n, place) if bias else None
        for name, fill in (("running_mean", fe.zeros), ("running_var", fe.ones)):
            value = None
            if track_running_stats:
                value = UninitializedBuffer(**place) if n is None else fill(n, **place)
            self.register_buffer(name, value)
        count = fe.zeros((), dtype=fe.int64, device=place["device"])
        self.register_buffer("num_batches_tracked", count if track_running_stats else None)

    def reset_running_stats(self) -> None:
        """Forget what was seen."""
        if self.running_mean is not None and self.running_var is not None:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
        if self.num_batches_tracked is not None:
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Back to the initial values."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check(self, input: Tensor) -> None:
        known = input.ndim in self.ndims if self.ndims else input.ndim >= 2
        if not known or input.shape[1] != self.num_features:
            self._refuse(input)

    def _refuse(self, input: Tensor) -> None:
        raise ShapeError(
            f"{type(self).__name__}: the input is {input._type}; it must be {self.shapes} with "
            f"C={self.num_features}"
        )

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        /,
        *lists: Any,
    ) -> None:
        # states saved before PyTorch counted batches, and converted ones, lack the count
        count = self.num_batches_tracked
        if count is not None:
            state_dict.setdefault(f"{prefix}num_batches_tracked", count)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *lists)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


def _parameter(fill: Callable[..., Tensor], n: int | None, place: dict[str, Any]) -> Parameter:
    return UninitializedParameter(**place) if n is None else Parameter(fill(n, **place))
