"""The IDX format of MNIST and its kin: http://yann.lecun.com/exdb/mnist/."""

from __future__ import annotations

import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ferrule.errors import DataError

_GZIP = b"\x1f\x8b"

_DTYPES = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
"""The third byte of a file, and what it says of the elements, which are big-endian."""


def read_idx(path: str | os.PathLike[str]) -> np.ndarray[Any, Any]:
    """The array in an IDX file, compressed by gzip or not, in the machine's byte order.

    Raises:
        DataError: the file cannot be read, is no IDX file, or is shorter or longer than its header
            says.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; check that it is a file and may be read"
        ) from error
    packed = content.startswith(_GZIP)
    content, complete = _unpacked(content, path) if packed else (content, True)
    head, kind, ndim = content[:2], content[2:3], content[3:4]
    if head != b"\0\0" or not kind or kind[0] not in _DTYPES or not ndim:
        raise DataError(
            f"{path} is not an IDX file: it starts with {content[:4].hex(' ') or 'nothing'}, and "
            "an IDX file with 00 00, the type of its elements (08, 09, 0b, 0c, 0d or 0e) and the "
            "number of its dims; check that the right file was downloaded"
        )
    dtype, start = _DTYPES[kind[0]], 4 + 4 * ndim[0]
    if len(content) < start:
        raise _damaged(
            path,
            f"a header of {ndim[0]} dims takes {start:,} bytes, and only {len(content):,} were "
            "found",
        )
    shape = tuple(map(int, np.frombuffer(content, ">u4", ndim[0], 4)))
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise _damaged(
            path,
            f"its header announces {dtype.name}[{','.join(map(str, shape))}], which is "
            f"{expected:,} bytes with the header, and {len(content):,} were found"
            + packed
            * " after unpacking",
        )
    if not complete:
        raise _damaged(path, "its gzip stream lacks its end")
    array = np.frombuffer(content, dtype.newbyteorder(">"), offset=start).reshape(shape)
    return array.astype(dtype)


def _unpacked(content: bytes, path: Path) -> tuple[bytes, bool]:
    """What a file of gzip members holds, as far as it can be had, and whether that is all."""
    parts: list[bytes] = []
    while content:
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            parts.append(member.decompress(content))
        except zlib.error as error:
            raise _damaged(path, f"its gzip stream is broken ({error})") from error
        if not member.eof:
            return b"".join(parts), False
        content = member.unused_data
    return b"".join(parts), True


def _damaged(path: Path, what: str) -> DataError:
    return DataError(f"{path} is damaged: {what}; download or copy it again")
