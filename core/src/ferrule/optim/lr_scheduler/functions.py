"""Rates by functions of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ferrule.errors import ArgumentError
from ferrule.optim.lr_scheduler.scheduler import (
    LRScheduler,
    Rate,
    restore_function,
    saved_function,
)
from ferrule.optim.optimizer import Optimizer

Function = Callable[[int], float]


class _OfFunctions(LRScheduler):
    """A schedule with a function for each group. Functions are not saved; the attributes of
    callable objects are."""

    lr_lambdas: list[Function]

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Function | Sequence[Function],
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = self._checked(optimizer)
        self.lr_lambdas = self._per_group("lr_lambda", lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise ArgumentError(
                    f"{type(self).__name__}: lr_lambda must be a function, not {function!r}"
                )
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        return {
            **super().state_dict(),
            "lr_lambdas": [saved_function(function) for function in self.lr_lambdas],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        functions = state_dict["lr_lambdas"]
        super().load_state_dict({**state_dict, "lr_lambdas": self.lr_lambdas})
        for function, saved in zip(self.lr_lambdas, functions):
            restore_function(function, saved)


class LambdaLR(_OfFunctions):
    """The first rate times ``lr_lambda(step)``; one function, or one for each group."""

    def get_lr(self) -> list[Rate]:
        return [
            base * function(self.last_epoch)
            for base, function in zip(self.base_lrs, self.lr_lambdas, strict=True)
        ]


class MultiplicativeLR(_OfFunctions):
    """The rate of the step before times ``lr_lambda(step)``; one function, or one for each
    group."""

    def get_lr(self) -> list[Rate]:
        if self._is_initial:
            return self._rates()
        return [
            group["lr"] * function(self.last_epoch)
            for group, function in zip(self.optimizer.param_groups, self.lr_lambdas, strict=True)
        ]
