"""Specs: equal ones are one object, in every thread and after pickling."""

from __future__ import annotations

import gc
import math
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins import DType, Shape, Spec, dtypes

SHAPES = st.lists(st.integers(0, 9), max_size=5).map(tuple)
DTYPES = st.sampled_from(dtypes.ALL)


def numpy_sizes(*shape: int) -> Any:
    """The shape as NumPy's integers, which callers who compute with arrays end up with."""
    return tuple(map(np.int64, shape))


@given(SHAPES, DTYPES)
def test_equal_specs_are_one_object(shape: Shape, dtype: DType) -> None:
    spec = Spec(shape, dtype)
    assert Spec(tuple(shape), dtype) is spec
    assert Spec(numpy_sizes(*shape), dtype) is spec
    assert pickle.loads(pickle.dumps(spec)) is spec


@given(SHAPES, SHAPES, DTYPES, DTYPES)
def test_different_specs_are_different_objects(a: Shape, b: Shape, d: DType, e: DType) -> None:
    assert (Spec(a, d) is Spec(b, e)) == (a == b and d is e)


@given(SHAPES, DTYPES)
def test_sizes_agree_with_numpy(shape: Shape, dtype: DType) -> None:
    spec, array = Spec(shape, dtype), np.empty(shape, dtype.numpy)
    assert (spec.ndim, spec.size, spec.nbytes) == (array.ndim, array.size, array.nbytes)
    assert spec.size == math.prod(shape)


def test_sizes_become_python_integers() -> None:
    # A shape that no other test uses, so that this construction is the first.
    shape = Spec(numpy_sizes(4321, 7), dtypes.int8).shape
    assert [type(size) for size in shape] == [int, int]


def race() -> list[list[Spec]]:
    """Specs of many shapes, each built by all threads at the same time."""
    workers, rounds = 8, 300
    barrier = threading.Barrier(workers)

    def build(_: int) -> list[Spec]:
        made = []
        for index in range(rounds):
            barrier.wait()
            made.append(Spec((1234, index), dtypes.float16))
        return made

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(build, range(workers)))


def test_threads_that_race_get_one_object() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        results = race()
    finally:
        sys.setswitchinterval(interval)
    for same in zip(*results, strict=True):
        assert len(set(map(id, same))) == 1


def test_specs_that_nobody_holds_are_freed() -> None:
    before = len(Spec._interned)
    held = [Spec((77, 77, index), dtypes.uint8) for index in range(100)]
    assert len(Spec._interned) >= before + 100
    del held
    gc.collect()
    assert len(Spec._interned) <= before


def test_reading() -> None:
    assert repr(Spec((2, 3), dtypes.float32)) == "float32[2,3]"
    assert repr(Spec((), dtypes.bool_)) == "bool[]"


def test_there_are_no_further_attributes() -> None:
    with pytest.raises(AttributeError):
        Spec((2,), dtypes.float32).device = "cpu"  # pyright: ignore[reportAttributeAccessIssue]
