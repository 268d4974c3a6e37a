"""Philox 4x32-10 against the known answers that its authors publish with Random123."""

from __future__ import annotations

import numpy as np
import pytest

from ferrule_conformance.philox import block, random_bits

# counter, key, result: kat_vectors of Random123 1.14, lines "philox4x32 10".
KNOWN = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter, key, words) -> None:
    assert block(counter, key) == words


def test_state_is_seed_and_position() -> None:
    seed, drawn = 0x299F31D0_A4093822, 0x85A308D3_243F6A88 - 2**64
    state = np.array([seed, drawn], np.int64)
    words = random_bits(state, shape=(2, 4)).view(np.uint32)
    assert tuple(words[0]) == block((0x243F6A88, 0x85A308D3, 0, 0), (0xA4093822, 0x299F31D0))
    assert tuple(words[1]) == block((0x243F6A89, 0x85A308D3, 0, 0), (0xA4093822, 0x299F31D0))


def test_a_shape_of_any_size_takes_the_first_words() -> None:
    state = np.array([7, 3], np.int64)
    whole = random_bits(state, shape=(8,))
    assert random_bits(state, shape=(5,)).tolist() == whole[:5].tolist()
    assert random_bits(state, shape=()).item() == whole[0]
    assert random_bits(state, shape=(0, 3)).shape == (0, 3)
