"""Matrix products, with as many threads as they are worth.

BLAS libraries give every product beyond a small one to all cores. Its threads then wait for each
other by spinning, so while another process has one of the cores, a product of a few milliseconds
takes many times as long; and below some size the threads save little even on an idle machine. So
products of middle size run on one thread here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

Array = np.ndarray[Any, Any]

# In multiply-adds. Up to the first, OpenBLAS uses one thread of itself; from the second on, a
# product takes some milliseconds on one thread, and sharing it pays.
_SMALL = 2**18
_LARGE = 2**26
_SMALLEST_FACTORED = 2**15
_LARGE_FACTORED = 2**30

_libraries = ThreadpoolController().select(user_api="blas").lib_controllers
_threads = max((library.num_threads for library in _libraries), default=1)


def matmul(a: Array, b: Array) -> Array:
    """``numpy.matmul``."""
    work = a.shape[-2] * a.shape[-1] * b.shape[-1]
    if _threads == 1 or not _SMALL < work < _LARGE:
        return np.matmul(a, b)
    _use(1)
    try:
        return np.matmul(a, b)
    finally:
        _use(_threads)


@contextmanager
def factoring(x: Array) -> Iterator[None]:
    """Within the block, LAPACK works on matrices of the sizes of ``x``.

    A factorisation is a sequence of many small products, at the end of each of which threads would
    wait for each other, so it runs on one thread up to much larger sizes than a product does.
    """
    work = max(x.shape[-2:]) ** 3
    if _threads == 1 or not _SMALLEST_FACTORED < work < _LARGE_FACTORED:
        yield
        return
    _use(1)
    try:
        yield
    finally:
        _use(_threads)


def describe() -> str:
    """Library and threads, for the doctor."""
    names = ", ".join(f"{x.internal_api} {x.version or ''}".strip() for x in _libraries)
    return f"{names or 'unknown'}, {_threads} thread{'s'[: _threads != 1]}"


def _use(threads: int) -> None:
    for library in _libraries:
        library.set_num_threads(threads)
