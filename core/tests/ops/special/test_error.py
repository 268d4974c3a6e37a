import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import erf, erfc, erfcx

from .conftest import Agree

SIZES = np.concatenate(
    [np.logspace(-12, 0, 40), np.linspace(0.4, 0.5, 41), np.linspace(0.5, 9, 60)]
)


def test_values(agree: Agree) -> None:
    for sign in (1.0, -1.0):
        agree(erf, scipy_special.erf, sign * SIZES, ulps=4)
        agree(erfc, np.vectorize(math.erfc), sign * SIZES, ulps=8)
        agree(erfcx, scipy_special.erfcx, sign * SIZES[SIZES < 4], ulps=8)


@given(st.floats(0.0, 26.0))
def test_erfc_is_relatively_precise_in_its_tail(x: float) -> None:
    wanted = math.erfc(x)
    got = float(erfc(fe.tensor(x, dtype=fe.float64)))
    assert math.isclose(got, wanted, rel_tol=2e-15)


def test_erfc_of_20() -> None:
    # Wolfram's 5.3958656116079009e-176
    assert float(erfc(fe.tensor(20.0, dtype=fe.float64))) == pytest.approx(
        5.3958656116079009e-176, rel=1e-15
    )


@given(st.floats(0.5, 1e300))
def test_erfcx_of_large_arguments(x: float) -> None:
    got = float(erfcx(fe.tensor(x, dtype=fe.float64)))
    assert math.isclose(got, float(scipy_special.erfcx(x)), rel_tol=2e-15)


def test_erfcx_overflows_where_it_should(agree: Agree) -> None:
    # 2 * exp(x**2), less what is nothing beside it
    agree(
        erfcx, np.vectorize(lambda x: float(2 * (Decimal(x) ** 2).exp())), np.linspace(-26, -9, 30)
    )
    x = fe.tensor([-27.0, -math.inf, math.inf, 0.0, math.nan], dtype=fe.float64)
    np.testing.assert_array_equal(np.asarray(erfcx(x)), [math.inf, math.inf, 0.0, 1.0, math.nan])


def test_limits() -> None:
    x = fe.tensor([0.0, -0.0, math.inf, -math.inf, math.nan], dtype=fe.float64)
    np.testing.assert_array_equal(np.asarray(erf(x)), [0.0, -0.0, 1.0, -1.0, math.nan])
    assert np.signbit(np.asarray(erf(x)))[1]
    np.testing.assert_array_equal(np.asarray(erfc(x)), [1.0, 1.0, 0.0, 2.0, math.nan])


def test_slope_of_erfcx_does_not_cancel() -> None:
    # the derivative is -(1 - 3 / (2 x**2) + ...) / (sqrt(pi) x**2)
    x = fe.tensor([1e3, 1e6], dtype=fe.float64, requires_grad=True)
    erfcx(x).sum().backward()
    size = np.asarray(x.detach())
    wanted = -(1 - 1.5 / size**2) / (math.sqrt(math.pi) * size**2)
    assert x.grad is not None
    np.testing.assert_allclose(np.asarray(x.grad), wanted, rtol=1e-11)
