"""Element types: one object each, found by every spelling."""

from __future__ import annotations

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins import DType, dtypes

ANY = st.sampled_from(dtypes.ALL)


@given(ANY)
def test_every_spelling_names_the_one_object(dtype: DType) -> None:
    for spelling in (dtype, dtype.name, dtype.numpy, dtype.numpy.type, dtype.numpy.name):
        assert DType.of(spelling) is dtype


@given(ANY)
def test_copies_are_the_same_object(dtype: DType) -> None:
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.deepcopy(dtype) is dtype


@given(ANY)
def test_numpy_has_the_same_size_and_kind(dtype: DType) -> None:
    assert np.empty(3, dtype.numpy).nbytes == 3 * dtype.itemsize
    assert dtype.is_complex == np.issubdtype(dtype.numpy, np.complexfloating)
    assert (dtype.category == "integer") == np.issubdtype(dtype.numpy, np.integer)
    assert dtype.is_floating_point == (
        np.issubdtype(dtype.numpy, np.floating) or dtype.numpy == ml_dtypes.bfloat16
    )


def test_python_types_name_dtypes() -> None:
    assert DType.of(bool) is dtypes.bool_
    assert DType.of(float) is dtypes.float64
    assert DType.of(complex) is dtypes.complex128


def test_signs() -> None:
    unsigned = {dtype.name for dtype in dtypes.ALL if not dtype.is_signed}
    assert unsigned == {"bool", "uint8"}


@pytest.mark.parametrize("value", ["float8", "", "U3", object, np.dtype("uint16"), [("a", int)], 7])
def test_what_names_no_dtype_is_refused_with_the_choices(value: object) -> None:
    with pytest.raises(TypeError, match=r"choose one of bool, uint8, .*complex128"):
        DType.of(value)


def test_machine_limits() -> None:
    assert float(dtypes.finfo(dtypes.float32).eps) == 2.0**-23
    assert float(dtypes.finfo(dtypes.bfloat16).eps) == 2.0**-7
    assert float(dtypes.finfo(dtypes.complex64).max) == float(np.finfo(np.float32).max)
    assert dtypes.iinfo(dtypes.int8).min == -128
