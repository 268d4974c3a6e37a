"""Indices are drawn as often as their weights say, and with one seed the same on all backends."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import ArgumentError, DTypeError, Generator, ShapeError

N = 20_000
LEAST = 1e-4
"""A test of significance may give less than this once in ten thousand seeds; these are fixed."""

FLOATS = [fe.float16, fe.bfloat16, fe.float32, fe.float64]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_with_replacement_frequencies_are_the_weights(dtype: fe.DType) -> None:
    weights = fe.tensor([0.5, 0.0, 3.0, 0.125, 1.0], dtype=dtype)
    drawn = fe.multinomial(weights, N, True, generator=Generator(seed=1))
    assert (drawn.dtype, drawn.shape) == (fe.int64, (N,))
    counts = np.bincount(drawn.numpy(), minlength=5)
    assert counts[1] == 0
    expected = np.array([0.5, 3.0, 0.125, 1.0]) / 4.625 * N
    assert scipy.stats.chisquare(counts[[0, 2, 3, 4]], expected).pvalue > LEAST


def test_rows_are_drawn_apart() -> None:
    weights = fe.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 2.0]])
    drawn = fe.multinomial(weights, 1000, True, generator=Generator(seed=2)).numpy()
    assert drawn.shape == (3, 1000)
    assert (drawn[0] == 0).all()
    assert (drawn[2] == 2).all()
    assert 400 < (drawn[1] == 1).sum() < 600


def test_without_replacement_whole_orders_have_the_probabilities_of_successive_draws() -> None:
    weights = np.array([1.0, 2.0, 5.0])
    rows = fe.tensor(np.tile(weights, (N, 1)), dtype=fe.float32)
    drawn = fe.multinomial(rows, 3, generator=Generator(seed=3)).numpy()
    orders = list(itertools.permutations(range(3)))
    counts = [int((drawn == order).all(axis=1).sum()) for order in orders]
    assert sum(counts) == N
    probabilities = []
    for a, b, _ in orders:
        total = weights.sum()
        probabilities.append(weights[a] / total * weights[b] / (total - weights[a]))
    assert scipy.stats.chisquare(counts, np.array(probabilities) * N).pvalue > LEAST


def test_many_categories_of_equal_weight() -> None:
    drawn = fe.multinomial(fe.ones(2000), 1000, generator=Generator(seed=4)).numpy()
    assert len(set(drawn.tolist())) == 1000
    assert scipy.stats.kstest(drawn / 2000, "uniform").pvalue > LEAST


@given(st.lists(st.sampled_from([0.0, 1e-30, 1e-6, 1.0, 3e4, 1e30]), min_size=1, max_size=8))
def test_without_replacement_all_positive_weights_come_once(weights: list[float]) -> None:
    positive = [i for i, w in enumerate(weights) if w > 0]
    if not positive:
        return
    drawn = fe.multinomial(fe.tensor(weights, dtype=fe.float64), len(positive)).tolist()
    assert sorted(drawn) == positive


def test_a_weight_far_above_the_others_comes_first() -> None:
    weights = fe.tensor([1e-30, 1.0, 1e30], dtype=fe.float64)
    assert fe.multinomial(weights, 3, generator=Generator(seed=5)).tolist() == [2, 1, 0]


@pytest.mark.parametrize("scale", [2.0**-140, 2.0**-20, 2.0**100])
@pytest.mark.parametrize("replacement", [True, False])
def test_powers_of_two_make_no_difference(scale: float, replacement: bool) -> None:
    weights = fe.tensor([0.5, 0.75, 3.0, 0.125, 1.0])
    a = fe.multinomial(weights, 4, replacement, generator=Generator(seed=6))
    b = fe.multinomial(weights * scale, 4, replacement, generator=Generator(seed=6))
    assert a.tolist() == b.tolist()


def test_exponentials_of_which_the_keys_are_made() -> None:
    from ferrule.multinomial import _log2_exponential

    k = fe.Generator(seed=7).bits((2, N)).to(fe.int64)
    uniform = ((k[0] & (2**30 - 1)) << 32) | (k[1] & 0xFFFFFFFF)
    found = np.exp2(_log2_exponential(uniform).numpy() / 2.0**40)
    np.testing.assert_allclose(found, -np.log1p(-(uniform.numpy() + 0.5) / 2.0**62), rtol=1e-6)
    ends = fe.tensor([0, 1, 2**40, 2**52 - 1, 2**52, 2**52 + 1, 2**61, 2**62 - 2])
    want = [-math.log1p(-(v + 0.5) / 2.0**62) for v in ends.tolist()[:-1]]
    found = np.exp2(_log2_exponential(ends).numpy() / 2.0**40)
    np.testing.assert_allclose(found[:-1], want, rtol=1e-6)
    np.testing.assert_allclose(found[-1], 62 * math.log(2) - math.log(1.5), rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "count", "replacement", "error", "says"),
    [
        ([1.0, -1.0], 1, False, ArgumentError, "finite and not negative"),
        ([1.0, math.nan], 1, True, ArgumentError, "finite and not negative"),
        ([1.0, math.inf], 1, True, ArgumentError, "finite and not negative"),
        ([0.0, 0.0], 1, True, ArgumentError, "must be positive"),
        ([1.0, 0.0], 2, False, ArgumentError, "must be positive"),
        ([1.0, 2.0], 3, False, ShapeError, "cannot be drawn without"),
        ([1.0, 2.0], 0, False, ArgumentError, "num_samples"),
        ([], 1, True, ShapeError, "1 to 2"),
        ([[[1.0]]], 1, True, ShapeError, "one or two dims"),
        (1.0, 1, True, ShapeError, "one or two dims"),
        ([1, 2], 1, True, DTypeError, "weights are floating"),
    ],
)
def test_what_cannot_be_drawn(weights, count, replacement, error, says) -> None:
    with pytest.raises(error, match=rf"^multinomial: .*{says}"):
        fe.multinomial(fe.tensor(weights), count, replacement)


def test_it_is_a_method_and_takes_no_gradient() -> None:
    weights = fe.ones(3, requires_grad=True)
    assert not weights.multinomial(2).requires_grad
