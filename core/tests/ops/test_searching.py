"""Searches, distinct elements and histograms, against NumPy; where NumPy differs, PyTorch's results
are written down."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule.errors import ArgumentError, DTypeError, GraphError, OutOfRange, ShapeError

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")

X = np.random.default_rng(0).standard_normal((3, 4, 5))
FEW = np.random.default_rng(1).integers(-3, 4, (6, 7))
NAN, INF = math.nan, math.inf


# Searching.


@pytest.mark.parametrize("right", [False, True])
def test_places_in_a_sorted_sequence(right: bool) -> None:
    side: Any = "right" if right else "left"
    sequence, values = np.sort(FEW[0]), np.append(FEW, [[9] * 7], axis=0)
    want = np.searchsorted(sequence, values, side=side)
    found = fe.searchsorted(fe.tensor(sequence), fe.tensor(values), side=side)
    np.testing.assert_array_equal(found.numpy(), want)
    found = fe.bucketize(fe.tensor(values), fe.tensor(sequence), right=right, out_int32=True)
    assert found.dtype is fe.int32
    np.testing.assert_array_equal(found.numpy(), want)
    order = np.argsort(FEW[0])
    found = fe.searchsorted(
        fe.tensor(FEW[0]), fe.tensor(values), right=right, sorter=fe.tensor(order)
    )
    np.testing.assert_array_equal(found.numpy(), want)
    rows = np.sort(FEW, axis=1)
    found = fe.searchsorted(fe.tensor(rows), fe.tensor(FEW), right=right)
    for row, v, got in zip(rows, FEW, found.numpy()):
        np.testing.assert_array_equal(got, np.searchsorted(row, v, side=side))


def test_searches_of_numbers_nan_and_nothing() -> None:
    ends = fe.tensor([1.0, 2.0])
    assert fe.searchsorted(ends, 1.5).item() == 1
    assert fe.searchsorted(ends, NAN).item() == 2
    assert fe.bucketize(2.5, ends).item() == 2
    assert fe.searchsorted(fe.zeros(0), fe.tensor([1.0])).tolist() == [0]
    with pytest.raises(ArgumentError, match="side must be 'left' or 'right'"):
        fe.searchsorted(ends, 1.0, side="middle")
    with pytest.raises(ArgumentError, match="contradicts"):
        fe.searchsorted(ends, 1.0, side="left", right=True)
    with pytest.raises(ShapeError, match="sorter must have the shape"):
        fe.searchsorted(ends, 1.0, sorter=fe.tensor([0]))
    with pytest.raises(ShapeError, match="boundaries must have one dim"):
        fe.bucketize(1.0, fe.zeros(1, 1))


def test_membership() -> None:
    x = fe.tensor(FEW)
    np.testing.assert_array_equal(fe.isin(x, fe.tensor([1, -2])).numpy(), np.isin(FEW, [1, -2]))
    found = fe.isin(x, fe.tensor([[1.0], [2.5]]), invert=True)
    np.testing.assert_array_equal(found.numpy(), ~np.isin(FEW, [1]))
    assert fe.isin(1, fe.tensor([2, 1])).item() is True
    assert fe.isin(fe.tensor([1, 2]), 1).tolist() == [True, False]
    assert fe.isin(fe.tensor([1.0]), fe.zeros(0)).tolist() == [False]
    assert fe.isin(fe.tensor([NAN, -0.0]), fe.tensor([NAN, 0.0])).tolist() == [False, True]
    with pytest.raises(ArgumentError, match="must be a tensor"):
        fe.isin(1, 1)


def test_places_of_what_is_not_zero() -> None:
    x = fe.tensor(FEW)
    np.testing.assert_array_equal(fe.nonzero(x).numpy(), np.argwhere(FEW))
    np.testing.assert_array_equal(fe.argwhere(x).numpy(), np.argwhere(FEW))
    for found, want in zip(fe.nonzero(x, as_tuple=True), np.nonzero(FEW), strict=True):
        np.testing.assert_array_equal(found.numpy(), want)
    assert fe.nonzero(fe.tensor(3.0)).shape == (1, 0)
    assert fe.nonzero(fe.tensor(0)).shape == (0, 0)
    assert fe.nonzero(fe.tensor(True), as_tuple=True)[0].tolist() == [0]
    assert fe.nonzero(fe.tensor([NAN, -0.0, 1j])).tolist() == [[0], [2]]


# Distinct elements.


@given(
    hnp.arrays(np.int64, hnp.array_shapes(max_dims=3, max_side=5), elements=st.integers(-1, 1)),
    st.data(),
)
def test_distinct_elements(x: Any, data: st.DataObject) -> None:
    dim = data.draw(st.none() | st.integers(0, x.ndim - 1))
    values, inverse, counts = fe.unique(fe.tensor(x), True, True, True, dim)
    want = np.unique(x, return_inverse=True, return_counts=True, axis=dim)
    np.testing.assert_array_equal(values.numpy(), want[0])
    np.testing.assert_array_equal(inverse.numpy().ravel(), want[1].ravel())
    np.testing.assert_array_equal(counts.numpy(), want[2])


def test_distinct_elements_of_floats() -> None:
    x = fe.tensor([1.0, NAN, NAN, 2.0, 1.0])
    values, inverse, counts = fe.unique(x, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(values.numpy(), [1, 2, NAN, NAN])
    assert inverse.tolist() == [0, 2, 3, 1, 0]
    assert counts.tolist() == [2, 1, 1, 1]
    assert fe.unique(fe.tensor([[3.0, NAN], [1, 2], [3, NAN]]), dim=0).shape == (3, 2)
    assert fe.unique(fe.tensor([0.0, -0.0])).tolist() == [0]
    assert fe.unique(fe.tensor(3.0), return_inverse=True)[1].shape == ()
    assert fe.unique(fe.zeros(0, 2), dim=0).shape == (0, 2)
    with pytest.raises(ShapeError, match="no elements to compare"):
        fe.unique(fe.zeros(2, 0), dim=0)
    y = fe.tensor([3.0, 1.0, 3.0], requires_grad=True)
    fe.unique(y).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [1, 1, 0]


def test_runs() -> None:
    x = fe.tensor([1, 1, 2, 2, 1])
    found = fe.unique_consecutive(x, True, True)
    assert [y.tolist() for y in found] == [[1, 2, 1], [0, 0, 1, 1, 2], [2, 2, 1]]
    rows = fe.tensor([[1, 1], [1, 1], [2, 1]])
    values, counts = fe.unique_consecutive(rows, return_counts=True, dim=0)
    assert values.tolist() == [[1, 1], [2, 1]]
    assert counts.tolist() == [2, 1]
    assert fe.unique_consecutive(rows, True)[1].tolist() == [[0, 0], [0, 0], [1, 2]]
    assert fe.unique_consecutive(fe.zeros(0)).shape == (0,)
    assert fe.unique_consecutive(fe.tensor([NAN, NAN])).shape == (2,)


def test_what_depends_on_values_cannot_be_traced() -> None:
    from ferrule.abstract import Abstract

    with Abstract(), pytest.raises(GraphError, match="unique: the shape of its result depends"):
        fe.unique(fe.tensor([1, 2]))


# Histograms.


def test_counts_of_integers() -> None:
    x = np.array([1, 3, 1, 5])
    assert fe.bincount(fe.tensor(x)).tolist() == [0, 2, 0, 1, 0, 1]
    assert fe.bincount(fe.tensor(x, dtype=fe.uint8), minlength=8).shape == (8,)
    weights = fe.tensor([0.5, 1.0, 2.0, 4.0])
    found = fe.bincount(fe.tensor(x), weights)
    assert found.dtype is fe.float32
    assert found.tolist() == [0, 2.5, 0, 1, 0, 4]
    assert fe.bincount(fe.tensor(x), fe.tensor(x)).dtype is fe.float64
    assert fe.bincount(fe.zeros(0, dtype=fe.int64)).shape == (0,)
    with pytest.raises(OutOfRange, match="negative elements"):
        fe.bincount(fe.tensor([-1]))
    with pytest.raises(ShapeError, match="of one dim"):
        fe.bincount(fe.tensor([[1]]))
    with pytest.raises(DTypeError, match="must be integers"):
        fe.bincount(fe.tensor([1.0]))
    with pytest.raises(ShapeError, match="weights must have the shape"):
        fe.bincount(fe.tensor([1]), fe.zeros(2))


@pytest.mark.parametrize("ends", [None, (-1.0, 1.5)])
@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_histograms(ends: tuple[float, float] | None, density: bool, weighted: bool) -> None:
    w = np.abs(X) if weighted else None
    weight = None if w is None else fe.tensor(w)
    found = fe.histogram(fe.tensor(X), 7, range=ends, weight=weight, density=density)
    want = np.histogram(X, 7, ends, density, w)
    np.testing.assert_allclose(found.hist.numpy(), want[0], rtol=1e-12)
    np.testing.assert_allclose(found.bin_edges.numpy(), want[1], rtol=1e-12)
    edges = np.array([-1, -0.5, 0.7, 1])
    found = fe.histogram(fe.tensor(X), fe.tensor(edges), weight=weight, density=density)
    want = np.histogram(X, edges, None, density, w)
    np.testing.assert_allclose(found.hist.numpy(), want[0], rtol=1e-12)


def test_counts_in_bins_of_equal_width() -> None:
    x = fe.tensor(X)
    np.testing.assert_array_equal(fe.histc(x, 9).numpy(), np.histogram(X, 9)[0])
    found = fe.histc(x, bins=6, min=-1, max=1)
    np.testing.assert_array_equal(found.numpy(), np.histogram(X, 6, (-1, 1))[0])
    assert fe.histc(fe.tensor([2.0, 2.0]), 4).tolist() == [0, 0, 2, 0]
    assert fe.histc(fe.tensor([1.0, NAN, 9.0]), 3, 0, 3).tolist() == [0, 1, 0]
    assert fe.histc(fe.zeros(0), 2).tolist() == [0, 0]
    assert fe.histc(fe.ones(5000, dtype=fe.float16), 1).item() == 5000
    assert fe.histogram(fe.tensor([2.0, 2.0]), 2).bin_edges.tolist() == [1.5, 2, 2.5]
    assert fe.histogram(fe.zeros(0), 2).bin_edges.tolist() == [0, 0.5, 1]


def test_histograms_that_are_refused() -> None:
    x = fe.tensor([1.0, NAN])
    for function in (fe.histc, fe.histogram):
        with pytest.raises(OutOfRange, match="not finite"):
            function(x, 3)
        with pytest.raises(OutOfRange, match="bins must be positive"):
            function(fe.ones(2), 0)
    with pytest.raises(OutOfRange, match="greater than the upper"):
        fe.histc(x, 3, 2, 1)
    with pytest.raises(DTypeError, match="histogram"):
        fe.histogram(x, fe.tensor([0.0, 1.0], dtype=fe.float64))
    with pytest.raises(ShapeError, match="weight must have the shape"):
        fe.histogram(x, 2, range=(0.0, 1.0), weight=fe.zeros(3))
