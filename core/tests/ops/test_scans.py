"""Cumulative sums and extremes, differences and integrals, against NumPy and SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")

X = np.random.default_rng(0).standard_normal((3, 4, 5))
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_cumulative_sums_and_products(dim: int) -> None:
    x = fe.tensor(X)
    np.testing.assert_allclose(fe.cumsum(x, dim).numpy(), X.cumsum(dim), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(fe.cumprod(x, dim).numpy(), X.cumprod(dim), rtol=1e-12)
    want = np.logaddexp.accumulate(X, axis=dim)
    np.testing.assert_allclose(fe.logcumsumexp(x, dim).numpy(), want, rtol=1e-12, atol=1e-13)


def test_dtypes() -> None:
    assert fe.cumsum(fe.tensor([True, True]), 0).tolist() == [1, 2]
    assert fe.cumprod(fe.tensor([200, 200], dtype=fe.uint8), 0).tolist() == [200, 40000]
    assert fe.cumsum(fe.tensor([1.9, 2.0]), 0, dtype=fe.int64).tolist() == [1, 3]
    assert fe.cumprod(fe.tensor([1, 2]), 0, dtype=fe.float32).dtype is fe.float32
    z = X[0] + 1j * X[1]
    np.testing.assert_allclose(fe.cumprod(fe.tensor(z), 1).numpy(), z.cumprod(1), rtol=1e-12)
    with pytest.raises(DTypeError, match="complex128 is not among"):
        fe.cummax(fe.tensor(z), 0)


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_16_bit_floats_accumulate_in_float32(dtype: fe.DType) -> None:
    x = fe.ones(4000, dtype=dtype)
    assert fe.cumsum(x, 0)[-1].item() == pytest.approx(4000, rel=1e-2)  # in itself it stops growing
    back = fe.tensor([6e4, 6e4, -6e4], dtype=fe.float16)
    assert fe.cumsum(back, 0)[2].item() == back[0].item()
    assert fe.cumprod(fe.tensor([6e4, 2.0, 0.5], dtype=fe.float16), 0)[2].item() == 60000


def test_numbers_and_nothing() -> None:
    for name in ("cumsum", "cumprod", "logcumsumexp"):
        function = getattr(fe, name)
        assert function(fe.tensor(2.0), 0).item() == pytest.approx(2)
        assert function(fe.zeros(0, 3), 0).shape == (0, 3)
        x = fe.tensor(2.0, requires_grad=True)
        function(x, 0).backward()
        assert x.grad is not None
        assert x.grad.item() == 1
    assert fe.cummax(fe.tensor(2.0), 0).indices.item() == 0
    assert fe.cummin(fe.zeros(2, 0), 1).indices.shape == (2, 0)
    with pytest.raises(OutOfRange, match="dim=2 is out of range"):
        fe.cumsum(fe.zeros(2, 2), 2)
    with pytest.raises(ArgumentError, match="dim must be an int, not True"):
        fe.cumsum(fe.zeros(2, 2), True)


def test_cumulative_extremes_as_pytorch_has_them() -> None:
    x = fe.tensor([1.0, 1, 0, 1, 2, 2, NAN, 1, NAN])
    values, indices = fe.cummax(x, 0)
    np.testing.assert_array_equal(values.numpy(), [1, 1, 1, 1, 2, 2, NAN, NAN, NAN])
    assert indices.tolist() == [0, 1, 1, 3, 4, 5, 6, 6, 8]
    assert fe.cummin(fe.tensor([3, 1, 1, 2]), 0).indices.tolist() == [0, 1, 2, 2]
    zeros = fe.cummax(fe.tensor([0.0, -0.0, 0.0]), 0)
    assert np.signbit(zeros.values.numpy()).tolist() == [False, True, False]
    assert fe.cummax(fe.tensor([False, True, False]), 0).values.tolist() == [False, True, True]


@given(
    st.lists(st.sampled_from([NAN, INF, -INF, 0.0, 1.0, -1.0, 2.0]), max_size=9),
    st.booleans(),
)
def test_cumulative_extremes_are_those_of_a_loop(data: list[float], largest: bool) -> None:
    values, indices = (fe.cummax if largest else fe.cummin)(fe.tensor(data), 0)
    best = 0
    for i, v in enumerate(data):
        held = data[best]
        if v != v or (held == held and (v >= held if largest else v <= held)):
            best = i
        assert indices[i].item() == best
        np.testing.assert_equal(values[i].item(), data[best])


def test_logcumsumexp_at_infinities() -> None:
    x = fe.tensor([-INF, -INF, -800.0, -800.0, 3.0, 1000.0, INF, 1.0, NAN, 1.0])
    want = [-INF, -INF, -800, -800 + math.log(2), 3, 1000, INF, INF, NAN, NAN]
    np.testing.assert_allclose(fe.logcumsumexp(x, 0).numpy(), want, rtol=1e-6)


def test_gradients_of_scans(draw: Draw) -> None:
    x = draw(3, 5)
    for function in (
        lambda x: fe.cumsum(x, 1),
        lambda x: fe.cumprod(x, 1),
        lambda x: fe.logcumsumexp(x, 1),
        lambda x: fe.cummax(x, 0).values,
        lambda x: fe.trapezoid(x, dim=0),
        lambda x: fe.trapezoid(fe.tensor(X[0, :3]), x),
        lambda x: fe.gradient(x, dim=1, edge_order=2)[0],
    ):
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))


@pytest.mark.parametrize("zeros", [(), (1,), (0, 3), (2, 3, 4)])
def test_the_gradient_of_cumulative_products_is_exact_at_zeros(zeros: tuple[int, ...]) -> None:
    row = np.array([2.0, -1.0, 3.0, 0.5, 4.0])
    row[list(zeros)] = 0
    x = fe.tensor(row, requires_grad=True)
    weights = np.arange(1.0, 6)
    (found,) = fe.autograd.grad(fe.cumprod(x, 0), x, fe.tensor(weights), create_graph=True)

    def others(*left_out: int) -> list[float]:
        return [math.prod(row[j] for j in range(k + 1) if j not in left_out) for k in range(5)]

    want = [sum(weights[k] * others(i)[k] for k in range(i, 5)) for i in range(5)]
    np.testing.assert_allclose(found.detach().numpy(), want, rtol=1e-14)
    (second,) = fe.autograd.grad(found.sum(), x)
    want = [
        sum(weights[k] * others(i, j)[k] for j in range(5) if i != j for k in range(max(i, j), 5))
        for i in range(5)
    ]
    np.testing.assert_allclose(second.numpy(), want, rtol=1e-14)


def test_gradients_at_infinities_as_pytorch_has_them() -> None:
    def gradient(data: list[float]) -> Any:
        x = fe.tensor(data, requires_grad=True)
        fe.logcumsumexp(x, 0).sum().backward()
        assert x.grad is not None
        return x.grad.numpy()

    np.testing.assert_allclose(gradient([-INF, -INF, 1, -INF]), [NAN, NAN, 2, 0])
    np.testing.assert_allclose(gradient([1, INF, 1]), [1, NAN, 0])


@pytest.mark.parametrize("n", [0, 1, 2, 7])
@pytest.mark.parametrize("dim", [0, -1])
def test_differences(n: int, dim: int) -> None:
    np.testing.assert_array_equal(fe.diff(fe.tensor(X), n, dim).numpy(), np.diff(X, n, dim))
    end = np.ones_like(X)
    found = fe.diff(fe.tensor(X), n, dim, append=fe.tensor(end), prepend=fe.tensor(end))
    if n:
        np.testing.assert_array_equal(found.numpy(), np.diff(X, n, dim, prepend=end, append=end))


def test_differences_of_other_dtypes() -> None:
    assert fe.diff(fe.tensor([True, False, False])).tolist() == [True, False]
    assert fe.diff(fe.tensor([3, 1], dtype=fe.uint8)).tolist() == [254]
    assert fe.diff(fe.tensor([1, 2]), prepend=fe.tensor([0.5])).tolist() == [0.5, 1]
    with pytest.raises(ShapeError, match="at least one dim"):
        fe.diff(fe.tensor(1.0))
    with pytest.raises(ShapeError, match="prepend must have as many dims"):
        fe.diff(fe.zeros(2), prepend=fe.tensor(1.0))
    with pytest.raises(OutOfRange, match="n must not be negative"):
        fe.diff(fe.zeros(2), -1)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_derivatives(edge_order: Any) -> None:
    x = fe.tensor(X)
    want = np.gradient(X, edge_order=edge_order)
    for found, each in zip(fe.gradient(x, edge_order=edge_order), want, strict=True):
        np.testing.assert_allclose(found.numpy(), each, rtol=1e-12, atol=1e-14)
    places = [np.cumsum(np.arange(1.0, n + 1)) for n in X.shape]
    found = fe.gradient(x, spacing=[fe.tensor(p) for p in places], edge_order=edge_order)
    for got, each in zip(found, np.gradient(X, *places, edge_order=edge_order), strict=True):
        np.testing.assert_allclose(got.numpy(), each, rtol=1e-11, atol=1e-13)
    (along,) = fe.gradient(x, spacing=0.5, dim=-1, edge_order=edge_order)
    wanted = np.gradient(X, 0.5, axis=-1, edge_order=edge_order)
    np.testing.assert_allclose(along.numpy(), wanted, rtol=1e-12, atol=1e-14)


def test_derivatives_that_are_refused() -> None:
    x = fe.zeros(2, 3)
    assert fe.gradient(fe.tensor(1.0)) == ()
    assert fe.gradient(fe.tensor([1, 2, 4]), spacing=fe.tensor(2.0))[0].tolist() == [0.5, 0.75, 1]
    with pytest.raises(ShapeError, match="one spacing for each of the 2 dims"):
        fe.gradient(x, spacing=[1.0])
    with pytest.raises(ShapeError, match="needs at least 3 elements along dim 0"):
        fe.gradient(x, edge_order=2)
    with pytest.raises(OutOfRange, match="edge_order must be 1 or 2"):
        fe.gradient(x, edge_order=3)
    with pytest.raises(ArgumentError, match="sequence of tensors"):
        fe.gradient(fe.zeros(2), spacing=fe.tensor([0.0, 1.0]))


@pytest.mark.parametrize("dim", [0, -1])
def test_integrals(dim: int) -> None:
    from scipy.integrate import cumulative_trapezoid

    y, places = fe.tensor(X), np.cumsum(np.arange(1.0, X.shape[dim] + 1))
    close: Any = {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(
        fe.trapz(y, dx=0.5, dim=dim).numpy(), np.trapezoid(X, dx=0.5, axis=dim), **close
    )
    want = np.trapezoid(X, places, axis=dim)
    np.testing.assert_allclose(fe.trapezoid(y, fe.tensor(places), dim=dim).numpy(), want, **close)
    want = cumulative_trapezoid(X, places, axis=dim)
    found = fe.cumulative_trapezoid(y, fe.tensor(places), dim=dim)
    np.testing.assert_allclose(found.numpy(), want, **close)
    each = np.cumsum(np.abs(X), axis=dim)
    found = fe.trapezoid(y, fe.tensor(each), dim=dim)
    np.testing.assert_allclose(found.numpy(), np.trapezoid(X, each, axis=dim), **close)


def test_integrals_of_few_points_and_of_integers() -> None:
    assert fe.trapezoid(fe.zeros(0)).item() == 0
    assert fe.trapezoid(fe.tensor([1.0])).item() == 0
    assert fe.cumulative_trapezoid(fe.tensor([1.0])).shape == (0,)
    assert fe.trapezoid(fe.tensor([1, 2, 4])).item() == 4.5
    with pytest.raises(ShapeError, match="one x for each of the 3 elements"):
        fe.trapezoid(fe.zeros(2, 3), fe.tensor([0.0, 1.0]))
    with pytest.raises(ArgumentError, match="x or dx, not both"):
        fe.trapezoid(fe.zeros(2), fe.zeros(2), dx=1)
    with pytest.raises(DTypeError, match="not bools"):
        fe.trapezoid(fe.tensor([True, True]))
    with pytest.raises(ShapeError, match="at least one dim"):
        fe.trapezoid(fe.tensor(1.0))
