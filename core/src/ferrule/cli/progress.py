"""What ``ferrule train`` shows while it runs: a bar for the epoch, and a table of epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ferrule.train.job.run import Epoch, Step

if TYPE_CHECKING:
    from rich.console import Console

_HEADER = " epoch      loss  accuracy  test loss  test accuracy   images/s   seconds"


class Display:
    """Prints to a console. The bar is for terminals only: elsewhere there are just the rows.

    Args:
        console: where to print.
        epochs: how many there will be in all.
        images: how many there are in one.
    """

    def __init__(self, console: Console, epochs: int, images: int) -> None:
        self.console = console
        self.epochs = epochs
        self.images = images
        self.seconds = 0.0
        console.print(_HEADER, style="bold")

    @contextmanager
    def epoch(self, number: int) -> Iterator[Callable[[Step], None]]:
        """A bar for one epoch. Yields what is to be called after each step."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:.2%}"),
            TextColumn("{task.fields[speed]:,.0f} images/s"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        name = f"epoch {number}/{self.epochs}"
        start = perf_counter()
        with bar:
            task = bar.add_task(name, total=self.images, loss=0.0, accuracy=0.0, speed=0.0)

            def on_step(step: Step) -> None:
                bar.update(
                    task,
                    completed=step.images,
                    loss=step.loss,
                    accuracy=step.accuracy,
                    speed=step.images / (perf_counter() - start),
                )

            yield on_step
        self._took = perf_counter() - start
        self.seconds += self._took

    def row(self, epoch: Epoch) -> None:
        """One line of the table."""
        self.console.print(
            f"{epoch.number:>3}/{self.epochs:<3}{epoch.loss:>9.4f}{epoch.accuracy:>10.2%}"
            f"{epoch.test_loss:>11.4f}{epoch.test_accuracy:>15.2%}"
            f"{self.images / self._took:>11,.0f}{self._took:>10.1f}"
        )
