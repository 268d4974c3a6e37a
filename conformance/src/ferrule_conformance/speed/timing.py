"""Taking time on a device that may still be at work when a call returns."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from ferrule_plugins import Backend, Device

Clock = Callable[[], float]

SHORTEST = 2e-4
"""Seconds that a measurement should last: shorter calls are repeated within it."""
MOST = 100
"""And this often at most."""


class Timer:
    """Times calls on one device.

    Args:
        clock: seconds since some moment.
    """

    def __init__(self, backend: Backend, device: Device, clock: Clock = perf_counter) -> None:
        self._backend = backend
        self._device = device
        self._clock = clock

    def now(self) -> float:
        """What the clock says."""
        return self._clock()

    def once(self, call: Callable[[], Any], times: int = 1) -> float:
        """Seconds that a call takes, on average of ``times`` in a row."""
        self._backend.synchronize(self._device)
        start = self._clock()
        for _ in range(times):
            call()
        self._backend.synchronize(self._device)
        return (self._clock() - start) / times

    def best(self, call: Callable[[], Any], rounds: int) -> float:
        """The least of several measurements, after one call that warms up."""
        self.once(call)
        seconds = self.once(call)
        times = enough(seconds)
        return max(min([seconds, *(self.once(call, times) for _ in range(rounds - 1))]), 1e-9)


def enough(seconds: float) -> int:
    """How many calls of that duration make a measurement."""
    return min(MOST, max(1, round(SHORTEST / max(seconds, 1e-9))))
