"""Normalisation over features, groups of channels and neighbouring channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class LayerNorm(Module):
    """The last dims brought to mean 0 and variance 1 together, then scaled and shifted.

    Takes ``(..., *normalized_shape)``; an int stands for one dim.

    Attributes:
        weight: ``normalized_shape``: the scale, initially 1; None without
            ``elementwise_affine``.
        bias: ``normalized_shape``: the shift, initially 0; None without it or without ``bias``.

    Source: Ba, Kiros, Hinton, arXiv:1607.06450.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _dims("LayerNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        place = {"device": device, "dtype": dtype}
        self.weight = self.bias = None
        if elementwise_affine:
            self.weight = Parameter(fe.ones(self.normalized_shape, **place))
            if bias:
                self.bias = Parameter(fe.zeros(self.normalized_shape, **place))

    def reset_parameters(self) -> None:
        """Back to the initial values."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """The last dims over the root of the mean of their squares, then scaled.

    Takes ``(..., *normalized_shape)``; an int stands for one dim. ``eps`` is by default that of the
    dtype.

    Attributes:
        weight: ``normalized_shape``: the scale, initially 1; None without
            ``elementwise_affine``.

    Source: Zhang, Sennrich, arXiv:1910.07467.
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _dims("RMSNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        scale = fe.ones(self.normalized_shape, device=device, dtype=dtype)
        self.weight = Parameter(scale) if elementwise_affine else None

    def reset_parameters(self) -> None:
        """Back to the initial values."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """``(N, num_channels, ...)``, brought to mean 0 and variance 1 in each of ``num_groups`` blocks
    of the channels of each sample, then scaled and shifted.

    Attributes:
        weight: ``(num_channels,)``: the scale, initially 1; None without ``affine``.
        bias: ``(num_channels,)``: the shift, initially 0; None without it or ``affine``.

    Source: Wu, He, arXiv:1803.08494.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        positive("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ArgumentError(
                f"GroupNorm: num_groups={num_groups} does not divide num_channels={num_channels}; "
                "take a divisor"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        place = {"device": device, "dtype": dtype}
        self.weight = Parameter(fe.ones(num_channels, **place)) if affine else None
        self.bias = Parameter(fe.zeros(num_channels, **place)) if affine and bias else None

    def reset_parameters(self) -> None:
        """Back to the initial values."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """``(N, C, ...)`` over ``(k + alpha * mean) ** beta``, with the mean of the squares of ``size``
    neighbouring channels.

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural
    networks", NIPS 2012.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        positive("LocalResponseNorm", size=size)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _dims(layer: str, normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape:
        raise ArgumentError(f"{layer}: normalized_shape must name one dim or more")
    for n in shape:
        positive(layer, normalized_shape=n)
    return shape
