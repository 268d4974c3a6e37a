"""The embedded digits are the ones of the UCI repository, and are split fairly."""

import hashlib
from importlib import resources
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.data import digits

# Of optdigits.tes: the count of each class is in the repository's description of the data set.
HISTOGRAM = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
# Of the 1797 rows of 64 pixels and the label, a byte each.
CHECKSUM = "68aea062"


def test_all_of_them() -> None:
    images, labels = digits("all").tensors
    assert images.shape == (1797, 1, 8, 8)
    assert images.dtype is fe.float32
    assert labels.dtype is fe.int64
    assert np.bincount(labels.numpy()).tolist() == HISTOGRAM
    assert (images.min().item(), images.max().item()) == (0.0, 1.0)
    pixels = (images.numpy() * 16).astype(np.uint8).reshape(-1, 64)
    rows = np.hstack([pixels, labels.numpy().astype(np.uint8)[:, None]])
    assert hashlib.sha256(rows.tobytes()).hexdigest()[:8] == CHECKSUM


def test_the_first_image_is_a_zero() -> None:
    image, label = digits("all")[0]
    assert label.item() == 0
    assert (image[0, 0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_the_splits_share_out_all_images() -> None:
    (train, _), (test, test_labels), (every, _) = (
        digits(split).tensors for split in ("train", "test", "all")
    )
    assert (len(train), len(test)) == (1440, 357)
    both = np.concatenate([train.numpy(), test.numpy()]).reshape(1797, -1)
    assert sorted(map(bytes, both)) == sorted(map(bytes, every.numpy().reshape(1797, -1)))
    counts = np.bincount(test_labels.numpy())
    assert counts.min() >= 30
    assert counts.max() <= 40


def test_source_and_licence_travel_with_the_data() -> None:
    text = resources.files("ferrule.data").joinpath("digits.txt").read_text("ascii")
    assert "E. Alpaydin, C. Kaynak; UCI Machine Learning Repository, 1998" in text
    assert "CC BY 4.0" in text


def test_an_unknown_split_is_refused() -> None:
    split: Any = "validation"
    with pytest.raises(fe.DataError, match='"train", "test" or "all", not \'validation\''):
        digits(split)
