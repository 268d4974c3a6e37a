"""Numbers of a dtype, against NumPy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from ferrule_example_purepython.numbers import FORMATS, NUMBER, stored
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins import DType, dtypes

# bfloat16's own conversion from double rounds twice, by way of float32; so do numbers that it has.
NARROW = {dtypes.float16: st.floats(), dtypes.bfloat16: st.floats(width=32)}
NARROW[dtypes.float32] = st.floats()

WHOLE = (dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64)


def same(a: Any, b: Any) -> bool:
    """Equal, the signs of zeros included; NaN equals NaN."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return float(a) == float(b) and math.copysign(1, a) == math.copysign(1, b)


@pytest.mark.parametrize("dtype", NARROW, ids=lambda d: d.name)
@given(data=st.data())
def test_floats_are_rounded_to_the_nearest(dtype: DType, data: st.DataObject) -> None:
    x = data.draw(NARROW[dtype])
    with np.errstate(all="ignore"):
        want = float(np.asarray(x).astype(dtype.numpy))
    assert same(FORMATS[dtype].rounded(x), want)
    assert same(stored(dtype, [x])[0], want)


@pytest.mark.parametrize("dtype", [dtypes.float16, dtypes.float32], ids=lambda d: d.name)
@given(data=st.data())
def test_the_next_number_is_numpys(dtype: DType, data: st.DataObject) -> None:
    width = 16 if dtype is dtypes.float16 else 32
    a, b = data.draw(st.floats(width=width)), data.draw(st.floats(width=width))
    with np.errstate(all="ignore"):
        want = b if a == b else np.nextafter(dtype.numpy.type(a), dtype.numpy.type(b))
    assert same(FORMATS[dtype].after(a, b), float(want))


@pytest.mark.parametrize("dtype", FORMATS, ids=lambda d: d.name)
def test_the_largest_and_smallest_numbers(dtype: DType) -> None:
    info: Any = dtypes.finfo(dtype)
    found = FORMATS[dtype]
    assert found.largest == float(info.max)
    assert found.after(0.0, 1.0) == float(info.smallest_subnormal)
    assert found.after(found.largest, math.inf) == math.inf
    assert found.after(math.inf, 0.0) == found.largest
    assert found.after(1.0, 0.0) == 1 - float(info.epsneg)


@pytest.mark.parametrize("dtype", WHOLE, ids=lambda d: d.name)
@given(x=st.integers(-(2**70), 2**70))
def test_integers_wrap_around(dtype: DType, x: int) -> None:
    want = np.array([x % 2**64], np.uint64).astype(dtype.numpy).item()
    assert NUMBER[dtype](x) == want
    assert stored(dtype, [x, 0]).tolist() == [want, 0]


def test_complex_numbers_are_rounded_part_by_part() -> None:
    z = complex(0.1, -1e-50)
    (found,) = stored(dtypes.complex64, [z])
    assert (found.real, found.imag) == (float(np.float32(0.1)), 0.0)
    assert math.copysign(1, found.imag) == -1
    assert stored(dtypes.complex128, [z]) == [z]
