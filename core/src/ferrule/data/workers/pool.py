"""Worker processes: starting them, asking them, and making sure that none stays behind."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import socket
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.util import Finalize
from typing import Any

from ferrule.data.workers import forking, process
from ferrule.data.workers.channel import Channel, Closed, Message, ready
from ferrule.data.workers.failure import WorkerError, ending
from ferrule.data.workers.process import Job, Place, ShippedJob
from ferrule.errors import DataError

LOOK_AFTER_WORKERS = 1.0
"""How often, in seconds, a waiting loader looks whether its workers are alive. The end of the
connection tells it at once, unless yet another process holds that."""

GRACE = 5.0
"""How long, in seconds, a worker may go on with what it is doing when it is no longer needed."""


class Pool:
    """The workers of one loader.

    Args:
        job: what they work on.
        workers: how many.
        base_seed: where their random numbers start.
        context: how processes are started.

    Attributes:
        epoch: the number of the one that was begun last.
        alive: whether the workers can be asked.

    Raises:
        DataError: the job cannot be pickled, and processes are not started by ``fork``.
    """

    def __init__(self, job: Job, workers: int, base_seed: int, context: BaseContext) -> None:
        self.workers = workers
        self.epoch = 0
        self._owner = os.getpid()
        self._processes: list[Any] = []
        self._channels: list[Channel] = []
        self._arrived: deque[tuple[int, Message]] = deque()
        self._stop = Finalize(
            self, _stop, (self._processes, self._channels, self._arrived), exitpriority=100
        )
        forks = context.get_start_method() == "fork"
        shipped = None if forks else ShippedJob(job)
        try:
            for worker in range(workers):
                self._start(context, Place(worker, workers, base_seed), shipped or job)
        except BaseException:
            self.stop()
            raise
        finally:
            if shipped is not None:
                shipped.close()

    @property
    def alive(self) -> bool:
        return self._stop.still_active() and self._owner == os.getpid()

    def _start(self, context: Any, place: Place, job: Any) -> None:
        with forking.starting:
            ours, theirs = socket.socketpair()
            forking.parent_ends.add(ours)
            self._channels.append(Channel(ours))
            with theirs:
                started = context.Process(
                    target=process.main,
                    args=(theirs, place, job),
                    name=f"ferrule-data-worker-{place.worker}",
                    daemon=False,
                )
                try:
                    with _quietly(context):
                        started.start()
                except (pickle.PicklingError, AttributeError, TypeError) as error:
                    raise DataError(
                        f"DataLoader: the data set, collate_fn or worker_init_fn cannot be sent to "
                        f"a worker that is started by {context.get_start_method()!r}: {error}. "
                        "Define classes and functions at the top level of a module, or pass "
                        'multiprocessing_context="fork"'
                    ) from error
                finally:
                    if started.pid is not None:
                        self._processes.append(started)

    def begin(self) -> int:
        """Begin an epoch. Answers that belong to an earlier one are still to come."""
        self.epoch += 1
        for worker in range(self.workers):
            self._ask(worker, (process.BEGIN, self.epoch, 0, None))
        return self.epoch

    def ask(self, worker: int, number: int, indices: Any) -> None:
        """Ask a worker for the batch of that number."""
        self._ask(worker, (process.FETCH, self.epoch, number, indices))

    def _ask(self, worker: int, what: Any) -> None:
        channel = self._channels[worker]
        channel.queue([pickle.dumps(what)])
        try:
            channel.flush()
        except Closed:
            self._mourn(worker)

    def answer(self, timeout: float | None) -> tuple[int, Message]:
        """The next answer, and whose it is.

        Raises:
            WorkerError: a worker has ended, or ``timeout`` seconds have passed.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while not self._arrived:
            wait = LOOK_AFTER_WORKERS
            if until is not None:
                wait = min(wait, max(until - time.monotonic(), 0.0))
            if not self._pump(wait):
                if until is not None and time.monotonic() >= until:
                    raise WorkerError(
                        f"DataLoader: no batch came within the timeout of {timeout:g} seconds"
                    )
                self._look_after()
        return self._arrived.popleft()

    def arrived(self) -> Iterator[tuple[int, Message]]:
        """The answers that are there, without waiting for any."""
        self._pump(0.0)
        while self._arrived:
            yield self._arrived.popleft()

    def _pump(self, timeout: float) -> bool:
        """Send and receive what can be. Whether there was anything."""
        moved = ready(self._channels, timeout)
        for channel in moved:
            worker = self._channels.index(channel)
            try:
                channel.flush()
                self._arrived.extend((worker, message) for message in channel.read())
            except Closed:
                self._mourn(worker)
            except OSError:  # such as too many open files; what was lost cannot be asked for again
                self.stop()
                raise
        return bool(moved)

    def _look_after(self) -> None:
        for worker, started in enumerate(self._processes):
            if not started.is_alive():
                self._mourn(worker)

    def _mourn(self, worker: int) -> None:
        """Stop the others too, for without one the batches are not complete."""
        died = self._processes[worker]
        died.join(GRACE)
        text = f"DataLoader worker {worker} (pid {died.pid}) {ending(died.exitcode)}"
        self.stop()
        raise WorkerError(f"{text}. What it wrote before is on its standard error") from None

    def stop(self) -> None:
        """End the workers. Does nothing the second time."""
        self._stop()


def _stop(
    processes: Sequence[Any], channels: Sequence[Channel], arrived: deque[tuple[int, Message]]
) -> None:
    for channel in channels:
        channel.hang_up()
        channel.close()
    for _, message in arrived:
        if message.descriptor is not None:
            os.close(message.descriptor)
    arrived.clear()
    try:
        _join(processes, GRACE)
        for started in processes:
            if started.is_alive():
                started.terminate()
        _join(processes, GRACE)
    finally:  # also where Ctrl-C cuts the waiting short
        for started in processes:
            if started.is_alive():
                started.kill()
        for started in processes:
            started.join()
            started.close()


def _join(processes: Sequence[Any], timeout: float) -> None:
    until = time.monotonic() + timeout
    for started in processes:
        started.join(max(until - time.monotonic(), 0.0))


@contextmanager
def _quietly(context: Any) -> Iterator[None]:
    """Start a process so that Ctrl-C cannot reach it before it has said that it does not want to be
    reached, and without Python's warning that other threads' locks may be held in it, for which
    `forking` provides."""
    blocks = hasattr(signal, "pthread_sigmask")
    if blocks and context.get_start_method() == "forkserver":
        # The server starts processes for others too, and must not be started with it blocked.
        from multiprocessing import forkserver

        forkserver.ensure_running()
        blocks = False
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blocks else None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
            yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def context_of(given: Any) -> BaseContext:
    """How processes are to be started: by a method's name, by a context, or as Python does it.

    Raises:
        DataError: there is no such method here.
    """
    if given is None:
        return multiprocessing.get_context()
    if isinstance(given, str):
        known = multiprocessing.get_all_start_methods()
        if given not in known:
            raise DataError(
                f"DataLoader: multiprocessing_context is one of {known} or a context of Python's "
                f"multiprocessing, not {given!r}"
            )
        return multiprocessing.get_context(given)
    if not isinstance(given, BaseContext):
        raise DataError(
            "DataLoader: multiprocessing_context is a name or a context of Python's "
            f"multiprocessing, not {given!r}"
        )
    return given
