"""Elementwise functions: PyTorch's forms, and accuracy where formulas lose it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import ArgumentError, DTypeError, ShapeError

EXTREMES = [
    0.0, -0.0, 1e-320, -1e-300, 1e-17, 1e-8, 0.3, -0.999999999, 1.0, -1.0, 1.0 + 1e-15, 7.5, -40.0,
    354.0, 709.9, -711.0, 1e5, -3e150, 1.7e308, math.inf, -math.inf, math.nan,
]  # fmt: skip

REAL: dict[str, Callable[..., Any]] = {
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "log2": np.log2,
    "log10": np.log10,
    "trunc": np.trunc,
    "signbit": np.signbit,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "deg2rad": np.deg2rad,
}


@pytest.fixture
def body() -> Callable[..., Any]:
    """Runs an op by its body, whatever kernels there are."""

    def run(name: str, *operands: Any, **attrs: Any) -> Any:
        op = fe.OPS[name]
        return op(*operands, **attrs) if op.primitive else op.body(*operands, **attrs)

    return run


@pytest.mark.parametrize("name", REAL)
def test_bodies_are_accurate_at_the_extremes(name: str, body: Callable[..., Any]) -> None:
    x = np.array(EXTREMES)
    with np.errstate(all="ignore"):
        want = REAL[name](x)
    got = body(name, fe.tensor(x)).numpy()
    if name == "tan":  # beyond 1e5, sin and cos reduce their argument each in its own way
        got, want = got[np.abs(x) < 1e6], want[np.abs(x) < 1e6]
    np.testing.assert_allclose(got, want, rtol=1e-14)


PLANE = [complex(a, b) for a in (-3.0, -0.5, -1e-9, 0.0, 0.7, 2.0) for b in (-2.0, -1e-6, 0.4, 5.0)]


@pytest.mark.parametrize(
    "name", ["tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "log2"]
)
def test_bodies_of_complex_numbers_are_numpys(name: str, body: Callable[..., Any]) -> None:
    z = np.array(PLANE)
    want = REAL[name](z)
    got = body(name, fe.tensor(z)).numpy()
    np.testing.assert_allclose(got, want, rtol=1e-13)


@given(st.floats(), st.floats())
def test_hypot_is_numpys(a: float, b: float) -> None:
    with np.errstate(all="ignore"):
        want = np.hypot(a, b)
    x, y = fe.tensor(a, dtype=fe.float64), fe.tensor(b, dtype=fe.float64)
    for got in (fe.hypot(x, y), fe.OPS["hypot"].body(x, y)):
        np.testing.assert_allclose(got.item(), want, rtol=1e-15, atol=1e-323)


@given(st.floats(width=32), st.integers(-300, 300))
def test_frexp_and_ldexp_are_numpys(x: float, n: int) -> None:
    value = fe.tensor(x, dtype=fe.float32)
    mantissa, exponent = fe.frexp(value)
    want, power = np.frexp(np.float32(x))
    np.testing.assert_array_equal(mantissa.numpy(), want)
    assert exponent.item() == (power if math.isfinite(x) else 0)
    assert exponent.dtype is fe.int32
    if math.isfinite(x):
        np.testing.assert_array_equal(fe.ldexp(mantissa, exponent).numpy(), np.float32(x))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(
            fe.ldexp(value, fe.tensor(n)).numpy(), np.ldexp(np.float32(x), n), rtol=0, atol=2e-45
        )


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1).filter(bool))
def test_division_of_integers_rounds_as_asked(a: int, b: int) -> None:
    x, y = fe.tensor([a]), fe.tensor([b])
    exact = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    assert fe.div(x, y, rounding_mode="trunc").item() == exact
    assert fe.div(x, y, rounding_mode="floor").item() == a // b
    assert fe.fmod(x, y).item() == math.fmod(a, b)
    assert fe.remainder(x, y).item() == a % b


def test_division_modes() -> None:
    x = fe.tensor([-7.0, 7.0])
    assert fe.div(x, 2.0, rounding_mode="trunc").tolist() == [-3, 3]
    assert fe.true_divide(fe.tensor([1, 2]), 2).tolist() == [0.5, 1]
    with pytest.raises(ArgumentError, match="rounding_mode must be None"):
        fe.div(x, 2.0, rounding_mode="up")  # pyright: ignore[reportArgumentType]  the error is meant


def test_alpha_scales_the_second_operand() -> None:
    x, y = fe.tensor([1.0, 2.0]), fe.tensor([10.0, 20.0])
    assert fe.add(x, y, alpha=2).tolist() == [21, 42]
    assert fe.sub(x, y, alpha=0.5).tolist() == [-4, -8]
    assert fe.rsub(x, y, alpha=3).tolist() == [7, 14]
    assert fe.add(input=x, other=y).tolist() == [11, 22]


def test_fmax_and_fmin_pass_over_nan() -> None:
    a, b = fe.tensor([math.nan, 1.0, math.nan]), fe.tensor([2.0, math.nan, math.nan])
    np.testing.assert_array_equal(fe.fmax(a, b).numpy(), [2, 1, math.nan])
    np.testing.assert_array_equal(fe.fmin(a, b).numpy(), [2, 1, math.nan])


def test_round_to_decimals() -> None:
    np.testing.assert_allclose(
        fe.round(fe.tensor([1.2345, -2.5]), decimals=2).numpy(), [1.23, -2.5]
    )
    assert fe.round(fe.tensor([125.0, -25.0]), decimals=-1).tolist() == [120, -20]
    assert fe.round(fe.tensor([0.5, 1.5])).tolist() == [0, 2]


def test_lerp_is_exact_at_both_ends() -> None:
    a, b = fe.tensor([0.1, 1e8]), fe.tensor([0.7, -3.0])
    assert fe.lerp(a, b, 0.0).tolist() == a.tolist()
    assert fe.lerp(a, b, 1.0).tolist() == b.tolist()
    assert fe.lerp(a, b, fe.tensor(0.5)).shape == (2,)


def test_heaviside_of_nan_is_zero() -> None:
    x = fe.tensor([-1.0, 0.0, 2.0, math.nan])
    assert fe.heaviside(x, fe.tensor(0.5)).tolist() == [0, 0.5, 1, 0]


def test_copysign_and_its_slope() -> None:
    x = fe.tensor([0.0, -0.0, 2.0, -3.0], requires_grad=True)
    y = fe.copysign(x, -1.0)
    assert np.signbit(y.detach().numpy()).all()
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0, 0, -1, 1]


def test_atan2_has_no_slope_at_the_origin() -> None:
    a, b = (fe.tensor(0.0, requires_grad=True) for _ in range(2))
    fe.atan2(a, b).backward()
    assert a.grad is not None and b.grad is not None
    assert (a.grad.item(), b.grad.item()) == (0, 0)


def test_isclose_as_numpy() -> None:
    values = np.array([0.0, 1.0, 1.0 + 1e-6, math.inf, -math.inf, math.nan, 1e-9])
    a, b = (fe.tensor(v) for v in (values[:, None], values[None, :]))
    for equal_nan in (False, True):
        want = np.isclose(values[:, None], values[None, :], equal_nan=equal_nan)
        np.testing.assert_array_equal(fe.isclose(a, b, equal_nan=equal_nan).numpy(), want)
    assert fe.allclose(a, a, equal_nan=True) and not fe.allclose(a, a)
    assert fe.isclose(fe.tensor([1, 2]), fe.tensor([1, 3])).tolist() == [True, False]


def test_equal_asks_for_the_shape_too() -> None:
    x = fe.tensor([1, 1])
    assert fe.equal(x, fe.tensor([1, 1])) and not fe.equal(x, fe.tensor(1))


def test_nan_to_num() -> None:
    x = fe.tensor([math.nan, math.inf, -math.inf, 2.0])
    largest = float(np.finfo(np.float32).max)
    assert fe.nan_to_num(x).tolist() == [0, largest, -largest, 2]
    assert fe.nan_to_num(x, 1.0, posinf=9.0, neginf=-9.0).tolist() == [1, 9, -9, 2]
    assert fe.nan_to_num(fe.tensor([3])).tolist() == [3]


def test_float_power_is_double() -> None:
    y = fe.float_power(fe.tensor([2, 3]), -1)
    assert y.dtype is fe.float64
    np.testing.assert_allclose(y.numpy(), [0.5, 1 / 3])
    assert fe.float_power(fe.tensor([1j]), 2).dtype is fe.complex128


def test_complex_numbers_apart_and_together() -> None:
    z = fe.tensor([1 + 2j, -3.5j])
    assert fe.real(z).tolist() == [1, 0] and fe.imag(z).tolist() == [2, -3.5]
    assert fe.conj(z).tolist() == [1 - 2j, 3.5j]
    pairs = fe.view_as_real(z)
    assert pairs.tolist() == [[1, 2], [0, -3.5]]
    assert fe.view_as_complex(pairs).tolist() == z.tolist()
    assert fe.complex(fe.real(z), fe.imag(z)).tolist() == z.tolist()
    np.testing.assert_allclose(fe.polar(z.abs(), fe.angle(z)).numpy(), z.numpy(), rtol=1e-6)
    x = fe.tensor([1.0])
    assert fe.real(x).tolist() == fe.conj(x).tolist() == [1]


def test_angle_of_real_numbers() -> None:
    x = fe.tensor([1.0, -1.0, 0.0, -0.0, math.inf, -math.inf, math.nan])
    want = np.array([0, math.pi, 0, 0, 0, math.pi, math.nan], np.float32)
    np.testing.assert_array_equal(fe.angle(x).numpy(), want)
    assert fe.angle(fe.tensor([1, -2])).dtype is fe.float32


def test_errors_name_the_call() -> None:
    with pytest.raises(DTypeError, match=r"imag: float32\[2\] is real"):
        fe.imag(fe.zeros(2))
    with pytest.raises(DTypeError, match="view_as_real"):
        fe.view_as_real(fe.zeros(2))
    with pytest.raises(ShapeError, match="view_as_complex: the last size"):
        fe.view_as_complex(fe.zeros(3))
    with pytest.raises(ArgumentError, match="one of min and max must be given"):
        fe.clamp(fe.zeros(2))
