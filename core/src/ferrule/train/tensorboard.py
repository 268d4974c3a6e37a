"""Writing figures for TensorBoard."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ferrule.errors import ArgumentError
from ferrule.train.callback import Callback

if TYPE_CHECKING:
    from ferrule.train.trainer import Trainer


class TensorBoard(Callback):
    """Writes event files that ``tensorboard --logdir FOLDER`` shows: each figure by step during
    epochs (``step/loss``) and at their ends (``epoch/loss``, ``epoch/val_loss``), and the learning
    rate.

    Args:
        folder: where.
        every_steps: how often within an epoch.

    Raises:
        ArgumentError: tensorboardX is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str], every_steps: int = 1) -> None:
        if not isinstance(every_steps, int) or every_steps < 1:
            raise ArgumentError(
                f"TensorBoard: every_steps is an int of 1 or more, not {every_steps!r}"
            )
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ArgumentError(
                f"TensorBoard needs tensorboardX, which cannot be imported ({error}). To mend it: "
                'pip install "ferrule[tensorboard]"'
            ) from error
        self.folder = os.fspath(folder)
        self.every_steps = every_steps
        self._make: Any = SummaryWriter
        self._writer: Any = None

    def on_fit_start(self, trainer: Trainer) -> None:
        # what a run wrote after the checkpoint that it goes on from is not to be shown
        purge = trainer.step + 1 if trainer.step else None
        self._writer = self._make(self.folder, purge_step=purge)

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step % self.every_steps == 0:
            self._write("step", {**trainer.figures, **trainer.rates()}, trainer.step)

    def on_epoch_end(self, trainer: Trainer) -> None:
        figures = {k: v for k, v in trainer.history[-1].items() if k not in ("epoch", "step")}
        self._write("epoch", figures, trainer.step)
        self._writer.flush()

    def _write(self, group: str, figures: dict[str, Any], step: int) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
