"""Normalisation layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class _BatchNorm(Module):
    """Each channel brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    While training, the statistics are those of the batch, and running averages of them are kept;
    otherwise the averages are used. ``momentum`` is how far the averages move towards each batch;
    None makes them means over all batches so far.

    Attributes:
        weight: ``(num_features,)``: the scale, initially 1; None without ``affine``.
        bias: ``(num_features,)``: the shift, initially 0; None without ``affine``.
        running_mean: ``(num_features,)``, initially 0; None without ``track_running_stats``.
        running_var: ``(num_features,)``, unbiased, initially 1; likewise.
        num_batches_tracked: ``()``, int64; likewise.

    Source: Ioffe, Szegedy, arXiv:1502.03167.
    """

    ndims: tuple[int, ...]
    shapes: str
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        layer = type(self).__name__
        positive(layer, num_features=num_features)
        if not (math.isfinite(eps) and eps >= 0):
            raise ArgumentError(f"{layer}: eps must be a number of at least 0, not {eps}")
        if momentum is not None and not 0.0 <= momentum <= 1.0:
            raise ArgumentError(f"{layer}: momentum must be None or lie in [0, 1], not {momentum}")
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        place = {"device": device, "dtype": dtype}
        self.weight = Parameter(fe.ones(num_features, **place)) if affine else None
        self.bias = Parameter(fe.zeros(num_features, **place)) if affine else None
        mean = var = count = None
        if track_running_stats:
            mean, var = fe.zeros(num_features, **place), fe.ones(num_features, **place)
            count = fe.zeros((), dtype=fe.int64, device=device)
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", var)
        self.register_buffer("num_batches_tracked", count)

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
        if self.weight is not None and self.bias is not None:
            init.ones_(self.weight)
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in self.ndims or input.shape[1] != self.num_features:
            raise ShapeError(
                f"{type(self).__name__}: the input is {input._type}; it must be {self.shapes} with "
                f"C={self.num_features}"
            )
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked = self.num_batches_tracked + 1
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training or self.running_mean is None,
            momentum=momentum,
            eps=self.eps,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    Takes ``(N, C)`` or ``(N, C, L)``.\n    "
    ndims = (2, 3)
    shapes = "(N, C) or (N, C, L)"


class BatchNorm2d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    Takes ``(N, C, H, W)``.\n    "
    ndims = (4,)
    shapes = "(N, C, H, W)"


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
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(shape)
        if not self.normalized_shape:
            raise ArgumentError("LayerNorm: normalized_shape must name one dim or more")
        for n in self.normalized_shape:
            positive("LayerNorm", normalized_shape=n)
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
