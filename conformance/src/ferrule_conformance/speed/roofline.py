"""What a device can do: how fast it copies, and how fast it multiplies matrices.

S. Williams, A. Waterman, D. Patterson, Roofline: an insightful visual performance model for
multicore architectures, CACM 52(4), 2009.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import ferrule as fe
from ferrule import ops
from ferrule_conformance.case import Target
from ferrule_conformance.speed.timing import Timer
from ferrule_plugins import DType

COPIED = tuple(2**k for k in range(14, 28, 2))
"""Bytes of the arrays that are copied: from 16 KiB to 64 MiB. A copy reads and writes them."""
MULTIPLIED = tuple(2**k for k in range(4, 14))
"""Rows of the square matrices that are multiplied."""


@dataclass
class Roofline:
    """The device's limits, by size.

    Attributes:
        copies: bytes moved to bytes per second.
        products: rows of a matrix to floating-point operations per second.
        dtype: of the matrices.
        copied_by: the op that was fastest.
    """

    copies: dict[int, float] = field(default_factory=dict)
    products: dict[int, float] = field(default_factory=dict)
    dtype: str | None = None
    copied_by: str | None = None

    @property
    def bandwidth(self) -> float | None:
        """The highest rate of copying, in bytes per second."""
        return max(self.copies.values(), default=None)

    @property
    def arithmetic(self) -> float | None:
        """The highest rate of multiplying matrices, in operations per second."""
        return max(self.products.values(), default=None)

    def bandwidth_at(self, size: int) -> float | None:
        """The rate of a copy that moves as many bytes: caches make it depend on the size. Between
        the sizes that were measured it is interpolated along the size's logarithm."""
        if not self.copies:
            return None
        sizes = sorted(self.copies)
        rates = [self.copies[n] for n in sizes]
        return float(np.interp(math.log2(max(size, 1)), [math.log2(n) for n in sizes], rates))

    def seconds(self, size: int, operations: int) -> tuple[float | None, str]:
        """The least time in which the device could move the bytes and do the operations, and
        which of the two, ``"memory"`` or ``"arithmetic"``, takes it."""
        rate = self.bandwidth_at(size)
        moving = size / rate if rate else None
        computing = operations / self.arithmetic if self.arithmetic else None
        if computing is not None and (moving is None or computing > moving):
            return computing, "arithmetic"
        return moving, "memory"

    def as_dict(self) -> dict[str, Any]:
        return {
            "copy": [
                {"bytes": n, "bytes_per_second": rate} for n, rate in sorted(self.copies.items())
            ],
            "copied_by": self.copied_by,
            "bytes_per_second": self.bandwidth,
            "matmul": [
                {"rows": n, "operations_per_second": rate}
                for n, rate in sorted(self.products.items())
            ],
            "dtype": self.dtype,
            "operations_per_second": self.arithmetic,
        }


def roofline(target: Target, timer: Timer, seconds: float) -> Roofline:
    """Measure the device: small sizes first, as many as fit into about that time."""
    found = Roofline()
    dtype = next((d for d in (fe.float32, *target.dtypes) if _usable(d, target)), None)
    if dtype is not None:
        _copies(found, target, timer, timer.now() + seconds / 2, dtype)
        _products(found, target, timer, timer.now() + seconds / 2, dtype)
    return found


def _usable(dtype: DType, target: Target) -> bool:
    return dtype in target.dtypes and dtype.is_floating_point


def _copies(found: Roofline, target: Target, timer: Timer, until: float, dtype: DType) -> None:
    """Which kernel copies best is the backend's affair: the fastest of these three counts."""
    kernels = {name: copy for name, copy in _COPIES.items() if name in target.kernels}
    for size in COPIED if kernels else ():
        x = _ones(target, (size // dtype.itemsize,), dtype)
        least, name = min(
            (timer.best(lambda copy=copy, x=x: copy(x), 5), name) for name, copy in kernels.items()
        )
        found.copies[2 * size] = 2 * size / least
        if found.copies[2 * size] == found.bandwidth:
            found.copied_by = name
        if timer.now() + 100 * least > until:  # three kernels, five rounds, four times the size
            break


_COPIES = {
    "neg": ops.neg,
    "add": lambda x: ops.add(x, 1.0),
    "mul": lambda x: ops.mul(x, 2.0),
}


def _products(found: Roofline, target: Target, timer: Timer, until: float, dtype: DType) -> None:
    if "matmul" not in target.kernels:
        return
    found.dtype = dtype.name
    for n in MULTIPLIED:
        x = _ones(target, (n, n), dtype)
        seconds = timer.best(lambda x=x: ops.matmul(x, x), 3)
        found.products[n] = 2 * n**3 / seconds
        if timer.now() + 40 * seconds > until:  # five calls of eight times the work
            break


def _ones(target: Target, shape: tuple[int, ...], dtype: DType) -> fe.Tensor:
    return fe.tensor(np.ones(shape, dtype.numpy), device=target.device)
