"""What a worker process does."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.reduction import DupFd
from typing import Any

import numpy as np

from ferrule.data.fetch import Exhausted, Fetching
from ferrule.data.workers import forking, seeding, shipping
from ferrule.data.workers.channel import Channel, Closed, Message, ready
from ferrule.data.workers.failure import Failure
from ferrule.data.workers.info import WorkerInfo, set_worker_info
from ferrule_plugins import BackendError, selection

LOOK_AFTER_PARENT = 2.0
"""How often, in seconds, a waiting worker looks whether its parent is alive. The end of the
connection tells it sooner, unless yet another process holds that."""

BEGIN, FETCH = "begin", "fetch"
BATCH, ENDED, FAILED = "batch", "ended", "failed"
"""What is asked of a worker, and what it answers."""


@dataclass(frozen=True)
class Job:
    """What a worker works on.

    Attributes:
        fetching: how batches are made.
        worker_init_fn: is called with the worker's number before the first batch.
    """

    fetching: Fetching
    worker_init_fn: Callable[[int], Any] | None


@dataclass(frozen=True)
class Place:
    """A worker's place among the others."""

    worker: int
    workers: int
    base_seed: int


@dataclass(frozen=True)
class _Memory:
    """The arrays of a job as they were written for the first worker: where they were (they are
    kept, so that nothing else comes to be there), and where they are now."""

    places: list[tuple[int, int]]
    buffers: shipping.Buffers
    descriptor: int


class ShippedJob:
    """A job that is pickled when a process is started. All workers of a loader map the same memory
    for its arrays."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._memory: _Memory | None = None

    def __reduce__(self) -> Any:
        packed = shipping.pack(self._job)
        sizes = packed.sizes
        if sum(sizes) <= shipping.INLINE or not shipping.SENDS_MEMORY:
            return _Arrived, (packed.pickled, sizes, b"".join(packed.buffers), None)
        places = [(np.asarray(buffer).ctypes.data, buffer.nbytes) for buffer in packed.buffers]
        if self._memory is None or self._memory.places != places:
            self.close()
            self._memory = _Memory(places, packed.buffers, shipping.write(packed.buffers))
        return _Arrived, (packed.pickled, sizes, None, DupFd(self._memory.descriptor))

    def close(self) -> None:
        """Let go of the memory. Workers that have it keep it."""
        if self._memory is not None:
            os.close(self._memory.descriptor)
            self._memory = None


class _Arrived:
    """A shipped job in the worker. It is opened by the worker, which can report what goes wrong."""

    def __init__(self, pickled: bytes, sizes: list[int], inline: bytes | None, memory: Any) -> None:
        self._parts = pickled, sizes, inline, memory

    def open(self) -> Job:
        pickled, sizes, inline, memory = self._parts
        if inline is None:
            return shipping.unpack(pickled, shipping.read(memory.detach(), sizes))
        return shipping.unpack(pickled, shipping.split(memoryview(bytearray(inline)), sizes))


class _ParentGone(Exception):
    pass


def main(end: socket.socket, place: Place, job: Any) -> None:
    """Answer what comes in at ``end`` until it is closed.

    Args:
        job: a `Job`, or one that was shipped.
    """
    _settle()
    channel = Channel(end)
    # in a context of its own, which does not inherit the modes in force where a fork happened
    with contextlib.suppress(Closed, _ParentGone):
        Context().run(_work, channel, place, job)
    channel.close()


def _settle() -> None:
    """Leave behind what belongs to the parent."""
    forking.close_inherited()
    # Ctrl-C reaches all processes of a terminal; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _work(channel: Channel, place: Place, shipped: Any) -> None:
    parent = os.getppid()
    # Workers prepare data on the host: devices such as GPUs do not survive a fork, and their
    # memory is better left to those who compute.
    with contextlib.suppress(BackendError):
        selection.set_backend(selection.DEFAULT)
    job: Job | None = None
    broken: Failure | None = None
    fetch: Callable[[Any], Any] | None = None
    try:
        seed = seeding.seed_worker(place.base_seed, place.worker)
        job = shipped.open() if isinstance(shipped, _Arrived) else shipped
        assert job is not None
        set_worker_info(WorkerInfo(place.worker, place.workers, seed, job.fetching.dataset))
        if job.worker_init_fn is not None:
            job.worker_init_fn(place.worker)
    except Exception as error:
        broken = Failure.of(error, place.worker)
    unbegun = broken
    while True:
        for message in _receive(channel, parent):
            what, epoch, number, indices = pickle.loads(message.content)
            if what == BEGIN:
                unbegun, fetch = broken, None
                if job is not None and broken is None:
                    try:
                        fetch = job.fetching.begin()
                    except Exception as error:
                        unbegun = Failure.of(error, place.worker)
            elif unbegun is not None or fetch is None:
                _answer(channel, (FAILED, epoch, number), unbegun)
            else:
                _fetch(channel, fetch, place.worker, epoch, number, indices)
            _send(channel, parent)


def _fetch(
    channel: Channel,
    fetch: Callable[[Any], Any],
    worker: int,
    epoch: int,
    number: int,
    indices: Any,
) -> None:
    try:
        batch = fetch(indices)
        _answer(channel, (BATCH, epoch, number), batch)
    except Exhausted:
        _answer(channel, (ENDED, epoch, number), None)
    except Exception as error:
        _answer(channel, (FAILED, epoch, number), Failure.of(error, worker))


def _answer(channel: Channel, head: tuple[str, int, int], value: Any) -> None:
    packed = shipping.pack(value)
    sizes = packed.sizes
    inline = sum(sizes) <= shipping.INLINE or not shipping.SENDS_MEMORY
    content = pickle.dumps((*head, packed.pickled, sizes))
    start = len(content).to_bytes(8, "little")
    if inline:
        channel.queue([start, content, *packed.buffers])
    else:
        channel.queue([start, content], shipping.write(packed.buffers))


def opened(message: Message) -> tuple[str, int, int, Callable[[], Any]]:
    """An answer: its kind, the epoch, the number of the batch, and a function that gives the
    value. Memory that came with it is taken over."""
    content = message.content
    end = 8 + int.from_bytes(content[:8], "little")
    kind, epoch, number, pickled, sizes = pickle.loads(content[8:end])
    if message.descriptor is None:
        buffers = shipping.split(content[end:], sizes)
    else:
        buffers = shipping.read(message.descriptor, sizes)
    return kind, epoch, number, lambda: shipping.unpack(pickled, buffers)


def _receive(channel: Channel, parent: int) -> list[Message]:
    while True:
        found = channel.read()
        if found:
            return found
        _await(channel, parent)


def _send(channel: Channel, parent: int) -> None:
    channel.flush()
    while channel.pending:
        _await(channel, parent)
        channel.flush()


def _await(channel: Channel, parent: int) -> None:
    if ready([channel], LOOK_AFTER_PARENT):
        return
    process = parent_process()
    if os.getppid() != parent or (process is not None and not process.is_alive()):
        raise _ParentGone
