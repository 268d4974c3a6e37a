import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

import ferrule as fe
from ferrule.special import gammainc, gammaincc

from .conftest import Agree

inf, nan = math.inf, math.nan


def double(*values: float) -> fe.Tensor:
    return fe.tensor(values, dtype=fe.float64)


def grid(sizes: np.ndarray, quotients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a = np.repeat(sizes, len(quotients))
    return a, a * np.tile(quotients, len(sizes))


REGIONS = {
    "power series": (np.linspace(0.05, 11.9, 20), np.linspace(0.05, 1.0, 15)),
    "small a": (np.logspace(-6, -0.1, 20), np.array([0.01, 0.3, 0.9, 1.7])),
    "continued fraction": (np.linspace(1.0, 11.9, 20), np.linspace(2.0, 8.0, 15)),
    "Temme": (np.logspace(1.1, 3, 20), np.linspace(0.9, 1.1, 21)),
    "its edge": (np.linspace(12, 30, 9), np.array([0.29, 0.31, 2.34, 2.37])),
    "far from large a": (np.logspace(1.1, 1.6, 9), np.array([0.05, 0.2, 2.5, 5.0])),
}


@pytest.mark.parametrize("region", REGIONS)
def test_values(agree: Agree, region: str) -> None:
    a, x = grid(*REGIONS[region])
    if region == "small a":
        x = x / a
    agree(gammainc, scipy_special.gammainc, a, x, ulps=500)
    agree(gammaincc, scipy_special.gammaincc, a, x, ulps=500)


def test_one_is_the_exponential() -> None:
    x = np.concatenate([np.logspace(-10, 0, 20), np.linspace(1, 700, 50)])
    np.testing.assert_allclose(
        np.asarray(gammaincc(fe.tensor(1.0, dtype=fe.float64), fe.tensor(x))), np.exp(-x), 2e-14
    )
    np.testing.assert_allclose(
        np.asarray(gammainc(fe.tensor(1.0, dtype=fe.float64), fe.tensor(x))), -np.expm1(-x), 2e-15
    )


def test_half_is_the_error_function() -> None:
    x = np.linspace(0.01, 25, 60)
    a = fe.tensor(0.5, dtype=fe.float64)
    for function, wanted in ((gammainc, scipy_special.erf), (gammaincc, scipy_special.erfc)):
        np.testing.assert_allclose(np.asarray(function(a, fe.tensor(x**2))), wanted(x), 2e-13)


@given(st.floats(1e-3, 1e4), st.floats(0.01, 5.0))
def test_the_two_add_up_to_one(a: float, quotient: float) -> None:
    operands = double(a), double(a * quotient)
    assert math.isclose(float((gammainc(*operands) + gammaincc(*operands))[0]), 1.0, rel_tol=1e-13)


def test_very_large_a_is_nearly_normal() -> None:
    # by the expansion of Cornish and Fisher, to the order 1 / a
    a = 1e10
    z = np.linspace(-3, 3, 7)
    q = scipy_special.ndtr(-z) + np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi * a) * (
        -(1 - z**2) / 3
    )
    got = gammaincc(fe.tensor(a, dtype=fe.float64), fe.tensor(a + z * math.sqrt(a)))
    np.testing.assert_allclose(np.asarray(got), q, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_operands_are_too_large_or_too_small(dtype: type) -> None:
    info = np.finfo(dtype)
    sizes = [info.smallest_subnormal, info.tiny, 1e-9, 0.5, 1.0, 11.9, 12.0, 1e3, 1e9, info.max]
    a, x = (np.asarray(v, dtype).ravel() for v in np.meshgrid(sizes, sizes))
    below = scipy_special.gammainc(a.astype(np.float64), x.astype(np.float64))
    below[a < 1e-320] = 1.0  # SciPy says 0, and NaN for the largest
    known = ~np.isnan(below)
    lower = np.asarray(gammainc(fe.tensor(a), fe.tensor(x)))
    upper = np.asarray(gammaincc(fe.tensor(a), fe.tensor(x)))
    np.testing.assert_allclose(lower[known], below[known], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(upper, 1 - lower.astype(np.float64), rtol=1e-4, atol=1e-6)


def test_edges_are_those_of_pytorch() -> None:
    a = double(-1.0, 0.0, 0.0, 2.0, 2.0, 2.0, inf, inf, nan, 2.0)
    x = double(1.0, 0.0, 3.0, 0.0, inf, -1.0, 4.0, inf, 1.0, nan)
    lower = [nan, nan, 1.0, 0.0, 1.0, nan, 0.0, nan, nan, nan]
    np.testing.assert_array_equal(np.asarray(gammainc(a, x)), lower)
    np.testing.assert_array_equal(np.asarray(gammaincc(a, x)), 1 - np.array(lower))


def test_gradient_by_x_is_the_density() -> None:
    a = double(0.5, 1.0, 3.0, 30.0, 30.0)
    x = fe.tensor([0.7, 2.0, 9.0, 28.0, 90.0], dtype=fe.float64, requires_grad=True)
    (slope,) = fe.autograd.grad(gammainc(a, x).sum(), x, create_graph=True)
    (upper,) = fe.autograd.grad(gammaincc(a, x).sum(), x)
    b, v = np.asarray(a), np.asarray(x.detach())
    density = np.exp((b - 1) * np.log(v) - v - scipy_special.gammaln(b))
    np.testing.assert_allclose(np.asarray(slope.detach()), density, rtol=1e-13)
    np.testing.assert_allclose(np.asarray(upper), -density, rtol=1e-13)
    (second,) = fe.autograd.grad(slope.sum(), x)
    np.testing.assert_allclose(np.asarray(second), density * ((b - 1) / v - 1), rtol=1e-12)


def test_gradient_where_a_is_large() -> None:
    # at x = a it is 1 / sqrt(2 * pi * a), less 1 / (12 * a) of itself
    a = double(1e6, 1e12)
    x = a.clone().requires_grad_()
    gammainc(a, x).sum().backward()
    b = np.asarray(a)
    assert x.grad is not None
    wanted = (1 - 1 / (12 * b) + 1 / (288 * b**2)) / np.sqrt(2 * math.pi * b)
    np.testing.assert_allclose(np.asarray(x.grad), wanted, rtol=1e-15)


def test_gradient_at_the_edges() -> None:
    a = double(0.5, 1.0, 2.0, 0.0, 2.0, -1.0, 2.0)
    x = double(0.0, 0.0, 0.0, 3.0, inf, 1.0, nan).requires_grad_()
    gammainc(a, x).sum().backward()
    np.testing.assert_array_equal(np.asarray(x.grad), [inf, 1.0, 0.0, 0.0, 0.0, nan, nan])


@pytest.mark.parametrize("function", [gammainc, gammaincc])
def test_gradient_by_a_is_refused(function: fe.Op) -> None:
    a = fe.tensor([2.0], requires_grad=True)
    with pytest.raises(fe.GraphError, match="no gradient by the first argument"):
        function(a, fe.tensor([1.0])).sum().backward()


def test_aliases() -> None:
    assert fe.igamma is gammainc
    assert fe.igammac is gammaincc
    x = fe.tensor([0.5, 2.0])
    assert float((x.igamma(x) - gammainc(input=x, other=x)).abs().max()) == 0.0
