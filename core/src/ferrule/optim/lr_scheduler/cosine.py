"""Rates along half a wave of the cosine."""

from __future__ import annotations

import math

from ferrule.errors import ArgumentError
from ferrule.optim.lr_scheduler.scheduler import LRScheduler, Rate, check_count
from ferrule.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """From the first rate down to ``eta_min`` in ``T_max`` steps, and as slowly up again::

        eta_min + (first - eta_min) * (1 + cos(pi * step / T_max)) / 2

    Source: Loshchilov, Hutter, arXiv:1608.03983, without the restarts.
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        check_count("CosineAnnealingLR", "T_max", T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        if self._is_initial:
            return self._rates()
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        groups, least, wave = self.optimizer.param_groups, self.eta_min, math.pi / self.T_max
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # from the bottom, where there is nothing to multiply
            rise = (1 - math.cos(wave)) / 2
            return [
                group["lr"] + (base - least) * rise
                for base, group in zip(self.base_lrs, groups, strict=True)
            ]
        ratio = (1 + math.cos(wave * self.last_epoch)) / (
            1 + math.cos(wave * (self.last_epoch - 1))
        )
        return [(group["lr"] - least) * ratio + least for group in groups]

    def _get_closed_form_lr(self) -> list[Rate]:
        height = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the first rate down to ``eta_min`` in ``T_0`` steps, then at once up and down again in
    ``T_mult`` times as many steps, and so on.

    Source: Loshchilov, Hutter, arXiv:1608.03983.
    """

    T_cur: float

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ArgumentError(
                    f"CosineAnnealingWarmRestarts: {name} must be an int of at least 1, not "
                    f"{value!r}"
                )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    # after each batch this is told the epoch with a fraction, so it is not deprecated here
    def step(self, epoch: float | None = None) -> None:
        """Go to the next step, and set the rates.

        Args:
            epoch: where to go instead; it may be a fraction: ``epoch + batch / batches``.
        """
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = epoch or 0
            if epoch < 0:
                raise ArgumentError(
                    f"CosineAnnealingWarmRestarts.step: epoch must be at least 0, not {epoch!r}"
                )
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _go_to(self, epoch: float) -> None:
        """Find the period that an epoch is in."""
        if epoch < self.T_0:
            self.T_cur, self.T_i = epoch, self.T_0
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            start, length = 0, self.T_0
            while epoch >= start + length:
                start, length = start + length, length * self.T_mult
            self.T_cur, self.T_i = epoch - start, length
