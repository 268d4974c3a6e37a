"""Sums, means, spreads and extremes, against NumPy; where NumPy has nothing to say, PyTorch's
results are written down."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")

X = np.random.default_rng(0).standard_normal((3, 4, 5))
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("dim", [None, 0, -1, (0, 2), [1], ()])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "nanmean", "prod", "amax", "amin"])
def test_reductions_over_dims(name: str, dim: Any, keepdim: bool) -> None:
    axis = tuple(dim) or None if isinstance(dim, (list, tuple)) else dim
    want = getattr(np, name)(X, axis=axis, keepdims=keepdim)
    found = getattr(fe, name)(fe.tensor(X), dim, keepdim)
    np.testing.assert_allclose(found.numpy(), want, rtol=1e-13)


@pytest.mark.parametrize("dim", [None, 1, (0, 2)])
@pytest.mark.parametrize("correction", [0, 1, 0.5, None])
def test_spreads(dim: Any, correction: float | None) -> None:
    x, ddof = fe.tensor(X), 1 if correction is None else correction
    want = np.var(X, axis=dim, ddof=ddof)
    np.testing.assert_allclose(fe.var(x, dim, correction=correction).numpy(), want, rtol=1e-13)
    std, mean = fe.std_mean(x, dim, correction=correction)
    np.testing.assert_allclose(std.numpy(), np.sqrt(want), rtol=1e-13)
    np.testing.assert_allclose(mean.numpy(), X.mean(axis=dim), rtol=1e-13)
    np.testing.assert_allclose(fe.var_mean(x, dim, correction=correction)[0].numpy(), want)


def test_the_older_way_to_ask_for_a_correction() -> None:
    x = fe.tensor(X)
    assert fe.var(x, False).item() == fe.var(x, correction=0).item()
    assert fe.std(x, unbiased=True).item() == fe.std(x).item()
    want = X.var(axis=1, keepdims=True)
    np.testing.assert_allclose(fe.var(x, 1, False, True).numpy(), want, rtol=1e-13)
    with pytest.raises(ArgumentError, match="var takes unbiased or correction"):
        fe.var(x, 0, True, correction=1)
    with pytest.raises(ArgumentError, match="dim must be"):
        fe.var(x, True, True)


def test_spreads_without_freedom() -> None:
    assert math.isnan(fe.var(fe.tensor([2.0])).item())
    assert fe.var(fe.tensor([1.0, 2.0]), correction=2).item() == INF
    assert fe.var(fe.tensor([1.0, 2.0]), correction=5).item() == INF
    assert fe.var(fe.tensor([2.0]), correction=0).item() == 0
    assert math.isnan(fe.std(fe.tensor([])).item())


def test_the_standard_deviation_of_equal_elements_is_flat() -> None:
    x = fe.tensor([[2.0, 2.0], [1.0, 3.0]], requires_grad=True)
    fe.std(x, 1).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), [[0, 0], [-(0.5**0.5), 0.5**0.5]], rtol=1e-6)


def test_complex_spreads() -> None:
    z = X[0] + 1j * X[1]
    found = fe.var(fe.tensor(z), 0)
    assert found.dtype is fe.float64
    np.testing.assert_allclose(found.numpy(), np.var(z, axis=0, ddof=1), rtol=1e-13)
    np.testing.assert_allclose(fe.mean(fe.tensor(z)).numpy(), z.mean(), rtol=1e-13)


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_sums_of_16_bit_floats_do_not_overflow_on_the_way(dtype: fe.DType) -> None:
    x = fe.full((100,), 3e4, dtype=dtype)
    assert fe.mean(x).item() == x[0].item()
    assert fe.var(x).item() == 0
    assert fe.nanmean(x).item() == x[0].item()
    pair = fe.tensor([300.0, -300.0], dtype=fe.float16)  # whose squares do not fit
    assert fe.std(pair, correction=0).item() == 300
    assert fe.logsumexp(fe.zeros(70000, dtype=fe.float16), 0).item() == pytest.approx(
        math.log(70000), rel=1e-3
    )


def test_dtypes() -> None:
    whole, flags = fe.tensor([1, 2], dtype=fe.int8), fe.tensor([True, True])
    assert fe.sum(whole).dtype is fe.int64
    assert fe.sum(flags).item() == 2
    assert fe.sum(flags, dtype=fe.bool).dtype is fe.bool
    assert fe.prod(fe.tensor([200, 2], dtype=fe.uint8)).item() == 400
    assert fe.nansum(whole).dtype is fe.int64
    assert fe.mean(whole, dtype=fe.float64).item() == 1.5
    assert fe.sum(fe.tensor([1.9, 2.7]), dtype=fe.int64).item() == 3
    assert fe.all(fe.tensor([1, 0], dtype=fe.uint8)).dtype is fe.uint8
    assert fe.any(whole).dtype is fe.bool
    for refused in (fe.mean, fe.nanmean, fe.var, fe.std):
        with pytest.raises(DTypeError, match="int8 is not among its dtypes"):
            refused(whole)


def test_a_bool_is_no_dim_whatever_came_before() -> None:
    x = fe.ones(2, 3)
    for reduce in (fe.sum, fe.amax, fe.mean, fe.prod, fe.nansum):
        assert reduce(x, dim=1).shape == (2,)
        for wrong in (True, False):
            with pytest.raises(ArgumentError, match=f"must be an int.*not {wrong}"):
                reduce(x, dim=wrong)
    assert fe.softmax(x, dim=1).shape == (2, 3)
    with pytest.raises(ArgumentError, match="must be an int, not True"):
        fe.softmax(x, dim=True)


def test_counting() -> None:
    x = fe.tensor([[0.0, NAN, 2.0], [0.0, -0.0, 1.0]])
    assert fe.count_nonzero(x).item() == 3
    assert fe.count_nonzero(x, 0).tolist() == [0, 1, 2]
    assert fe.all(x, 1).tolist() == [False, False]
    assert fe.any(x, (0, 1)).item() is True
    assert fe.all(x, ()).shape == (2, 3)  # no dims, as in PyTorch


def test_extremes_of_all_share_their_gradient_and_those_along_a_dim_do_not() -> None:
    def gradient(function: Callable[[fe.Tensor], fe.Tensor], data: list[float]) -> list[float]:
        x = fe.tensor(data, dtype=fe.float32, requires_grad=True)
        function(x).backward()
        assert x.grad is not None
        return x.grad.tolist()

    assert gradient(fe.max, [1, 3, 3]) == [0, 0.5, 0.5]
    assert gradient(fe.max, [1, NAN, NAN]) == [0, 0.5, 0.5]
    assert gradient(lambda x: fe.max(x, 0).values, [1, 3, 3]) == [0, 1, 0]
    assert gradient(fe.median, [3, 1, 3, 3]) == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    assert gradient(fe.nanmedian, [NAN, 3, 3]) == [0, 0.5, 0.5]
    assert gradient(lambda x: fe.aminmax(x).min, [1, 3, 1]) == [0.5, 0, 0.5]


def test_extremes() -> None:
    x = fe.tensor([[1.0, NAN, 3.0], [5.0, 5.0, 4.0]])
    low, high = fe.aminmax(x, dim=1)
    np.testing.assert_array_equal(low.numpy(), [NAN, 4])
    np.testing.assert_array_equal(high.numpy(), [NAN, 5])
    found = fe.max(x, 1, True)
    assert found.indices.tolist() == [[1], [0]]
    assert fe.min(x, 0).indices.tolist() == [0, 0, 0]
    assert fe.max(fe.tensor([False, True]), 0).indices.item() == 1
    assert fe.amax(fe.tensor([False, False])).item() is False
    assert fe.max(x, other=fe.tensor(4.5)).tolist()[1] == [5, 5, 4.5]
    assert fe.argmax(fe.tensor([1, 3, 3])).item() == 1
    assert fe.argmin(x, keepdim=True).shape == (1, 1)
    for empty in (fe.amax, fe.max, fe.argmax, fe.aminmax):
        with pytest.raises(ShapeError, match="no elements"):
            empty(fe.zeros(0))


def test_sums_of_nothing() -> None:
    x = fe.zeros(2, 0)
    assert fe.sum(x, 1).tolist() == [0, 0]
    assert fe.prod(x, 1).tolist() == [1, 1]
    assert fe.logsumexp(x, 1).tolist() == [-INF, -INF]
    assert np.isnan(fe.mean(x, 1).numpy()).all()
    assert fe.all(x, 1).tolist() == [True, True]
    for name in ("sum", "prod", "logsumexp", "mean", "nansum"):
        y = fe.zeros(2, 0, requires_grad=True)
        getattr(fe, name)(y, 1).sum().backward()
        assert y.grad is not None
        assert y.grad.shape == (2, 0)


def test_logsumexp_at_infinities() -> None:
    x = fe.tensor([[INF, 1.0], [-INF, 1.0], [-INF, -INF], [NAN, 1.0], [1000.0, 1000.0]])
    want = [INF, 1.0, -INF, NAN, 1000 + math.log(2)]
    np.testing.assert_allclose(fe.logsumexp(x, 1).numpy(), want, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("correction", [0, 1, 2])
def test_covariances(weighted: bool, correction: int) -> None:
    x = X[0]
    f = np.array([1, 2, 3, 1, 2]) if weighted else None
    a = np.array([0.5, 1.0, 2.0, 0.1, 1.0]) if weighted else None
    found = fe.cov(
        fe.tensor(x),
        correction=correction,
        fweights=None if f is None else fe.tensor(f),
        aweights=None if a is None else fe.tensor(a),
    )
    want = np.cov(x, ddof=correction, fweights=f, aweights=a)
    np.testing.assert_allclose(found.numpy(), want, rtol=1e-12)


def test_correlations() -> None:
    found = fe.corrcoef(fe.tensor(X[0]))
    np.testing.assert_allclose(found.numpy(), np.corrcoef(X[0]), rtol=1e-12)
    z = X[0] + 1j * X[1]
    np.testing.assert_allclose(fe.corrcoef(fe.tensor(z)).numpy(), np.corrcoef(z), rtol=1e-12)
    assert fe.corrcoef(fe.tensor([1, 2, 3])).item() == 1
    assert fe.cov(fe.tensor(X[0][:1])).shape == fe.corrcoef(fe.tensor(X[0][:1])).shape == ()
    assert math.isnan(fe.cov(fe.tensor(3.0)).item())
    with pytest.raises(OutOfRange, match="fweights must not be negative"):
        fe.cov(fe.tensor([1.0, 2.0]), fweights=fe.tensor([1, -1]))
    with pytest.raises(DTypeError, match="aweights must be floating"):
        fe.cov(fe.tensor([1.0, 2.0]), aweights=fe.tensor([1, 1]))
    with pytest.raises(ShapeError, match=r"cov.*at most two dims"):
        fe.cov(fe.zeros(1, 1, 1))


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, INF])
@pytest.mark.parametrize("dim", [0, -1])
def test_norms_are_bounded(p: float, dim: int) -> None:
    rows = np.moveaxis(X, dim, 0).reshape(X.shape[dim], -1)
    norms = np.linalg.norm(rows, p, axis=1)
    bound = float(np.median(norms))
    found = np.moveaxis(fe.renorm(fe.tensor(X), p, dim, bound).numpy(), dim, 0)
    scale = np.where(norms > bound, bound / (norms + 1e-7), 1)
    np.testing.assert_allclose(found.reshape(rows.shape), rows * scale[:, None], rtol=1e-12)


def test_a_slice_of_zeros_has_a_gradient_when_its_norm_is_bounded() -> None:
    x = fe.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=fe.float64, requires_grad=True)
    fe.renorm(x, 2, 0, 1.0).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), [[1, 1], [0.032, -0.024]], rtol=1e-6)


def test_gradients(draw: Draw) -> None:
    x = draw(3, 4)
    for function in (
        lambda x: fe.std(x, 1),
        lambda x: fe.var(x, correction=0.5),
        lambda x: fe.nanmean(x, 0),
        lambda x: fe.cov(x),
        lambda x: fe.corrcoef(x),
        lambda x: fe.renorm(x, 2, 0, 0.5),
    ):
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))


def test_the_gradient_of_a_product_is_exact_at_zeros() -> None:
    x = fe.tensor([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0]], requires_grad=True)
    (y,) = fe.autograd.grad(fe.prod(x, 1).sum(), x, create_graph=True)
    assert y.tolist() == [[6, 0, 0], [0, 0, 0]]
    (z,) = fe.autograd.grad(y.sum(), x)
    assert z.tolist() == [[5, 3, 2], [3, 3, 0]]
