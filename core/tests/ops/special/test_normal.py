import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import erf, erfinv, log_ndtr, ndtr, ndtri

from .conftest import Agree


def double(*values: float) -> fe.Tensor:
    return fe.tensor(values, dtype=fe.float64)


def test_erfinv(agree: Agree) -> None:
    inner = np.linspace(-0.999, 0.999, 101)
    agree(erfinv, scipy_special.erfinv, inner, ulps=16)
    agree(erfinv, scipy_special.erfinv, np.logspace(-30, -1, 30), ulps=8)


@given(st.floats(-1.0, 1.0, exclude_min=True, exclude_max=True))
def test_erfinv_undoes_erf(y: float) -> None:
    x = erfinv(fe.tensor(y, dtype=fe.float64))
    slope = 2 / math.sqrt(math.pi) * math.exp(-(float(x) ** 2))
    assert math.isclose(float(erf(x)), y, rel_tol=1e-15, abs_tol=slope * 1e-14)


def test_edges_of_erfinv() -> None:
    x = np.asarray(erfinv(double(1.0, -1.0, 1.1, -2.0, math.nan, 0.0)))
    np.testing.assert_array_equal(x, [math.inf, -math.inf, *[math.nan] * 3, 0.0])


def test_ndtri(agree: Agree) -> None:
    agree(ndtri, scipy_special.ndtri, np.linspace(0.001, 0.999, 101)[:-1], ulps=32)
    agree(ndtri, scipy_special.ndtri, np.logspace(-30, -1, 59), ulps=8)


def test_ndtri_of_the_smallest_numbers() -> None:
    p = double(1e-300, 5e-324)
    np.testing.assert_allclose(np.asarray(ndtri(p)), [-37.0471, -38.4674], rtol=1e-5)


def test_edges_of_ndtri() -> None:
    x = np.asarray(ndtri(double(0.0, 1.0, -0.1, 1.5, 0.5, math.nan)))
    np.testing.assert_array_equal(x, [-math.inf, math.inf, math.nan, math.nan, 0.0, math.nan])


def test_ndtr(agree: Agree) -> None:
    agree(ndtr, scipy_special.ndtr, np.linspace(-9, 9, 121), ulps=64)


def test_ndtr_in_its_tail() -> None:
    # x**2 / 2 is rounded once: 4.906713927148187e-198 is right in all digits
    got = np.asarray(ndtr(double(-30.0, -math.inf, math.inf)))
    np.testing.assert_allclose(got, [4.906713927148187e-198, 0.0, 1.0], rtol=1e-15)


def test_log_ndtr(agree: Agree) -> None:
    agree(log_ndtr, scipy_special.log_ndtr, np.linspace(-40, 5, 121), ulps=24)


def test_log_ndtr_far_out() -> None:
    # -x**2 / 2 - log(-x * sqrt(2 * pi)) - 1 / x**2 + ...; and -exp(-x**2 / 2) / ...
    wanted = -5000.0 - math.log(100 * math.sqrt(2 * math.pi)) + math.log1p(-1e-4 + 3e-8)
    got = np.asarray(log_ndtr(double(-100.0, 10.0, math.inf, -1e200)))
    np.testing.assert_allclose(got[0], wanted, rtol=1e-14)
    np.testing.assert_allclose(got[1], -7.619853024160526e-24, rtol=4e-15)
    np.testing.assert_array_equal(got[2:], [0.0, -math.inf])


def test_slopes_in_both_tails() -> None:
    x = fe.tensor([-1e5, -100.0, 0.0, 30.0], dtype=fe.float64, requires_grad=True)
    (slope,) = fe.autograd.grad(log_ndtr(x).sum(), x, create_graph=True)
    (second,) = fe.autograd.grad(slope.sum(), x)
    # the quotient of density and distribution function h, and -h * (x + h)
    h = [
        1e5 + 1e-5,
        100 + 1e-2 - 2e-6 + 1e-9 - 7.4e-13,
        math.sqrt(2 / math.pi),
        1.4736461348785476e-196,
    ]
    np.testing.assert_allclose(np.asarray(slope.detach()), h, rtol=1e-12)
    np.testing.assert_allclose(
        np.asarray(second), [-1.0, -0.99990006, -2 / math.pi, -30 * h[3]], rtol=1e-7
    )
