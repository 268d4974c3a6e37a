"""MNIST and Fashion-MNIST: folders of four IDX files with the same names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferrule import factories
from ferrule.data.dataset import TensorDataset
from ferrule.data.idx import read_idx
from ferrule.errors import DataError

FOLDER = "FERRULE_DATA"
"""The environment variable that names a folder of data sets."""

Split = Literal["train", "test"]

_FILES = (("images", 3), ("labels", 1))
_PREFIX = {"train": "train", "test": "t10k"}
_SIDE = 28

# Folders that are looked into below the one given: our own name, then torchvision's.
_BELOW = {
    "mnist": ("mnist", "MNIST/raw"),
    "fashion-mnist": ("fashion-mnist", "FashionMNIST/raw"),
}
_INSTALLED = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}
_SOURCE = {
    "mnist": "download the four files from https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion-mnist": (
        "apt-get install dataset-fashion-mnist (Debian, Ubuntu), or download the four files from "
        "https://github.com/zalandoresearch/fashion-mnist"
    ),
}


def mnist(
    split: Split = "train", folder: str | os.PathLike[str] | None = None, *, device: Any = None
) -> TensorDataset:
    """Handwritten digits, 60,000 to train with and 10,000 to test with: pairs of image and label.

    Images are float32 of shape (1, 28, 28) between 0 and 1, labels int64 between 0 and 9.

    Args:
        split: ``"train"`` or ``"test"``.
        folder: where the IDX files are; by default below ``$FERRULE_DATA``.
        device: where to put the tensors.

    Raises:
        DataError: the files are missing or damaged.

    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998).
    """
    return _load("mnist", split, folder, device)


def fashion_mnist(
    split: Split = "train", folder: str | os.PathLike[str] | None = None, *, device: Any = None
) -> TensorDataset:
    """Articles of clothing in the form of `mnist`. Debian's package ``dataset-fashion-mnist`` is
    found by itself.

    Source: H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747. Licence: MIT.
    """
    return _load("fashion-mnist", split, folder, device)


def _load(name: str, split: str, folder: Any, device: Any) -> TensorDataset:
    if split not in _PREFIX:
        raise DataError(f'{name}: split must be "train" or "test", not {split!r}')
    where = find(name, folder)
    prefix = _PREFIX[split]
    image_file, label_file = _file(where, prefix, "images", 3), _file(where, prefix, "labels", 1)
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.dtype != np.uint8 or images.shape[1:] != (_SIDE, _SIDE):
        raise DataError(
            f"{image_file} holds {images.dtype} of shape {images.shape}, not uint8 images of "
            f"{_SIDE}x{_SIDE} pixels; it is not {name}'s"
        )
    if labels.dtype != np.uint8 or labels.ndim != 1 or labels.max(initial=0) > 9:
        raise DataError(
            f"{label_file} does not hold labels between 0 and 9 (it is {labels.dtype} of shape "
            f"{labels.shape}); it is not {name}'s"
        )
    if len(images) != len(labels) or not len(images):
        raise DataError(
            f"{where} has {len(images):,} images in {image_file.name} and {len(labels):,} labels "
            f"in {label_file.name}; the two belong to different data sets: copy both again"
        )
    scaled = np.divide(images[:, None], 255, dtype=np.float32)
    return TensorDataset(
        factories.tensor(scaled, device=device),
        factories.tensor(labels.astype(np.int64), device=device),
    )


def find(name: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder with the files of ``"mnist"`` or ``"fashion-mnist"``.

    Looks in ``folder`` and in folders below it that bear the data set's name; if none is given, in
    ``$FERRULE_DATA`` likewise, and where Debian puts it.

    Raises:
        DataError: not found; it says where it looked, and where the files can be had.
    """
    setting = os.environ.get(FOLDER)
    if folder is not None:
        roots = [Path(folder)]
    else:
        roots = [Path(setting)] if setting else []
        roots += [_INSTALLED[name]] if name in _INSTALLED else []
    places = [place for root in roots for place in (*(root / b for b in _BELOW[name]), root)]
    for place in places:
        if not _lacking(place):
            return place
    verdicts = [
        f"{place} lacks {', '.join(_lacking(place))} (.gz or not)"
        if place.is_dir()
        else f"there is no folder {place}"
        for place in places
        if place.is_dir() or place in roots
    ]
    if not roots:
        verdicts = [f"no folder was given, and the environment does not set {FOLDER}"]
    raise DataError(
        f"{name} was not found: {'; '.join(verdicts)}. To mend it: {_SOURCE[name]}, and name their "
        f"folder with folder= (--data on the command line) or the environment's {FOLDER}"
    )


def _spellings(folder: Path, prefix: str, what: str, ndim: int) -> list[Path]:
    names = [f"{prefix}-{what}{mark}idx{ndim}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    return [path for path in (folder / name for name in names) if path.is_file()]


def _lacking(folder: Path) -> list[str]:
    return [
        f"{prefix}-{what}-idx{ndim}-ubyte"
        for prefix in _PREFIX.values()
        for what, ndim in _FILES
        if not _spellings(folder, prefix, what, ndim)
    ]


def _file(folder: Path, prefix: str, what: str, ndim: int) -> Path:
    return _spellings(folder, prefix, what, ndim)[0]
