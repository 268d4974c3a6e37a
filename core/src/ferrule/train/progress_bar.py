"""Showing how a run gets on."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from ferrule.train.callback import Callback

if TYPE_CHECKING:
    from rich.console import Console

    from ferrule.train.trainer import Trainer


class ProgressBar(Callback):
    """A bar for each epoch on a terminal, and everywhere a line when it is done.

    Args:
        console: a ``rich.console.Console``; by default one on standard output.
    """

    late = True

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console

        self.console = console or Console()
        self._bar: Any = None
        self._task: Any = None

    def on_epoch_start(self, trainer: Trainer) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._start = perf_counter()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed} {task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._bar.start()
        name = f"epoch {trainer.epoch + 1}/{trainer.epochs}"
        self._task = self._bar.add_task(
            name, total=trainer.batches, completed=trainer.batch, figures=""
        )

    def on_step(self, trainer: Trainer) -> None:
        self._bar.update(self._task, completed=trainer.batch, figures=_text(trainer.figures))

    def on_epoch_end(self, trainer: Trainer) -> None:
        self._end()
        figures = {k: v for k, v in trainer.history[-1].items() if k not in ("epoch", "step")}
        seconds = perf_counter() - self._start
        self.console.print(
            f"epoch {trainer.epoch}/{trainer.epochs}  {_text(figures)}  {seconds:.1f} s",
            highlight=False,
            soft_wrap=True,
        )

    def on_fit_end(self, trainer: Trainer) -> None:
        self._end()
        if trainer.stopped:
            self.console.print(f"stopped: {trainer.stopped}", highlight=False, soft_wrap=True)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _text(figures: dict[str, Any]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
