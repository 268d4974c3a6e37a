"""Reading and adding by index, against loops."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

Array = np.ndarray[Any, Any]

DTYPES = [np.float64, np.float32, np.int64, np.uint8, np.complex128]


@st.composite
def along_a_dim(draw: st.DrawFn) -> tuple[Array, Array, Array, int]:
    """``x``, an index that may repeat, what to add there, and the dim."""
    shape = draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    dim = draw(st.integers(0, len(shape) - 1))
    index_shape = tuple(draw(st.integers(0, 5)) if d == dim else n for d, n in enumerate(shape))
    dtype = draw(st.sampled_from(DTYPES))
    whole = st.integers(0, 9)
    index = draw(arrays(np.int64, index_shape, elements=st.integers(0, shape[dim] - 1)))
    return (
        draw(arrays(dtype, shape, elements=whole)),
        index,
        draw(arrays(dtype, index_shape, elements=whole)),
        dim,
    )


@given(along_a_dim())
def test_scatter_add(kernels: Any, case: tuple[Array, Array, Array, int]) -> None:
    x, index, source, dim = case
    expected = x.copy()
    for at in np.ndindex(index.shape):
        expected[(*at[:dim], index[at], *at[dim + 1 :])] += source[at]
    found = kernels["scatter_add"](x, index, source, dim=dim)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, expected)


@given(along_a_dim())
def test_gather(kernels: Any, case: tuple[Array, Array, Array, int]) -> None:
    x, index, _, dim = case
    expected = np.empty(index.shape, x.dtype)
    for at in np.ndindex(index.shape):
        expected[at] = x[(*at[:dim], index[at], *at[dim + 1 :])]
    np.testing.assert_array_equal(kernels["gather"](x, index, dim=dim), expected)


@given(along_a_dim(), st.data())
def test_index_add_and_index_select(
    kernels: Any, case: tuple[Array, Array, Array, int], data: st.DataObject
) -> None:
    x, _, source, dim = case
    n = source.shape[dim]
    index = data.draw(arrays(np.int64, (n,), elements=st.integers(0, x.shape[dim] - 1)))
    expected = x.copy()
    for k, i in enumerate(index):
        at = (slice(None),) * dim
        expected[(*at, i)] += source[(*at, k)]
    np.testing.assert_array_equal(kernels["index_add"](x, index, source, dim=dim), expected)
    selected = kernels["index_select"](x, index, dim=dim)
    np.testing.assert_array_equal(selected, np.take(x, index, axis=dim))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32], ids=str)
def test_many_additions_to_one_place_are_made_in_float32_at_least(kernels: Any, dtype: Any) -> None:
    n = 5000
    source = np.full(n, 0.1).astype(dtype)
    exact = n * float(source[0])
    for op in ("scatter_add", "index_add"):
        found = kernels[op](np.zeros(3, dtype), np.full(n, 1), source, dim=0)
        assert found.dtype == dtype
        eps = float(ml_dtypes.finfo(dtype).eps)
        rtol = max(eps, n * 2**-25)
        np.testing.assert_allclose(found.astype(float), [0, exact, 0], rtol=rtol)


def test_nan_and_infinities_stay_in_their_places(kernels: Any) -> None:
    source = np.array([np.nan, np.inf, 1.0, -np.inf])
    found = kernels["scatter_add"](np.zeros(4), np.array([0, 1, 2, 1]), source, dim=0)
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1, 0])


def test_large_integers_are_added_exactly(kernels: Any) -> None:
    big = np.array([2**62 + 1])
    found = kernels["scatter_add"](np.array([0]), np.array([0]), big, dim=0)
    assert found.tolist() == [2**62 + 1]


@given(along_a_dim(), st.sampled_from(["prod", "amax", "amin"]))
def test_scatter_reduce(kernels: Any, case: tuple[Array, Array, Array, int], reduce: str) -> None:
    x, index, source, dim = case
    if x.dtype.kind == "c":
        x, source = x.real, source.real
    function = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}[reduce]
    expected = x.copy()
    for at in np.ndindex(index.shape):
        place = (*at[:dim], index[at], *at[dim + 1 :])
        expected[place] = function(expected[place], source[at])
    found = kernels["scatter_reduce"](x, index, source, dim=dim, reduce=reduce)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, expected)


@given(along_a_dim(), st.booleans(), st.data())
def test_overwriting_leaves_the_last(
    kernels: Any, case: tuple[Array, Array, Array, int], turned: bool, data: st.DataObject
) -> None:
    x, index, source, dim = case
    n = source.shape[dim]
    slices = data.draw(arrays(np.int64, (n,), elements=st.integers(0, x.shape[dim] - 1)))
    if turned:  # whatever the memory order
        x, index, source = (np.asfortranarray(a) for a in (x, index, source))
    expected, by_slices = x.copy(), x.copy()
    for at in np.ndindex(index.shape):
        expected[(*at[:dim], index[at], *at[dim + 1 :])] = source[at]
    lead = (slice(None),) * dim
    for k, i in enumerate(slices):
        by_slices[(*lead, i)] = source[(*lead, k)]
    np.testing.assert_array_equal(kernels["scatter"](x, index, source, dim=dim), expected)
    np.testing.assert_array_equal(kernels["index_copy"](x, slices, source, dim=dim), by_slices)


@pytest.mark.parametrize("count", [0, 1, 32, 33, 1000])
@pytest.mark.parametrize("dtype", [np.int64, np.int8])
def test_wrap_index(kernels: Any, count: int, dtype: type) -> None:
    index = np.random.default_rng(0).integers(-5, 5, count).astype(dtype)
    found = kernels["wrap_index"](index, size=5)
    assert found.dtype == np.int64
    assert found.tolist() == [i % 5 for i in index.tolist()]
    for wrong in (5, -6):
        with pytest.raises(IndexError):
            kernels["wrap_index"](np.append(index, dtype(wrong)), size=5)


@pytest.mark.parametrize(
    "op",
    ["index_select", "gather", "index_add", "scatter_add", "scatter_reduce", "scatter",
     "index_copy"],
)  # fmt: skip
@pytest.mark.parametrize("index", [3, -1, -4, 10**9, -(2**62)])
@pytest.mark.parametrize("many", [1, 50])
def test_an_index_outside_is_an_error_and_not_an_element_of_another_row(
    kernels: Any, op: str, index: int, many: int
) -> None:
    x = np.zeros((3, 3))
    at = np.append(np.zeros(many, np.int64), index)
    at = at if op.startswith("index") else np.tile(at, (3, 1))
    source = () if op in ("index_select", "gather") else (np.ones((3, many + 1)),)
    attrs = {"reduce": "amax"} if op == "scatter_reduce" else {}
    with pytest.raises(IndexError):
        kernels[op](x, at, *source, dim=1, **attrs)


def test_reading_from_what_is_not_contiguous(kernels: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    index = np.array([[3, 0], [1, 1], [2, 3]])
    for y in (np.asfortranarray(x), x[:, ::-1], np.broadcast_to(x[:1], (3, 4))):
        found = kernels["gather"](y, index, dim=1)
        np.testing.assert_array_equal(found, np.take_along_axis(y, index, 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.float16, bool])
@pytest.mark.parametrize("n", [3, 70])
def test_where_moves_every_bit_whatever_the_layout(kernels: Any, dtype: type, n: int) -> None:
    rng = np.random.default_rng(0)
    specials = np.array([np.nan, np.inf, -np.inf, -0.0, 1.5])
    values = specials if np.issubdtype(dtype, np.floating) else np.arange(5)
    condition = rng.random((n, n)) < 0.5
    full = rng.choice(values, (n, n)).astype(dtype)
    for a, b in [
        (full, full[::-1].T),
        (full[:, :1], full[:1]),
        (full[0, 0].reshape(()), full),
        (full, np.zeros((), dtype)),
        (np.zeros((), dtype), full[0, :1]),
    ]:
        found = kernels["where"](condition, a, b)
        assert found.dtype == dtype
        assert found.tobytes() == np.where(condition, a, b).astype(dtype).tobytes()
