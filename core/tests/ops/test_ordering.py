"""Sorting, ranks and quantiles, against NumPy; where NumPy differs, PyTorch's results are written
down."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")

X = np.random.default_rng(0).standard_normal((3, 4, 5))
FEW = np.random.default_rng(1).integers(-3, 4, (6, 7))
NAN, INF = math.nan, math.inf


def values_and_indices(found: Any) -> tuple[list[float], list[int]]:
    assert found._fields == ("values", "indices")
    return found.values.tolist(), found.indices.tolist()


# Sorting and ranks.


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("descending", [False, True])
def test_sorting(dim: int, descending: bool) -> None:
    want = np.sort(FEW, axis=dim) if dim < 2 and FEW.ndim == 2 else FEW
    values, indices = fe.sort(fe.tensor(FEW), dim, descending)
    np.testing.assert_array_equal(values.numpy(), np.flip(want, dim) if descending else want)
    keys = -FEW if descending else FEW
    np.testing.assert_array_equal(indices.numpy(), np.argsort(keys, axis=dim, kind="stable"))
    np.testing.assert_array_equal(
        fe.argsort(fe.tensor(FEW), dim, descending).numpy(), indices.numpy()
    )


def test_nan_is_largest() -> None:
    x = fe.tensor([3.0, NAN, 1.0, -INF, INF, NAN])
    assert fe.argsort(x).tolist() == [3, 2, 0, 4, 1, 5]
    assert fe.argsort(x, descending=True).tolist() == [1, 5, 4, 0, 2, 3]
    assert fe.topk(x, 3).indices.tolist() == [1, 5, 4]
    assert fe.kthvalue(x, 5).indices.item() == 1
    assert fe.median(x, 0).indices.item() == 1
    assert fe.nanmedian(x, 0).indices.item() == 2
    np.testing.assert_array_equal(fe.msort(x[:3]).numpy(), [1, 3, NAN])


def test_topk_takes_the_first_of_equals() -> None:
    x = fe.tensor([1, 2, 2, 2, 3])
    assert values_and_indices(fe.topk(x, 3)) == ([3, 2, 2], [4, 1, 2])
    assert values_and_indices(fe.topk(x, 3, largest=False)) == ([1, 2, 2], [0, 1, 2])
    assert fe.topk(fe.tensor(3.0), 1).indices.item() == 0
    for k in (-1, 6):
        with pytest.raises(OutOfRange, match=rf"topk.*k={k} is out of range"):
            fe.topk(x, k)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_ranks(dim: int) -> None:
    x = fe.tensor(X)
    ranked = np.sort(X, axis=dim)
    for k in range(1, X.shape[dim] + 1):
        found = fe.kthvalue(x, k, dim)
        np.testing.assert_array_equal(found.values.numpy(), ranked.take(k - 1, axis=dim))
        taken = np.take_along_axis(X, np.expand_dims(found.indices.numpy(), dim), dim)
        np.testing.assert_array_equal(taken.squeeze(dim), found.values.numpy())
    lower = ranked.take((X.shape[dim] - 1) // 2, axis=dim)
    np.testing.assert_array_equal(fe.median(x, dim).values.numpy(), lower)
    assert fe.median(x, dim, True).indices.shape[dim] == 1
    for k in (0, X.shape[dim] + 1):
        with pytest.raises(OutOfRange, match=r"kthvalue.*out of range"):
            fe.kthvalue(x, k, dim)


def test_medians_beside_nan() -> None:
    x = fe.tensor([[1.0, NAN, 3.0, NAN], [4.0, 3.0, 2.0, 1.0], [NAN, NAN, NAN, NAN]])
    np.testing.assert_array_equal(fe.median(x, 1).values.numpy(), [NAN, 2, NAN])
    assert fe.median(x, 1).indices.tolist() == [1, 2, 0]
    np.testing.assert_array_equal(fe.nanmedian(x, 1).values.numpy(), [1, 2, NAN])
    assert math.isnan(fe.median(x).item())
    assert fe.nanmedian(x).item() == 2
    assert fe.median(fe.tensor([2, 1], dtype=fe.uint8)).item() == 1
    assert math.isnan(fe.median(fe.zeros(0)).item())
    with pytest.raises(ShapeError, match="the median of no elements"):
        fe.median(fe.zeros(0, 2), 0)


def test_modes_as_pytorch_has_them() -> None:
    assert values_and_indices(fe.mode(fe.tensor([3, 1, 1, 3, 2, 2]))) == (1, 2)
    assert values_and_indices(fe.mode(fe.tensor([NAN, NAN, NAN, 1.0, 1.0, 2.0]))) == (1, 4)
    assert values_and_indices(fe.mode(fe.tensor([1.0, NAN, NAN]))) == (1, 0)
    assert values_and_indices(fe.mode(fe.tensor([[2, 2, 1, 1], [1, 2, 2, 3]]), 1)) == (
        [1, 2],
        [3, 2],
    )
    assert fe.mode(fe.tensor(FEW), 0, True).values.shape == (1, 7)


@given(hnp.arrays(np.int64, st.integers(1, 12), elements=st.integers(-2, 2)))
def test_modes_are_those_of_counting(x: Any) -> None:
    values, counts = np.unique(x, return_counts=True)
    found = fe.mode(fe.tensor(x))
    assert found.values.item() == values[counts.argmax()]
    assert found.indices.item() == np.flatnonzero(x == found.values.item())[-1]


def test_gradients_go_where_elements_came_from(draw: Draw) -> None:
    x = draw(3, 5)
    for function in (
        lambda x: fe.sort(x, 0)[0],
        lambda x: fe.topk(x, 2)[0],
        lambda x: fe.kthvalue(x, 2, 0, True)[0],
        lambda x: fe.median(x, 1)[0],
        lambda x: fe.quantile(x, 0.3, 1),
        lambda x: fe.nanquantile(x, fe.tensor([0.1, 0.6], dtype=fe.float64), 0),
    ):
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))
    for name in ("sort", "median", "mode", "kthvalue", "topk"):
        y = fe.tensor(2.0, requires_grad=True)
        arguments = (1,) if name in ("kthvalue", "topk") else (0,)
        getattr(fe, name)(y, *arguments)[0].backward()
        assert y.grad is not None
        assert y.grad.item() == 1


# Quantiles.

METHODS = ["linear", "lower", "higher", "nearest", "midpoint"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dim", [None, 0, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_quantiles(method: str, dim: int | None, keepdim: bool) -> None:
    q = np.array([0, 0.1, 0.33, 0.5, 0.77, 1])
    how: Any = {"keepdims": keepdim, "method": method}
    found = fe.quantile(fe.tensor(X), fe.tensor(q), dim, keepdim, interpolation=method)
    np.testing.assert_allclose(found.numpy(), np.quantile(X, q, axis=dim, **how), rtol=1e-12)
    one = fe.quantile(fe.tensor(X), 0.33, dim, keepdim, interpolation=method)
    np.testing.assert_allclose(one.numpy(), np.quantile(X, 0.33, axis=dim, **how), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_quantiles_of_what_is_not_nan(method: Any) -> None:
    x = np.where(X > 1, NAN, X)
    x[0, 0] = NAN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row of NaN alone
        want = np.nanquantile(x, [0.2, 0.9], axis=-1, method=method)
    q = fe.tensor([0.2, 0.9], dtype=fe.float64)
    found = fe.nanquantile(fe.tensor(x), q, -1, interpolation=method)
    np.testing.assert_allclose(found.numpy(), want, rtol=1e-12)
    found = fe.quantile(fe.tensor(x), q, -1, interpolation=method)
    assert np.isnan(found.numpy())[:, np.isnan(x).any(-1)].all()


def test_quantiles_that_are_refused() -> None:
    x = fe.tensor([1.0, 2.0])
    for q in (1.5, -0.1, NAN, fe.tensor([0.5, 2.0])):
        with pytest.raises(OutOfRange, match="q must be between 0 and 1"):
            fe.quantile(x, q)
    with pytest.raises(ArgumentError, match="interpolation must be one of"):
        fe.quantile(x, 0.5, interpolation="cubic")
    with pytest.raises(DTypeError, match="quantile"):
        fe.quantile(x, fe.tensor(0.5, dtype=fe.float64))
    with pytest.raises(DTypeError, match="must be float32 or float64, not int64"):
        fe.quantile(fe.tensor([1, 2]), 0.5)
    with pytest.raises(ShapeError, match="no quantile of no elements"):
        fe.quantile(fe.zeros(0), 0.5)
    with pytest.raises(ShapeError, match="q must be a number or have one dim"):
        fe.quantile(x, fe.tensor([[0.5]]))
