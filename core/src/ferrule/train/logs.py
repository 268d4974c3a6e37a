"""Writing figures to files."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrule.atomic import replacing, take_over
from ferrule.errors import ArgumentError
from ferrule.train.callback import Callback

if TYPE_CHECKING:
    from ferrule.train.trainer import Trainer


class CSVLog(Callback):
    """Keeps a CSV file with one line for each epoch, that of a resumed run included.

    Args:
        path: the file, which is replaced whole at the end of each epoch.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_fit_start(self, trainer: Trainer) -> None:
        take_over(self.path)

    def on_epoch_end(self, trainer: Trainer) -> None:
        names = list(dict.fromkeys(name for epoch in trainer.history for name in epoch))
        with replacing(self.path) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(trainer.history)


class JSONLog(Callback):
    """Appends to a file of JSON lines: ``{"event": "epoch", "epoch": 3, "loss": 0.1, ...}``.

    A run that goes on from a checkpoint first drops what was written after it, so that no step is
    there twice.

    Args:
        path: the file.
        every_steps: write a line after so many steps too (``"event": "step"``).
    """

    def __init__(self, path: str | os.PathLike[str], every_steps: int | None = None) -> None:
        if every_steps is not None and (not isinstance(every_steps, int) or every_steps < 1):
            raise ArgumentError(
                f"JSONLog: every_steps is an int of 1 or more, or None, not {every_steps!r}"
            )
        self.path = Path(path)
        self.every_steps = every_steps

    def on_fit_start(self, trainer: Trainer) -> None:
        take_over(self.path)
        kept = [line for line in self._lines() if self._before(line, trainer)]
        with replacing(self.path) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept))

    def _lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    @staticmethod
    def _before(line: str, trainer: Trainer) -> bool:
        """Whether a line is about the run as it stands. The last one may have been cut short."""
        try:
            found = json.loads(line)
            if found["event"] == "epoch":
                return found["epoch"] <= trainer.epoch
            return found["step"] <= trainer.step
        except (ValueError, TypeError, KeyError):
            return False

    def on_step(self, trainer: Trainer) -> None:
        if self.every_steps is not None and trainer.step % self.every_steps == 0:
            place = {"epoch": trainer.epoch + 1, "step": trainer.step}
            self._append({"event": "step", **place, **trainer.figures, **trainer.rates()})

    def on_epoch_end(self, trainer: Trainer) -> None:
        self._append({"event": "epoch", **trainer.history[-1]})

    def _append(self, figures: dict[str, Any]) -> None:
        finite = {
            k: None if isinstance(v, float) and not math.isfinite(v) else v
            for k, v in figures.items()
        }
        with open(self.path, "a") as file:
            file.write(json.dumps(finite) + "\n")
