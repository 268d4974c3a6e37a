"""Reading IDX files, right and wrong ones."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule.data import read_idx

Idx = Callable[[np.ndarray[Any, Any]], bytes]

ARRAYS = hnp.arrays(
    st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(array=ARRAYS, packed=st.booleans())
def test_what_was_written_is_read(
    array: np.ndarray[Any, Any], packed: bool, idx: Idx, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(idx(array), 1) if packed else idx(array))
    read = read_idx(path)
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.tobytes() == array.tobytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(array=ARRAYS, packed=st.booleans(), data=st.data())
def test_no_part_of_a_file_is_taken_for_the_whole(
    array: np.ndarray[Any, Any], packed: bool, data: st.DataObject, idx: Idx, tmp_path: Path
) -> None:
    content = gzip.compress(idx(array), 1) if packed else idx(array)
    cut = data.draw(st.integers(0, len(content) - 1))
    path = tmp_path / "file"
    path.write_bytes(content[:cut])
    with pytest.raises(fe.DataError, match=r"file is (damaged|not an IDX file)"):
        read_idx(path)


def test_gzip_members_follow_each_other(idx: Idx, tmp_path: Path) -> None:
    content = idx(np.arange(5, dtype=np.int32))
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content[:9]) + gzip.compress(content[9:]))
    assert read_idx(path).tolist() == [0, 1, 2, 3, 4]


def test_a_truncated_file_says_what_was_expected_and_found(idx: Idx, tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(idx(np.zeros((100, 28, 28), np.uint8))[:5000])
    with pytest.raises(fe.DataError) as caught:
        read_idx(path)
    assert str(caught.value) == (
        f"{path} is damaged: its header announces uint8[100,28,28], which is 78,416 bytes with the "
        "header, and 5,000 were found; download or copy it again"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file: it starts with nothing"),
        (b"\x00\x00", "it starts with 00 00"),
        (b"\x89PNG\r\n", "it starts with 89 50 4e 47"),
        (b"\x00\x00\x0a\x01\x00\x00\x00\x01\x00", "it starts with 00 00 0a 01"),
        (b"\x00\x00\x08\x03\x00\x00", "a header of 3 dims takes 16 bytes, and only 6 were found"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x01ab", "which is 9 bytes with the header, and 10 were"),
        (b"\x00\x00\x08\x04" + b"\xff" * 16, r"which is 340,282,366,\S+ bytes with the header"),
        (b"\x1f\x8b\x08\x00 nonsense that no gzip wrote", "its gzip stream is broken"),
        (
            gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x09a", mtime=0),
            "and 9 were found after unpacking",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(fe.DataError, match=message):
        read_idx(path)


def test_a_broken_checksum_is_noticed(idx: Idx, tmp_path: Path) -> None:
    content = bytearray(gzip.compress(idx(np.arange(50, dtype=np.uint8))))
    content[-5] ^= 1
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(fe.DataError, match="incorrect data check"):
        read_idx(path)


@pytest.mark.parametrize("name", ["", "missing"])
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(fe.DataError, match=f"{tmp_path / name} cannot be read: "):
        read_idx(tmp_path / name)
