"""Distances in ULPs, and what is allowed."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.debug.closeness import Allowance, allowance, elementwise, gap, relative

WIDTHS = {np.float16: np.int16, np.float32: np.int32, np.float64: np.int64}


def ulps(a: Any, b: Any, dtype: Any) -> float:
    found = gap(np.array([a], dtype), np.array([b], dtype), Allowance(1.0))
    assert found is not None
    return found.ulps


@given(
    st.sampled_from(list(WIDTHS)),
    st.floats(0.0078125, 1000, width=16),
    st.integers(0, 5),
)
def test_neighbours_are_one_ulp_apart(dtype: Any, x: float, steps: int) -> None:
    """Within one binade, as the integers that the bits are tell."""
    a = np.array([x], dtype)
    b = (a.view(WIDTHS[dtype]) + steps).view(dtype)
    if math.frexp(float(a[0]))[1] == math.frexp(float(b[0]))[1]:
        assert ulps(a[0], b[0], dtype) == steps


def test_other_dtypes_and_small_numbers() -> None:
    assert ulps(1.0, 1.0078125, ml_dtypes.bfloat16) == 1
    assert ulps(1 + 0j, 1 + 2.0**-23 * 1j, np.complex64) == 1
    assert ulps(0.0, 1e-45, np.float32) == 1
    assert ulps(0.0, -0.0, np.float32) == 0
    assert ulps(3, 5, np.int8) == 2
    assert ulps(-128, 127, np.int8) == 255
    assert ulps(True, False, np.bool_) == 1
    assert ulps(2**62, 2**62 + 1, np.int64) == 1


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        (math.nan, math.nan, True), (math.inf, math.inf, True), (math.nan, 1.0, False),
        (math.inf, -math.inf, False), (math.inf, 3e38, False), (1.0, math.nan, False),
        (complex(math.nan, 1), complex(2, math.nan), True),
        (complex(math.inf, 1), complex(math.inf, math.inf), False),
    ],
)  # fmt: skip
def test_nan_and_infinities(a: Any, b: Any, alike: bool) -> None:
    dtype = np.complex64 if isinstance(a, complex) else np.float32
    found = gap(np.array([1, a], dtype), np.array([1, b], dtype), Allowance(1e9))
    assert found is not None
    assert found.agrees is alike
    assert alike or (found.index, found.ulps, found.wrong) == ((1,), math.inf, 1)


def test_the_worst_element() -> None:
    a = np.ones((2, 3), np.float32)
    b = a.copy()
    b[0, 1] += 1e-6
    b[1, 2] += 1e-5
    found = gap(a, b, Allowance(2.0))
    assert found is not None
    assert (found.index, found.wrong, found.total) == ((1, 2), 2, 6)
    assert found.excess == pytest.approx(found.ulps / 2, rel=1e-6)
    assert gap(a[:0], b[:0], Allowance(1.0)) is None


def test_elementwise_ops_have_no_floor_and_sums_have_one() -> None:
    assert elementwise(fe.ops.exp)
    assert elementwise(fe.ops.add)
    for op in (fe.ops.sum, fe.ops.matmul, fe.ops.softmax, fe.ops.cat, fe.ops.full, fe.ops.nonzero):
        assert not elementwise(op)
    x = np.array([3.0, -5.0, np.inf, 1.0], np.float32)
    assert allowance(fe.ops.add, fe.float32, [x], None) == Allowance(6.0 * fe.ops.add.tolerance)
    within = allowance(fe.ops.sum, fe.float32, [x], None)
    assert within == Allowance(6.0 * fe.ops.sum.tolerance * 2, 5.0)
    assert allowance(fe.ops.sum, fe.int64, [np.arange(3)], None) == Allowance(0.0, 0.0)
    assert allowance(fe.ops.add, fe.float32, [x], 9.0) == Allowance(9.0)


def test_distances_of_wholes() -> None:
    a = np.array([4.0, 1.0], np.float32)
    part, units = relative(a, np.array([4.0, 1.5], np.float32))
    assert part == 0.125
    assert units == 0.125 * 2**23
    assert relative(a, a[:1]) == (math.inf, math.inf)
    assert relative(a, np.array([4.0, np.nan], np.float32)) == (math.inf, math.inf)
    assert relative(a[:0], a[:0]) == (0.0, 0.0)
    assert relative(np.array([2, 4]), np.array([2, 3])) == (0.25, 1.0)
