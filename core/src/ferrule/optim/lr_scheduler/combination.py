"""Schedules made of schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ferrule.errors import ArgumentError
from ferrule.optim.lr_scheduler.plateau import ReduceLROnPlateau
from ferrule.optim.lr_scheduler.scheduler import LRScheduler, set_rate
from ferrule.optim.optimizer import Optimizer


class _Combination(LRScheduler):
    """Several schedules of one optimizer, which are saved with it."""

    _schedulers: list[LRScheduler]

    def _check(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> Optimizer:
        name = type(self).__name__
        if not schedulers:
            raise ArgumentError(f"{name}: needs at least one scheduler")
        for i, scheduler in enumerate(schedulers):
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ArgumentError(
                    f"{name}: scheduler {i} is ReduceLROnPlateau, whose step() needs a metric; "
                    "step it by itself"
                )
            if not isinstance(scheduler, LRScheduler):
                raise ArgumentError(f"{name}: scheduler {i} is {scheduler!r}, not a scheduler")
            optimizer = optimizer or scheduler.optimizer
            if scheduler.optimizer is not optimizer:
                raise ArgumentError(
                    f"{name}: scheduler {i} ({type(scheduler).__name__}) belongs to another "
                    "optimizer; make them all with the same one"
                )
        assert optimizer is not None
        return optimizer

    def state_dict(self) -> dict[str, Any]:
        return {
            **super().state_dict(),
            "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        states = state_dict["_schedulers"]
        super().load_state_dict({**state_dict, "_schedulers": self._schedulers})
        for scheduler, state in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(_Combination):
    """One schedule after the other, each from its milestone on.

    Args:
        optimizer: the optimizer.
        schedulers: schedules of that optimizer.
        milestones: the steps at which the second and each later one take over.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        self._check(schedulers, self._checked(optimizer))
        for i, scheduler in enumerate(schedulers):
            if isinstance(scheduler, _Combination):
                raise ArgumentError(
                    f"SequentialLR: scheduler {i} is a {type(scheduler).__name__}, which cannot "
                    "take over in the middle; name its parts here"
                )
        if len(milestones) != len(schedulers) - 1:
            raise ArgumentError(
                f"SequentialLR: there are {len(schedulers)} schedulers and {len(milestones)} "
                "milestones; there must be one milestone less than schedulers"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Each schedule has made its first step already; only one of them may.
        for group in optimizer.param_groups:
            set_rate(group, group["initial_lr"])
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next step of the schedule whose turn it is."""
        if epoch is not None:
            raise ArgumentError("SequentialLR.step: takes no epoch; call it once for each")
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Combination):
    """Schedules that all act at every step, one on the result of the other.

    Args:
        schedulers: schedules of one optimizer.
        optimizer: that optimizer; the first schedule's if None.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        self._schedulers = list(schedulers)
        self._last_lr = self._rates()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next step of every schedule."""
        if epoch is not None:
            raise ArgumentError("ChainedScheduler.step: takes no epoch; call it once for each")
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._rates()
