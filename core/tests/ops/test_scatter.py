"""Writing by index: what the functions promise beyond what conformance asks of the ops."""

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
def along(draw: st.DrawFn) -> tuple[Array, int, Array, Array]:
    """A tensor, a dim, an index that need not reach all of it, and a larger source."""
    shape = draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    dim = draw(st.integers(0, len(shape) - 1))
    size = tuple(draw(st.integers(0, 5 if d == dim else n)) for d, n in enumerate(shape))
    index = draw(arrays(np.int64, size, elements=st.integers(0, shape[dim] - 1)))
    larger = tuple(n + draw(st.integers(0, 1)) for n in size)
    whole = st.integers(-3, 3)
    dtype = draw(st.sampled_from([np.float64, np.int32]))
    x = draw(arrays(dtype, shape, elements=whole))
    return x, dim, index, draw(arrays(dtype, larger, elements=whole))


def met(x: Array, dim: int, index: Array, source: Array) -> dict[tuple[int, ...], list[Any]]:
    """For each place that something is sent to, what is."""
    found: dict[tuple[int, ...], list[Any]] = {}
    for at in np.ndindex(index.shape):
        place = (*at[:dim], int(index[at]), *at[dim + 1 :])
        found.setdefault(place, []).append(source[at])
    return found


REDUCE: dict[str, Any] = {
    "sum": np.sum,
    "prod": np.prod,
    "amax": np.max,
    "amin": np.min,
    "mean": lambda v: np.mean(v) if np.asarray(v).dtype.kind == "f" else np.sum(v) // len(v),
}


@given(along(), st.sampled_from(list(REDUCE)), st.booleans())
def test_scatter_reduce(
    case: tuple[Array, int, Array, Array], reduce: str, include_self: bool
) -> None:
    x, dim, index, source = case
    expected = x.copy()
    for place, values in met(*case).items():
        expected[place] = REDUCE[reduce]([x[place], *values] if include_self else values)
    found = fe.scatter_reduce(
        fe.tensor(x), dim, fe.tensor(index), fe.tensor(source), reduce, include_self=include_self
    )
    assert found.dtype.numpy == x.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)


@given(along())
def test_scatter_takes_the_last_and_divides_the_gradient(
    case: tuple[Array, int, Array, Array],
) -> None:
    _, dim, index, _ = case
    a, b = case[0].astype(float), case[3].astype(float)
    weights = np.arange(1.0, a.size + 1).reshape(a.shape)
    expected, by_a, by_b = a.copy(), weights.copy(), np.zeros(b.shape)
    winner: dict[tuple[int, ...], tuple[int, ...]] = {}
    for at in np.ndindex(index.shape):
        winner[(*at[:dim], int(index[at]), *at[dim + 1 :])] = at
    for place, at in winner.items():
        expected[place], by_a[place], by_b[at] = b[at], 0.0, weights[place]
    x, source = fe.tensor(a).requires_grad_(), fe.tensor(b).requires_grad_()
    y = fe.scatter(x, dim, fe.tensor(index), source)
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    y.backward(fe.tensor(weights))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), by_a)
    if index.size:
        assert source.grad is not None
        np.testing.assert_array_equal(source.grad.numpy(), by_b)


def test_scatter_of_a_number_and_with_a_reduction() -> None:
    x, index = fe.ones(2, 3), fe.tensor([[0, 2], [1, 1]])
    assert fe.scatter(x, 1, index, 5).tolist() == [[5, 1, 5], [1, 5, 1]]
    assert fe.scatter(x, 1, index, value=5.5).tolist() == [[5.5, 1, 5.5], [1, 5.5, 1]]
    assert fe.scatter(x, 1, index, 5, reduce="add").tolist() == [[6, 1, 6], [1, 11, 1]]
    assert fe.scatter(x, 1, index, 5, reduce="multiply").tolist() == [[5, 1, 5], [1, 25, 1]]
    whole = fe.arange(3)
    assert fe.scatter(whole, 0, fe.tensor([0]), 2.7).tolist() == [2, 1, 2]  # as PyTorch has it


def test_sums_of_bools_are_or_and_integers_wrap() -> None:
    x, index = fe.tensor([True, False, False]), fe.tensor([1, 1, 0])
    source = fe.tensor([True, True, False])
    assert fe.scatter_add(x, 0, index, source).tolist() == [True, True, False]
    assert fe.index_add(x, 0, index, source).tolist() == [True, True, False]
    assert fe.scatter_reduce(x, 0, index, source, "prod").tolist() == [False, False, False]
    put = fe.put(x, index, source, accumulate=True)
    assert (put.dtype, put.tolist()) == (fe.bool, [True, True, False])
    with pytest.raises(fe.DTypeError, match="bools have no mean"):
        fe.scatter_reduce(x, 0, index, source, "mean")
    small = fe.tensor([1], dtype=fe.uint8)
    twice = fe.tensor([200, 200], dtype=fe.uint8)
    assert fe.scatter_add(small, 0, fe.tensor([0, 0]), twice).tolist() == [145]


# Gradients of reductions.


def test_the_gradient_of_a_maximum_is_shared_among_those_that_reach_it() -> None:
    x = fe.tensor([3.0, 1.0, 2.0]).requires_grad_()
    source = fe.tensor([3.0, 3.0, 1.0, 5.0]).requires_grad_()
    index = fe.tensor([0, 0, 1, 2])
    y = fe.scatter_reduce(x, 0, index, source, "amax")
    y.backward(fe.tensor([3.0, 10.0, 7.0]))
    assert x.grad is not None and source.grad is not None
    assert x.grad.tolist() == [1, 5, 0]
    assert source.grad.tolist() == [1, 1, 5, 7]


@pytest.mark.parametrize("zeros", [(), (0,), (1,), (0, 1), (1, 2), (0, 1, 2)])
def test_gradients_of_a_product_are_exact_at_zeros_to_any_order(zeros: tuple[int, ...]) -> None:
    # x * s0 * s1 at one place, and s2 alone at another, against the product written out
    values = [2.0, 3.0, 5.0]
    for z in zeros:
        values[z] = 0.0
    x = fe.tensor([values[0], 7.0], dtype=fe.float64).requires_grad_()
    source = fe.tensor([values[1], values[2], 11.0], dtype=fe.float64).requires_grad_()
    by_op = fe.ops.scatter_reduce(x, fe.tensor([0, 0, 1]), source, dim=0, reduce="prod")
    written_out = fe.stack([x[0] * source[0] * source[1], x[1] * source[2]])
    for y in (by_op, written_out):
        assert y.tolist() == [values[0] * values[1] * values[2], 77]

    def gradients(y: Any) -> list[Any]:
        """Of a number by both; zeros where it does not depend on them."""
        if not y.requires_grad:
            return [fe.zeros_like(x), fe.zeros_like(source)]
        return list(fe.autograd.grad(y, [x, source], create_graph=True, materialize_grads=True))

    def derivatives(y: Any) -> list[Any]:
        """Of the first, second and third order."""
        first = gradients(y[0] + 2 * y[1])
        second = [h for g in first for i in range(g.shape[0]) for h in gradients(g[i])]
        third = [h for g in second for i in range(g.shape[0]) for h in gradients(g[i])]
        return [g.tolist() for g in (*first, *second, *third)]

    wanted = derivatives(written_out)
    assert derivatives(by_op) == wanted
    assert any(any(each) for each in wanted[12:])  # the third order is not all 0


def test_without_self_the_element_gets_no_gradient_and_the_others_all_of_it() -> None:
    x = fe.tensor([5.0, 2.0]).requires_grad_()
    source = fe.tensor([5.0, 1.0]).requires_grad_()
    y = fe.scatter_reduce(x, 0, fe.tensor([0, 0]), source, "amax", include_self=False)
    y.sum().backward()
    assert x.grad is not None and source.grad is not None
    assert x.grad.tolist() == [0, 1]
    assert source.grad.tolist() == [1, 0]


def test_nan_wins_and_infinities_are_kept() -> None:
    nan, inf = float("nan"), float("inf")
    x, index = fe.tensor([1.0, -inf, 2.0]), fe.tensor([0, 1, 2])
    found = fe.scatter_reduce(x, 0, index, fe.tensor([nan, -inf, inf]), "amax")
    np.testing.assert_array_equal(found.numpy(), [nan, -inf, inf])
    found = fe.scatter_reduce(x, 0, index[:1], fe.tensor([-inf]), "amax", include_self=False)
    assert found.tolist() == [-inf, -inf, 2]


# Slices.


def test_index_add_copy_fill_and_reduce() -> None:
    x = fe.zeros(2, 3)
    index, source = fe.tensor([2, 0, 2]), fe.arange(6.0).reshape(2, 3)
    assert fe.index_add(x, 1, index, source).tolist() == [[1, 0, 2], [4, 0, 8]]
    assert fe.index_add(x, 1, index, source, alpha=-2).tolist() == [[-2, 0, -4], [-8, 0, -16]]
    assert fe.index_copy(x, 1, index, source).tolist() == [[1, 0, 2], [4, 0, 5]]
    assert fe.index_fill(x, 1, fe.tensor([0, -1]), 7).tolist() == [[7, 0, 7], [7, 0, 7]]
    assert fe.index_fill(x, 0, fe.tensor(1), fe.tensor(2)).tolist() == [[0] * 3, [2] * 3]
    found = fe.index_reduce(x + 1, 1, index, source, "mean")
    np.testing.assert_allclose(found.numpy(), [[1, 1, 1], [2.5, 1, 3]])
    whole = fe.index_add(fe.zeros(1, dtype=fe.int64), 0, fe.tensor([0]), fe.tensor([1]), alpha=2.5)
    assert whole.tolist() == [2]  # as PyTorch: alpha is an integer there


def test_tensors_without_dims_are_read_as_of_one_element() -> None:
    x, index = fe.tensor(1.0), fe.tensor(0)
    for found in (
        fe.scatter(x, 0, index, fe.tensor(2.0)),
        fe.index_copy(x, 0, index, fe.tensor(2.0)),
        fe.index_fill(x, 0, index, 2),
        fe.scatter_add(x, 0, index, fe.tensor(1.0)),
        fe.masked_fill(x, fe.tensor(True), 2),
        fe.masked_scatter(x, fe.tensor(True), fe.tensor([2.0])),
        fe.put(x, index, fe.tensor(2.0)),
    ):
        assert (found.shape, found.item()) == ((), 2)


def test_put_counts_through_the_flattened_tensor() -> None:
    x = fe.zeros(2, 2)
    assert fe.put(x, fe.tensor([[0, -1]]), fe.tensor([1.0, 2.0])).tolist() == [[1, 0], [0, 2]]
    found = fe.put(x, fe.tensor([1, 1]), fe.tensor([1.0, 2.0]), accumulate=True)
    assert found.tolist() == [[0, 3], [0, 0]]
    with pytest.raises(fe.ShapeError, match="2 indices for 1 elements"):
        fe.put(x, fe.tensor([0, 1]), fe.tensor(1.0))


# Masks.


def test_masked_fill_and_scatter() -> None:
    x = fe.arange(3)
    mask = fe.tensor([[True, False, False], [False, True, True]])
    assert fe.masked_fill(x, mask, -1).tolist() == [[-1, 1, 2], [0, -1, -1]]
    assert fe.masked_fill(x, mask, 2.7).dtype is fe.int64
    found = fe.masked_scatter(x, mask, fe.tensor([[7, 8], [9, 10]]))
    assert found.tolist() == [[7, 1, 2], [0, 8, 9]]
    with pytest.raises(fe.ShapeError, match="3 places, and source has 2"):
        fe.masked_scatter(x, mask, fe.tensor([7, 8]))
    with pytest.raises(fe.DTypeError, match="does not fit"):
        fe.masked_fill(x, mask, float("inf"))
    with pytest.raises(fe.ShapeError, match="no dims"):
        fe.masked_fill(x, mask, fe.tensor([1]))
    with pytest.raises(fe.DTypeError, match="mask"):
        fe.masked_fill(x, x, 1)


def test_gradients_of_masked_fill_and_scatter() -> None:
    x, value = fe.ones(3).requires_grad_(), fe.tensor(2.0).requires_grad_()
    mask = fe.tensor([True, False, True])
    fe.masked_fill(x, mask, value).backward(fe.tensor([1.0, 2.0, 4.0]))
    assert x.grad is not None and value.grad is not None
    assert (x.grad.tolist(), value.grad.tolist()) == ([0, 2, 0], 5)
    source = fe.ones(5).requires_grad_()
    fe.masked_scatter(fe.ones(3), mask, source).backward(fe.tensor([1.0, 2.0, 4.0]))
    assert source.grad is not None
    assert source.grad.tolist() == [1, 4, 0, 0, 0]


# Replacing slices.


def test_replacing_a_slice_or_a_diagonal() -> None:
    x = fe.zeros(2, 3)
    two, three = fe.tensor([1.0, 2.0]), fe.tensor([1, 2, 3])
    assert fe.select_scatter(x, two, 1, -1).tolist() == [[0, 0, 1], [0, 0, 2]]
    assert fe.select_scatter(x, three, 0, 1).tolist() == [[0] * 3, [1, 2, 3]]
    found = fe.slice_scatter(x, fe.ones(2, 2), 1, 0, 100, 2)
    assert found.tolist() == [[1, 0, 1], [1, 0, 1]]
    assert fe.slice_scatter(x, fe.ones(2, 1), 1, start=-1).tolist() == [[0, 0, 1]] * 2
    assert fe.diagonal_scatter(x, two, 1).tolist() == [[0, 1, 0], [0, 0, 2]]
    assert fe.diagonal_scatter(x, two[:1], -1).tolist() == [[0] * 3, [1, 0, 0]]
    assert fe.diagonal_scatter(x, fe.zeros(0), 5).tolist() == [[0] * 3] * 2
    block = fe.diagonal_scatter(fe.zeros(2, 2, 3), fe.ones(3, 2), 0, 0, 1)
    assert block.tolist() == [[[1] * 3, [0] * 3], [[0] * 3, [1] * 3]]
    whole = fe.select_scatter(fe.zeros(2, 2, dtype=fe.int64), fe.tensor([1.7, 2.0]), 0, 0)
    assert whole.tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: fe.select_scatter(x, fe.ones(3), 1, 0),
        lambda x: fe.slice_scatter(x, fe.ones(1, 3)),
        lambda x: fe.slice_scatter(x, x, step=-1),
        lambda x: fe.diagonal_scatter(x, fe.ones(1), 0),
        lambda x: fe.diagonal_scatter(x, fe.ones(2), 0, 1, -1),
        lambda x: fe.scatter(x, 1, fe.zeros(3, 1, dtype=fe.int64), fe.ones(3, 1)),
        lambda x: fe.scatter(x, 1, fe.zeros(2, 2, dtype=fe.int64), fe.ones(2, 1)),
        lambda x: fe.scatter(x, 1, fe.zeros(2, dtype=fe.int64), fe.ones(2)),
        lambda x: fe.index_copy(x, 1, fe.tensor([0]), fe.ones(2, 2)),
        lambda x: fe.index_add(x, 1, fe.tensor([[0]]), fe.ones(2, 1)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(call: Any) -> None:
    with pytest.raises(fe.ShapeError):
        call(fe.zeros(2, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda x, i: fe.scatter(x, 0, i),
        lambda x, i: fe.scatter(x, 0, i, x, value=1),
        lambda x, i: fe.scatter(x, 0, i, x, reduce="max"),
        lambda x, i: fe.scatter_reduce(x, 0, i, x, "median"),
        lambda x, i: fe.index_reduce(x, 0, i, x, "sum"),
        lambda x, i: fe.index_put(x, i, x),
    ],
)
def test_arguments_that_mean_nothing_are_refused(call: Any) -> None:
    with pytest.raises(fe.ArgumentError):
        call(fe.zeros(2), fe.tensor([0, 1]))


@pytest.mark.parametrize(
    "write",
    [fe.scatter, fe.scatter_add, fe.index_add, fe.index_copy],
    ids=lambda f: f.__name__,
)
def test_dtypes_must_be_one(write: Any) -> None:
    with pytest.raises(fe.DTypeError):
        write(fe.zeros(2), 0, fe.tensor([0]), fe.tensor([1]))
