"""PyTorch's checkpoints, written without PyTorch."""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

_STORAGES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int",
    "int64": "Long", "float16": "Half", "bfloat16": "BFloat16", "float32": "Float",
    "float64": "Double", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class View:
    """What PyTorch saves of a tensor: a storage, and which of its elements are meant."""

    storage: np.ndarray[Any, Any]
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool = False
    marks: dict[str, bool] | None = None
    parameter: bool = False


@dataclass(frozen=True, eq=False)
class Name:
    """``module.name``, as a value or, with arguments, as a call."""

    module: str
    name: str
    args: tuple[Any, ...] | None = None


def view(array: Any, **options: Any) -> View:
    """All elements of an array, as a tensor of its own."""
    array = np.asarray(array, order="C")
    steps = tuple(step // array.itemsize for step in np.empty(array.shape, array.dtype).strides)
    return View(array.reshape(-1), 0, array.shape, steps, **options)


class Pickler:
    """Protocol 2 as CPython writes it: everything that is not a number or a constant goes into the
    memo, by identity."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.memo: dict[Any, int] = {}
        self.storages: list[np.ndarray[Any, Any]] = []
        self.keys: dict[int, str] = {}
        self.kept: list[Any] = []  # so that no two objects have one id

    def remember(self, key: Any) -> None:
        n = self.memo[key] = len(self.memo)
        self.out += b"q" + bytes([n]) if n < 256 else b"r" + struct.pack("<I", n)

    def recall(self, key: Any) -> bool:
        n = self.memo.get(key)
        if n is None:
            return False
        self.out += b"h" + bytes([n]) if n < 256 else b"j" + struct.pack("<I", n)
        return True

    def save(self, value: Any) -> None:
        self.kept.append(value)
        match value:
            case None:
                self.out += b"N"
            case bool():
                self.out += b"\x88" if value else b"\x89"
            case int():
                self.int(value)
            case float():
                self.out += b"G" + struct.pack(">d", value)
            case str():
                if not self.recall(id(value)):
                    data = value.encode("utf-8", "surrogatepass")
                    self.out += b"X" + struct.pack("<I", len(data)) + data
                    self.remember(id(value))
            case View():
                self.tensor(value)
            case Name():
                self.name(value)
            case _ if self.recall(id(value)):
                pass
            case OrderedDict():
                self.reduce(Name("collections", "OrderedDict"), ())
                self.remember(id(value))
                self.items(value)
                if vars(value):
                    self.save(vars(value))
                    self.out += b"b"
            case dict():
                self.out += b"}"
                self.remember(id(value))
                self.items(value)
            case list():
                self.out += b"]"
                self.remember(id(value))
                for start in range(0, len(value), 1000):
                    self.batch(value[start : start + 1000], b"a", b"e")
            case tuple():
                self.tuple(value)
            case _:
                raise TypeError(value)

    def int(self, value: int) -> None:
        if 0 <= value < 256:
            self.out += b"K" + bytes([value])
        elif 0 <= value < 65536:
            self.out += b"M" + struct.pack("<H", value)
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + bytes([len(data)]) + data

    def batch(self, values: list[Any], one: bytes, many: bytes) -> None:
        if len(values) == 1:
            self.save(values[0])
            self.out += one
        else:
            self.out += b"("
            for value in values:
                self.save(value)
            self.out += many

    def items(self, value: dict[Any, Any]) -> None:
        pairs = list(value.items())
        for start in range(0, len(pairs), 1000):
            part = pairs[start : start + 1000]
            if len(part) > 1:
                self.out += b"("
            for key, member in part:
                self.save(key)
                self.save(member)
            self.out += b"u" if len(part) > 1 else b"s"

    def tuple(self, value: tuple[Any, ...]) -> None:
        if not value:
            self.out += b")"
            return
        if len(value) > 3:
            self.out += b"("
        for member in value:
            self.save(member)
        self.out += b"t" if len(value) > 3 else bytes([0x84 + len(value)])
        self.remember(id(value))

    def name(self, value: Name) -> None:
        key = (value.module, value.name)
        if not self.recall(key):
            self.out += f"c{value.module}\n{value.name}\n".encode()
            self.remember(key)
        if value.args is not None:
            self.save(value.args)
            self.out += b"R"
            self.remember(id(value))

    def reduce(self, name: Name, args: Any) -> None:
        self.name(name)
        self.save(args) if isinstance(args, tuple) else args()
        self.out += b"R"

    def tensor(self, value: View) -> None:
        if self.recall(id(value)):
            return
        if value.parameter:
            inner = View(value.storage, value.offset, value.size, value.stride)
            self.reduce(
                Name("torch._utils", "_rebuild_parameter"),
                (inner, value.requires_grad, OrderedDict()),
            )
        else:
            self.reduce(Name("torch._utils", "_rebuild_tensor_v2"), lambda: self.arguments(value))
        self.remember(id(value))

    def arguments(self, value: View) -> None:
        kind = _STORAGES[value.storage.dtype.name]
        if id(value.storage) not in self.keys:
            self.keys[id(value.storage)] = str(len(self.storages))
            self.storages.append(value.storage)
        key = self.keys[id(value.storage)]
        self.out += b"("
        pid = ("storage", Name("torch", f"{kind}Storage"), key, "cpu", value.storage.size)
        self.save(pid)
        self.out += b"Q"
        self.save(value.offset)
        self.save((*value.size,))
        self.save((*value.stride,))
        self.save(value.requires_grad)
        self.save(OrderedDict())
        if value.marks is not None:
            self.save(value.marks)
        self.out += b"t"
        args = object()
        self.kept.append(args)
        self.remember(id(args))


def pickled(value: Any) -> tuple[bytes, list[np.ndarray[Any, Any]]]:
    """A pickle, and the storages that it refers to."""
    pickler = Pickler()
    pickler.out += b"\x80\x02"
    pickler.save(value)
    pickler.out += b"."
    return bytes(pickler.out), pickler.storages


def zipped(records: list[tuple[str, bytes]], checksums: bool = True) -> bytes:
    """A zip file as PyTorch lays it out: nothing compressed, every record on a multiple of 64."""
    out, directory = bytearray(), bytearray()
    for name, data in records:
        start, label = len(out), name.encode()
        crc = zlib.crc32(data) if checksums else 0
        # sizes and checksum follow behind the data; of nothing there is nothing to follow
        flags = 0x808 if data else 0x800
        head = len(out) + 30 + len(label) + 4
        extra = b"FB" + struct.pack("<H", -head % 64) + b"Z" * (-head % 64)
        out += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 0, flags, 0, 0, 0, 0, 0, 0,
                           len(label), len(extra))  # fmt: skip
        out += label + extra + data
        if data:
            out += struct.pack("<4sIII", b"PK\7\x08", crc, len(data), len(data))
        directory += struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0, 0, flags, 0, 0, 0, crc, len(data), len(data),
            len(label), 0, 0, 0, 0, 0, start,
        )  # fmt: skip
        directory += label
    start, count, size = len(out), len(records), len(directory)
    out += directory
    end = len(out)
    out += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0x31E, 45, 0, 0, count, count, size, start)
    out += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    out += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size, start, 0)
    return bytes(out)


def torch_bytes(
    value: Any,
    *,
    version: bytes = b"3\n",
    order: str | None = "little",
    root: str = "archive",
    more: tuple[tuple[str, bytes], ...] = (),
    checksums: bool = True,
    identity: bytes | None = None,
) -> bytes:
    """What ``torch.save(value, ...)`` writes, where a `View` stands for a tensor.

    Args:
        value: what is saved; or the bytes of a pickle, with no storages.
        version: the record of that name.
        order: the byte order; None for a file from before PyTorch 2.1, which does not say.
        root: the name before the slash.
        more: further records.
        checksums: whether there are any.
        identity: what PyTorch makes of the names and checksums of all records.
    """
    pickle, storages = (value, []) if isinstance(value, bytes) else pickled(value)
    records = [("data.pkl", pickle)]
    if order is not None:
        records += [(".format_version", b"1"), (".storage_alignment", b"64")]
        records += [("byteorder", order.encode())]
    for i, storage in enumerate(storages):
        # complex numbers are pairs; only within each is the order of bytes another
        big = order == "big" and storage.dtype.itemsize > 1
        records.append((f"data/{i}", _swapped(storage) if big else storage.tobytes()))
    records += [("version", version)]
    records += [(".data/serialization_id", identity)] if identity is not None else []
    return zipped([(f"{root}/{name}", data) for name, data in (*records, *more)], checksums)


def _swapped(storage: np.ndarray[Any, Any]) -> bytes:
    if storage.dtype == ml_dtypes.bfloat16:
        return storage.view(np.uint16).byteswap().tobytes()
    return storage.byteswap().tobytes()
