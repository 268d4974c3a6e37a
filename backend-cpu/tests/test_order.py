"""Sorting by packed keys gives the stable order, whatever the dtype; scans and searches agree with
loops."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from ferrule_cpu import order
from ferrule_cpu.kernels import table

Array = np.ndarray[Any, Any]

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
INTEGERS = [np.bool_, np.uint8, np.int8, np.int16, np.int32, np.int64]


def drawn(dtype: Any, shape: tuple[int, ...]) -> Array:
    """Many elements, of which many are equal, and the extremes of the dtype."""
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind in "fV":
        special = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -1.5, 1e-7, -1e-7]
        numbers = np.concatenate([rng.standard_normal(40), special])
    else:
        numbers = rng.integers(0, 2, 9) if dtype is np.bool_ else rng.integers(-9, 9, 40) % 128
    return rng.choice(numbers, shape).astype(dtype)


def ranked(row: list[float], descending: bool) -> list[int]:
    """The stable order by Python's own sorting, NaN as the largest."""
    sign = -1 if descending else 1
    keys = [(sign * (v != v), 0.0 if v != v else sign * v) for v in row]
    return sorted(range(len(row)), key=keys.__getitem__)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("dtype", FLOATS + INTEGERS, ids=lambda d: np.dtype(d).name)
def test_equal_elements_keep_their_order(dtype: Any, dim: int, descending: bool) -> None:
    x = drawn(dtype, (40, 60))
    values, places = order.sort(x, dim=dim, descending=descending)
    rows, found = np.moveaxis(x, dim, -1), np.moveaxis(places, dim, -1)
    for row, got in zip(rows, found):
        assert got.tolist() == ranked(row.astype(np.float64).tolist(), descending)
    assert places.dtype == np.int64
    taken = np.take_along_axis(x, places, dim)
    assert values.dtype == x.dtype
    assert values.tobytes() == taken.tobytes()


@pytest.mark.parametrize("k", [0, 1, 7, 60])
@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("dtype", [*FLOATS, np.uint8, np.int64], ids=lambda d: np.dtype(d).name)
def test_the_first_elements_are_those_of_sorting(dtype: Any, largest: bool, k: int) -> None:
    x = drawn(dtype, (40, 60))
    values, places = order.topk(x, k=k, dim=1, largest=largest, sorted=True)
    all_values, all_places = order.sort(x, dim=1, descending=largest)
    np.testing.assert_array_equal(places, all_places[:, :k])
    assert values.tobytes() == all_values[:, :k].tobytes()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_the_extremes_of_integers_are_sorted(dtype: Any, descending: bool) -> None:
    info = np.iinfo(dtype)
    numbers = [info.min, info.min + 1, -1, 0, 1, info.max - 1, info.max]
    x = np.random.default_rng(1).choice(np.array(numbers, dtype), 2000)
    places = order.sort(x, dim=0, descending=descending)[1]
    assert places.tolist() == sorted(
        range(x.size), key=lambda i: -int(x[i]) if descending else int(x[i])
    )


def test_a_far_but_narrow_range_of_integers_is_sorted() -> None:
    x = np.random.default_rng(2).integers(-9, 9, 2000) + np.iinfo(np.int64).min + 9
    places = order.sort(x, dim=0, descending=False)[1]
    assert places.tolist() == sorted(range(x.size), key=lambda i: int(x[i]))


@pytest.mark.parametrize("right", [False, True])
def test_rows_are_searched_each_in_its_own_sequence(right: bool) -> None:
    rng = np.random.default_rng(3)
    sequence = np.sort(rng.integers(0, 9, (2, 3, 5)), axis=-1)
    values = rng.integers(-1, 10, (2, 3, 4))
    found = order.searchsorted(sequence, values, right=right)
    for place in np.ndindex(values.shape):
        row, v = sequence[place[:2]], values[place]
        assert found[place] == (row <= v if right else row < v).sum()


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
@pytest.mark.parametrize("largest", [True, False])
def test_the_last_of_equals_and_nan_hold_the_extreme(dtype: Any, largest: bool) -> None:
    x = drawn(dtype, (30, 25))
    values, places = table()["cummax" if largest else "cummin"](x, dim=1)
    for row, got in zip(x.astype(np.float64), places):
        best = 0
        for i, v in enumerate(row):
            held = row[best]
            wins = v >= held if largest else v <= held
            best = i if v != v or (held == held and wins) else best
            assert got[i] == best
    assert values.tobytes() == np.take_along_axis(x, places, 1).tobytes()
