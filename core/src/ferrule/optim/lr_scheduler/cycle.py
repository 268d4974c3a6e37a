"""Rates that rise and fall, with the momentum the other way round."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from ferrule.errors import ArgumentError
from ferrule.optim.lr_scheduler.scheduler import (
    LRScheduler,
    Rate,
    restore_function,
    saved_function,
    set_rate,
)
from ferrule.optim.optimizer import Optimizer


class _Cycle(LRScheduler):
    """A schedule that may set the momentum too: ``momentum`` of the groups, or the first of their
    ``betas``."""

    cycle_momentum: bool
    use_beta1: bool

    def _start_momentum(self, base: Any, most: Any, last_epoch: int) -> tuple[list, list]:
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ArgumentError(
                f"{type(self).__name__}: {type(self.optimizer).__name__} has neither momentum nor "
                "betas; pass cycle_momentum=False"
            )
        self.use_beta1 = "betas" in defaults
        bases = self._per_group("base_momentum", base)
        tops = self._per_group("max_momentum", most)
        if last_epoch == -1:
            for group, low, high in zip(self.optimizer.param_groups, bases, tops, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low
        return bases, tops

    def _set_momentum(self, group: dict[str, Any], value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_Cycle):
    """Up from ``base_lr`` to ``max_lr`` in ``step_size_up`` steps, down again in
    ``step_size_down``, and so on.

    Args:
        optimizer: the optimizer.
        base_lr, max_lr: the bounds of the rate, or one for each group.
        step_size_up: steps upwards.
        step_size_down: steps downwards; as many if None.
        mode: ``"triangular"``: all cycles are equal; ``"triangular2"``: each is half as high as the
            one before; ``"exp_range"``: the height is ``gamma**step``.
        gamma: for ``"exp_range"``.
        scale_fn: a function of one's own, in the place of ``mode``, that the height is multiplied
            by.
        scale_mode: what that is told: the number of the ``"cycle"``, the first being 1, or of the
            step: ``"iterations"``.
        cycle_momentum: whether the momentum goes down from ``max_momentum`` to ``base_momentum``
            while the rate goes up.

    Source: Smith, arXiv:1506.01186.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = self._checked(optimizer)
        base_lrs = self._per_group("base_lr", base_lr)
        self.max_lrs = self._per_group("max_lr", max_lr)
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ArgumentError(
                "CyclicLR: mode must be 'triangular', 'triangular2' or 'exp_range', not "
                f"{mode!r}, where there is no scale_fn"
            )
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_rate(group, lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._start_momentum(
                base_momentum, max_momentum, last_epoch
            )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """What the height is multiplied by."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return self.gamma**x
        return 1.0 if self.mode == "triangular" else 1 / (2.0 ** (x - 1))

    def get_lr(self) -> list[Rate]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        within = 1.0 + self.last_epoch / self.total_size - cycle
        rising = within <= self.step_ratio
        part = within / self.step_ratio if rising else (within - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            pairs = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, pairs, strict=True):
                self._set_momentum(group, high - (high - low) * part * scale)
        return [
            low + (high - low) * part * scale
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        return {
            **super().state_dict(), "_scale_fn_custom": saved_function(self._scale_fn_custom)
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        saved = state_dict["_scale_fn_custom"]
        super().load_state_dict({**state_dict, "_scale_fn_custom": self._scale_fn_custom})
        restore_function(self._scale_fn_custom, saved)


class OneCycleLR(_Cycle):
    """One rise from ``max_lr / div_factor`` to ``max_lr``, and one fall to the first rate divided
    by ``final_div_factor``. To be stepped after every batch.

    Args:
        optimizer: the optimizer.
        max_lr: the greatest rate, or one for each group.
        total_steps: how many steps there are; or else ``epochs`` and ``steps_per_epoch``.
        pct_start: the part of the steps in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: whether the momentum goes down from ``max_momentum`` to ``base_momentum``
            while the rate goes up, and back.
        base_momentum, max_momentum: its bounds, or one for each group.
        three_phase: fall as steeply as it rose, down to the first rate, and then to the last one.

    Source: Smith, Topin, arXiv:1708.07120.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = self._checked(optimizer)
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ArgumentError(
                f"OneCycleLR: pct_start must be a float from 0 to 1, not {pct_start!r}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', not {anneal_strategy!r}"
            )
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        tops = self._per_group("max_lr", max_lr)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, tops, strict=True):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        step, phases = self.last_epoch, self._schedule_phases
        if step > self.total_steps:
            raise ArgumentError(
                f"OneCycleLR: this is step {step}, and total_steps is {self.total_steps}; the "
                "schedule has ended"
            )
        turn = next((i for i, p in enumerate(phases[:-1]) if step <= p["end_step"]), -1)
        phase = phases[turn]
        start = phases[turn - 1]["end_step"] if turn else 0.0
        done = (step - start) / (phase["end_step"] - start)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(*ends, done))
        return [
            self._between(group[phase["start_lr"]], group[phase["end_lr"]], done)
            for group in groups
        ]

    def _between(self, start: Any, end: Any, done: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * done + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * done) + 1)


def _total(steps: Any, epochs: Any, per_epoch: Any) -> int:
    given = {"total_steps": steps}
    if steps is None:
        given = {"epochs": epochs, "steps_per_epoch": per_epoch}
        if None in given.values():
            raise ArgumentError(
                "OneCycleLR: give total_steps, or both of epochs and steps_per_epoch"
            )
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ArgumentError(f"OneCycleLR: {name} must be an int above 0, not {value!r}")
    return math.prod(given.values())


def _phases(total: int, rising: float, three: bool) -> list[dict[str, Any]]:
    """Where each phase ends, and between which entries of a group it leads; as PyTorch saves
    them."""
    up = ("initial_lr", "max_lr", "max_momentum", "base_momentum")
    if three:
        down = ("max_lr", "initial_lr", "base_momentum", "max_momentum")
        out = ("initial_lr", "min_lr", "max_momentum", "max_momentum")
        ends: list[float] = [float(rising * total) - 1, float(2 * rising * total) - 2, total - 1]
        ways = [up, down, out]
    else:
        ends = [float(rising * total) - 1, total - 1]
        ways = [up, ("max_lr", "min_lr", "base_momentum", "max_momentum")]
    keys = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return [dict(zip(keys, (end, *way))) for end, way in zip(ends, ways)]
