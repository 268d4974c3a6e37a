"""The UCI optical digits, which travel with the package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np

from ferrule import factories
from ferrule.data.dataset import TensorDataset
from ferrule.errors import DataError

_PIXELS = np.zeros(128, np.uint8)
_PIXELS[[ord(c) for c in "0123456789abcdefg"]] = range(17)


def digits(
    split: Literal["train", "test", "all"] = "train", *, device: Any = None
) -> TensorDataset:
    """1,797 handwritten digits of 8x8 pixels: pairs of image and label.

    Images are float32 of shape (1, 8, 8) between 0 and 1, labels int64 between 0 and 9. Of every
    fifty images the last ten are held out, so ``"train"`` has 1,440 and ``"test"`` has 357, and the
    13 people who wrote them are in both.

    Source: the test set of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak,
    UCI Machine Learning Repository, 1998. Licence: CC BY 4.0.
    """
    if split not in ("train", "test", "all"):
        raise DataError(f'digits: split must be "train", "test" or "all", not {split!r}')
    images, labels = _read()
    # They were written in runs of 0 to 9 for the most part: whole tens keep the classes balanced.
    held_out = np.arange(len(labels)) // 10 % 5 == 4
    rows = {"train": ~held_out, "test": held_out, "all": held_out | True}[split]
    return TensorDataset(
        factories.tensor(images[rows].astype(np.float32) / 16, device=device),
        factories.tensor(labels[rows], device=device),
    )


@cache
def _read() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images, uint8 of shape (1797, 1, 8, 8) with values 0 to 16, and labels, int64."""
    text = resources.files("ferrule.data").joinpath("digits.txt").read_text("ascii")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    table = _PIXELS[np.frombuffer("".join(lines).encode(), np.uint8).reshape(-1, 65)]
    return table[:, :64].reshape(-1, 1, 8, 8), table[:, 64].astype(np.int64)
