"""What is drawn lies where it should, and is spread as it should be.

Seeds are fixed; bounds are five standard errors of the statistic, worked out next to each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, DTypeError, ShapeError

N = 100_000
FLOATS = [fe.float16, fe.bfloat16, fe.float32, fe.float64]
STEPS = {fe.float16: 2**11, fe.bfloat16: 2**8, fe.float32: 2**24, fe.float64: 2**53}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    fe.manual_seed(2024)


def drawn(x: fe.Tensor) -> np.ndarray[Any, Any]:
    return x.numpy().astype(np.float64)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
def test_rand_is_uniform_on_the_half_open_interval(dtype: fe.DType) -> None:
    x = fe.rand(N, dtype=dtype)
    assert x.dtype is dtype
    values = drawn(x)
    steps = STEPS[dtype]
    assert values.min() >= 0
    assert values.max() < 1
    np.testing.assert_array_equal(values * steps, np.floor(values * steps))
    mean = (1 - 1 / steps) / 2
    assert abs(values.mean() - mean) < 5 * math.sqrt(1 / 12 / N)
    assert abs(values.var() - 1 / 12) < 5 * math.sqrt(1 / 180 / N)
    counts = np.bincount((values * 16).astype(int), minlength=16)
    assert abs(counts - N / 16).max() < 5 * math.sqrt(N / 16)


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16], ids=lambda d: d.name)
def test_every_step_of_a_short_dtype_is_drawn(dtype: fe.DType) -> None:
    steps = STEPS[dtype]
    assert set(drawn(fe.rand(N, dtype=dtype)) * steps) == set(range(steps))


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
def test_randn_is_standard_normal(dtype: fe.DType) -> None:
    x = fe.randn(N, dtype=dtype)
    assert x.dtype is dtype
    values = drawn(x)
    assert np.isfinite(values).all()
    assert abs(values.mean()) < 5 / math.sqrt(N)
    assert abs(values.var() - 1) < 5 * math.sqrt(2 / N) + 2 ** -(math.log2(STEPS[dtype]) - 2)
    assert abs((values**3).mean()) < 5 * math.sqrt(15 / N)
    assert abs((values**4).mean() - 3) < 5 * math.sqrt(96 / N) + 0.02
    for bound in (0.5, 1.0, 2.0, 3.0):
        p = math.erf(bound / math.sqrt(2))
        rounding = 2.0 ** -(math.log2(STEPS[dtype]) - 2) * 0.5
        assert abs((abs(values) < bound).mean() - p) < 5 * math.sqrt(p * (1 - p) / N) + rounding


def test_the_two_halves_of_box_and_muller_are_independent() -> None:
    values = drawn(fe.randn(N, dtype=fe.float64))
    a, b = values[: N // 2], values[N // 2 :]
    assert abs((a * b).mean()) < 5 / math.sqrt(N / 2)
    assert abs(((a**2 - 1) * (b**2 - 1)).mean()) < 5 * 2 / math.sqrt(N / 2)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 3), (5, 1, 3)], ids=str)
def test_shapes(shape: tuple[int, ...]) -> None:
    for draw in (fe.rand, fe.randn):
        assert draw(shape).shape == draw(*shape).shape == shape
    assert fe.randint(5, shape).shape == shape
    like = fe.zeros(shape, dtype=fe.float64)
    for draw in (fe.rand_like, fe.randn_like):
        assert (draw(like).shape, draw(like).dtype) == (shape, fe.float64)
        assert draw(like, dtype=fe.float16).dtype is fe.float16


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 2), (0, 10), (-5, 6), (7, 8), (0, 2**32), (-(2**40), 2**50 + 1), (0, 2**62)],
)
def test_randint_is_uniform_from_low_to_below_high(low: int, high: int) -> None:
    values = fe.randint(low, high, (N,)).numpy()
    assert values.dtype == np.int64
    assert values.min() >= low
    assert values.max() < high
    width = high - low
    scaled = (values - low) / width
    assert abs(scaled.mean() - (width - 1) / width / 2) < 5 * math.sqrt(1 / 12 / N) + 1e-12
    if width <= 16:
        counts = np.bincount(values - low, minlength=width)
        assert abs(counts - N / width).max() <= 5 * math.sqrt(N / width)


def test_randint_in_every_spelling() -> None:
    spellings = [
        lambda: fe.randint(5, (4,)),
        lambda: fe.randint(0, 5, (4,)),
        lambda: fe.randint(low=0, high=5, size=(4,)),
        lambda: fe.randint(high=5, size=(4,)),
        lambda: fe.randint_like(fe.zeros(4, dtype=fe.int64), 5),
        lambda: fe.randint_like(fe.zeros(4), 0, 5, dtype=fe.int64),
        lambda: fe.randint(0, 5, [4]),
    ]
    found = []
    for spelling in spellings:
        fe.manual_seed(1)
        found.append(spelling().tolist())
    assert len(set(map(tuple, found))) == 1


@pytest.mark.parametrize("dtype", [fe.uint8, fe.int16, fe.float32, fe.bool], ids=str)
def test_randint_gives_the_dtype_that_is_asked_for(dtype: fe.DType) -> None:
    x = fe.randint(0, 2, (50,), dtype=dtype)
    assert x.dtype is dtype
    assert set(x.tolist()) == {0, 1}


@pytest.mark.parametrize(("low", "high"), [(0, 0), (5, 5), (5, 3)])
def test_randint_needs_a_range_that_is_not_empty(low: int, high: int) -> None:
    with pytest.raises(ShapeError, match=rf"^randint: the range from {low} to {high}"):
        fe.randint(low, high, (2,))


@pytest.mark.parametrize(
    ("low", "high", "dtype"), [(0, 257, fe.uint8), (-1, 5, fe.uint8), (0, 2**31 + 1, fe.int32)]
)
def test_randint_needs_a_dtype_that_holds_the_range(low: int, high: int, dtype: Any) -> None:
    with pytest.raises(DTypeError, match=f"does not fit in {dtype.name}"):
        fe.randint(low, high, (2,), dtype=dtype)
    assert fe.randint(0, 256, (2,), dtype=fe.uint8).dtype is fe.uint8


@pytest.mark.parametrize("n", [0, 1, 2, 10, 1000])
def test_randperm_is_a_permutation(n: int) -> None:
    x = fe.randperm(n)
    assert x.dtype is fe.int64
    assert sorted(x.tolist()) == list(range(n))


def test_randperm_gives_every_permutation_equally_often() -> None:
    draws = 6000
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(draws):
        p = tuple(fe.randperm(3).tolist())
        counts[p] = counts.get(p, 0) + 1
    assert len(counts) == 6
    assert max(abs(c - draws / 6) for c in counts.values()) < 5 * math.sqrt(draws / 6)


@pytest.mark.parametrize("draw", [fe.rand, fe.randn])
@pytest.mark.parametrize("dtype", [fe.int64, fe.bool, fe.uint8], ids=str)
def test_uniform_and_normal_numbers_are_floating(draw: Any, dtype: fe.DType) -> None:
    with pytest.raises(DTypeError, match=f"not {dtype.name}; use randint"):
        draw(3, dtype=dtype)


@pytest.mark.parametrize("size", [-1, (2, -3)])
def test_sizes_are_not_negative(size: Any) -> None:
    for draw in (fe.rand, fe.randn, lambda s: fe.randint(3, s)):
        with pytest.raises(ShapeError, match="not negative"):
            draw(size)


@pytest.mark.usefixtures("on_cpu")
def test_a_generator_draws_on_its_own_device_only() -> None:
    generator = fe.Generator("cpu", seed=0)
    assert fe.rand(2, generator=generator, device="cpu:0").shape == (2,)
    generator.device = fe.Device("elsewhere")
    with pytest.raises(ArgumentError, match="draws on elsewhere:0, and the tensor is to be on cpu"):
        fe.rand(2, generator=generator)


def test_the_default_dtype_is_drawn() -> None:
    fe.set_default_dtype(fe.float64)
    try:
        assert fe.rand(1).dtype is fe.randn(1).dtype is fe.float64
    finally:
        fe.set_default_dtype(fe.float32)
