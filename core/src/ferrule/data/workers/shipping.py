"""Objects on their way to another process: a pickle, and the bytes of arrays beside it.

The bytes go into anonymous memory whose descriptor is sent along. It has no name, so nothing is
left behind whoever dies: the system frees it with the last process that holds it. Where it arrives
it is mapped, not copied, and arrays and tensors lie in it; each page that is written to becomes the
writer's own. Small amounts are sent in the message, which is faster.
"""

from __future__ import annotations

import ctypes
import io
import mmap
import os
import pickle
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np

from ferrule import factories, runtime
from ferrule.errors import GraphError
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType

Buffers = Sequence[memoryview]

INLINE = 2**16
"""Up to so many bytes go in the message."""

SENDS_MEMORY = hasattr(socket, "send_fds")
"""Whether this system can send descriptors. Where it cannot, all bytes go in the message."""

_ALIGNMENT = 64


@dataclass(frozen=True)
class Packed:
    """An object taken apart.

    Attributes:
        pickled: all but the bytes of arrays.
        buffers: those.
    """

    pickled: bytes
    buffers: Buffers

    @property
    def sizes(self) -> list[int]:
        return [buffer.nbytes for buffer in self.buffers]


class _Pickler(ForkingPickler):
    """Keeps the bytes of tensors and arrays out of the pickle."""

    def __init__(self, file: io.BytesIO, buffers: list[memoryview]) -> None:
        super().__init__(file, 5, True, lambda buffer: buffers.append(buffer.raw()))

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is Tensor:
            return _taken_apart(obj)
        if type(obj) is np.ndarray and not obj.flags.forc and obj.dtype.kind != "O":
            return np.ascontiguousarray(obj).__reduce_ex__(5)
        return NotImplemented


def pack(value: Any) -> Packed:
    """Take an object apart."""
    file = io.BytesIO()
    buffers: list[memoryview] = []
    _Pickler(file, buffers).dump(value)
    return Packed(file.getvalue(), buffers)


def unpack(pickled: bytes, buffers: Buffers) -> Any:
    """Put an object together again."""
    return pickle.loads(pickled, buffers=buffers)


# Tensors.

_target: ContextVar[Device | None] = ContextVar("ferrule.data.target", default=None)


@contextmanager
def arriving_on(device: Device | None) -> Iterator[None]:
    """Tensors unpacked within the block are placed there; by default where they were made."""
    token = _target.set(device)
    try:
        yield
    finally:
        _target.reset(token)


def _taken_apart(x: Tensor) -> Any:
    if not x.is_leaf:
        raise GraphError(
            f"a tensor that was computed from others and requires a gradient ({x._type}) cannot "
            "travel from one process to another; detach() it in the data set or collate_fn"
        )
    array = np.ascontiguousarray(x.detach().numpy()).reshape(x.shape)
    if array.dtype.isbuiltin != 1:  # NumPy pickles what it does not know together with its bytes
        array = array.view(f"u{array.itemsize}")
    return _put_together, (array, x.dtype, str(x.device), x.requires_grad)


def _put_together(
    array: np.ndarray[Any, Any], dtype: DType, made_on: str, requires_grad: bool
) -> Tensor:
    device = _target.get() or runtime.device(made_on)
    if dtype.numpy.isbuiltin == 1:
        x = factories.from_dlpack(array, device=device)  # which lies in the memory that was mapped
    else:
        x = factories.tensor(array.view(dtype.numpy), device=device)
    return x.requires_grad_() if requires_grad else x


# Memory.


def _offsets(sizes: Sequence[int]) -> tuple[list[int], int]:
    """Where each buffer begins, and how much they take together."""
    offsets, end = [], 0
    for size in sizes:
        offsets.append(end)
        end += -(-size // _ALIGNMENT) * _ALIGNMENT
    return offsets, end


def write(buffers: Buffers) -> int:
    """New anonymous memory that holds the buffers. Returns its descriptor, which is the caller's
    to close."""
    offsets, total = _offsets([buffer.nbytes for buffer in buffers])
    descriptor = _anonymous()
    try:
        os.ftruncate(descriptor, total)
        for buffer, offset in zip(buffers, offsets):
            rest = buffer
            while rest.nbytes:
                written = os.pwrite(descriptor, rest, offset)
                rest, offset = rest[written:], offset + written
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _anonymous() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ferrule batch")
    descriptor, path = tempfile.mkstemp(prefix="ferrule-")
    Path(path).unlink()
    return descriptor


def read(descriptor: int, sizes: Sequence[int]) -> Buffers:
    """The buffers that lie there, without a copy where the system maps memory. The descriptor is
    closed."""
    offsets, total = _offsets(sizes)
    try:
        memory = _map(descriptor, total)
        if memory is None:  # out of mappings, of which a process has some ten thousands
            memory = memoryview(bytearray(total))
            place = 0
            while place < total:
                place += os.preadv(descriptor, [memory[place:]], place)
    finally:
        os.close(descriptor)
    return [memory[offset : offset + size] for offset, size in zip(offsets, sizes)]


def split(content: memoryview, sizes: Sequence[int]) -> Buffers:
    """The buffers that follow each other without gaps, as in a message."""
    found, start = [], 0
    for size in sizes:
        found.append(content[start : start + size])
        start += size
    return found


def _system_call() -> Any:
    """``mmap``; None where there is none, or none that is known to take an address."""
    if sys.platform not in ("linux", "darwin"):
        return None
    try:
        map_ = ctypes.CDLL(None).mmap
    except (AttributeError, OSError):
        return None
    map_.restype = ctypes.c_void_p
    map_.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    return map_


_mmap = _system_call()
_MAP_FIXED = 0x10  # which the module mmap does not name


def _map(descriptor: int, size: int) -> memoryview | None:
    """The memory of a descriptor, mapped until nobody refers to it; None where that fails.

    `mmap.mmap` of the descriptor would hold one for each batch that is kept (until Python 3.13),
    and a process has only about a thousand. So it maps nothing at first, and the memory is put into
    its place. An object of our own with ``__del__`` would do as well, but for Ctrl-C: Python drops
    an interrupt that arrives in there.
    """
    if _mmap is None:
        return None
    protection = mmap.PROT_READ | mmap.PROT_WRITE
    try:
        memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, protection)
    except OSError:
        return None
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    found = _mmap(place, size, protection, mmap.MAP_PRIVATE | _MAP_FIXED, descriptor, 0)
    return memoryview(memory) if found == place else None
