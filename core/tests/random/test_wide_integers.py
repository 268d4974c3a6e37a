"""Integers of ranges beyond 32 bits, and the exact arithmetic behind them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import fixed_point

words = st.integers(0, 2**32 - 1)


def signed(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


@given(st.lists(words, min_size=1, max_size=4), st.integers(0, 2**64 - 1))
def test_multiply_high_is_the_upper_part_of_the_product(limbs: list[int], factor: int) -> None:
    u = sum(word << (32 * i) for i, word in enumerate(limbs))
    tensors = tuple(fe.tensor([word]) for word in limbs)
    found = fixed_point.multiply_high(tensors, fe.tensor([signed(factor)])).item()
    assert found == signed((u * factor) >> (32 * len(limbs)))


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=20))
def test_normalised_integers_have_31_bits(values: list[int]) -> None:
    mantissa, exponent = fixed_point.normalised(fe.tensor(values))
    for value, m, e in zip(values, mantissa.tolist(), exponent.tolist()):
        assert 2**30 <= m < 2**31
        assert m == (value >> e if e >= 0 else value << -e)


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=20))
def test_log2_of_integers(values: list[int]) -> None:
    found = fixed_point.log2(fe.tensor(values)).numpy() / 2.0**fixed_point.FRACTION
    np.testing.assert_allclose(found, [math.log2(v) for v in values], rtol=0, atol=3e-9)


def test_log2_of_powers_of_two_is_exact() -> None:
    found = fixed_point.log2(fe.tensor([2**i for i in range(63)]))
    assert found.tolist() == [i << fixed_point.FRACTION for i in range(63)]


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16, fe.float32, fe.float64], ids=str)
def test_scaling_by_powers_of_two_loses_nothing(dtype: fe.DType) -> None:
    info = fe.finfo(dtype)
    unit = [float(info.max), float(info.tiny), float(info.tiny) * float(info.eps), 1.0, 1.5, 0.0]
    x = fe.tensor(unit, dtype=dtype)
    y, exponent = fixed_point.scaled(x, x)
    wide = x.double().numpy()
    positive = wide > 0
    assert (y.double().numpy()[positive] >= 1).all()
    assert (y.double().numpy() < 2).all()
    np.testing.assert_array_equal(
        np.ldexp(y.double().numpy()[positive], -exponent.numpy()[positive]), wide[positive]
    )


def test_the_whole_of_int64_is_drawn_from() -> None:
    x = fe.randint(-(2**63), 2**63 - 1, (4000,), generator=fe.Generator(seed=1)).numpy()
    scaled = x / 2.0**64 + 0.5
    assert abs(scaled.mean() - 0.5) < 5 * math.sqrt(1 / 12 / 4000)
    assert (np.bincount((scaled * 8).astype(int), minlength=8) > 400).all()
    full = fe.zeros(4000, dtype=fe.int64).random_(generator=fe.Generator(seed=1)).numpy()
    assert full.min() >= 0
    assert full.max() > 2**62


def test_every_bit_of_a_wide_range_is_random() -> None:
    x = fe.randint(0, 2**40 + 1, (4000,), generator=fe.Generator(seed=2)).numpy()
    ones = [(x >> i & 1).mean() for i in range(40)]
    assert max(abs(p - 0.5) for p in ones) < 5 * 0.5 / math.sqrt(4000)
