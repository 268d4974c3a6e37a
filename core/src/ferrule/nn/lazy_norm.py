"""Batch and instance normalisation that learn the number of channels from their first input."""

from __future__ import annotations

from typing import Any

from ferrule.nn.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ferrule.nn.channel_norm import ChannelNorm
from ferrule.nn.instance_norm import (
    InstanceNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from ferrule.nn.lazy_module import LazyModuleMixin
from ferrule.tensor import Tensor


class _LazyNorm(LazyModuleMixin, ChannelNorm):
    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        place = {"device": device, "dtype": dtype}
        ChannelNorm.__init__(self, None, eps, momentum, affine, track_running_stats, bias, place)

    def initialize_parameters(self, input: Tensor) -> None:
        if self.has_uninitialized_params():
            if input.ndim not in self.ndims:
                self._refuse(input)
            unbatched = isinstance(self, InstanceNorm) and input.ndim == self.ndims[0]
            self.num_features = input.shape[0 if unbatched else 1]
            shapes = dict.fromkeys(
                ("weight", "bias", "running_mean", "running_var"), (self.num_features,)
            )
            self.materialize(**shapes)
            self.reset_parameters()
        known = self.running_mean if self.weight is None else self.weight
        if known is not None:
            self.num_features = known.shape[0]
        elif not self.num_features:
            self.num_features = input.shape[1]


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` whose ``num_features`` are the channels of the first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` whose ``num_features`` are the channels of the first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` whose ``num_features`` are the channels of the first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An `InstanceNorm1d` whose ``num_features`` are the channels of the first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An `InstanceNorm2d` whose ``num_features`` are the channels of the first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An `InstanceNorm3d` whose ``num_features`` are the channels of the first input."""

    cls_to_become = InstanceNorm3d
