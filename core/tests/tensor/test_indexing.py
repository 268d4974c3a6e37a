"""``x[...]`` reads as NumPy does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices

import ferrule as fe
from ferrule import ShapeError

Array = np.ndarray[Any, Any]


@st.composite
def arrays_and_indices(draw: st.DrawFn) -> tuple[Array, Any]:
    shape = draw(array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    array = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    index = draw(basic_indices(shape, allow_newaxis=True, allow_ellipsis=True, max_dims=6))
    return array, index


@given(arrays_and_indices())
def test_basic_indices_read_what_numpy_reads(case: tuple[Array, Any]) -> None:
    array, index = case
    found = fe.tensor(array)[index]
    np.testing.assert_array_equal(found.numpy(), array[index])
    assert found.shape == np.shape(array[index])


@given(arrays_and_indices())
def test_the_gradient_of_reading_is_one_where_it_read(case: tuple[Array, Any]) -> None:
    array, index = case
    x = fe.tensor(array, dtype=fe.float64).requires_grad_()
    y = x[index]
    weights = np.arange(1.0, y.numel() + 1).reshape(y.shape)
    y.backward(fe.tensor(weights))
    expected = np.zeros(array.shape)
    expected[index] = weights
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@given(arrays_and_indices(), st.data())
def test_basic_indices_write_what_numpy_writes(
    case: tuple[Array, Any], data: st.DataObject
) -> None:
    array, index = case
    target = array[index]
    shape = np.shape(target)
    keep = data.draw(st.integers(0, len(shape)))
    narrowed = tuple(data.draw(st.sampled_from([n, 1])) if n else n for n in shape[keep:])
    value = data.draw(arrays(np.int64, narrowed, elements=st.integers(-99, -1)))
    x = fe.tensor(array)
    x[index] = fe.tensor(value)
    expected = array.copy()
    expected[index] = value
    np.testing.assert_array_equal(x.numpy(), expected)


@given(arrays_and_indices())
def test_writing_divides_the_gradient_between_target_and_value(case: tuple[Array, Any]) -> None:
    array, index = case
    x = fe.tensor(array, dtype=fe.float64).requires_grad_()
    value = fe.ones(np.shape(array[index]), dtype=fe.float64).requires_grad_()
    h = x * 1
    h[index] = value
    weights = np.arange(1.0, array.size + 1).reshape(array.shape)
    h.backward(fe.tensor(weights))
    assert x.grad is not None
    assert value.grad is not None
    np.testing.assert_array_equal(value.grad.numpy(), weights[index])
    expected = weights.copy()
    expected[index] = 0
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@given(st.data())
def test_one_integer_tensor_takes_slices_along_its_dim(data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    dim = data.draw(st.integers(0, len(shape) - 1))
    n = shape[dim]
    places = data.draw(
        arrays(
            np.int64,
            array_shapes(max_dims=2, min_side=0, max_side=4),
            elements=st.integers(-n, n - 1),
        )
    )
    array = np.arange(np.prod(shape)).reshape(shape)
    before: Any = tuple(
        data.draw(st.sampled_from([slice(None), slice(None, None, -1)])) for _ in range(dim)
    )
    index: Any = (*before, places)
    found = fe.tensor(array)[(*before, fe.tensor(places))]
    np.testing.assert_array_equal(found.numpy(), array[index])
    x = fe.tensor(array, dtype=fe.float64).requires_grad_()
    x[(*before, fe.tensor(places))].sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, index, 1)
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_an_integer_tensor_after_ellipsis_none_and_slices() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    x, places = fe.tensor(array), np.array([[0, 2], [1, -1]])
    at = fe.tensor(places)
    for index, expected in {
        (..., 0): array[..., places],
        (0, 1): array[0][:, places],  # as PyTorch: the int is applied first
        (1, 0): array[:, None][:, :, places],
    }.items():
        match index:
            case (e, 0) if e is Ellipsis:
                found = x[..., at]
            case (0, 1):
                found = x[0, :, at]
            case _:
                found = x[:, None, at]
        np.testing.assert_array_equal(found.numpy(), expected)


def test_lists_and_arrays_index_like_tensors() -> None:
    x = fe.arange(5) * 10
    assert x[[3, 1]].tolist() == [30, 10]
    assert x[np.array([-1, 0])].tolist() == [40, 0]
    assert x[np.int64(2)].tolist() == 20
    assert x[fe.tensor(2)].tolist() == 20


WRONG: dict[str, tuple[Any, str]] = {
    "too many": ((0, 0, 0), "3 indices were given for float32[2,3], which has 2 dims"),
    "too many tensors": (
        (fe.tensor([0]), 0, fe.tensor([0])),
        "3 indices were given for float32[2,3], which has 2 dims",
    ),
    "mask of too many dims": (fe.ones(2, 3, 1) > 0, "3 indices were given"),
    "two ellipses": ((..., ...), "at most one ellipsis"),
    "above": (2, "index 2 is out of range for dim 0 of float32[2,3], of size 2"),
    "below": ((0, -4), "index -4 is out of range for dim 1 of float32[2,3], of size 3"),
    "float": (1.0, "1.0 cannot index float32[2,3]"),
    "string": ("a", "'a' cannot index float32[2,3]"),
    "zero step": (slice(None, None, 0), "step of a slice must not be 0"),
    "mask": (fe.ones(3, 3) > 0, "a mask of the shape (3, 3) does not fit dims 0 to 1"),
    "mask of a dim": ((0, fe.ones(2) > 0), "a mask of the shape (2,) does not fit dims 1 to 1"),
    "tensor above": (fe.tensor([0, 2]), "index 2 is out of range for dim 0 of float32[2,3]"),
    "tensor below": (fe.tensor([-3]), "index -3 is out of range for dim 0 of float32[2,3]"),
    "list above": ((0, [1, 3]), "index 3 is out of range for dim 1 of float32[2,3], of size 3"),
    "shapes": (([0, 1], [0, 1, 2]), "the indices of float32[2,3]"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_index_that_means_nothing_is_refused(case: str) -> None:
    index, message = WRONG[case]
    x = fe.zeros(2, 3)
    with pytest.raises(ShapeError) as caught:
        x[index]
    assert message in str(caught.value)
    with pytest.raises(ShapeError):
        x[index] = 1
    assert x.tolist() == [[0] * 3] * 2


@pytest.mark.parametrize("value", [fe.ones(2), fe.ones(2, 3), fe.ones(3, 1), [1.0, 2.0]], ids=str)
def test_a_value_that_does_not_broadcast_is_refused(value: Any) -> None:
    x = fe.zeros(2, 3)
    with pytest.raises(ShapeError, match=r"broadcast|fill the shape"):
        x[0] = value
    assert x.tolist() == [[0] * 3] * 2


def test_a_value_is_converted_to_the_dtype_of_the_tensor() -> None:
    x = fe.zeros(3, dtype=fe.int32)
    x[0] = 2.9
    x[1] = fe.tensor(3.9)
    x[2] = True
    assert (x.dtype, x.tolist()) == (fe.int32, [2, 3, 1])


def test_a_number_that_the_dtype_cannot_hold_is_not_wrapped_around() -> None:
    x = fe.zeros(2, dtype=fe.uint8)
    for value in (300, -1, float("nan"), 1e10):
        with pytest.raises(fe.DTypeError, match="does not fit in uint8"):
            x[0] = value
    assert x.tolist() == [0, 0]


def test_writing_a_part_of_a_tensor_to_another_part_of_it() -> None:
    x = fe.arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[::-1] = x
    assert x.tolist() == [3, 2, 1, 0, 0]


def test_writing_through_an_index_of_an_index_changes_the_copy_only() -> None:
    x = fe.zeros(2, 2)
    x[0][1] = 5
    assert x.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (fe.ones(2), fe.DTypeError),
        (np.ones(2), fe.DTypeError),
        (slice(0.0, 1), fe.ArgumentError),
        (slice(None, None, "a"), fe.ArgumentError),
    ],
    ids=str,
)
def test_an_index_of_the_wrong_kind_is_refused(index: Any, error: type[Exception]) -> None:
    x = fe.zeros(2, 3)
    x[0:1]  # which 0.0 equals, and is not
    with pytest.raises(error):
        x[index]
    with pytest.raises(error):
        x[index] = 1


def test_an_index_or_a_dim_out_of_range_is_an_index_error() -> None:
    x = fe.arange(3)
    with pytest.raises(IndexError, match="index 3 is out of range for dim 0"):
        x[3]
    with pytest.raises(IndexError, match="dim=2 is out of range"):
        fe.softmax(fe.ones(2, 2), dim=2)
