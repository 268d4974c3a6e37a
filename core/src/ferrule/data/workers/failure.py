"""An exception on its way from a worker to the loader."""

from __future__ import annotations

import pickle
import signal
import traceback
from dataclasses import dataclass
from typing import Any

from ferrule_plugins import FerruleError


class WorkerError(FerruleError, RuntimeError):
    """A worker ended, did not answer in time, or raised what cannot be raised again here."""


class WorkerTraceback(Exception):
    """Stands as the cause of an exception from a worker, and shows where it was raised."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


@dataclass(frozen=True)
class Failure:
    """An exception in a form that travels.

    Attributes:
        pickled: the exception; None if it cannot be pickled, restored, or raised again.
        summary: its last line, as a traceback ends.
        text: its whole traceback.
        worker: where it was raised.
    """

    pickled: bytes | None
    summary: str
    text: str
    worker: int

    @staticmethod
    def of(error: BaseException, worker: int) -> Failure:
        """What to send of an exception that is being handled."""
        text = "".join(traceback.format_exception(error))
        summary = "".join(traceback.format_exception_only(error)).strip()
        return Failure(_pickled(error), summary, f"In worker {worker}:\n{text}", worker)

    def exception(self) -> BaseException:
        """The exception, to be raised: of its own type where that can be had."""
        found: Any = None
        if self.pickled is not None:
            try:
                found = pickle.loads(self.pickled)
            except Exception:  # restoring runs code of the exception's class, which may do anything
                found = None
        if found is None:
            found = WorkerError(
                f"worker {self.worker} raised what cannot be pickled, or not be raised again here: "
                f"{self.summary}"
            )
        found.__cause__ = WorkerTraceback(self.text)
        return found


def _pickled(error: BaseException) -> bytes | None:
    """The exception, if it is the same when restored, and may be raised in the loader."""
    if isinstance(error, StopIteration):  # would end the caller's loop as if all were well
        return None
    try:
        found = pickle.dumps(error)
        restored = pickle.loads(found)
    except Exception:  # pickling runs code of the exception's class, which may do anything
        return None
    same = type(restored) is type(error) and restored.args == error.args
    return found if same else None


def ending(exitcode: int | None) -> str:
    """How a process came to its end, in words."""
    if exitcode is None:
        return "closed its connection"
    if exitcode >= 0:
        return f"exited with code {exitcode}"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    hint = " (perhaps the system was out of memory)" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"
