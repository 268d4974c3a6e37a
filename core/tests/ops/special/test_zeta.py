import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import polygamma, zeta

from .conftest import Agree


def double(*values: float) -> fe.Tensor:
    return fe.tensor(values, dtype=fe.float64)


def test_riemann() -> None:
    got = zeta(double(2.0, 3.0, 4.0, 60.0), 1)
    wanted = [math.pi**2 / 6, 1.2020569031595942, math.pi**4 / 90, 1.0]
    np.testing.assert_allclose(np.asarray(got), wanted, rtol=4e-16)


def test_hurwitz(agree: Agree) -> None:
    s, q = np.meshgrid([1.001, 1.5, 2.0, 3.7, 10.0, 45.0], np.logspace(-2, 0.8, 30))
    agree(zeta, scipy_special.zeta, s, q, ulps=24)


@pytest.mark.parametrize("s", [1.5, 2.0, 8.0])
def test_large_q(s: float) -> None:
    q = np.logspace(4, 12, 9)
    wanted = q ** (1 - s) / (s - 1) + 0.5 * q**-s + s * q ** (-s - 1) / 12
    got = zeta(fe.tensor(s, dtype=fe.float64), fe.tensor(q))
    np.testing.assert_allclose(np.asarray(got), wanted, rtol=4e-15)


@given(st.integers(2, 9), st.floats(-30.0, -0.05))
def test_negative_q_obeys_the_recurrence(s: int, q: float) -> None:
    got = float(zeta(float(s), fe.tensor(q, dtype=fe.float64)))
    if q == math.floor(q):
        assert got == math.inf
        return
    steps = math.ceil(-q)
    terms = [(q + k) ** -s for k in range(steps)]
    rest = float(scipy_special.zeta(s, q + steps)) if q + steps > 0 else 0.0
    size = max(map(abs, [*terms, rest]))
    assert math.isclose(got, math.fsum([*terms, rest]), rel_tol=1e-13, abs_tol=size * 1e-14)


def test_edges_are_those_of_pytorch() -> None:
    s = double(0.5, 1.0, 2.0, 2.0, 2.5, 2.0, math.nan, -math.inf)
    q = double(1.0, 3.0, 0.0, -3.0, -1.5, math.nan, 1.0, 1.0)
    nan, inf = math.nan, math.inf
    wanted = [nan, inf, inf, inf, nan, nan, nan, nan]
    np.testing.assert_array_equal(np.asarray(zeta(s, q)), wanted)


def test_gradient_by_q_only() -> None:
    s, q = fe.tensor([2.0, 3.0], requires_grad=True), fe.tensor([0.5, 2.0], requires_grad=True)
    (slope,) = fe.autograd.grad(zeta(s, q).sum(), q)
    np.testing.assert_allclose(
        np.asarray(slope), [-2 * scipy_special.zeta(3, 0.5), -3 * scipy_special.zeta(4, 2)], 1e-6
    )
    with pytest.raises(fe.GraphError, match="no gradient by the first argument"):
        zeta(s, q).sum().backward()


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_polygamma(agree: Agree, n: int) -> None:
    x = np.linspace(0.3, 12, 60)
    agree(lambda t: polygamma(n, t), lambda v: scipy_special.polygamma(n, v), x, ulps=32)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_polygamma_of_negative_numbers(n: int) -> None:
    x = np.linspace(-5.93, -0.07, 40)
    passed = ((x[:, None] + np.arange(6)) ** (-n - 1.0)).sum(1)
    wanted = scipy_special.polygamma(n, x + 6) + (-1) ** (n + 1) * math.factorial(n) * passed
    got = np.asarray(polygamma(n, fe.tensor(x)))
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-10)


def test_polygamma_of_a_high_order() -> None:
    # 40! / 10**41, about, does not fit in float32 before it is divided
    wanted = float(scipy_special.polygamma(40, 10.0))
    assert float(polygamma(40, fe.tensor(10.0))) == pytest.approx(wanted, rel=1e-5)
    got = float(polygamma(200, double(150.0))[0])
    size = math.exp(math.lgamma(201) - 201 * math.log(150))
    assert got == pytest.approx(-size * sum((1 + k / 150) ** -201 for k in range(99)), rel=1e-12)


def test_polygamma_at_poles_and_limits() -> None:
    x = double(0.0, -1.0, math.inf, math.nan)
    np.testing.assert_array_equal(np.asarray(polygamma(1, x)), [math.inf, math.inf, 0.0, math.nan])
    np.testing.assert_array_equal(
        np.asarray(polygamma(2, x)), [-math.inf, -math.inf, 0.0, math.nan]
    )


def test_polygamma_takes_the_order_first() -> None:
    x = fe.tensor([1.5, 2.5])
    for y in (fe.polygamma(1, x), fe.polygamma(n=1, input=x), x.polygamma(1)):
        np.testing.assert_allclose(np.asarray(y), scipy_special.polygamma(1, [1.5, 2.5]), 1e-6)
    with pytest.raises(fe.ArgumentError, match="must not be negative"):
        fe.polygamma(-1, x)
