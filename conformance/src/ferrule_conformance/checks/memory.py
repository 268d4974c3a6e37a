"""Level 4: training holds on to nothing."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.checks.training import loop
from ferrule_conformance.failure import Failure

STEPS = 200
STEADY = 100
"""Steps before the first look, in which caches fill."""
LOOKS = 4
"""At equal distances, to the end. What is leaked is leaked between any two of them, which an
allocator's growth in one go is not."""


@check(each="training", level=4)
def training_memory(case: Case) -> None:
    """In 200 steps neither the device's memory in use nor the number of Python's objects grows."""
    one = loop(case)
    device: list[int] = []
    objects: list[int] = []
    every = (STEPS - STEADY) // LOOKS
    for step in range(1, STEPS + 1):
        one.step()
        if step >= STEADY and (step - STEADY) % every == 0:
            case.backend.synchronize(case.device)
            objects.append(_objects())
            allocated = case.backend.memory_stats(case.device).allocated
            device += [] if allocated is None else [allocated]
    _steady("bytes in use on the device", device, 1, every)
    _steady("Python objects", objects, every, every)


def _steady(what: str, found: Sequence[int], least: int, steps: int) -> None:
    growth = [b - a for a, b in pairwise(found)]
    if growth and min(growth) >= least:
        raise Failure(
            f"the number of {what} grows, by {min(growth) / steps:.1f} a step or more: "
            f"{', '.join(map(str, found))} after steps {STEADY}, {STEADY + steps}, ..., {STEPS}"
        )


def _objects() -> int:
    """How many objects are alive, arrays among them: a leaked array is one at least."""
    gc.collect()
    # CPython's cache of attributes holds on to names, up to some thousands.
    clear: Any = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear()
    return sys.getallocatedblocks()
