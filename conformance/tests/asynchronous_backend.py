"""The kit on NumPy as a GPU would run it: work is queued, and all arrays lie in one memory.

An array is an `Allocation` whose kernel runs when the backend is synchronised, or when the host
asks for its values. Results are copied into one block, each right behind the one before, so that a
kernel which writes outside its array writes into another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sound import KIT, Array

from ferrule_plugins import (
    Capabilities,
    Device,
    DeviceInfo,
    DType,
    MemoryStats,
    Report,
    Spec,
    dtypes,
)

_BLOCK = 1 << 22
_ALIGNED = 16


class Memory:
    """Blocks that are filled from the front and never reused."""

    def __init__(self) -> None:
        self.block = np.zeros(_BLOCK, np.uint8)
        self.used = 0

    def place(self, array: Array) -> Array:
        """A copy of an array, behind all others."""
        size = -(-max(array.nbytes, 1) // _ALIGNED) * _ALIGNED
        if self.used + size > self.block.size:
            self.block, self.used = np.zeros(max(_BLOCK, size), np.uint8), 0
        flat = self.block[self.used : self.used + array.nbytes].view(array.dtype)
        self.used += size
        placed = flat.reshape(array.shape)
        placed[...] = array
        return placed

    def beyond(self, array: Array) -> tuple[Array, int]:
        """The whole block as elements of an array's dtype, and where among them it begins."""
        start = array.__array_interface__["data"][0] - self.block.__array_interface__["data"][0]
        return self.block.view(array.dtype), start // array.itemsize


class Allocation:
    """An array that may not have been computed yet."""

    def __init__(self) -> None:
        self.array: Array | None = None


class AsynchronousBackend:
    """Work is queued until someone waits for it.

    Args:
        name: what selects it.
        kernels: what takes the place of the kit's kernels.

    Attributes:
        queue: what is to be run.
        memory: where arrays lie.
    """

    contract = (1, 0)
    capabilities = Capabilities(frozenset(dtypes.ALL) - {dtypes.bfloat16}, asynchronous=True)

    def __init__(self, name: str, kernels: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.memory = Memory()
        self.queue: deque[Callable[[], None]] = deque()
        self.lock = threading.RLock()
        table = {**KIT, **{op: _wrapping(op) for op in _BY_INDEX}, **(kernels or {})}
        self.kernels = {op: self._queued(op, kernel) for op, kernel in table.items()}

    def _queued(self, op: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def enqueue(*operands: Any, **attrs: Any) -> Any:
            results = tuple(Allocation() for _ in range(_OUTPUTS.get(op, 1)))

            def run() -> None:
                arrays = [x.array if isinstance(x, Allocation) else x for x in operands]
                found = kernel(*arrays, **attrs)
                found = found if isinstance(found, tuple) else (found,)
                for result, array in zip(results, found, strict=True):
                    result.array = self.memory.place(np.asarray(array))

            self.queue.append(run)
            return results if op in _OUTPUTS else results[0]

        return enqueue

    def _flush(self) -> None:
        with self.lock:  # work is done in order, whoever waits for it
            while self.queue:
                self.queue.popleft()()

    def probe(self) -> Report:
        return Report(ok=True, devices=(DeviceInfo("a queue", "gpu"),))

    def from_host(self, array: Array, device: Device) -> Allocation:
        with self.lock:
            self._flush()
            found = Allocation()
            found.array = self.memory.place(array)
        return found

    def to_host(self, array: Allocation) -> Array:
        self._flush()
        assert array.array is not None
        return array.array.copy()

    def spec(self, array: Allocation) -> Spec:
        self._flush()
        assert array.array is not None
        return Spec(array.array.shape, DType.of(array.array.dtype))

    def synchronize(self, device: Device) -> None:
        self._flush()

    def memory_stats(self, device: Device) -> MemoryStats:
        return MemoryStats(allocated=self.memory.used)


_OUTPUTS = {"sort": 2, "eig": 2, "eigh": 2, "qr": 2, "svd": 3}
_BY_INDEX = ("gather", "index_select", "index_add", "scatter_add", "scatter_reduce")


def _wrapping(op: str) -> Callable[..., Any]:
    """The kit's kernel, with indices wrapped around as CuPy's are."""

    def kernel(x: Array, index: Array, *source: Array, dim: int, **attrs: Any) -> Array:
        return KIT[op](x, index % x.shape[dim], *source, dim=dim, **attrs)

    return kernel


def unguarded(backend: AsynchronousBackend) -> Callable[..., Any]:
    """An ``index_add`` that trusts indices, as a careless GPU kernel does."""

    def kernel(x: Array, index: Array, source: Array, *, dim: int) -> Array:
        y = backend.memory.place(x)
        block, start = backend.memory.beyond(y)
        stride = int(np.prod(x.shape[dim + 1 :]))
        for j, i in enumerate(index):
            for k, value in enumerate(np.take(source, j, axis=dim).ravel()):
                at = start + int(i) * stride + k // stride * x.shape[dim] * stride + k % stride
                if 0 <= at < block.size:
                    block[at] += value
        return y

    return kernel


backend = AsynchronousBackend("asynchronous")
