"""Finding and reading folders of IDX files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.data import fashion_mnist, mnist

Write = Callable[..., Path]
Idx = Callable[[np.ndarray[Any, Any]], bytes]

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(autouse=True)
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERRULE_DATA", raising=False)


@pytest.mark.parametrize("spelling", ["-", "."])
@pytest.mark.parametrize("packed", [False, True])
def test_all_spellings_are_read(
    spelling: str, packed: bool, write_mnist: Write, tmp_path: Path
) -> None:
    write_mnist(tmp_path, spelling=spelling, packed=packed)
    for split in ("train", "test"):
        data = mnist(split, tmp_path)
        assert len(data) == 20
        image, label = data[13]
        assert (image.shape, image.dtype, label.dtype) == ((1, 28, 28), fe.float32, fe.int64)
        assert image[0, 5, 5].item() == np.float32(13 / 255)
        assert label.item() == 3


def test_the_environment_names_a_folder_of_data_sets(
    write_mnist: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRULE_DATA", str(tmp_path))
    write_mnist(tmp_path / "mnist", 3)
    write_mnist(tmp_path / "FashionMNIST" / "raw", 4)
    assert len(mnist()) == 3
    assert len(fashion_mnist()) == 4


def test_the_folder_given_wins_over_the_environment(
    write_mnist: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRULE_DATA", str(write_mnist(tmp_path / "a", 3)))
    assert len(mnist(folder=write_mnist(tmp_path / "b", 4))) == 4
    with pytest.raises(fe.DataError, match=f"there is no folder {tmp_path / 'c'}. To mend it"):
        mnist(folder=tmp_path / "c")


def test_a_missing_file_is_named_with_the_remedy(write_mnist: Write, tmp_path: Path) -> None:
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(fe.DataError) as caught:
        fashion_mnist("train", tmp_path)
    text = str(caught.value)
    assert f"{tmp_path} lacks t10k-labels-idx1-ubyte (.gz or not). To mend it: " in text
    assert "apt-get install dataset-fashion-mnist" in text
    assert "--data" in text


def test_mnist_without_any_folder_says_where_to_get_it() -> None:
    with pytest.raises(fe.DataError, match=r"does not set FERRULE_DATA. To mend it: download"):
        mnist()


def test_an_unknown_split_is_refused(write_mnist: Write, tmp_path: Path) -> None:
    split: Any = "validation"
    with pytest.raises(fe.DataError, match='"train" or "test", not \'validation\''):
        mnist(split, write_mnist(tmp_path))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3-ubyte", np.zeros((20, 8, 8), np.uint8), r"uint8 of shape \(20, 8, 8\)"),
        ("train-images-idx3-ubyte", np.zeros((20, 28, 28), np.int32), "holds int32 of shape"),
        ("train-images-idx3-ubyte", np.zeros((19, 28, 28), np.uint8), "19 images in .* 20 labels"),
        ("train-labels-idx1-ubyte", np.zeros((20, 1), np.uint8), "does not hold labels"),
        ("train-labels-idx1-ubyte", np.full(20, 10, np.uint8), "labels between 0 and 9"),
        ("train-labels-idx1-ubyte", np.zeros(20, np.float32), r"it is float32 of shape \(20,\)"),
    ],
)
def test_files_of_something_else_are_refused(
    name: str,
    array: np.ndarray[Any, Any],
    message: str,
    write_mnist: Write,
    idx: Idx,
    tmp_path: Path,
) -> None:
    (write_mnist(tmp_path) / name).write_bytes(idx(array))
    with pytest.raises(fe.DataError, match=message):
        mnist("train", tmp_path)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_debians_package_is_found() -> None:
    images, labels = fashion_mnist("test").tensors
    assert images.shape == (10_000, 1, 28, 28)
    assert np.bincount(labels.numpy()).tolist() == [1000] * 10
    assert (images.min().item(), images.max().item()) == (0.0, 1.0)
