"""Distributions against SciPy's, by tests of goodness of fit with fixed seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

import ferrule as fe
from ferrule import ArgumentError, DTypeError, GraphError, ShapeError, Tensor

N = 20_000
wrong: Any = 3
LEAST = 1e-4
"""A test of goodness of fit may give less than this once in ten thousand seeds; these are
fixed."""


@pytest.fixture(autouse=True)
def _seeded() -> None:
    fe.manual_seed(77)


def fits(values: Tensor, distribution: Any) -> bool:
    return scipy.stats.kstest(values.double().numpy(), distribution.cdf).pvalue > LEAST


CONTINUOUS: dict[str, tuple[Callable[[Tensor], Tensor], Any]] = {
    "uniform_": (lambda x: x.uniform_(-2, 3), scipy.stats.uniform(-2, 5)),
    "normal_": (lambda x: x.normal_(1, 2), scipy.stats.norm(1, 2)),
    "log_normal_": (
        lambda x: x.log_normal_(0.5, 0.75), scipy.stats.lognorm(0.75, 0, math.exp(0.5)),
    ),
    "exponential_": (lambda x: x.exponential_(2.5), scipy.stats.expon(0, 1 / 2.5)),
    "cauchy_": (lambda x: x.cauchy_(1, 3), scipy.stats.cauchy(1, 3)),
    "normal": (lambda x: fe.normal(-1.0, 0.5, x.shape, dtype=x.dtype), scipy.stats.norm(-1, 0.5)),
    "normal of tensors": (
        lambda x: fe.normal(fe.full_like(x, 2.0), fe.full_like(x, 3.0)), scipy.stats.norm(2, 3),
    ),
    "normal of a mean": (lambda x: fe.normal(fe.full_like(x, 2.0)), scipy.stats.norm(2, 1)),
    "normal of an std": (lambda x: fe.normal(0.0, fe.full_like(x, 3.0)), scipy.stats.norm(0, 3)),
    "rand_like": (fe.rand_like, scipy.stats.uniform()),
    "randn_like": (fe.randn_like, scipy.stats.norm()),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [fe.float32, fe.float64], ids=str)
@pytest.mark.parametrize(("fill", "distribution"), CONTINUOUS.values(), ids=CONTINUOUS.keys())
def test_continuous(fill: Any, distribution: Any, dtype: fe.DType) -> None:
    found = fill(fe.zeros(N, dtype=dtype))
    assert (found.dtype, found.shape) == (dtype, (N,))
    assert fits(found, distribution)


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16], ids=str)
def test_short_dtypes_keep_mean_and_spread(dtype: fe.DType) -> None:
    x = fe.zeros(N, dtype=dtype)
    for fill, mean, std in (
        (lambda: x.uniform_(1, 2), 1.5, math.sqrt(1 / 12)),
        (lambda: x.normal_(1, 0.5), 1.0, 0.5),
        (lambda: x.exponential_(2), 0.5, 0.5),
    ):
        values = fill().double().numpy()
        assert fill().dtype is dtype
        assert abs(values.mean() - mean) < 5 * std / math.sqrt(N) + 0.005
        assert abs(values.std() - std) < 0.02


@pytest.mark.parametrize("p", [0.0, 1e-3, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("dtype", [fe.float32, fe.int64, fe.bool], ids=str)
def test_bernoulli(p: float, dtype: fe.DType) -> None:
    like = fe.zeros(N, dtype=dtype)
    chances = fe.full((N,), p, dtype=fe.float64)
    for drawn in (
        fe.bernoulli(like, p),
        fe.bernoulli(like, chances),
        fe.zeros(N, dtype=dtype).bernoulli_(p),
        fe.zeros(N, dtype=dtype).bernoulli_(chances),
    ):
        assert drawn.dtype is dtype
        count = int(drawn.double().sum().item())
        assert abs(count - N * p) <= 5 * math.sqrt(N * p * (1 - p))
        assert set(drawn.int().tolist()) <= {0, 1}


def test_bernoulli_of_probabilities_has_their_dtype() -> None:
    p = fe.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=fe.float64)
    drawn = fe.bernoulli(p)
    assert drawn.dtype is fe.float64
    assert drawn.tolist() == p.tolist()
    assert fe.bernoulli(fe.tensor([-1.0, 2.0, math.nan])).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", [fe.float32, fe.int32, fe.float16], ids=str)
def test_geometric_counts_trials(dtype: fe.DType) -> None:
    values = fe.zeros(N, dtype=dtype).geometric_(0.3).double().numpy()
    assert values.min() == 1
    counts = np.bincount(values.astype(int), minlength=12)[1:12]
    expected = 0.3 * 0.7 ** np.arange(11) * counts.sum()
    expected *= counts.sum() / expected.sum()
    assert scipy.stats.chisquare(counts, expected).pvalue > LEAST


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.7, 4.0, 9.99, 10.0, 25.0, 400.0, 1e6])
def test_poisson(rate: float) -> None:
    drawn = fe.poisson(fe.full((N,), rate, dtype=fe.float64)).numpy()
    assert (drawn == np.floor(drawn)).all()
    assert abs(drawn.mean() - rate) <= 5 * math.sqrt(rate / N)
    if rate:
        assert abs(drawn.var() / rate - 1) < 5 * math.sqrt((2 + 1 / rate) / N)
    if 0.5 < rate < 1e5:
        distribution = scipy.stats.poisson(rate)
        edges = np.unique(distribution.ppf(np.linspace(0.02, 0.98, 12)))
        cells = np.searchsorted(edges, drawn, side="left")
        counts = np.bincount(cells, minlength=len(edges) + 1)
        probabilities = np.diff(np.concatenate([[0], distribution.cdf(edges), [1]]))
        assert scipy.stats.chisquare(counts, probabilities * N).pvalue > LEAST


def test_poisson_of_several_rates_keeps_shape_and_dtype() -> None:
    rates = fe.tensor([[0.0, 3.0], [50.0, math.nan]], dtype=fe.float16)
    drawn = fe.poisson(rates)
    assert (drawn.shape, drawn.dtype) == ((2, 2), fe.float16)
    values = drawn.tolist()
    assert values[0][0] == 0
    assert 20 < values[1][0] < 90
    assert math.isnan(values[1][1])


@pytest.mark.parametrize(
    ("dtype", "largest"),
    [
        (fe.bool, 1), (fe.uint8, 255), (fe.int8, 127), (fe.int16, 2**15 - 1), (fe.int32, 2**31 - 1),
        (fe.float16, 2**11), (fe.bfloat16, 2**8), (fe.float32, 2**24), (fe.float64, 2**53),
    ],
    ids=str,
)  # fmt: skip
def test_random_fills_the_range_of_the_dtype(dtype: fe.DType, largest: int) -> None:
    values = fe.zeros(N, dtype=dtype).random_().double().numpy()
    assert values.min() >= 0
    assert values.max() <= largest
    assert abs(values.mean() / largest - 0.5) < 5 * math.sqrt(0.3 / N)


def test_random_in_every_spelling() -> None:
    x = fe.zeros(1000, dtype=fe.int32)
    assert set(x.random_(3).tolist()) == {0, 1, 2}
    assert set(x.random_(5, 8).tolist()) == {5, 6, 7}
    assert set(x.random_(to=2).tolist()) == {0, 1}


def test_complex_numbers_have_parts_of_their_own() -> None:
    for dtype in (fe.complex64, fe.complex128):
        z = fe.randn(N, dtype=dtype).numpy()
        assert abs((abs(z) ** 2).mean() - 1) < 5 / math.sqrt(N)
        assert scipy.stats.kstest(z.real * math.sqrt(2), "norm").pvalue > LEAST
        assert abs((z.real * z.imag).mean()) < 5 * 0.5 / math.sqrt(N)
        u = fe.rand(N, dtype=dtype).numpy()
        assert scipy.stats.kstest(u.real, "uniform").pvalue > LEAST
        assert scipy.stats.kstest(u.imag, "uniform").pvalue > LEAST


def test_exponentials_are_never_minus_zero() -> None:
    x = fe.zeros(N, dtype=fe.bfloat16).exponential_()
    assert not np.signbit(x.double().numpy()).any()


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda x: x.uniform_(2, 1), ArgumentError, "^uniform_: the range from 2 to 1 is empty"),
        (lambda x: x.long().uniform_(), DTypeError, "^uniform_: .* is not floating"),
        (lambda x: x.normal_(0, -1), ArgumentError, "^normal_: std must not be negative"),
        (lambda x: x.exponential_(0), ArgumentError, "^exponential_: lambd must be positive"),
        (lambda x: x.cauchy_(0, -1), ArgumentError, "^cauchy_: sigma"),
        (lambda x: x.geometric_(0), ArgumentError, "^geometric_: p must be between"),
        (lambda x: x.geometric_(1), ArgumentError, "^geometric_: p must be between"),
        (lambda x: x.bernoulli_(1.5), ArgumentError, "^bernoulli_: a probability"),
        (lambda x: x.bernoulli_(fe.tensor([1])), DTypeError, "^bernoulli_: probabilities"),
        (lambda x: fe.bernoulli(x.long()), DTypeError, "^bernoulli: probabilities"),
        (lambda x: x.random_(3, 3), ShapeError, "^random_: the range from 3 to 3"),
        (lambda x: x.byte().random_(300), DTypeError, "^random_: 299 does not fit"),
        (lambda x: x.random_(1.5), ArgumentError, "^random_: a bound must be an int"),
        (lambda x: fe.poisson(x - 1), ArgumentError, "^poisson: rates must not be negative"),
        (lambda x: fe.poisson(x.long()), DTypeError, "^poisson: rates are floating"),
        (lambda x: fe.normal(), ArgumentError, "^normal: give size="),
        (lambda x: fe.normal(x, 1.0, (3,)), ArgumentError, "^normal: size is that"),
        (lambda x: fe.normal(0.0, -1.0, (3,)), ArgumentError, "^normal: std"),
        (lambda x: fe.randint(3), ArgumentError, "^randint needs high and size"),
        (lambda x: fe.randperm(300, dtype=fe.uint8), DTypeError, "^randperm: 299 does not fit"),
        (lambda x: fe.rand(3, generator=wrong), ArgumentError, "^rand: 3 is not a Generator"),
        (lambda x: fe.randn(3, dtype="nope"), DTypeError, "^randn: "),
        (lambda x: x.log_normal_(0, 0), ArgumentError, "^log_normal_: std must be positive"),
    ],
)
def test_what_cannot_be_drawn_names_the_call(call: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        call(fe.zeros(3))


def test_filling_is_writing_in_place() -> None:
    leaf = fe.zeros(3, requires_grad=True)
    with pytest.raises(GraphError, match="uniform_: a leaf"):
        leaf.uniform_()
    with fe.no_grad():
        leaf.uniform_()
    assert leaf.requires_grad
    other = leaf.detach()
    leaf_values = leaf.tolist()
    other.normal_()
    assert leaf.tolist() == leaf_values


def test_no_gradient_flows_to_parameters() -> None:
    mean = fe.zeros(3, requires_grad=True)
    assert not fe.normal(mean, 1.0).requires_grad
    assert not fe.poisson(fe.ones(3, requires_grad=True)).requires_grad
