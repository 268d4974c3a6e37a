"""Philox 4x32-10 against its published vectors and a plain implementation on Python integers.

Source of the vectors: kat_vectors of Random123 (Salmon, Moraes, Dror, Shaw, SC 2011).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import ShapeError, Tensor

MASK = 0xFFFFFFFF

# counter words, key words, result words
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (MASK, MASK, MASK, MASK), (MASK, MASK),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]  # fmt: skip


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Ten rounds, as the paper writes them."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (second >> 32) ^ c1 ^ k0,
            second & MASK,
            (first >> 32) ^ c3 ^ k1,
            first & MASK,
        )
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def expected_words(seed: int, start: int, n: int) -> list[int]:
    words: list[int] = []
    for block in range(start, start + -(-n // 4)):
        block %= 2**64
        words += philox((block & MASK, block >> 32, 0, 0), (seed & MASK, seed >> 32))
    return words[:n]


def signed(value: int, bits: int) -> int:
    return value - 2**bits if value >= 2 ** (bits - 1) else value


def state_of(seed: int, start: int) -> Tensor:
    return fe.tensor([signed(seed, 64), signed(start, 64)], dtype=fe.int64)


def by_kernel(state: Tensor, shape: tuple[int, ...]) -> Tensor:
    return fe.ops.random_bits(state, shape=shape)


def by_body(state: Tensor, shape: tuple[int, ...]) -> Tensor:
    return fe.ops.random_bits.body(state, shape=shape)


both = pytest.mark.parametrize("draw", [by_kernel, by_body])


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_the_reference_of_these_tests_gives_the_published_vectors(
    counter: Any, key: Any, words: Any
) -> None:
    assert philox(counter, key) == words


@both
def test_the_published_vector_of_zeros(draw: Any) -> None:
    words = draw(state_of(0, 0), (4,)).tolist()
    assert [w & MASK for w in words] == list(KNOWN[0][2])


@both
@pytest.mark.parametrize(
    "start",
    [0, 1, 2**31 - 2, 2**32 - 2, 2**32, 2**33 - 1, 2**63 - 2, 2**63, 2**64 - 2],
    ids=hex,
)
def test_the_counter_carries_into_its_second_word_and_wraps(draw: Any, start: int) -> None:
    seed = 0xA4093822299F31D0
    words = draw(state_of(seed, start), (16,)).tolist()
    assert [w & MASK for w in words] == expected_words(seed, start, 16)


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 5), max_size=3).map(tuple),
)
def test_kernel_and_body_agree_bit_for_bit_with_the_reference(
    seed: int, start: int, shape: tuple[int, ...]
) -> None:
    n = math.prod(shape)
    expected = [signed(w, 32) for w in expected_words(seed, start, n)]
    for draw in (by_kernel, by_body):
        found = draw(state_of(seed, start), shape)
        assert (found.dtype, found.shape) == (fe.int32, shape)
        assert found.reshape(-1).tolist() == expected


@both
def test_many_words_at_once_are_the_words_of_many_draws(draw: Any) -> None:
    whole = draw(state_of(7, 0), (4000,)).numpy()
    parts = [draw(state_of(7, block), (400,)).numpy() for block in range(0, 1000, 100)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@both
@pytest.mark.parametrize(
    "state", [fe.zeros(2, dtype=fe.int32), fe.zeros(3, dtype=fe.int64), fe.tensor(0)], ids=str
)
def test_a_state_of_another_type_is_refused(draw: Any, state: Tensor) -> None:
    with pytest.raises(ShapeError, match=r"state must be int64\[2\]"):
        draw(state, (4,))
