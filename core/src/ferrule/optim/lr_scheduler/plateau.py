"""Rates that fall when a metric no longer improves."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal, SupportsFloat

from ferrule.errors import ArgumentError
from ferrule.optim.lr_scheduler.scheduler import _EPOCH, LRScheduler, set_rate
from ferrule.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` when a metric has not improved for more than ``patience`` steps.

    Args:
        optimizer: the optimizer.
        mode: ``"min"`` for a metric that is to fall, ``"max"`` for one that is to rise.
        factor: below 1.
        patience: how many steps without improvement are put up with.
        threshold: by how much the best metric must be beaten.
        threshold_mode: ``"rel"``: in parts of it; ``"abs"``: as it is.
        cooldown: how many steps after a reduction are not counted.
        min_lr: the least rate, or one for each group.
        eps: a change of a rate by not more than this is left out.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        if not factor < 1.0:
            raise ArgumentError(f"ReduceLROnPlateau: factor must be below 1, not {factor!r}")
        if mode not in ("min", "max"):
            raise ArgumentError(f"ReduceLROnPlateau: mode must be 'min' or 'max', not {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(
                f"ReduceLROnPlateau: threshold_mode must be 'rel' or 'abs', not {threshold_mode!r}"
            )
        self.optimizer = self._checked(optimizer)
        self.factor = factor
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = self._per_group("min_lr", min_lr)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = self._rates()
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self._reset()

    def _reset(self) -> None:
        """Forget past metrics."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    # Python's rules for overriding are broken, as in PyTorch: this step needs a metric
    def step(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, metrics: SupportsFloat, epoch: int | None = None
    ) -> None:
        """Look at a metric, a number or a tensor of one element, and set the rates.

        Args:
            metrics: the metric.
            epoch: the number of the step; deprecated.
        """
        current = float(metrics)
        if epoch is not None:
            warnings.warn(_EPOCH, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._rates()

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise ArgumentError(
                    f"ReduceLROnPlateau: min_lr has {len(self.min_lrs)} values, and the optimizer "
                    f"now has {len(groups)} groups; add to scheduler.min_lrs too"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs):
            old = float(group["lr"])
            new = max(old * self.factor, float(least))
            if old - new > self.eps:
                set_rate(group, new)

    @property
    def in_cooldown(self) -> bool:
        """Whether steps are not counted, because of a reduction not long ago."""
        return self.cooldown_counter > 0

    def _is_better(self, metric: float, best: float) -> bool:
        up = 1.0 if self.mode == "max" else -1.0
        if self.threshold_mode == "rel":
            bound = best * (1.0 + up * self.threshold)
        else:
            bound = best + up * self.threshold
        return metric > bound if self.mode == "max" else metric < bound

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.mode_worse = math.inf if self.mode == "min" else -math.inf
