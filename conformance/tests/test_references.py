"""References that loop, against cases worked out by hand or by NumPy's own means."""

from __future__ import annotations

import numpy as np
import pytest

from ferrule_conformance import (
    loss_references,
    optimizer_references,
    references,
    spatial_references,
)
from ferrule_plugins import dtypes

RNG = np.random.default_rng(0)


def test_sort_is_stable_both_ways_and_puts_nan_above_all() -> None:
    x = np.array([2.0, np.nan, 1.0, 2.0, 1.0])
    values, order = references.sort(x, dim=0, descending=False)
    assert order.tolist() == [2, 4, 0, 3, 1]
    assert values.tolist()[:4] == [1.0, 1.0, 2.0, 2.0]
    values, order = references.sort(x, dim=0, descending=True)
    assert order.tolist() == [1, 0, 3, 2, 4]


def test_pad_is_the_transpose_of_slice() -> None:
    x, g = RNG.normal(size=(5, 4)), RNG.normal(size=(3, 2))
    sliced = references.slice(x, starts=(0, 1), stops=(5, 4), steps=(2, 2))
    padded = references.pad(g, before=(0, 1), after=(0, 0), inner=(1, 1), value=0.0)
    assert sliced.shape == g.shape and padded.shape == x.shape
    assert np.vdot(sliced, g) == pytest.approx(np.vdot(x, padded))


def test_gather_and_scatter_are_transposes() -> None:
    x, g = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 6))
    index = RNG.integers(0, 4, (3, 6))
    gathered = references.gather(x, index, dim=1)
    np.testing.assert_array_equal(gathered, np.take_along_axis(x, index, 1))
    scattered = references.scatter_add(np.zeros((3, 4)), index, g, dim=1)
    assert np.vdot(gathered, g) == pytest.approx(np.vdot(x, scattered))


def test_index_add_adds_again_where_an_index_repeats() -> None:
    y = references.index_add(np.zeros((3, 1)), np.array([2, 2]), np.ones((2, 1)), dim=0)
    assert y.ravel().tolist() == [0, 0, 2]


def test_cast_cuts_fractions_and_asks_for_what_is_not_0() -> None:
    x = np.array([-1.5, 0.0, 0.3])
    assert references.cast(x, dtype=dtypes.int8).tolist() == [-1, 0, 0]
    assert references.cast(x, dtype=dtypes.bool_).tolist() == [True, False, True]
    assert references.cast(x + 1j, dtype=dtypes.float32).tolist() == [-1.5, 0.0, 0.3]


def test_convolution_by_hand() -> None:
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    weight = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    options = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    y = spatial_references.conv(x, weight, np.array([10.0]), **options)
    assert y.ravel().tolist() == [6, 6, 6, 6]


@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_of_convolution_are_its_transposes(groups: int) -> None:
    x, weight = RNG.normal(size=(2, 4, 5, 6)), RNG.normal(size=(2, 4 // groups, 3, 2))
    options = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": groups}
    y = spatial_references.conv(x, weight, **options)
    g = RNG.normal(size=y.shape)
    by_x = spatial_references.conv_input(g, weight, input_size=x.shape, **options)
    by_weight = spatial_references.conv_weight(g, x, weight_size=weight.shape, **options)
    assert np.vdot(y, g) == pytest.approx(np.vdot(x, by_x))
    assert np.vdot(y, g) == pytest.approx(np.vdot(weight, by_weight))


def test_pooling_by_hand() -> None:
    x = np.array([[[[1.0, 5.0, 2.0], [4.0, 3.0, 6.0], [9.0, 7.0, 8.0]]]])
    windows = {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0), "ceil_mode": True}
    values, indices = spatial_references.max_pool_with_indices(x, dilation=(1, 1), **windows)
    assert values.ravel().tolist() == [5, 6, 9, 8]
    assert indices.ravel().tolist() == [1, 5, 6, 8]
    means = spatial_references.avg_pool(x, count_include_pad=True, divisor_override=None, **windows)
    assert means.ravel().tolist() == [3.25, 4.0, 8.0, 8.0]


def test_a_certain_class_costs_nothing() -> None:
    x = np.array([[100.0, 0.0], [0.0, 100.0]])
    options = {"ignore_index": -100, "reduction": "mean", "label_smoothing": 0.0}
    right = loss_references.cross_entropy(x, np.array([0, 1]), **options)
    wrong = loss_references.cross_entropy(x, np.array([1, 1]), **options)
    assert float(right) == pytest.approx(0.0, abs=1e-12)
    assert float(wrong) == pytest.approx(50.0)


def test_first_step_of_adam_is_the_learning_rate() -> None:
    param, grad, zero = np.array([1.0, 1.0]), np.array([0.3, -7.0]), np.zeros(2)
    options = {"beta1": 0.9, "beta2": 0.999, "eps": 0.0, "maximize": False}
    moved, *_ = optimizer_references.adam_step(
        param, grad, zero, zero, np.array(0.1), np.array(1), weight_decay=0.0, **options
    )
    np.testing.assert_allclose(moved, [0.9, 1.1])
