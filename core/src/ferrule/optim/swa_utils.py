"""Averages of a model over training.

Source: Izmailov et al., "Averaging weights leads to wider optima and better generalization",
arXiv:1803.05407.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

import ferrule as fe
from ferrule import nn
from ferrule.errors import ArgumentError
from ferrule.nn.batch_norm import BatchNorm
from ferrule.optim.lr_scheduler.scheduler import LRScheduler, Rate
from ferrule.optim.optimizer import Optimizer
from ferrule.tensor import Tensor

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_swa_avg_fn() -> Average:
    """The mean over all models so far: a function of the mean, the new value, and how many values
    the mean is of."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with fe.no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average, of which ``decay`` is kept each time: a function of the
    average, the new value, and a number that it does not need."""
    _check_decay("get_ema_avg_fn", decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with fe.no_grad():
            return ema_param * decay + current_param * (1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """The same as `get_swa_avg_fn`, for lists of tensors, the first of which it writes to."""
    return _for_all(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """The same as `get_ema_avg_fn`, for lists of tensors, the first of which it writes to."""
    _check_decay("get_ema_multi_avg_fn", decay)
    return _for_all(get_ema_avg_fn(decay))


def _for_all(average: Average) -> MultiAverage:
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        with fe.no_grad():
            for mean, value in zip(averaged, current, strict=True):
                _write(mean, average(mean.detach(), value.detach(), num_averaged))

    return update


def _check_decay(name: str, decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ArgumentError(f"{name}: decay must be from 0 to 1, not {decay!r}")


def _write(target: Tensor, value: Tensor) -> None:
    """Set a value, in the target's dtype (integer buffers are rounded towards 0) and place."""
    target._rebind("update_parameters", value.to(device=target.device, dtype=target.dtype))


class AveragedModel(nn.Module):
    """A copy of a model whose parameters are averages of the model's over training.

    Attributes:
        module: the copy.
        n_averaged: how many models went into the averages; a buffer.

    Args:
        model: the model. Its values now are not among the averaged ones.
        device: where the copy is to be; where the model is if None.
        avg_fn: what the next average is, of a tensor's average, its value, and ``n_averaged``; the
            mean if neither function is given.
        multi_avg_fn: the same for lists of tensors, writing to the first in place.
        use_buffers: average buffers too, such as the statistics of batch norms. Without it they are
            those of the last model.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: nn.Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ArgumentError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        self.module = deepcopy(model)
        if device is not None:
            self.module.to(device)
        self.register_buffer("n_averaged", fe.zeros((), dtype=fe.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: nn.Module) -> None:
        """Take the values of a model into the averages; the first time, they become those values.

        Args:
            model: the model that was copied, or one like it.
        """
        with fe.no_grad():
            averaged = list(self._averaged(self.module))
            pairs = zip(self._averaged(model), averaged)
            current = [value.detach().to(device=mean.device) for value, mean in pairs]
            if not int(self.n_averaged):
                for mean, value in zip(averaged, current):
                    _write(mean, value)
            elif self.multi_avg_fn is not None:
                for means, values, count in self._alike(averaged, current):
                    self.multi_avg_fn(means, values, count)
            else:
                average = self.avg_fn or get_swa_avg_fn()
                for mean, value in zip(averaged, current):
                    count = self.n_averaged.to(device=mean.device)
                    _write(mean, average(mean.detach(), value, count))
            if not self.use_buffers:
                for own, value in zip(self.module.buffers(), model.buffers(), strict=True):
                    _write(own, value.detach())
            _write(self.n_averaged, self.n_averaged + 1)

    def _averaged(self, model: nn.Module) -> Iterator[Tensor]:
        yield from chain(model.parameters(), model.buffers() if self.use_buffers else ())

    def _alike(
        self, averaged: list[Tensor], current: list[Tensor]
    ) -> Iterator[tuple[list[Tensor], list[Tensor], Tensor]]:
        """Lists of tensors of one dtype on one device each."""
        groups: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for mean, value in zip(averaged, current):
            means, values = groups.setdefault((str(mean.device), mean.dtype), ([], []))
            means.append(mean)
            values.append(value)
        for means, values in groups.values():
            yield means, values, self.n_averaged.to(device=means[0].device)


def update_bn(loader: Iterable[Any], model: nn.Module, device: Any = None) -> None:
    """Make the statistics of a model's batch norms those of a data set, in one pass over it; the
    statistics of averaged weights are not the average of statistics.

    Args:
        loader: batches: tensors, or lists and tuples that begin with one.
        model: the model. It is in training mode meanwhile.
        device: where batches are moved to first.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    if not norms:
        return
    was_training, momenta = model.training, [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    model.train()
    try:
        with fe.no_grad():
            for batch in loader:
                first = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(first if device is None else first.to(device))
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the rate in force to ``swa_lr`` in ``anneal_epochs`` steps, and constant from then on.

    Args:
        optimizer: the optimizer.
        swa_lr: the last rate, or one for each group.
        anneal_epochs: how many steps it takes; 0 for one.
        anneal_strategy: ``"cos"`` or ``"linear"``.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = self._checked(optimizer)
        rates = self._per_group("swa_lr", swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                f"SWALR: anneal_strategy must be 'cos' or 'linear', not {anneal_strategy!r}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ArgumentError(
                f"SWALR: anneal_epochs must be an int of at least 0, not {anneal_epochs!r}"
            )
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        step = self._step_count - 1
        if not self.anneal_epochs:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        found = []
        for group in self.optimizer.param_groups:
            lr, last = group["lr"], group["swa_lr"]
            # another schedule may have set the rate that this one starts from
            first = last if before == 1 else (lr - last * before) / (1 - before)
            found.append(last * now + first * (1 - now))
        return found

    def _part(self, step: int) -> float:
        """How much of the way is done."""
        done = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * done)) / 2 if self._anneal_strategy == "cos" else done
