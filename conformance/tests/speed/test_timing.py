"""What is made of the times that a clock tells."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sound import SoundBackend

from ferrule_conformance.speed.measurement import expected
from ferrule_conformance.speed.roofline import Roofline
from ferrule_conformance.speed.timing import MOST, Timer, enough
from ferrule_plugins import Device


class Clock:
    """Stands still, unless told otherwise."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


class Slow(SoundBackend):
    """Its work is done when it is waited for."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("slow")
        self.clock = clock
        self.due = 0.0

    def synchronize(self, device: Any) -> None:
        self.clock.time += self.due
        self.due = 0.0


def test_work_counts_that_is_done_later() -> None:
    clock = Clock()
    backend = Slow(clock)
    timer = Timer(backend, Device("slow"), clock)

    def call() -> None:
        backend.due += 0.25

    call()  # what was begun before is not counted
    assert timer.once(call) == 0.25
    assert timer.once(call, times=4) == 0.25


def test_the_best_counts_after_a_warm_up() -> None:
    clock = Clock()
    took = iter([9.0, 3.0, 1.0, 2.0])

    def call() -> None:
        clock.time += next(took)

    assert Timer(SoundBackend("steady"), Device("steady"), clock).best(call, 3) == 1.0
    assert next(took, None) is None


def test_short_calls_are_repeated() -> None:
    assert enough(1.0) == 1
    assert enough(1e-5) == 20
    assert enough(0.0) == MOST


@pytest.mark.parametrize("power", [1, 2, 3])
def test_what_a_larger_call_will_take(power: int) -> None:
    sizes = [100, 1000]
    taken = [1e-6 * n**power for n in sizes]
    assert expected(sizes, taken, 8000) == pytest.approx(1.5 * 1e-6 * 8000**power)


def test_less_than_in_proportion_is_not_believed() -> None:
    assert expected([10, 100], [1.0, 1.0], 1000) == pytest.approx(15.0)
    assert expected([10], [1.0], 100) > 10.0  # nothing is known of its growth


def test_the_roofline() -> None:
    limits = Roofline(copies={2**20: 10e9, 2**24: 20e9}, products={64: 1e9, 128: 4e9})
    assert limits.bandwidth == 20e9 and limits.arithmetic == 4e9
    assert limits.bandwidth_at(2**10) == 10e9
    assert limits.bandwidth_at(2**22) == pytest.approx(15e9)
    assert limits.bandwidth_at(2**30) == 20e9
    assert limits.seconds(2**24, 1000) == (2**24 / 20e9, "memory")
    assert limits.seconds(2**20, 4 * 10**9) == (1.0, "arithmetic")


def test_a_roofline_of_which_nothing_is_known() -> None:
    assert Roofline().seconds(100, 100) == (None, "memory")
    assert Roofline(products={8: 50.0}).seconds(100, 100) == (2.0, "arithmetic")
    assert math.isclose(Roofline(copies={8: 50.0}).seconds(100, 10**9)[0] or 0, 2.0)
