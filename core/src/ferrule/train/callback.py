"""What a `Trainer` calls on its way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ferrule.errors import ArgumentError

if TYPE_CHECKING:
    from ferrule.train.trainer import Trainer

Mode = Literal["min", "max"]


class Callback:
    """Base class: override what is of interest. The trainer's attributes say where it stands.

    Attributes:
        late: called after those that are not: it sees what they have done.
    """

    late = False

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before the first step of a call of `Trainer.fit`; what was resumed is in place."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Before the first batch of epoch ``trainer.epoch + 1``."""

    def on_step(self, trainer: Trainer) -> None:
        """After a step of the optimizer. ``trainer.figures`` are means over the epoch so far."""

    def on_epoch_end(self, trainer: Trainer) -> None:
        """After the evaluation. ``trainer.history[-1]`` is what came of the epoch."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last step, an error or an interruption included."""

    def state_dict(self) -> dict[str, Any]:
        """What is to be kept in a checkpoint."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""


class Watch:
    """The best value so far of one of the figures of an epoch.

    Args:
        monitor: its name, such as ``"val_loss"``.
        mode: whether the best is the smallest or the largest.
        min_delta: by how much a value must be better to count.
    """

    def __init__(self, owner: str, monitor: str, mode: Mode, min_delta: float = 0.0) -> None:
        if mode not in ("min", "max"):
            raise ArgumentError(f'{owner}: mode is "min" or "max", not {mode!r}')
        if not 0.0 <= min_delta < math.inf:
            raise ArgumentError(f"{owner}: min_delta is a number of at least 0, not {min_delta!r}")
        self.owner = owner
        self.monitor = monitor
        self.mode = mode
        self.min_delta = min_delta
        self.best: float | None = None

    def better(self, figures: Mapping[str, Any]) -> bool:
        """Whether an epoch was better than all before it, which makes it the best. NaN never is.

        Raises:
            ArgumentError: there is no such figure.
        """
        if self.monitor not in figures:
            hint = "; give fit() a val_loader" if self.monitor.startswith("val_") else ""
            raise ArgumentError(
                f"{self.owner}: there is no figure {self.monitor!r}; an epoch has "
                f"{', '.join(figures)}{hint}"
            )
        value = float(figures[self.monitor])
        if self.best is None:
            found = not math.isnan(value)
        elif self.mode == "min":
            found = value < self.best - self.min_delta
        else:
            found = value > self.best + self.min_delta
        if found:
            self.best = value
        return found
