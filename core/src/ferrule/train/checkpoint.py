"""Keeping the last and the best state of a run on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrule.atomic import take_over
from ferrule.errors import ArgumentError, CheckpointError
from ferrule.train.callback import Callback, Mode, Watch

if TYPE_CHECKING:
    from ferrule.train.trainer import Trainer


class Checkpoint(Callback):
    """Writes ``last.safetensors``, and ``best.safetensors`` where a figure is to be watched, into a
    folder. Each holds all that `Trainer.load` needs to go on to the bit. A file is replaced whole
    or not at all, so that a run which is killed leaves one that can be loaded.

    The folder is for one run at a time: what earlier ones that were killed had begun to write there
    is removed.

    Args:
        folder: where; it is made if it is not there.
        monitor: the figure that says which epoch was best; None keeps the last state alone.
        mode: ``"min"`` or ``"max"``.
        every_steps: write the last state after so many steps too, and not only after epochs.

    Raises:
        ArgumentError: ``every_steps`` is not positive.
        CheckpointError: the folder cannot be made.

    Attributes:
        last, best: the files' paths.
    """

    late = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        monitor: str | None = None,
        *,
        mode: Mode = "min",
        every_steps: int | None = None,
    ) -> None:
        if every_steps is not None and (not isinstance(every_steps, int) or every_steps < 1):
            raise ArgumentError(
                f"Checkpoint: every_steps is an int of 1 or more, or None, not {every_steps!r}"
            )
        self.folder = Path(folder)
        self.every_steps = every_steps
        self._watch = None if monitor is None else Watch("Checkpoint", monitor, mode)

    @property
    def last(self) -> Path:
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        return self.folder / "best.safetensors"

    def on_fit_start(self, trainer: Trainer) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in (self.last, self.best):
                take_over(path)
        except OSError as error:
            raise CheckpointError(f"Checkpoint: {error}") from error

    def on_step(self, trainer: Trainer) -> None:
        if self.every_steps is not None and trainer.step % self.every_steps == 0:
            trainer.save(self.last)

    def on_epoch_end(self, trainer: Trainer) -> None:
        # The best first: the last state knows of it, and must not be on disk before it.
        if self._watch is not None and self._watch.better(trainer.history[-1]):
            trainer.save(self.best)
        trainer.save(self.last)

    def state_dict(self) -> dict[str, Any]:
        return {"best": None if self._watch is None else self._watch.best}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        if self._watch is not None:
            self._watch.best = state_dict["best"]
