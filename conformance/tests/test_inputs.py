"""Operands are as their descriptions say."""

from __future__ import annotations

import numpy as np
import pytest

from ferrule.samples import Input, of
from ferrule_conformance.inputs import draw
from ferrule_plugins import DType, dtypes

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize(
    "described",
    [of(3, 4), of(), of(0, 2), of(50, low=0.5, high=2.0), of(50, low=-0.9, high=-0.1)],
    ids=str,
)
def test_shape_and_dtype(described: Input, dtype: DType) -> None:
    x = draw(described, dtype, RNG)
    assert isinstance(x, np.ndarray)
    assert x.shape == described.shape and x.dtype == dtype.numpy


def test_floats_keep_to_their_bounds_and_fill_them() -> None:
    x = draw(of(2000, low=0.5, high=2.0), dtypes.float64, RNG)
    assert 0.5 <= x.min() < 0.51 and 1.99 < x.max() <= 2.0


def test_integers_exclude_the_upper_bound() -> None:
    x = draw(of(500, low=-9, high=9), dtypes.int32, RNG)
    assert set(x.tolist()) == set(range(-9, 9))


def test_integers_between_fractions_are_never_0_where_0_is_out_of_bounds() -> None:
    assert draw(of(50, low=0.3, high=0.35), dtypes.int8, RNG).min() == 1


def test_a_fixed_dtype_wins() -> None:
    assert draw(of(3, dtype="int64", high=4), dtypes.float32, RNG).dtype == np.int64


@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.int8, dtypes.uint8])
def test_distinct_values_are_apart(dtype: DType) -> None:
    x = np.sort(draw(of(4, 6, distinct=True), dtype, RNG).ravel().astype(np.float64))
    assert np.diff(x).min() > 0.05


def test_distinct_floats_are_away_from_0() -> None:
    for size in (4, 5, 24, 25):
        x = draw(of(size, distinct=True), dtypes.float64, RNG)
        assert np.abs(x).min() > 0.01
