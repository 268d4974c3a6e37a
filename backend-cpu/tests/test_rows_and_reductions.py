"""Reductions over any dims, and softmax, against NumPy in float64."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

Array = np.ndarray[Any, Any]

HALVES = [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)]
FLOATS = [*HALVES, np.dtype(np.float32), np.dtype(np.float64)]
every_float = pytest.mark.parametrize("dtype", FLOATS, ids=str)


def eps(dtype: Any) -> float:
    return float(ml_dtypes.finfo(dtype).eps)


@st.composite
def arrays_and_dims(draw: st.DrawFn) -> tuple[Array, tuple[int, ...]]:
    shape = draw(array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=4))
    dims = draw(st.lists(st.sampled_from(range(len(shape))), unique=True) if shape else st.just([]))
    seed = draw(st.integers(0, 2**20))
    x = np.random.default_rng(seed).standard_normal(shape)
    if draw(st.booleans()):
        x = x.T if x.ndim > 1 else x
        dims = [x.ndim - 1 - d for d in dims]
    return x, tuple(dims)


@given(arrays_and_dims(), st.booleans(), st.sampled_from(["sum", "amax", "amin", "prod"]))
def test_reductions_over_any_dims(
    kernels: Any, case: tuple[Array, tuple[int, ...]], keepdim: bool, op: str
) -> None:
    x, dims = case
    expected = getattr(np, op)(x, axis=dims, keepdims=keepdim)
    found = kernels[op](x, dim=dims, keepdim=keepdim)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(arrays_and_dims(), st.sampled_from(FLOATS))
def test_sums_of_short_floats_are_rounded_once(
    kernels: Any, case: tuple[Array, tuple[int, ...]], dtype: np.dtype[Any]
) -> None:
    x, dims = case
    short = x.astype(dtype)
    expected = short.astype(np.float64).sum(axis=dims)
    found = kernels["sum"](short, dim=dims, keepdim=False)
    assert found.dtype == dtype
    slack = 1e-5 if dtype in (*HALVES, np.float32) else 1e-14
    np.testing.assert_allclose(found.astype(float), expected, rtol=eps(dtype), atol=slack)


@every_float
def test_long_sums_lose_nothing_to_the_dtype(kernels: Any, dtype: Any) -> None:
    x = np.full((20_000,), 0.25).astype(dtype)
    found = kernels["sum"](x, dim=(0,), keepdim=False)
    assert float(found) == pytest.approx(5000, rel=eps(dtype))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int8, np.int32, np.int64], ids=str)
def test_integers_and_bools_add_up_in_int64(kernels: Any, dtype: Any) -> None:
    x = np.ones((300, 2)).astype(dtype) * np.array(1, dtype)
    for op in ("sum", "prod"):
        found = kernels[op](x, dim=(0,), keepdim=False)
        assert found.dtype == np.int64
        assert found.tolist() == ([300, 300] if op == "sum" else [1, 1])


@pytest.mark.parametrize("op", ["amax", "amin"])
@every_float
def test_nan_wins(kernels: Any, op: str, dtype: Any) -> None:
    x = np.array([[1.0, np.nan, np.inf], [-np.inf, 2.0, 3.0]]).astype(dtype)
    found = kernels[op](x, dim=(1,), keepdim=False).astype(float)
    assert np.isnan(found[0])
    assert found[1] == (3 if op == "amax" else -np.inf)


@pytest.mark.parametrize("op", ["sum", "prod", "any", "all"])
def test_reductions_of_nothing(kernels: Any, op: str) -> None:
    x = np.zeros((0, 3))
    found = kernels[op](x, dim=(0,), keepdim=True)
    assert found.shape == (1, 3)
    assert found.tolist() == [[{"sum": 0, "prod": 1, "any": False, "all": True}[op]] * 3]


def softmax(x: Array, dim: int) -> Array:
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    return e / e.sum(axis=dim, keepdims=True)


@given(arrays_and_dims(), st.sampled_from(FLOATS), st.data())
def test_softmax_and_its_logarithm(
    kernels: Any,
    case: tuple[Array, tuple[int, ...]],
    dtype: np.dtype[Any],
    data: st.DataObject,
) -> None:
    x = (case[0] * 10).astype(dtype)
    dim = data.draw(st.integers(0, x.ndim - 1)) if x.ndim else 0
    wide = x.astype(np.float64)
    expected = softmax(wide, dim) if x.ndim else np.ones(())
    found = kernels["softmax"](x, dim=dim)
    logarithm = kernels["log_softmax"](x, dim=dim)
    assert found.dtype == logarithm.dtype == dtype
    assert found.shape == logarithm.shape == x.shape
    tolerance = 4 * eps(dtype)
    tiny = float(ml_dtypes.finfo(dtype).tiny)
    np.testing.assert_allclose(found.astype(float), expected, rtol=20 * tolerance, atol=tiny)
    np.testing.assert_allclose(
        logarithm.astype(float), np.log(expected), rtol=tolerance, atol=20 * tolerance
    )


@every_float
@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
def test_large_values_do_not_overflow(kernels: Any, op: str, dtype: Any) -> None:
    top = float(ml_dtypes.finfo(dtype).max)
    x = np.array([top, top, 0.0]).astype(dtype)
    found = kernels[op](x, dim=0).astype(float)
    expected = [0.5, 0.5, 0.0] if op == "softmax" else [-math.log(2), -math.log(2), -top]
    np.testing.assert_allclose(found, expected, rtol=eps(dtype) * 4)


def test_softmax_where_something_is_not_finite(kernels: Any) -> None:
    def found(*values: float) -> list[float]:
        return kernels["softmax"](np.array(values), dim=0).tolist()

    assert found(-np.inf, 0.0, 0.0) == [0, 0.5, 0.5]
    assert np.isnan(found(np.nan, 0.0)).all()
    assert np.isnan(found(np.inf, 0.0)[0])
    assert np.isnan(found(-np.inf, -np.inf)).all()


@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), ()], ids=str)
def test_softmax_of_nothing_or_of_one(kernels: Any, op: str, shape: tuple[int, ...]) -> None:
    for dim in range(max(len(shape), 1)):
        found = kernels[op](np.zeros(shape), dim=dim)
        assert found.shape == shape
        assert (found == (1 if op == "softmax" else 0)).all()


def test_matrix_products_of_halves_are_rounded_once(kernels: Any) -> None:
    rng = np.random.default_rng(0)
    for dtype in HALVES:
        a, b = (rng.standard_normal(s).astype(dtype) for s in ((2, 3, 500), (500, 4)))
        found = kernels["matmul"](a, b)
        assert found.dtype == dtype
        np.testing.assert_allclose(
            found.astype(float),
            a.astype(float) @ b.astype(float),
            rtol=0.51 * eps(dtype),
            atol=2e-4,
        )
