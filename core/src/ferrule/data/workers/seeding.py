"""Random numbers in workers: each worker has streams of its own, which one seed decides."""

from __future__ import annotations

import random

import numpy as np

import ferrule as fe
from ferrule import draws
from ferrule.generator import Generator, default_generator
from ferrule_plugins import dtypes


def draw_base_seed(generator: Generator | None) -> int:
    """The seed of an epoch's workers. Loaders without workers draw it too, so that the number of
    workers does not change what others draw from the generator."""
    source = generator or default_generator()
    return draws.integers_62("DataLoader", (), source.device, source).to(dtypes.int64).item()


def seed_worker(base_seed: int, worker: int) -> int:
    """Start the streams of ferrule, Python and NumPy in a worker. Returns the seed of the first
    two, as PyTorch has them: ``base_seed + worker``.

    NumPy's takes 128 bits, so that neighbouring seeds give streams that have nothing in common
    (the hash of `numpy.random.SeedSequence`).
    """
    seed = base_seed + worker
    fe.manual_seed(seed)
    random.seed(seed)
    words = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(words).generate_state(4))
    return seed
