"""Packing and padding."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.nn.utils.rnn import (
    PackedSequence,
    invert_permutation,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)


def sequences(lengths: list[int]) -> list[fe.Tensor]:
    rng = np.random.default_rng(0)
    return [fe.tensor(rng.standard_normal((n, 2))) for n in lengths]


@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    batch_first=st.booleans(),
    more=st.integers(0, 2),
)
def test_padding_undoes_packing(lengths: list[int], batch_first: bool, more: int) -> None:
    found = sequences(lengths)
    padded = pad_sequence(found, batch_first, 0.5)
    packed = pack_padded_sequence(padded, lengths, batch_first, enforce_sorted=False)
    back, sizes = pad_packed_sequence(packed, batch_first, 0.5, max(lengths) + more)
    assert sizes.tolist() == lengths
    assert packed.data.shape == (sum(lengths), 2)
    for b, x in enumerate(found):
        row = back[b] if batch_first else back[:, b]
        np.testing.assert_array_equal(row[: lengths[b]].numpy(), x.numpy())
        assert (row[lengths[b] :] == 0.5).all()
    for x, y in zip(found, unpack_sequence(packed), strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_elements_lie_step_by_step() -> None:
    packed = pack_sequence([fe.tensor([1, 2, 3]), fe.tensor([4]), fe.tensor([5, 6])], False)
    assert packed.data.tolist() == [1, 5, 4, 2, 6, 3]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices is not None and packed.unsorted_indices is not None
    assert packed.sorted_indices.tolist() == [0, 2, 1]
    assert packed.unsorted_indices.tolist() == [0, 2, 1]
    in_order = pack_sequence([fe.tensor([1, 2]), fe.tensor([3])])
    assert in_order.sorted_indices is None and in_order.unsorted_indices is None


def test_gradients_flow_to_what_was_packed() -> None:
    x = fe.zeros(3, 2, requires_grad=True)
    pack_padded_sequence(x, fe.tensor([3, 1])).data.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1, 1], [1, 0], [1, 0]]


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_stands_on_the_side_that_is_asked_for(side: str) -> None:
    found = pad_sequence([fe.tensor([1, 2]), fe.tensor([3])], True, 9, side)
    assert found.tolist() == [[1, 2], [9, 3] if side == "left" else [3, 9]]


def test_unpad_sequence_undoes_pad_sequence() -> None:
    found = sequences([2, 4, 1])
    for x, y in zip(found, unpad_sequence(pad_sequence(found), fe.tensor([2, 4, 1])), strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_a_packed_sequence_converts_its_data() -> None:
    packed = pack_sequence(sequences([2, 1]))
    half = packed.half()
    assert isinstance(half, PackedSequence)
    assert half.data.dtype is fe.float16 and half.batch_sizes.dtype is fe.int64
    assert packed.to(fe.float32).double().data.dtype is fe.float64


def test_a_permutation_and_its_inverse() -> None:
    order = fe.tensor([2, 0, 3, 1])
    inverse = invert_permutation(order)
    assert inverse is not None and order[inverse].tolist() == [0, 1, 2, 3]
    assert invert_permutation(None) is None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: pack_padded_sequence(fe.ones(3, 2, 1), [1, 2]), "do not fall"),
        (lambda: pack_padded_sequence(fe.ones(3, 2, 1), [4, 1]), "between 1 and 3"),
        (lambda: pack_padded_sequence(fe.ones(3, 2, 1), [3, 0]), "between 1 and 3"),
        (lambda: pack_padded_sequence(fe.ones(3, 2, 1), [3]), "2 integers"),
        (lambda: pack_padded_sequence(fe.ones(3), [3]), "two dims"),
        (lambda: pad_sequence([]), "no sequence"),
        (lambda: pad_sequence([fe.ones(2, 1), fe.ones(2, 2)]), "all sizes but the first"),
        (lambda: pad_sequence([fe.ones(2)], padding_side="up"), "padding_side"),
        (lambda: pad_packed_sequence(pack_sequence([fe.ones(3)]), total_length=2), "total_length"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        call()
