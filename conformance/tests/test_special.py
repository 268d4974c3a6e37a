"""Numbers at which implementations differ."""

from __future__ import annotations

import numpy as np
import pytest

from ferrule_conformance.comparison import nearest
from ferrule_conformance.special import denormal_numbers, flushed
from ferrule_plugins import DType, dtypes

FLOATING = [d for d in dtypes.ALL if d.is_floating_point]


@pytest.mark.parametrize("dtype", FLOATING, ids=lambda dtype: dtype.name)
def test_denormals_are_of_all_magnitudes(dtype: DType) -> None:
    info = dtypes.finfo(dtype)
    drawn = denormal_numbers(dtype, (4000,), np.random.default_rng(0))
    size = np.abs(drawn.astype(np.float64))
    assert drawn.dtype == dtype.numpy
    assert size.min() == float(info.smallest_subnormal)
    assert size.max() > float(info.smallest_normal)
    assert (size < float(info.smallest_normal)).mean() > 0.7
    assert (drawn.astype(np.float64) < 0).mean() == pytest.approx(0.5, abs=0.05)


def test_flushing_keeps_signs_normal_numbers_and_other_dtypes() -> None:
    x = np.array([1e-40, -1e-40, 1.5, np.inf, np.nan], np.float32)
    y = flushed(x, frozenset({dtypes.float32}))
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.array([0.0, -0.0, 1.5, np.inf, np.nan], np.float32))
    assert np.signbit(y[1])
    assert flushed(x, frozenset({dtypes.float64})) is x


def test_nearest_takes_each_element_from_where_it_is_right() -> None:
    got = np.array([0.0, 2.0, np.nan, np.inf, 7.0], np.float32)
    one = np.array([1.0, 2.0, np.nan, 1.0, 9.0])
    two = np.array([0.0, 3.0, 1.0, np.inf, 6.5])
    np.testing.assert_array_equal(nearest(got, [one, two]), [0.0, 2.0, np.nan, np.inf, 6.5])
    bools = [np.array([True, True]), np.array([False, True])]
    np.testing.assert_array_equal(nearest(np.array([False, True]), bools), [False, True])
