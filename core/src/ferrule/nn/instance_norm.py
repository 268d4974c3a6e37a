"""Normalisation with the statistics of each sample."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.nn import functional as F
from ferrule.nn.channel_norm import ChannelNorm
from ferrule.tensor import Tensor


class InstanceNorm(ChannelNorm):
    """Each channel of each sample brought to mean 0 and variance 1, then scaled and shifted.

    With ``track_running_stats``, averages are kept while training, and used otherwise.

    Attributes:
        weight, bias, running_mean, running_var, num_batches_tracked: as of `BatchNorm2d`, but
            without ``affine`` and ``track_running_stats`` by default.

    Source: Ulyanov, Vedaldi, Lempitsky, arXiv:1607.08022.
    """

    _version = 2

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        place = {"device": device, "dtype": dtype}
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, place)

    def forward(self, input: Tensor) -> Tensor:
        single = self.ndims[0]
        if input.ndim not in self.ndims:
            self._refuse(input)
        x = fe.unsqueeze(input, 0) if input.ndim == single else input
        if (self.affine or self.track_running_stats) and x.shape[1] != self.num_features:
            self._refuse(input)
        y = F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            use_input_stats=self.training or not self.track_running_stats,
            momentum=0.0 if self.momentum is None else self.momentum,
            eps=self.eps,
        )
        return fe.squeeze(y, 0) if input.ndim == single else y


class InstanceNorm1d(InstanceNorm):
    __doc__ = f"{InstanceNorm.__doc__}\n    Takes ``(N, C, L)`` or ``(C, L)``.\n    "
    ndims = (2, 3)
    shapes = "(N, C, L) or (C, L)"


class InstanceNorm2d(InstanceNorm):
    __doc__ = f"{InstanceNorm.__doc__}\n    Takes ``(N, C, H, W)`` or ``(C, H, W)``.\n    "
    ndims = (3, 4)
    shapes = "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(InstanceNorm):
    __doc__ = f"{InstanceNorm.__doc__}\n    Takes ``(N, C, D, H, W)`` or ``(C, D, H, W)``.\n    "
    ndims = (4, 5)
    shapes = "(N, C, D, H, W) or (C, D, H, W)"
