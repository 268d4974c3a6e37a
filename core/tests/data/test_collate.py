"""From items to a batch, and the errors that name the item."""

from collections import OrderedDict, UserDict
from typing import Any, NamedTuple

import numpy as np
import pytest

import ferrule as fe
from ferrule.data import default_collate, default_convert


class Pair(NamedTuple):
    x: float
    name: str


def test_tensors_are_stacked() -> None:
    batch = default_collate([fe.ones(2), fe.zeros(2)])
    assert batch.tolist() == [[1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("items", "dtype"),
    [
        ([1, 2], fe.int64),
        ([1.5, 2.0], fe.float64),  # as PyTorch has it
        ([2.5, 1], fe.float64),
        ([1, 2.5], fe.float32),  # the first one decides
        ([True, False], fe.bool),
        ([1j, 2.0], fe.complex64),
        ([np.int8(1), np.int8(2)], fe.int8),
        ([np.float64(1), np.float64(2)], fe.float64),
    ],
)
def test_numbers_become_a_tensor(items: list[Any], dtype: fe.DType) -> None:
    batch = default_collate(items)
    assert batch.dtype is dtype
    assert batch.tolist() == items


def test_arrays_are_stacked_in_their_dtype() -> None:
    batch = default_collate([np.array([1, 2], np.uint8), np.array([3, 4], np.uint8)])
    assert batch.dtype is fe.uint8
    assert batch.tolist() == [[1, 2], [3, 4]]


def test_strings_stay_a_list() -> None:
    assert default_collate(["a", "b"]) == ["a", "b"]


def test_members_are_collated_one_by_one() -> None:
    batch = default_collate([({"x": 1, "y": "a"}, [2.0]), ({"x": 3, "y": "b"}, [4.0])])
    assert type(batch) is list  # of a tuple too, as PyTorch has it
    assert batch[0]["x"].tolist() == [1, 3]
    assert batch[0]["y"] == ["a", "b"]
    assert type(batch[1]) is list
    assert batch[1][0].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict])
def test_dicts_keep_their_kind(kind: Any) -> None:
    batch = default_collate([kind(a=1, b="x"), kind(a=2, b="y")])
    assert type(batch) is kind
    assert batch["a"].tolist() == [1, 2]
    assert batch["b"] == ["x", "y"]


def test_keys_that_only_later_items_have_are_left_out() -> None:
    assert default_collate([{"a": 1}, {"a": 2, "b": 3}])["a"].tolist() == [1, 2]


def test_ranges_are_sequences_too() -> None:
    assert [t.tolist() for t in default_collate([range(2), range(3, 5)])] == [[0, 3], [1, 4]]


def test_named_tuples_keep_their_names() -> None:
    batch = default_collate([Pair(1.0, "a"), Pair(2.0, "b")])
    assert isinstance(batch, Pair)
    assert batch.name == ["a", "b"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([fe.ones(2), fe.ones(2), fe.ones(3)], r"item 2 .* has shape \(3,\), and item 0 has \(2,"),
        ([np.ones(2), np.ones((2, 1))], r"item 1 of the batch has shape \(2, 1\)"),
        ([1, "a"], "item 1 of the batch has type str, and item 0 has int"),
        ([(1, 2), (3,)], "item 1 of the batch has length 1, and item 0 has 2"),
        ([{"a": 1}, {"b": 1}], r"item 1 of the batch has keys \['b'\], and item 0 has \['a'\]"),
        (
            [{"a": (1, fe.ones(1))}, {"a": (1, fe.ones(2))}],
            r"item 1 of the batch at \['a'\]\[1\] has shape \(2,\)",
        ),
        ([object()], "item 0 of the batch has type object, which no batch can be made of"),
        ([{"k": None}], r"item 0 of the batch at \['k'\] has type NoneType"),
        ([], "there are no items"),
    ],
)
def test_the_item_that_does_not_fit_is_named(items: list[Any], message: str) -> None:
    with pytest.raises(fe.DataError, match=message):
        default_collate(items)


def test_conversion_changes_arrays_alone() -> None:
    data = {"a": np.arange(2), "b": (np.float32(1.5), "text", 3), "c": Pair(1.0, "n"), "d": None}
    found = default_convert(data)
    assert found["a"].tolist() == [0, 1]
    assert found["b"][0].dtype is fe.float32
    assert found["b"][1:] == ["text", 3]
    assert found["c"] == Pair(1.0, "n")
    assert found["d"] is None
    words = np.array(["x"])
    assert default_convert(words) is words
