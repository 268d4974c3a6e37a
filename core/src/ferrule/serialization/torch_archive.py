"""The zip files that ``torch.save`` writes: records of bytes, none of them compressed.

``NAME/data.pkl`` is a pickle, ``NAME/data/0`` and so on are the storages that it refers to,
``NAME/version`` is the version of this layout, and ``NAME/byteorder`` says how numbers are stored.

Source: the files themselves, and PyTorch's notes on serialization (pytorch.org/docs).
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import BinaryIO

from ferrule.errors import CheckpointError
from ferrule.serialization.stored import Path

NEWEST = 10
"""The newest version of the layout that PyTorch's own reader takes."""

_LARGEST_PICKLE = 2**28
_ENCRYPTED = 1
_LOCAL = struct.Struct("<4s22xHH")
"""The head of a record: its mark, and how long its name and the extra field behind it are."""

_CHUNK = 2**20


class Archive:
    """An open archive. Nothing is unpacked, and names in it never become names of files.

    Attributes:
        path: the file.
        little: whether numbers are stored with their lowest byte first.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.path = path
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self._sound: set[str] = set()
        self._records = self._directory()
        self._root = self._find_root()
        self.little = self._byte_order()
        self._check_version()

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self._size

    def pickle(self) -> bytes:
        """The record with the pickle.

        Raises:
            CheckpointError: it is damaged, or too large to be believed.
        """
        name = f"{self._root}/data.pkl"
        if self._records[name].file_size > _LARGEST_PICKLE:
            raise self.damaged("its pickle is too large to be one of tensors and numbers")
        return self._read_small(name)

    def storage(self, key: str) -> tuple[str, int]:
        """The name of the record of a storage, and its size in bytes.

        Raises:
            CheckpointError: there is no such record.
        """
        name = f"{self._root}/data/{key}"
        if name not in self._records:
            raise self.damaged(f"it has no record {name!r}")
        return name, self._records[name].file_size

    def read(self, name: str, start: int, count: int) -> bytes:
        """Some bytes of a record, which has at least that many."""
        self._file.seek(self._start(name) + start)
        found = self._file.read(count)
        if len(found) != count:
            raise self.damaged(f"record {name!r} ends too early")
        return found

    def check(self, name: str) -> None:
        """Compare a record with its checksum, the first time it is asked for.

        Raises:
            CheckpointError: they differ.
        """
        info = self._records[name]
        if name in self._sound:
            return
        self._file.seek(self._start(name))
        left, found = info.file_size, 0
        while left and (chunk := self._file.read(min(left, _CHUNK))):
            left -= len(chunk)
            found = zlib.crc32(chunk, found)
        # torch.serialization.set_crc32_options(False) leaves zeros in the place of checksums
        if left or (found != info.CRC and info.CRC != 0):
            raise self.damaged(f"record {name!r} does not fit its checksum")
        self._sound.add(name)

    def damaged(self, what: str) -> CheckpointError:
        """A file that is not what it should be."""
        return CheckpointError(
            f"{os.fspath(self.path)!r} is damaged, or was not written by torch.save: {what}. Copy "
            "it again, or go back to an older checkpoint"
        )

    def _directory(self) -> dict[str, zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self._file) as found:
                infos = found.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise self.damaged(str(error)) from error
        if any(info.filename.endswith("/constants.pkl") for info in infos):
            raise CheckpointError(
                f"{os.fspath(self.path)!r} holds a TorchScript program, which is not run here. In "
                "PyTorch: torch.save(torch.jit.load(path).state_dict(), new_path)"
            )
        records: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            if info.filename in records:
                raise self.damaged(f"it has two records {info.filename!r}")
            plain = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & _ENCRYPTED
            if not plain or info.compress_size != info.file_size:
                raise self.damaged(
                    f"record {info.filename!r} is compressed or encrypted, as torch.save never does"
                )
            if not 0 <= info.header_offset <= self._size - info.file_size:
                raise self.damaged(f"record {info.filename!r} lies outside of the file")
            records[info.filename] = info
        return records

    def _find_root(self) -> str:
        roots = [
            name.removesuffix("/data.pkl")
            for name in self._records
            if name.endswith("/data.pkl") and name.count("/") == 1
        ]
        if len(roots) != 1:
            raise self.damaged("it is a zip file, and has no data.pkl, or several")
        return roots[0]

    def _byte_order(self) -> bool:
        name = f"{self._root}/byteorder"
        order = self._read_small(name, 16) if name in self._records else b"little"
        if order not in (b"little", b"big"):
            raise self.damaged(f"its byte order is {order!r}")
        return order == b"little"

    def _check_version(self) -> None:
        name = f"{self._root}/version"
        if name not in self._records:
            raise self.damaged("it has no record of its version")
        text = self._read_small(name, 16).strip()
        if not text.isdigit() or int(text) < 1:
            raise self.damaged(f"its version is {text!r}")
        if int(text) > NEWEST:
            raise CheckpointError(
                f"{os.fspath(self.path)!r} has version {int(text)} of PyTorch's format, and this "
                f"ferrule reads versions up to {NEWEST}; save the tensors as safetensors instead"
            )

    def _read_small(self, name: str, limit: int = _LARGEST_PICKLE) -> bytes:
        count = self._records[name].file_size
        if count > limit:
            raise self.damaged(f"record {name!r} is too large")
        self.check(name)
        return self.read(name, 0, count)

    def _start(self, name: str) -> int:
        """Where a record's bytes begin."""
        info = self._records[name]
        self._file.seek(info.header_offset)
        head = self._file.read(_LOCAL.size)
        if len(head) == _LOCAL.size:
            mark, name_length, extra_length = _LOCAL.unpack(head)
            start = info.header_offset + _LOCAL.size + name_length + extra_length
            if mark == b"PK\3\4" and start + info.file_size <= self._size:
                return start
        raise self.damaged(f"record {name!r} does not lie where the directory of the file says")
