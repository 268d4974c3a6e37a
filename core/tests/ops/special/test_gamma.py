import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import digamma, gammaln, multigammaln, polygamma

from .conftest import Agree


def double(*values: float) -> fe.Tensor:
    return fe.tensor(values, dtype=fe.float64)


def test_lgamma(agree: Agree) -> None:
    agree(gammaln, scipy_special.gammaln, np.linspace(0.01, 9, 301), ulps=8, absolute=2)
    agree(gammaln, scipy_special.gammaln, np.logspace(1, 30, 100), ulps=6)
    agree(gammaln, scipy_special.gammaln, np.logspace(-30, -1, 50), ulps=6)
    agree(gammaln, scipy_special.gammaln, -np.logspace(-30, -1, 50), ulps=6)


@pytest.mark.parametrize("root", [1.0, 2.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_lgamma_is_relatively_precise_near_its_roots(root: float, sign: float) -> None:
    x = root + sign * np.logspace(-14, -4, 30)
    z = x - root
    first = -np.euler_gamma if root == 1 else 1 - np.euler_gamma
    zeta = [math.pi**2 / 6, 1.2020569031595942, math.pi**4 / 90]
    shift = 0.0 if root == 1 else 1.0
    series = first * z + sum((-1) ** k * (zeta[k - 2] - shift) * z**k / k for k in range(2, 5))
    np.testing.assert_allclose(np.asarray(gammaln(fe.tensor(x))), series, rtol=1e-13)


def test_lgamma_of_large_numbers() -> None:
    got = np.asarray(gammaln(double(1e8, 1e305, 2.55e305, 2.6e305, math.inf)))
    np.testing.assert_allclose(got[:2], scipy_special.gammaln([1e8, 1e305]), rtol=1e-15)
    assert np.isfinite(got[2])
    np.testing.assert_array_equal(got[3:], [math.inf, math.inf])
    assert float(gammaln(fe.tensor(1e36))) == pytest.approx(1e36 * (math.log(1e36) - 1), rel=1e-6)


@given(st.floats(-50.0, -0.01))
def test_lgamma_by_reflection(x: float) -> None:
    got = float(gammaln(fe.tensor(x, dtype=fe.float64)))
    wanted = math.lgamma(x) if x != math.floor(x) else math.inf
    assert math.isclose(got, wanted, rel_tol=1e-14, abs_tol=1e-14)


def test_poles_and_limits() -> None:
    x = double(0.0, -0.0, -1.0, -7.0, -1e17, math.inf, -math.inf, math.nan)
    infinite = [math.inf] * 7
    np.testing.assert_array_equal(np.asarray(gammaln(x)), [*infinite, math.nan])
    wanted = [-math.inf, math.inf, math.nan, math.nan, math.nan, math.inf, math.nan, math.nan]
    np.testing.assert_array_equal(np.asarray(digamma(x)), wanted)


def test_digamma(agree: Agree) -> None:
    agree(digamma, scipy_special.digamma, np.linspace(0.01, 1.4, 101), ulps=6)
    agree(digamma, scipy_special.digamma, np.linspace(1.5, 12, 101), ulps=6)
    agree(digamma, scipy_special.digamma, np.logspace(1, 30, 50), ulps=4)
    agree(digamma, scipy_special.digamma, -np.logspace(-30, -1, 50), ulps=8)


def test_digamma_is_relatively_precise_near_its_root() -> None:
    root = 1.4616321449683623
    for distance in (1e-12, -1e-9, 1e-5):
        x = root + distance
        y = float(digamma(fe.tensor(x, dtype=fe.float64)))
        assert y == pytest.approx(float(scipy_special.digamma(x)), rel=1e-13)
        assert y == pytest.approx(0.9676722454624248 * (x - root), rel=1e-3)


@given(st.floats(-40.0, -0.6).filter(lambda x: abs(x - round(x)) > 1e-3))
def test_digamma_by_reflection(x: float) -> None:
    got = float(digamma(fe.tensor(x, dtype=fe.float64)))
    assert math.isclose(got, float(scipy_special.digamma(x)), rel_tol=1e-12, abs_tol=1e-12)


def test_derivatives_are_polygammas() -> None:
    x = fe.tensor([0.3, 1.0, 2.0, 2.6, 40.0, -0.3, -2.6], dtype=fe.float64, requires_grad=True)
    y = gammaln(x)
    for n in range(4):
        (y,) = fe.autograd.grad(y.sum(), x, create_graph=True)
        np.testing.assert_allclose(
            np.asarray(y.detach()), np.asarray(polygamma(n, x.detach())), rtol=1e-15
        )


def test_multigammaln(agree: Agree) -> None:
    # of dimension 2 it is sqrt(pi) * gamma(x) * gamma(x - 1 / 2)
    x = np.linspace(1.6, 20, 50)
    agree(lambda t: multigammaln(t, 1), scipy_special.gammaln, x, absolute=2)
    agree(
        lambda t: multigammaln(t, 2),
        lambda v: np.log(np.pi) / 2 + scipy_special.gammaln(v) + scipy_special.gammaln(v - 0.5),
        x,
        absolute=2,
    )
    wanted = math.log(math.pi**1.5 * 2 * math.gamma(2.5) * 1)
    assert float(multigammaln(double(3.0), 3)[0]) == pytest.approx(wanted, rel=1e-15)


def test_multigammaln_needs_a_dimension() -> None:
    with pytest.raises(fe.ArgumentError, match="p must be at least 1"):
        fe.mvlgamma(double(3.0), 0)
