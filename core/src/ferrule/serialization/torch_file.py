"""PyTorch's checkpoints (``.pt``, ``.pth``, ``.bin``), read without executing what they hold."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferrule.errors import CheckpointError
from ferrule.serialization import plain_names
from ferrule.serialization.safetensors_file import unreadable
from ferrule.serialization.stored import Array, Path, Stored
from ferrule.serialization.torch_archive import Archive
from ferrule.serialization.unpickling import Constructor, Machine, Malformed, Name, Refused
from ferrule_plugins import DType, dtypes

# How many bytes the tensors of a file may take. Usually they take as many as the file has; they
# take more if several are views of one storage or one repeats its elements, and without a limit
# a file of a kilobyte could ask for a terabyte.
_FREE = 2**26
_TIMES = 16

_MOST_DIMS = 64
"""NumPy's limit."""

_STORAGES = {
    "Bool": "bool", "Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32",
    "Long": "int64", "Half": "float16", "BFloat16": "bfloat16", "Float": "float32",
    "Double": "float64", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip
"""Of each class of typed storage in PyTorch, what it holds."""


_REMEDIES = {
    "torch._utils._rebuild_tensor_v3": "convert the tensor; ferrule lacks its dtype",
    "torch._utils._rebuild_sparse_tensor": "save the sparse tensor's .to_dense()",
    "torch._utils._rebuild_qtensor": "save the quantised tensor's .dequantize()",
    "torch.storage.UntypedStorage": "save tensors in the place of their storages",
}
_REMEDY = "save what is plain, such as torch.save(model.state_dict(), path), or use safetensors"


@dataclass(frozen=True)
class _Storage(Name):
    record: str
    dtype: DType
    count: int


@dataclass(frozen=True)
class _StorageType(Name):
    dtype: DType


@contextmanager
def opened(path: Path, leaf: Callable[[Stored, bool], Any]) -> Iterator[Any]:
    """What ``torch.save`` was given, for as long as the file is open.

    Args:
        path: the file.
        leaf: makes something of each tensor and of whether it requires a gradient.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or holds objects that are no tensors,
            containers, numbers or strings.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise unreadable(path, error) from error
    with file:
        archive = Archive(file, path)
        reader = _Reader(archive, leaf)
        try:
            found = Machine(archive.pickle(), reader.names, reader.storage).run()
        except Malformed as error:
            raise archive.damaged(str(error)) from error
        except Refused as error:
            raise CheckpointError(
                f"{os.fspath(path)!r} asks for {error}, which is not built here: of pickles, only "
                "tensors, containers, numbers and strings are read, and nothing is run. In "
                "PyTorch, " + _REMEDIES.get(str(error), _REMEDY)
            ) from error
        yield found


class _Reader:
    """Makes tensors of what the pickle says of them."""

    def __init__(self, archive: Archive, leaf: Callable[[Stored, bool], Any]) -> None:
        self.archive = archive
        self.leaf = leaf
        self.budget = _FREE + _TIMES * archive.size
        self.names: dict[str, Any] = {
            **plain_names.NAMES,
            **{f"torch.{dtype.name}": dtype for dtype in dtypes.ALL},
            **{
                f"torch.{kind}Storage": _StorageType(f"torch.{kind}Storage", DType.of(name))
                for kind, name in _STORAGES.items()
            },
        }
        for name, build in (
            ("torch._utils._rebuild_tensor", self._tensor),
            ("torch._utils._rebuild_tensor_v2", self._tensor),
            ("torch._utils._rebuild_parameter", self._parameter),
            ("torch._utils._rebuild_parameter_with_state", self._parameter),
            ("torch.Size", self._size),
            ("torch.device", self._device),
        ):
            self.names[name] = Constructor(name, build)

    def storage(self, pid: Any) -> _Storage:
        """The storage of a persistent id."""
        match pid:
            case ("storage", _StorageType(dtype=dtype), str(key), str(), int(count)):
                record, size = self.archive.storage(key)
                if size != count * dtype.itemsize:
                    raise Malformed(
                        f"record {record!r} has {size} bytes, which does not fit its type"
                    )
                return _Storage("a storage", record, dtype, count)
        raise Malformed("the pickle has an id that is none of a storage")

    def _tensor(self, args: tuple[Any, ...]) -> Any:
        match args:
            case (_Storage() as storage, offset, size, stride):
                return self._view(storage, offset, size, stride, False, None)
            case (_Storage() as storage, offset, size, stride, bool(gradient), _):
                return self._view(storage, offset, size, stride, gradient, None)
            case (_Storage() as storage, offset, size, stride, bool(gradient), _, marks):
                return self._view(storage, offset, size, stride, gradient, marks)
        raise Malformed("the pickle makes a tensor of what cannot be one")

    def _view(
        self,
        storage: _Storage,
        offset: Any,
        size: Any,
        stride: Any,
        gradient: bool,
        marks: Any,
    ) -> Any:
        sound = _lengths(size) and _lengths(stride) and len(size) == len(stride) <= _MOST_DIMS
        if not sound or not _lengths((offset,)) or not isinstance(marks, dict | None):
            raise Malformed("the pickle has a tensor without a proper shape")
        dtype, elements = storage.dtype, math.prod(size)
        span = 1 + sum((n - 1) * step for n, step in zip(size, stride)) if elements else 0
        if math.prod(n or 1 for n in size) >= 2**60 or (span and offset + span > storage.count):
            raise Malformed(f"a tensor of shape {list(size)} reaches beyond the end of its storage")
        self.budget -= elements * dtype.itemsize
        if self.budget < 0:
            raise Malformed(
                "its tensors repeat the elements of their storages so often that they would take "
                "far more memory than the file; save them with .clone() if that is meant"
            )
        flags = {name for name, marked in (marks or {}).items() if marked}
        if flags - {"conj", "neg"}:
            raise Refused(f"a tensor with the marks {sorted(map(str, flags))}")
        if flags and not (dtype.is_complex or (flags == {"neg"} and dtype.is_floating_point)):
            raise Malformed(f"a tensor of {dtype.name} is marked to be {' and '.join(flags)}")
        record, archive = storage.record, self.archive

        def read() -> Array:
            data = archive.read(record, offset * dtype.itemsize, span * dtype.itemsize)
            flat = _numbers(data, dtype, archive.little)
            steps = tuple(step * dtype.itemsize for step in stride)
            # what has no elements has no strides that matter
            view = (
                np.lib.stride_tricks.as_strided(flat, size, steps)
                if elements
                else flat.reshape(size)
            )
            if "conj" in flags:
                view = np.conj(view)
            return np.negative(view) if "neg" in flags else view

        stored = Stored(archive.path, record, tuple(size), read, lambda: archive.check(record))
        return self.leaf(stored, gradient)

    def _parameter(self, args: tuple[Any, ...]) -> Any:
        if len(args) < 3 or not isinstance(args[1], bool) or isinstance(args[0], Name):
            raise Malformed("the pickle makes a parameter of what cannot be one")
        return _as_parameter(args[0], args[1])

    @staticmethod
    def _size(args: tuple[Any, ...]) -> tuple[int, ...]:
        match args:
            case ((tuple() | list()) as size,) if _lengths(size):
                return tuple(size)
        raise Malformed("the pickle has a shape that is none")

    @staticmethod
    def _device(args: tuple[Any, ...]) -> str:
        match args:
            case (str(kind),):
                return kind
            case (str(kind), int(index)):
                return f"{kind}:{index}"
        raise Malformed("the pickle has a device that is none")


def _as_parameter(tensor: Any, gradient: bool) -> Any:
    from ferrule import nn
    from ferrule.tensor import Tensor

    # what is no tensor yet stays what it is: only its values are wanted
    return nn.Parameter(tensor, gradient) if isinstance(tensor, Tensor) else tensor


def _lengths(values: Any) -> bool:
    """Whether these are ints that sizes, strides and offsets can be."""
    return isinstance(values, (tuple, list)) and all(
        isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**60 for n in values
    )


def _numbers(data: bytes, dtype: DType, little: bool) -> Array:
    """The elements in some bytes, in the machine's byte order."""
    part = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
    raw = np.frombuffer(data, f"{'<' if little else '>'}u{part}")
    if dtype.name == "bool":
        return raw != 0
    return raw.astype(f"=u{part}", copy=False).view(dtype.numpy)
