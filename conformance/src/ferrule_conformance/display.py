"""What a terminal shows while tests run: a bar, and what failed as soon as it fails."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ferrule_conformance.suite import Result


class Display:
    """Failures go to stdout. The bar is on stderr, and only if that is a terminal.

    Args:
        title: what is tested.
        total: how many tests there are.
        verbose: print a line for each.
    """

    def __init__(self, title: str, total: int, verbose: bool = False) -> None:
        self.title = title
        self.verbose = verbose
        self._total = total
        self._counts: Counter[str] = Counter()
        self._output = Console(highlight=False)

    def __enter__(self) -> Display:
        self._bar = _bar()
        self._bar.start()
        self._task = self._bar.add_task(self.title, total=self._total, now="")
        return self

    def __exit__(self, *raised: Any) -> None:
        self._bar.stop()

    def show(self, result: Result) -> None:
        """One more test is done."""
        self._counts[result.outcome] += 1
        if self.verbose:
            line = f"{result.outcome:<7} {result.id}  {result.seconds:.3f} s"
            self._output.print(line, markup=False, soft_wrap=True)
        if result.outcome == "failed":
            self._output.print(result.message + "\n", markup=False, soft_wrap=True)
        counts = ", ".join(
            f"{n} {outcome}" for outcome, n in self._counts.items() if outcome != "passed"
        )
        now = result.op or "contract"
        self._bar.update(self._task, advance=1, now=f"{now}  {counts}")

    @contextmanager
    def of(self, title: str) -> Iterator[Callable[[str, int, int], None]]:
        """A bar for something else. Yields what is to be told a name, what is done, and of how
        many."""
        with _bar() as bar:
            task = bar.add_task(f"{self.title}: {title}", total=None, now="")

            def progress(name: str, done: int, total: int) -> None:
                bar.update(task, completed=done, total=total, now=name)

            yield progress


def _bar() -> Progress:
    console = Console(stderr=True, highlight=False)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # Else what is meant for a file or a pipe would go where the bar is.
        redirect_stdout=sys.stdout.isatty(),
    )
