"""Normalisation with the statistics of a batch."""

from __future__ import annotations

from typing import Any

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.channel_norm import ChannelNorm
from ferrule.nn.module import Module
from ferrule.tensor import Tensor


class BatchNorm(ChannelNorm):
    """Each channel brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    While training, the statistics are those of the batch, and running averages of them are kept;
    otherwise the averages are used. ``momentum`` is how far the averages move towards each batch;
    None makes them means over all batches so far.

    Attributes:
        weight: ``(num_features,)``: the scale, initially 1; None without ``affine``.
        bias: ``(num_features,)``: the shift, initially 0; None without it or ``affine``.
        running_mean: ``(num_features,)``, initially 0; None without ``track_running_stats``.
        running_var: ``(num_features,)``, unbiased, initially 1; likewise.
        num_batches_tracked: ``()``, int64; likewise.

    Source: Ioffe, Szegedy, arXiv:1502.03167.
    """

    _version = 2

    def __init__(
        self,
        num_features: int,
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
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, place)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
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


class BatchNorm1d(BatchNorm):
    __doc__ = f"{BatchNorm.__doc__}\n    Takes ``(N, C)`` or ``(N, C, L)``.\n    "
    ndims = (2, 3)
    shapes = "(N, C) or (N, C, L)"


class BatchNorm2d(BatchNorm):
    __doc__ = f"{BatchNorm.__doc__}\n    Takes ``(N, C, H, W)``.\n    "
    ndims = (4,)
    shapes = "(N, C, H, W)"


class BatchNorm3d(BatchNorm):
    __doc__ = f"{BatchNorm.__doc__}\n    Takes ``(N, C, D, H, W)``.\n    "
    ndims = (5,)
    shapes = "(N, C, D, H, W)"


class SyncBatchNorm(BatchNorm):
    """`BatchNorm2d` and the like for ``(N, C, ...)``, in models that several processes train.

    Here a process is by itself, so the statistics are those of its own batch, as PyTorch's are
    where there is one process. ``process_group`` is kept and not used.
    """

    ndims = ()
    shapes = "(N, C, ...)"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """``module`` with a `SyncBatchNorm` of the same parameters in the place of each batch
        normalisation in it. Modules that have those below them are changed."""
        if isinstance(module, BatchNorm) and not isinstance(module, SyncBatchNorm):
            if module.num_features == 0:
                raise ArgumentError(
                    "convert_sync_batchnorm: a lazy layer has no parameters as yet; call the model "
                    "once before"
                )
            found = cls.__new__(cls)
            found.__dict__.update(module.__dict__)
            found._buffers = dict(module._buffers)
            found.process_group = process_group
            return found
        for name, child in tuple(module.__dict__.items()):
            if isinstance(child, Module):
                setattr(module, name, cls.convert_sync_batchnorm(child, process_group))
        return module
