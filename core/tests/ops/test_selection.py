"""Reading by index and by mask, with PyTorch's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import ferrule as fe

Array = np.ndarray[Any, Any]


@st.composite
def along(draw: st.DrawFn) -> tuple[Array, int, Array]:
    """A tensor, a dim, and an index that need not reach all of it."""
    shape = draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    d = dim % len(shape)
    size = tuple(draw(st.integers(0, 5 if e == d else n)) for e, n in enumerate(shape))
    index = draw(arrays(np.int64, size, elements=st.integers(0, shape[d] - 1)))
    return np.arange(np.prod(shape), dtype=float).reshape(shape), dim, index


@given(along())
def test_gather_reads_as_far_as_its_index_goes(case: tuple[Array, int, Array]) -> None:
    array, dim, index = case
    d = dim % array.ndim
    expected = np.empty(index.shape)
    by_x = np.zeros(array.shape)
    for k, at in enumerate(np.ndindex(index.shape)):
        place = (*at[:d], int(index[at]), *at[d + 1 :])
        expected[at] = array[place]
        by_x[place] += k + 1.0
    x = fe.tensor(array).requires_grad_()
    y = fe.gather(x, dim, fe.tensor(index))
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    y.backward(fe.arange(1.0, y.numel() + 1, dtype=fe.float64).reshape(y.shape))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), by_x)


@given(st.data())
def test_take_along_dim_is_numpys(data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    dim = data.draw(st.integers(0, len(shape) - 1))
    n = shape[dim]
    sizes = [
        data.draw(st.integers(0, 4)) if d == dim else data.draw(st.sampled_from([1, m]))
        for d, m in enumerate(shape)
    ]
    index = data.draw(arrays(np.int64, tuple(sizes), elements=st.integers(-n, n - 1)))
    array = np.arange(np.prod(shape)).reshape(shape)
    found = fe.take_along_dim(fe.tensor(array), fe.tensor(index), dim=dim)
    np.testing.assert_array_equal(found.numpy(), np.take_along_axis(array, index, dim))


def test_take_along_dim_stretches_the_tensor_too() -> None:
    x, index = fe.tensor([[1, 2, 3]]), fe.tensor([[0], [-1]])
    assert fe.take_along_dim(x, index, 1).tolist() == [[1], [3]]
    assert fe.take_along_dim(x, index.abs()).tolist() == [1, 2]
    with pytest.raises(fe.ShapeError, match="as many dims"):
        fe.take_along_dim(x, fe.tensor([0]), 1)


def test_take_counts_through_the_flattened_tensor() -> None:
    x = fe.arange(6.0).reshape(2, 3).requires_grad_()
    y = fe.take(x, fe.tensor([[0, -1], [4, 4]]))
    assert y.tolist() == [[0, 5], [4, 4]]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1, 0, 0], [0, 2, 1]]
    for wrong in (6, -7):
        with pytest.raises(fe.OutOfRange, match=rf"take: index {wrong} is out of range.*6 elem"):
            fe.take(x, fe.tensor([wrong]))


def test_select() -> None:
    x = fe.arange(6).reshape(2, 3)
    assert fe.select(x, 1, -1).tolist() == [2, 5]
    assert fe.select(x, -2, fe.tensor(1)).tolist() == [3, 4, 5]
    with pytest.raises(fe.OutOfRange, match="index 3 is out of range for dim 1"):
        fe.select(x, 1, 3)
    with pytest.raises(fe.OutOfRange):
        fe.select(fe.tensor(1), 0, 0)
    with pytest.raises(fe.ArgumentError):
        fe.select(x, 0, True)


def test_index_select_and_gather_read_tensors_without_dims() -> None:
    one, x = fe.tensor(3.0), fe.tensor([3.0, 4.0])
    assert fe.index_select(one, 0, fe.tensor(0)).shape == ()
    assert fe.index_select(one, 0, fe.tensor([0])).shape == ()
    assert fe.index_select(x, 0, fe.tensor(1)).tolist() == [4]
    assert fe.gather(one, 0, fe.tensor([0, 0])).tolist() == [3, 3]
    assert fe.gather(x, 0, fe.tensor(1)).tolist() == 4
    assert fe.gather(fe.ones(2, 3), 0, fe.tensor([], dtype=fe.int64)).shape == (0,)
    with pytest.raises(fe.ShapeError):
        fe.index_select(one, 0, fe.tensor([0, 0]))
    with pytest.raises(fe.ShapeError, match="as many dims"):
        fe.gather(fe.ones(2, 3), 0, fe.tensor([0]))


def test_masked_select_broadcasts_both() -> None:
    x = fe.tensor([1.0, 2.0]).requires_grad_()
    mask = fe.tensor([[True, False], [True, True]])
    y = fe.masked_select(x, mask)
    assert y.tolist() == [1, 1, 2]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 1]
    assert fe.masked_select(fe.tensor(1.0), fe.tensor(True)).tolist() == [1]
    assert fe.masked_select(fe.ones(2, 2), fe.tensor([False, True])).tolist() == [1, 1]
    with pytest.raises(fe.DTypeError, match=r"mask is int64\[2\]"):
        fe.masked_select(x, fe.tensor([0, 1]))


def test_where_of_a_condition_alone_tells_where_it_holds() -> None:
    rows, columns = fe.where(fe.tensor([[0, 2], [3, 0]]))
    assert (rows.dtype, rows.tolist(), columns.tolist()) == (fe.int64, [0, 1], [1, 0])
    assert [i.tolist() for i in fe.where(fe.tensor(True))] == [[0]]
    assert [i.shape for i in fe.where(fe.zeros(2, 3))] == [(0,), (0,)]
    chosen = fe.where(fe.tensor([True, False]), 1, 2.5)
    assert (chosen.dtype, chosen.tolist()) == (fe.float32, [1, 2.5])
    named = fe.where(condition=fe.tensor([True, False]), input=fe.tensor([1, 2]), other=0)
    assert named.tolist() == [1, 0]
    with pytest.raises(fe.ArgumentError, match="operand 2 is of type NoneType"):
        fe.where(fe.tensor([True]), 1)
