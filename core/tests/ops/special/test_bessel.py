import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import bessel_j0, bessel_j1, i0, i0e, i1, i1e

from .conftest import Agree


def double(*values: float) -> fe.Tensor:
    return fe.tensor(values, dtype=fe.float64)


FIRST_KIND = [(bessel_j0, scipy_special.j0), (bessel_j1, scipy_special.j1)]
MODIFIED = [
    (i0, scipy_special.i0),
    (i1, scipy_special.i1),
    (i0e, scipy_special.i0e),
    (i1e, scipy_special.i1e),
]


@pytest.mark.parametrize(("function", "reference"), FIRST_KIND)
def test_first_kind(function: fe.Op, reference: np.ufunc) -> None:
    x = np.concatenate([np.linspace(-40, 40, 301), np.linspace(24.9, 25.1, 21)])
    np.testing.assert_allclose(np.asarray(function(fe.tensor(x))), reference(x), atol=5e-16)
    single = x.astype(np.float32)
    got = np.asarray(function(fe.tensor(single)))
    np.testing.assert_allclose(got, reference(single.astype(float)), atol=4e-7)


@pytest.mark.parametrize(("function", "reference"), FIRST_KIND)
@given(x=st.floats(25.0, 1e6))
def test_first_kind_of_large_arguments(function: fe.Op, reference: np.ufunc, x: float) -> None:
    size = math.sqrt(2 / (math.pi * x))
    got = float(function(fe.tensor(x, dtype=fe.float64)))
    # SciPy's phase is x - pi / 4, rounded
    assert math.isclose(got, float(reference(x)), abs_tol=size * (1e-15 + x * 3e-16))


def test_small_arguments_of_order_1(agree: Agree) -> None:
    x = np.logspace(-30, -1, 30)
    agree(bessel_j1, scipy_special.j1, x, ulps=6)
    agree(i1, scipy_special.i1, -x, ulps=6)
    agree(i1e, scipy_special.i1e, x, ulps=6)


@pytest.mark.parametrize(("function", "reference"), MODIFIED)
def test_modified(agree: Agree, function: fe.Op, reference: np.ufunc) -> None:
    for low, high in ((-5.0, 5.0), (5.0, 25.0), (-85.0, -25.0)):
        agree(function, reference, np.linspace(low, high, 60), ulps=16)


def test_scaled_far_out(agree: Agree) -> None:
    x = np.logspace(2, 30, 40)
    agree(i0e, scipy_special.i0e, x, ulps=4)
    agree(i1e, scipy_special.i1e, -x, ulps=4)


def test_no_overflow_before_the_result_does() -> None:
    got = np.asarray(i0(double(713.0, 800.0, math.inf, -math.inf, math.nan)))
    wanted = float(scipy_special.i0e(713.0)) * math.exp(356.5)  # times exp(356.5) once more
    assert got[0] / math.exp(356.5) == pytest.approx(wanted, rel=1e-13)
    np.testing.assert_array_equal(got[1:], [*[math.inf] * 3, math.nan])
    assert float(i1(double(-800.0))[0]) == -math.inf


def test_parity() -> None:
    x = double(0.0, 0.7, 3.0, 22.0, 31.0)
    for function, sign in ((bessel_j0, 1), (bessel_j1, -1), (i0, 1), (i1, -1), (i0e, 1), (i1e, -1)):
        np.testing.assert_array_equal(np.asarray(function(-x)), sign * np.asarray(function(x)))


@pytest.mark.parametrize(
    ("function", "slope", "second"),
    [
        (bessel_j0, 0.0, -0.5),
        (bessel_j1, 0.5, 0.0),
        (i0, 0.0, 0.5),
        (i1, 0.5, 0.0),
        (i1e, 0.5, 0.0),
    ],
)
def test_derivatives_at_0(function: fe.Op, slope: float, second: float) -> None:
    x = fe.tensor(0.0, dtype=fe.float64, requires_grad=True)
    (first,) = fe.autograd.grad(function(x), x, create_graph=True)
    assert float(first) == slope
    assert float(fe.autograd.grad(first, x)[0]) == second


def test_slope_of_the_scaled_ones_does_not_cancel() -> None:
    # i0e is (1 + 1 / (8 x) + ...) / sqrt(2 pi x), and i1e (1 - 3 / (8 x) - ...) / sqrt(2 pi x)
    for function, c in ((i0e, 1 / 8), (i1e, -3 / 8)):
        x = fe.tensor(1e8, dtype=fe.float64, requires_grad=True)
        (slope,) = fe.autograd.grad(function(x), x)
        wanted = -(0.5 + 1.5 * c / 1e8) / (1e8 * math.sqrt(2 * math.pi * 1e8))
        assert float(slope) == pytest.approx(wanted, rel=1e-14)
