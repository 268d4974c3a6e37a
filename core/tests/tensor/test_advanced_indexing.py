"""``x[...]`` with integer tensors and masks, against NumPy.

NumPy and PyTorch part where integers stand beside tensors: to NumPy an integer is a tensor of one,
to PyTorch it is applied first. So the expected value is NumPy's of two steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import ferrule as fe

Array = np.ndarray[Any, Any]
Case = tuple[Array, Any]


@st.composite
def cases(draw: st.DrawFn, ndim: int = 4) -> Case:
    """An array whose elements are their own positions, and an index of any kind."""
    shape = draw(array_shapes(min_dims=0, max_dims=ndim, min_side=0, max_side=4))
    array = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    common = draw(array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    index: list[Any] = []
    d, end = 0, draw(st.integers(0, len(shape)))
    while d < end:
        kind = draw(st.sampled_from(["int", "slice", "array", "array", "mask", "None", "bool"]))
        n = shape[d]
        if kind == "int" and n:
            index.append(draw(st.integers(-n, n - 1)))
        elif kind == "array":
            keep = draw(st.integers(0, max(len(common) - 1, 0)))
            size = tuple(draw(st.sampled_from([m, 1])) for m in common[keep:]) or (1,)
            size = size if n else (0,)
            index.append(draw(arrays(np.int64, size, elements=st.integers(-n, max(n - 1, 0)))))
        elif kind == "mask":
            k = draw(st.integers(1, min(2, end - d)))
            index.append(draw(arrays(np.bool_, shape[d : d + k])))
            d += k - 1
        elif kind == "None" and len(index) < 8:
            index.append(None)
            continue
        elif kind == "bool" and len(index) < 8:
            index.append(draw(st.booleans()))
            continue
        else:
            index.append(draw(st.slices(n)))
        d += 1
    if draw(st.booleans()):
        # an ellipsis may stand wherever the dims after it are all named
        index.append(...)
    return array, tuple(index)


def positions(array: Array, index: Any) -> Array:
    """What NumPy reads in two steps, of an array of positions.

    Raises:
        IndexError: the tensors do not broadcast.
    """
    first: list[Any] = []
    second: list[Any] = []
    for part in index:
        if isinstance(part, np.ndarray):
            first += [slice(None)] * (part.ndim if part.dtype == bool else 1)
            second.append(part)
        elif isinstance(part, bool):
            first.append(None)
            second.append(np.array([part]))
        else:
            first.append(part)
            if not isinstance(part, int):
                second.append(part if part is Ellipsis else slice(None))
    return np.asarray(array[tuple(first)][tuple(second)])


def as_tensors(index: Any) -> Any:
    return tuple(fe.tensor(i) if isinstance(i, np.ndarray) else i for i in index)


@given(cases())
def test_it_reads_what_numpy_reads(case: Case) -> None:
    array, index = case
    x = fe.tensor(array)
    try:
        expected = positions(array, index)
    except IndexError:
        with pytest.raises(fe.ShapeError):
            x[as_tensors(index)]
        return
    found = x[as_tensors(index)]
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_array_equal(x[index].numpy(), expected)  # arrays index as tensors do


def _expected(case: Case) -> Array | None:
    try:
        return positions(*case)
    except IndexError:
        return None


@given(cases().filter(lambda case: _expected(case) is not None), st.data())
def test_it_writes_one_after_the_other_where_it_reads(case: Case, data: st.DataObject) -> None:
    array, index = case
    places = positions(array, index)
    keep = data.draw(st.integers(0, places.ndim))
    shape = tuple(data.draw(st.sampled_from([n, 1])) if n else n for n in places.shape[keep:])
    value = -1.0 - np.arange(np.prod(shape)).reshape(shape)
    each = np.broadcast_to(value, places.shape)
    weights = np.arange(1.0, array.size + 1).reshape(array.shape)

    expected = array.astype(float)
    last = np.full(array.size, -1)
    for k, place in enumerate(places.flat):
        expected.flat[place] = each.flat[k]
        last[place] = k
    by_each = np.zeros(places.shape)
    for place, k in enumerate(last):
        if k >= 0:
            by_each.flat[k] = weights.flat[place]

    x = fe.tensor(array, dtype=fe.float64).requires_grad_()
    v = fe.tensor(value).requires_grad_()
    y = x * 1
    y[as_tensors(index)] = v
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    y.backward(fe.tensor(weights))
    assert x.grad is not None
    np.testing.assert_array_equal(
        x.grad.numpy(), np.where(last.reshape(array.shape) < 0, weights, 0)
    )
    if v.grad is None:  # nothing was written
        assert not places.size
        return
    lead = each.ndim - value.ndim
    axes = tuple(d for d in range(each.ndim) if d < lead or value.shape[d - lead] != each.shape[d])
    summed = by_each.sum(axis=axes).reshape(value.shape)
    np.testing.assert_array_equal(v.grad.numpy(), summed)


@given(cases().filter(lambda case: _expected(case) is not None))
def test_the_gradient_of_reading_adds_up_where_it_read_twice(case: Case) -> None:
    array, index = case
    places = positions(array, index)
    weights = np.arange(1.0, places.size + 1).reshape(places.shape)
    x = fe.tensor(array, dtype=fe.float64).requires_grad_()
    y = x[as_tensors(index)]
    g = fe.tensor(weights).requires_grad_()
    (found,) = fe.autograd.grad(y, x, g, create_graph=True)
    expected = np.zeros(array.size)
    np.add.at(expected, places.ravel(), weights.ravel())
    np.testing.assert_array_equal(found.detach().numpy(), expected.reshape(array.shape))
    # the gradient of the gradient, by what entered, reads again
    again = fe.autograd.grad(found, g, fe.tensor(array, dtype=fe.float64))[0]
    np.testing.assert_array_equal(again.numpy(), places)


@given(cases(ndim=3).filter(lambda case: _expected(case) is not None))
def test_index_put_accumulates(case: Case) -> None:
    array, index = case
    places = positions(array, index)
    values = np.arange(1, places.size + 1).reshape(places.shape)
    expected = array.copy().ravel()
    np.add.at(expected, places.ravel(), values.ravel())
    found = fe.index_put(fe.tensor(array), as_tensors(index), fe.tensor(values), accumulate=True)
    np.testing.assert_array_equal(found.numpy(), expected.reshape(array.shape))


# What PyTorch 2.13 makes of these was looked up there.
X = np.arange(24).reshape(2, 3, 4)
LOOKED_UP: dict[str, tuple[Any, list[int]]] = {
    "an int first": ((0, slice(None), [0, 1]), [3, 2]),
    "an int between": (([0, 1], 0, [0, 1]), [2]),
    "an int last": (([0, 1], slice(None), 0), [2, 3]),
    "apart": (([0, 1], slice(None), [0, 1]), [2, 3]),
    "apart by None": (([0, 1], None, [0, 1]), [2, 1, 4]),
    "True": (True, [1, 2, 3, 4]),
    "False": (False, [0, 2, 3, 4]),
    "two Trues": ((True, True), [1, 2, 3, 4]),
    "True and False": ((True, False), [0, 2, 3, 4]),
    "True and a list": ((True, [0, 1]), [2, 3, 4]),
    "a list and True apart": (([0, 1], slice(None), True), [2, 3, 4]),
    "a mask without dims": (fe.tensor(True), [1, 2, 3, 4]),
    "a mask of two dims": ([[True, False, True], [False, True, False]], [3, 4]),
    "a mask of the last two": ((slice(None), X[0] >= 0), [2, 12]),
    "a mask and a list": (([True, True], [0, 1]), [2, 4]),
    "nothing": ([], [0, 3, 4]),
    "nothing of a dim": ((slice(None), []), [2, 0, 4]),
    "a tuple": ((), [2, 3, 4]),
    "lists": (([0, 1], [1, 0]), [2, 4]),
    "a range": (range(2), [2, 3, 4]),
    "a list of lists": ([[0, 1]], [1, 2, 3, 4]),
    "int32": (fe.tensor([1], dtype=fe.int32), [1, 3, 4]),
    "a number of NumPy": (np.int64(1), [3, 4]),
    "a tensor without dims": ((fe.tensor(1), ..., fe.tensor(0)), [3]),
    "slices of tensors": (slice(fe.tensor(0), fe.tensor(1)), [1, 3, 4]),
}


@pytest.mark.parametrize("case", LOOKED_UP)
def test_shapes_are_those_of_pytorch(case: str) -> None:
    index, shape = LOOKED_UP[case]
    x = fe.tensor(X)
    assert list(x[index].shape) == shape
    x[index] = fe.full(shape, -1)
    assert int((x == -1).sum()) == len(np.unique(fe.tensor(X)[index].numpy()))


def test_uint8_is_a_mask_with_a_warning() -> None:
    x = fe.arange(3)
    mask = fe.tensor([0, 1, 1], dtype=fe.uint8)
    with pytest.warns(DeprecationWarning, match="uint8 is a mask"):
        assert x[mask].tolist() == [1, 2]
    with pytest.warns(DeprecationWarning, match="uint8 is a mask"):
        x[mask] = 7
    assert x.tolist() == [0, 7, 7]


def test_a_mask_assigns_without_looking_at_values_where_it_can() -> None:
    x = fe.zeros(2, 3)
    with fe.profiler.count_ops() as counts:
        x[x == 0] = 5
        x[fe.tensor([True, False])] = fe.tensor([1.0, 2.0, 3.0])
    assert "nonzero" not in {**counts.counts, **counts.decomposed}
    assert x.tolist() == [[1, 2, 3], [5, 5, 5]]


def test_a_value_for_each_place_of_a_mask() -> None:
    x = fe.zeros(2, 3)
    mask = fe.tensor([[True, False, True], [False, True, False]])
    x[mask] = fe.tensor([1.0, 2.0, 3.0])
    assert x.tolist() == [[1, 0, 2], [0, 3, 0]]
    with pytest.raises(fe.ShapeError):
        x[mask] = fe.tensor([1.0, 2.0])
    with pytest.raises(fe.ShapeError):
        x[mask] = fe.ones(2, 3)


def test_the_last_of_several_values_counts() -> None:
    x = fe.zeros(3)
    x[[1, 1, 0, 1]] = fe.tensor([1.0, 2.0, 3.0, 4.0])
    assert x.tolist() == [3, 4, 0]


def test_values_are_converted_and_leading_ones_dropped() -> None:
    x = fe.zeros(2, 3, dtype=fe.int64)
    x[[0, 1]] = fe.ones(1, 1, 2, 3) * 1.7
    assert x.tolist() == [[1, 1, 1], [1, 1, 1]]
    x[[True, False]] = [7.9, 8, 9]
    assert x.tolist() == [[7, 8, 9], [1, 1, 1]]
    with pytest.raises(fe.DTypeError):
        x[[0]] = float("inf")


def test_an_index_that_is_written_to_later_reads_what_it_read() -> None:
    x, i = fe.arange(4.0).requires_grad_(), fe.tensor([0, 1])
    y = x[i]
    i[0] = 3
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1, 0, 0]
    assert x[i].tolist() == [3, 1]


def test_a_slice_of_tensors_is_not_remembered() -> None:
    x, end = fe.arange(4), fe.tensor(2)
    assert x[:end].tolist() == [0, 1]
    end.add_(1)
    assert x[:end].tolist() == [0, 1, 2]


def test_writing_under_autograd_gives_the_tensor_a_new_place_on_the_tape() -> None:
    x = fe.ones(3).requires_grad_()
    with pytest.raises(fe.GraphError, match="leaf"):
        x[[0]] = 2.0
    y = x * 2
    z = y * y
    y[[0, 2]] = 0.0
    (z.sum() + y.sum()).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [8, 10, 8]
