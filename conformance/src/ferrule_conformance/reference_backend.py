"""A backend on NumPy that belongs to the suite: where truth in float64 is computed.

It is the bare array-namespace kit, so composites run there by their bodies. It serves where an op
is its own reference, and where a backend has no float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

import ferrule as fe
from ferrule import runtime
from ferrule_plugins import Device
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

NAME = "conformance-reference"


@cache
def device() -> Device:
    """Its one device."""
    quiet = np.errstate(all="ignore")
    kit = array_namespace.kernels(np, bools_are_numbers=True)
    runtime.install(ArrayNamespaceBackend(NAME, np, {op: quiet(k) for op, k in kit.items()}))
    return Device(NAME)


@contextmanager
def selected(seed: int = 0) -> Iterator[Device]:
    """Within the block tensors, and so modules, are made there, and drawn from that seed."""
    where = device()
    with fe.fork_rng([where]), fe.use_backend(where):
        fe.random.default_generator(where).manual_seed(seed)
        yield where
