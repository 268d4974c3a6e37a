"""One epoch of a loader whose batches are made by workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ferrule.data.workers import process, shipping
from ferrule.data.workers.channel import Message
from ferrule.data.workers.pool import Pool
from ferrule.errors import DataError
from ferrule_plugins import Device

_Value = Callable[[], Any]


def _raise(error: BaseException) -> Any:
    raise error


@dataclass(frozen=True)
class Answer:
    """What came back for one number: a batch or a failure, or that a stream had ended."""

    kind: str
    value: _Value


class WorkersIterator(Iterator[Any]):
    """Batches in the order of their numbers, or, if that is not asked for, as they come.

    The batch of number ``i`` is made by the workers in turn, whichever is faster, so that each
    worker's random numbers go to the same batches every time.

    Args:
        pool: the workers.
        keeps_pool: whether the pool is to live on after the last batch.
        indices: what each batch is made of.
        ahead: how many batches per worker are asked for before they are needed.
        in_order: whether the order of the numbers is kept.
        timeout: how many seconds to wait for a batch at most; None for as long as it takes.
        device: where tensors go.
    """

    def __init__(
        self,
        pool: Pool,
        indices: Iterator[Any],
        *,
        keeps_pool: bool,
        ahead: int,
        in_order: bool,
        timeout: float | None,
        device: Device,
    ) -> None:
        self._pool = pool
        self._keeps_pool = keeps_pool
        self._indices: Iterator[Any] | None = indices
        self._ahead = ahead
        self._in_order = in_order
        self._timeout = timeout
        self._device = device
        self._working = [True] * pool.workers
        self._turn = 0
        self._asked = 0
        self._waited_for: list[int] = []
        self._answers: dict[int, Answer] = {}
        self._done = False
        self._epoch = pool.begin()
        self._ask()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._done:
            raise StopIteration
        if self._pool.epoch != self._epoch:
            raise DataError(
                "DataLoader: its workers are persistent and have begun another iteration, which "
                "ended this one; run one after the other, or use two loaders"
            )
        if not self._pool.alive:
            raise DataError(
                "DataLoader: this iteration belongs to another process, or its workers have been "
                f"stopped (this is process {os.getpid()}); begin a new one with iter(loader)"
            )
        answer = self._next_answer()
        if answer is None:
            self._finish()
            raise StopIteration
        self._ask()
        value = self._opened(answer)
        if answer.kind == process.FAILED:
            raise value.exception()
        self._open_ahead()
        return value

    def _next_answer(self) -> Answer | None:
        while True:
            number = self._due()
            if number is not None:
                self._waited_for.remove(number)
                answer = self._answers.pop(number)
                if answer.kind != process.ENDED:
                    return answer
                self._ask()
            elif not self._waited_for:
                return None
            else:
                self._take(*self._pool.answer(self._timeout))

    def _due(self) -> int | None:
        """The number of the batch whose turn it is, if it is there."""
        if self._in_order:
            first = self._waited_for[0] if self._waited_for else None
            return first if first in self._answers else None
        return next(iter(self._answers), None)

    def _take(self, worker: int, message: Message) -> None:
        kind, epoch, number, value = process.opened(message)
        if epoch != self._epoch:
            return
        self._answers[number] = Answer(kind, value)
        if kind == process.ENDED:
            self._working[worker] = False
            self._ask()

    def _opened(self, answer: Answer) -> Any:
        with shipping.arriving_on(self._device):
            return answer.value()

    def _open_ahead(self) -> None:
        """Bring the next batch to its device while the one before it is still to be used."""
        for worker, message in self._pool.arrived():
            self._take(worker, message)
        number = self._due()
        answer = None if number is None else self._answers[number]
        if number is None or answer is None or answer.kind != process.BATCH:
            return
        try:
            value = self._opened(answer)
        except Exception as error:  # is raised when it is this batch's turn
            self._answers[number] = Answer(process.BATCH, partial(_raise, error))
        else:
            self._answers[number] = Answer(process.BATCH, lambda: value)

    def _ask(self) -> None:
        """Ask for batches until enough are on their way."""
        while (
            self._indices is not None
            and any(self._working)
            and len(self._waited_for) < self._ahead * sum(self._working)
        ):
            try:
                indices = next(self._indices)
            except StopIteration:
                self._indices = None
                return
            except Exception as error:  # is raised after the batches before it
                self._indices = None
                self._answers[self._asked] = Answer(process.BATCH, partial(_raise, error))
                self._waited_for.append(self._asked)
                return
            while not self._working[self._turn]:
                self._turn = (self._turn + 1) % self._pool.workers
            self._waited_for.append(self._asked)
            self._pool.ask(self._turn, self._asked, indices)
            self._asked += 1
            self._turn = (self._turn + 1) % self._pool.workers

    def _finish(self) -> None:
        self._done = True
        self._answers.clear()
        if not self._keeps_pool:
            self._pool.stop()
