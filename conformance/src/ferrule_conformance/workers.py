"""Tests in several processes, whose results come in as they are done.

A backend that takes its process down with it, as native code may, fails the test that ran, and the
others go on in a new process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ferrule_conformance import suite
from ferrule_conformance.bench import Bench
from ferrule_conformance.failure import Failure
from ferrule_conformance.history import subject
from ferrule_conformance.suite import Result, Trial
from ferrule_conformance.waivers import waiver_of

DEATHS = 3
"""After as many of its tests have taken a process with them, an op's other tests fail unseen."""

PORTION = 32
"""Tests that a process is given at once: enough to keep it busy, few enough to share evenly."""


class WorkerError(RuntimeError):
    """The processes cannot begin. The text says why and what mends it."""


def count_of(asked: str) -> int:
    """The number that ``-n`` asks for.

    Raises:
        LookupError: it is none.
    """
    if asked == "auto":
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:  # not everywhere
            return os.cpu_count() or 1
    if not asked.isdecimal() or not int(asked):
        raise LookupError(f"-n is a number of processes from 1 on, or auto, not {asked!r}")
    return int(asked)


def run(
    bench: Bench, settings: Mapping[str, Any], trials: Sequence[Trial], count: int
) -> Generator[Result]:
    """Run tests in processes, and yield results as they come.

    Args:
        bench: the backend in this process; what is looked up elsewhere is added to its `used`.
        settings: how the processes make a bench like it.
        trials: the tests, the first to be run first.
        count: of processes.

    Raises:
        WorkerError: a process ends before it begins.
    """
    waiting = deque(_portions(trials))
    deaths: Counter[str] = Counter()
    crew: dict[Connection, _Worker] = {}
    try:
        for _ in range(min(count, len(waiting))):
            worker = _Worker(settings)
            crew[worker.pipe] = worker
        while crew:
            for pipe in wait(list(crew)):
                assert isinstance(pipe, Connection)
                worker = crew[pipe]
                try:
                    kind, content = pipe.recv()
                except (EOFError, OSError):
                    del crew[pipe]
                    yield from _buried(bench, worker, waiting, deaths)
                    if waiting:
                        worker = _Worker(settings)
                        crew[worker.pipe] = worker
                    continue
                if kind == "refused":
                    raise WorkerError(f"a process of -n cannot begin: {content}")
                if kind == "result":
                    result, ops = content
                    trial = worker.portion.popleft()
                    bench.note(subject(trial), ops)
                    yield result
                if not worker.portion:
                    if waiting:
                        worker.give(waiting.popleft())
                    else:
                        worker.end()
                        del crew[pipe]
    finally:
        for worker in crew.values():
            worker.kill()


def _portions(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Neighbours that are about the same subject."""
    portion: list[Trial] = []
    for trial in trials:
        if portion and (len(portion) == PORTION or subject(trial) != subject(portion[0])):
            yield portion
            portion = []
        portion.append(trial)
    if portion:
        yield portion


class _Worker:
    """A process, and what it has to do still."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        context = multiprocessing.get_context("spawn")  # devices do not survive a fork
        self.pipe, theirs = context.Pipe()
        self.portion: deque[Trial] = deque()
        self.begun = False
        self.process: BaseProcess = context.Process(
            target=_serve, args=(dict(settings), theirs), daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, portion: Sequence[Trial]) -> None:
        self.begun = True
        self.portion = deque(portion)
        with suppress(OSError):  # it is gone, as reading from it will tell
            self.pipe.send((subject(portion[0]), [trial.id for trial in portion]))

    def end(self) -> None:
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(timeout=10)
        self.kill()

    def kill(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


def _buried(
    bench: Bench, worker: _Worker, waiting: deque[list[Trial]], deaths: Counter[str]
) -> Iterator[Result]:
    """The test that a process died of fails; those behind it are for another process."""
    worker.process.join()
    how = _ending(worker.process.exitcode or 0)
    worker.kill()
    if not worker.begun:
        raise WorkerError(
            f"a process of -n died {how} before its first test; run without -n to see why"
        )
    if not worker.portion:
        return
    trial = worker.portion.popleft()
    yield _failed(bench, trial, f"the process that ran it died {how}")
    name = subject(trial)
    deaths[name] += 1
    if worker.portion:
        waiting.appendleft(list(worker.portion))
    if deaths[name] >= DEATHS:
        rest = [portion for portion in waiting if subject(portion[0]) == name]
        others = [portion for portion in waiting if subject(portion[0]) != name]
        waiting.clear()
        waiting.extend(others)
        for portion in rest:
            for trial in portion:
                reason = f"it was not run: {deaths[name]} tests of {name} took their process along"
                yield _failed(bench, trial, reason)


def _ending(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"of {signal.Signals(-code).name}"
    except ValueError:
        return f"of signal {-code}"


def _failed(bench: Bench, trial: Trial, reason: str) -> Result:
    def fail(case: Any) -> None:
        raise Failure(reason)

    fail.__doc__ = trial.check.run.__doc__
    ended = Trial(replace(trial.check, run=fail), trial.case)
    return suite.judge(ended, waiver_of(trial.id, bench.waivers))


def _serve(settings: dict[str, Any], pipe: Connection) -> None:
    """What a process does: make a bench, and run what it is given until there is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    try:
        bench = Bench(**settings)
    except Exception as error:
        pipe.send(("refused", f"{type(error).__name__}: {error}"))
        return
    pipe.send(("ready", None))
    known: dict[str, int] = {}
    while (task := pipe.recv()) is not None:
        name, ids = task
        for trial in bench.find(name, ids):
            result = bench.judge(trial)
            ops = bench.used[name]
            new = sorted(ops) if known.get(name) != len(ops) else []
            known[name] = len(ops)
            pipe.send(("result", (result, new)))
    bench.close()
