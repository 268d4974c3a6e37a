"""Ending a run that no longer gets better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferrule.errors import ArgumentError
from ferrule.train.callback import Callback, Mode, Watch

if TYPE_CHECKING:
    from ferrule.train.trainer import Trainer


class EarlyStopping(Callback):
    """Ends the run when a figure has not become better for some epochs.

    Args:
        monitor: the figure.
        patience: how many epochs may pass without a better value; the run ends with the last.
        mode: ``"min"`` or ``"max"``.
        min_delta: by how much a value must be better to count.

    Attributes:
        best: the best value so far.
        waited: epochs since then.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 3,
        *,
        mode: Mode = "min",
        min_delta: float = 0.0,
    ) -> None:
        if not isinstance(patience, int) or patience < 1:
            raise ArgumentError(f"EarlyStopping: patience is an int of 1 or more, not {patience!r}")
        self.patience = patience
        self.waited = 0
        self._watch = Watch("EarlyStopping", monitor, mode, min_delta)

    @property
    def best(self) -> float | None:
        return self._watch.best

    def on_fit_start(self, trainer: Trainer) -> None:
        self._judge(trainer)  # a run that had ended is not to go on because it was resumed

    def on_epoch_end(self, trainer: Trainer) -> None:
        self.waited = 0 if self._watch.better(trainer.history[-1]) else self.waited + 1
        self._judge(trainer)

    def _judge(self, trainer: Trainer) -> None:
        if self.waited >= self.patience:
            trainer.stop(
                f"{self._watch.monitor} has not become better than {self.best} for {self.waited} "
                f"epoch{'s'[: self.waited > 1]}"
            )

    def state_dict(self) -> dict[str, Any]:
        return {"best": self._watch.best, "waited": self.waited}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self._watch.best, self.waited = state_dict["best"], state_dict["waited"]
