import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import entr, exp2, logit, sinc, xlog1py, xlogy

from .conftest import Agree

inf, nan = math.inf, math.nan


def double(*values: float) -> fe.Tensor:
    return fe.tensor(values, dtype=fe.float64)


def gradient(function, *operands: fe.Tensor, by: int = 0) -> np.ndarray:
    xs = [x.clone().detach() for x in operands]
    xs[by].requires_grad_()
    return np.asarray(fe.autograd.grad(function(*xs).sum(), xs[by])[0])


def test_exp2_is_exact_at_integers() -> None:
    n = np.arange(-1074, 1024)
    np.testing.assert_array_equal(np.asarray(exp2(fe.tensor(n, dtype=fe.float64))), 2.0**n)
    np.testing.assert_array_equal(
        np.asarray(exp2(double(1024.0, -1080.0, inf, -inf))), [inf, 0, inf, 0]
    )
    assert exp2(fe.tensor([3])).dtype is fe.float32


def test_exp2(agree: Agree) -> None:
    agree(exp2, np.exp2, np.linspace(-100, 100, 301), ulps=2)


def test_entr(agree: Agree) -> None:
    agree(entr, scipy_special.entr, np.linspace(0, 5, 41), ulps=4)
    x = double(0.0, -1.0, inf, nan)
    np.testing.assert_array_equal(np.asarray(entr(x)), [0.0, -inf, -inf, nan])
    np.testing.assert_array_equal(gradient(entr, x), [inf, nan, -inf, nan])


def test_xlogy_at_0_is_that_of_pytorch() -> None:
    a = double(0, 0, 0, 0, 0, 1, 1)
    b = double(0, -1, 2, inf, nan, 0, -1)
    np.testing.assert_array_equal(np.asarray(xlogy(a, b)), [0, 0, 0, 0, nan, -inf, nan])
    np.testing.assert_array_equal(gradient(xlogy, a, b), [0, 0, math.log(2), inf, nan, -inf, nan])
    np.testing.assert_array_equal(gradient(xlogy, a, b, by=1), [nan, 0, 0, 0, nan, inf, -1])


def test_xlog1py_at_0_is_that_of_pytorch() -> None:
    a = double(0, 0, 0, 0, 0, 1, 1)
    b = double(-1, -2, 1, inf, nan, -1, -2)
    np.testing.assert_array_equal(np.asarray(xlog1py(a, b)), [0, 0, 0, 0, nan, -inf, nan])
    np.testing.assert_array_equal(
        gradient(xlog1py, a, b), [0, 0, math.log1p(1), inf, nan, -inf, nan]
    )


@pytest.mark.parametrize("function", [xlogy, xlog1py])
def test_numbers_for_tensors(function: fe.Op) -> None:
    x = double(0.5, 2.0)
    two = double(2.0)
    np.testing.assert_array_equal(np.asarray(function(2, x)), np.asarray(function(two, x)))
    np.testing.assert_array_equal(np.asarray(function(x, 2.0)), np.asarray(function(x, two)))
    np.testing.assert_array_equal(
        gradient(lambda t: function(2, t), x), 2 / (np.asarray(x) + (function is xlog1py))
    )
    assert function(fe.tensor([1, 2]), 3).dtype is fe.float32


@given(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True))
def test_logit(p: float) -> None:
    got = float(logit(fe.tensor(p, dtype=fe.float64)))
    assert math.isclose(
        got,
        2 * math.atanh(2 * p - 1) if 0.1 < p < 0.9 else math.log(p) - math.log1p(-p),
        rel_tol=1e-14,
        abs_tol=1e-300,
    )


def test_logit_with_eps_is_that_of_pytorch() -> None:
    x = double(-0.5, 0.0, 0.1, 0.5, 0.95, 1.0, 1.5)
    third = 2.1972245773362196
    np.testing.assert_allclose(
        np.asarray(fe.logit(x, 0.1)), [-third, -third, -third, 0, third, third, third], rtol=1e-15
    )
    np.testing.assert_allclose(
        gradient(lambda t: fe.logit(t, eps=0.1), x), [0, 0, 1 / 0.09, 4, 0, 0, 0], rtol=1e-15
    )
    np.testing.assert_array_equal(
        np.asarray(fe.logit(x))[[0, 1, 3, 5, 6]], [nan, -inf, 0, inf, nan]
    )
    np.testing.assert_array_equal(gradient(fe.logit, x)[[0, 1, 3, 5, 6]], [nan, inf, 4, inf, nan])


@pytest.mark.parametrize(
    ("function", "reference"), [(fe.logaddexp, np.logaddexp), (fe.logaddexp2, np.logaddexp2)]
)
@given(a=st.floats(-1e4, 1e4), b=st.floats(-1e4, 1e4))
def test_logaddexp(function: fe.Op, reference: np.ufunc, a: float, b: float) -> None:
    got = float(function(double(a), double(b))[0])
    assert math.isclose(got, float(reference(a, b)), rel_tol=1e-14, abs_tol=1e-14)


@pytest.mark.parametrize("function", [fe.logaddexp, fe.logaddexp2])
def test_logaddexp_of_infinities(function: fe.Op) -> None:
    a, b = double(inf, -inf, -inf, inf, nan), double(inf, -inf, 1.0, -inf, 1.0)
    np.testing.assert_array_equal(np.asarray(function(a, b)), [inf, -inf, 1.0, inf, nan])
    np.testing.assert_array_equal(gradient(function, a, b), [0.5, 0.5, 0.0, 1.0, nan])
    np.testing.assert_array_equal(gradient(function, a, b, by=1), [0.5, 0.5, 1.0, 0.0, nan])


def test_logaddexp_needs_floats() -> None:
    with pytest.raises(fe.DTypeError):
        fe.logaddexp(fe.tensor([1]), fe.tensor([2]))


def test_sinc(agree: Agree) -> None:
    agree(sinc, np.sinc, np.linspace(-0.9, 0.9, 60), ulps=6)
    x = np.linspace(-30, 30, 131)
    np.testing.assert_allclose(np.asarray(sinc(fe.tensor(x))), np.sinc(x), atol=2e-16)
    whole = np.asarray(sinc(double(1.0, -2.0, 1e10, 1e17)))
    np.testing.assert_array_equal(whole, np.zeros(4))


def test_derivatives_of_sinc_at_and_near_0() -> None:
    x = fe.tensor([0.0, 1e-9, 0.3], dtype=fe.float64, requires_grad=True)
    (slope,) = fe.autograd.grad(sinc(x).sum(), x, create_graph=True)
    (second,) = fe.autograd.grad(slope.sum(), x)
    curvature = -(math.pi**2) / 3
    np.testing.assert_allclose(np.asarray(slope.detach())[:2], [0.0, curvature * 1e-9], rtol=1e-14)
    np.testing.assert_allclose(np.asarray(second)[:2], [curvature, curvature], rtol=1e-14)
    wanted = (math.cos(0.3 * math.pi) - np.sinc(0.3)) / 0.3
    np.testing.assert_allclose(np.asarray(slope.detach())[2], wanted, rtol=1e-14)
