"""Python scalars, bools and odd exponents as operands, where PyTorch takes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, DType, DTypeError

COMPOSITES: dict[str, Callable[..., Any]] = {
    "fmod": fe.fmod,
    "trunc_divide": lambda a, b: fe.div(a, b, rounding_mode="trunc"),
    "heaviside": fe.heaviside,
    "fmax": fe.fmax,
    "fmin": fe.fmin,
}


@pytest.mark.parametrize("function", COMPOSITES.values(), ids=COMPOSITES.keys())
@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16, fe.float32, fe.float64, fe.int16])
@pytest.mark.parametrize("number", [3, -3, True])
def test_a_number_is_a_tensor_without_dims(
    function: Callable[..., Any], dtype: DType, number: int
) -> None:
    for x in (fe.tensor([7, -7, 2]).to(dtype), fe.tensor(5).to(dtype)):
        same = fe.tensor(number).to(dtype)
        for found, want in (
            (function(x, number), function(x, same)),
            (function(number, x), function(same, x)),
        ):
            assert found.dtype is dtype
            assert found.tolist() == want.tolist()


def test_gradients_beside_a_number() -> None:
    x = fe.tensor([2.5, -2.0], requires_grad=True)
    fe.fmod(7.0, x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [-2, 3]


def test_extremes_of_bools() -> None:
    a, b = fe.tensor([True, True, False, False]), fe.tensor([True, False, True, False])
    for function in (fe.maximum, fe.fmax, fe.max):
        assert function(a, b).tolist() == [True, True, True, False]
    for function in (fe.minimum, fe.fmin, fe.min):
        assert function(a, b).tolist() == [True, False, False, False]
    assert fe.maximum(a, b).dtype is fe.bool


@pytest.mark.parametrize("dtype", [fe.int8, fe.int16, fe.int32, fe.int64])
def test_integers_to_negative_powers(dtype: DType) -> None:
    base = fe.arange(-3, 4).to(dtype)
    table = {-1: [0, 0, -1, 0, 1, 0, 0], -2: [0, 0, 1, 0, 1, 0, 0], 2: [9, 4, 1, 0, 1, 4, 9]}
    for exponent, want in table.items():
        found = fe.pow(base, fe.full((7,), exponent, dtype=dtype))
        assert found.dtype is dtype and found.tolist() == want
        assert (base**exponent).dtype is dtype and (base**exponent).tolist() == want
    assert (2 ** fe.tensor([-1, 0, 3])).tolist() == [0, 1, 8]
    smallest = fe.iinfo(dtype).min
    assert fe.pow(fe.tensor(-1, dtype=dtype), fe.tensor(smallest, dtype=dtype)).item() == 1


def test_slope_of_zero_to_a_negative_power() -> None:
    exponent = fe.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    fe.pow(fe.zeros(3), exponent).backward(fe.ones(3))
    assert exponent.grad is not None and exponent.grad.tolist() == [-math.inf, 0, 0]


NAN = math.nan


@pytest.mark.parametrize(
    ("low", "high"), [(NAN, None), (None, NAN), (0.0, NAN), (NAN, 0.0), (fe.tensor(NAN), None)]
)
def test_a_bound_that_is_nan_makes_nan(low: Any, high: Any) -> None:
    assert fe.clamp(fe.tensor([1.0, NAN, -3.0]), low, high).isnan().all()


def test_one_bound_of_several_that_is_nan() -> None:
    found = fe.clamp_max(fe.tensor([1.0, 5.0, -3.0]), fe.tensor([NAN, 2.0, 2.0]))
    np.testing.assert_array_equal(found.numpy(), [NAN, 2, -3])


def test_alpha_does_not_widen_bools() -> None:
    flags = fe.tensor([True, False])
    for dtype in (fe.uint8, fe.int32, fe.float16):
        x = fe.ones(2, dtype=dtype)
        assert fe.add(x, flags, alpha=2).dtype is dtype
        assert fe.add(x, flags, alpha=2).tolist() == [3, 1]
        assert fe.rsub(flags, x, alpha=2).tolist() == [-1, 1] or dtype is fe.uint8


def test_alpha_times_a_number_is_a_number() -> None:
    for dtype in (fe.uint8, fe.int32, fe.float16):
        x = fe.ones((), dtype=dtype)
        assert fe.add(x, 2, alpha=3).dtype is fe.sub(x, 1, alpha=1).dtype is dtype
        assert fe.add(x, 2, alpha=3).item() == 7
    half = fe.ones((), dtype=fe.float16)
    assert fe.add(half, 1.5, alpha=2).dtype is fe.float16


def test_places_that_16_bits_cannot_count() -> None:
    x = fe.tensor([4.29, -1.5], dtype=fe.float16)
    assert x.round(decimals=5).tolist() == x.tolist()


def test_in_place_with_numbers() -> None:
    assert fe.zeros(2).copy_(1.5).tolist() == [1.5, 1.5]
    assert fe.tensor([[1, 2], [3, 4]]).fill_diagonal_(2.5).tolist() == [[2, 2], [3, 2]]
    with pytest.raises(DTypeError, match="does not fit in float32"):
        fe.zeros(2).copy_(1j)
    with pytest.raises(ArgumentError, match="nan must be a float"):
        fe.nan_to_num(fe.zeros(2), nan=fe.tensor(1j))  # pyright: ignore[reportArgumentType]
