"""Level 4: two threads compute at once, and neither notices."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ferrule as fe
from ferrule_conformance.call import Array
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.checks.training import excuse_nondeterminism
from ferrule_conformance.comparison import same_bits
from ferrule_conformance.failure import Failure, NotApplicable
from ferrule_conformance.training import CNN, MLP, Training
from ferrule_conformance.training.loop import Loop
from ferrule_plugins import DType

STEPS = 12
ROUNDS = 2
TRAININGS = (MLP, CNN)
"""Models that draw nothing: a device has one stream, whose words go to who asks first."""

SWITCH = 1e-5
"""Seconds after which Python turns to the other thread. Its own 5e-3 are many kernels."""


@check(each="backend", level=4)
def threads(case: Case) -> None:
    """Two Python threads train different models at once, and get the bits that each gets alone."""
    dtype = trainable(case)

    def made(training: Training) -> Loop:
        return Loop(training, case.device, dtype)

    excuse_nondeterminism(case, *map(made, TRAININGS))
    alone = [_trained(made(training)) for training in TRAININGS]
    for _ in range(ROUNDS):
        together = _at_once([made(training) for training in TRAININGS])
        for training, got, want in zip(TRAININGS, together, alone):
            for name, x in want.items():
                same_bits(got[name], x, what=f"{training.model}: {name} beside another thread: ")


def trainable(case: Case) -> DType:
    """A dtype in which models can be trained on the backend."""
    for dtype in (fe.float32, fe.float64):
        if dtype in case.target.dtypes:
            return dtype
    raise NotApplicable("the backend has neither float32 nor float64")


def _trained(loop: Loop) -> dict[str, Array]:
    losses = [loop.step() for _ in range(STEPS)]
    return {"losses": fe.stack(losses).numpy(), **loop.state()}


def _at_once(loops: list[Loop]) -> list[dict[str, Array]]:
    """What each gives in a thread of its own."""
    barrier = threading.Barrier(len(loops))
    found: dict[int, dict[str, Array]] = {}
    errors: dict[int, BaseException] = {}

    def run(i: int) -> Callable[[], Any]:
        def body() -> None:
            try:
                barrier.wait()
                found[i] = _trained(loops[i])
            except BaseException as error:
                errors[i] = error

        return body

    workers = [threading.Thread(target=run(i)) for i in range(len(loops))]
    with _switching_often():
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for i, error in errors.items():
        model = loops[i].training.model
        raise Failure(f"{model} raised {error!r} beside another thread") from error
    return [found[i] for i in range(len(loops))]


@contextmanager
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
