"""What all schedules share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from ferrule.errors import ArgumentError
from ferrule.optim.optimizer import Optimizer
from ferrule.tensor import Tensor

Rate = float | Tensor

_EPOCH = (
    "scheduler.step(epoch) is deprecated, as in PyTorch: call scheduler.step() once for each epoch"
)


def check_count(scheduler: str, name: str, value: Any) -> None:
    """Refuse what is no number of steps, of which there must be one at least."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 1:
        raise ArgumentError(f"{scheduler}: {name} must be a number of at least 1, not {value!r}")


class LRScheduler:
    """The base class of schedules of the learning rate. Subclasses define `get_lr`.

    Making a schedule sets the first rate; `step`, called after ``optimizer.step()``, sets the next
    one. A learning rate that is a tensor stays that tensor, with another value.

    Attributes:
        optimizer: whose groups' ``"lr"`` it sets.
        base_lrs: the rates it starts from, one for each group.
        last_epoch: how many steps were taken.

    Args:
        optimizer: the optimizer.
        last_epoch: -1 to start; otherwise the step to go on from, with groups that have an
            ``"initial_lr"``.

    Raises:
        ArgumentError: it is no optimizer, or a group to go on with has no ``"initial_lr"``.
    """

    base_lrs: list[Rate]
    _last_lr: list[Rate]

    # PyTorch saves these with the rest
    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = self._checked(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", own(group["lr"]))
            elif "initial_lr" not in group:
                raise ArgumentError(
                    f"{type(self).__name__}: last_epoch is {last_epoch}, and group {i} has no "
                    "'initial_lr' to go on from; load the optimizer's state_dict() first, or "
                    "leave last_epoch out"
                )
        self.base_lrs = [own(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _checked(self, optimizer: Any) -> Optimizer:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"{type(self).__name__}: takes an optimizer, not {type(optimizer).__name__}"
            )
        return optimizer

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Rate]:
        """The rates of the groups at ``last_epoch``, from those of the step before: for `step` to
        call. What is in force is given by `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr(); define it")

    def get_last_lr(self) -> list[Rate]:
        """The rates that the last `step` set."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next step, and set the rates.

        Args:
            epoch: the step to go to; deprecated.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(), so that the first rate of "
                "the schedule was never used; call it after",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(_EPOCH, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed = getattr(self, "_get_closed_form_lr", self.get_lr)
                rates = closed()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: Sequence[Rate]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_rate(group, lr)
        self._last_lr = self._rates()

    def _rates(self) -> list[Rate]:
        """The rates in force."""
        return [own(group["lr"]) for group in self.optimizer.param_groups]

    def _times(self, factor: float) -> list[Rate]:
        """The rates in force, times a number."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _base_times(self, factor: float) -> list[Rate]:
        """The rates that it started from, times a number."""
        return [base * factor for base in self.base_lrs]

    def _per_group(self, name: str, value: Any) -> list[Any]:
        """One value for each group, of one value or several."""
        groups = len(self.optimizer.param_groups)
        if not isinstance(value, (list, tuple)):
            return [own(value) for _ in range(groups)]
        if len(value) != groups:
            raise ArgumentError(
                f"{type(self).__name__}: {name} has {len(value)} values, and the optimizer has "
                f"{groups} groups of parameters; give one value, or one for each"
            )
        return [own(v) for v in value]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, under PyTorch's names."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned, here or in PyTorch. The rates in force are the
        optimizer's: load its state too."""
        self.__dict__.update(state_dict)


def own(value: Any) -> Any:
    """A number, or a tensor that nobody else writes to."""
    return value.detach().clone() if isinstance(value, Tensor) else value


def set_rate(group: dict[str, Any], lr: Any) -> None:
    """Set a group's learning rate: the value of the tensor, if it is one."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(float(lr))
    else:
        group["lr"] = float(lr) if isinstance(lr, Tensor) else lr


def saved_function(function: Any) -> dict[str, Any] | None:
    """What can be saved of a callable: the attributes of an object, nothing of a function."""
    if function is None or isinstance(function, FunctionType):
        return None
    return dict(getattr(function, "__dict__", {}))


def restore_function(function: Callable[..., Any] | None, saved: dict[str, Any] | None) -> None:
    """Give a callable object the attributes that `saved_function` returned."""
    if saved and function is not None:
        function.__dict__.update(saved)
