"""Broadcasting, corners and arguments; conformance has values and gradients."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(0)


class TestCosineSimilarity:
    @pytest.mark.parametrize(
        ("shapes", "dim"),
        [(((3, 4), (3, 4)), 1), (((3, 4), (4,)), -1), (((2, 3, 4), (3, 1)), 1), (((4,), (4,)), 0),
         (((2, 1), (2, 5)), 1), (((1, 5), (3, 1, 1)), -2)],
    )  # fmt: skip
    def test_vectors_along_a_dim(self, shapes: Any, dim: int) -> None:
        a, b = (rng.standard_normal(s) for s in shapes)
        x, y = (fe.tensor(v, requires_grad=True) for v in (a, b))
        wide = np.broadcast_arrays(a, b)
        lengths = np.linalg.norm(wide[0], axis=dim) * np.linalg.norm(wide[1], axis=dim)
        wanted = (wide[0] * wide[1]).sum(dim) / lengths
        found = F.cosine_similarity(x, y, dim)
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-10)
        assert gradcheck(lambda x, y: F.cosine_similarity(x, y, dim), [x, y])

    def test_a_vector_of_0(self) -> None:
        x = fe.zeros(1, 2, requires_grad=True)
        y = F.cosine_similarity(x, fe.tensor([[3.0, 4.0]]), eps=0.5)
        (slope,) = fe.autograd.grad(y.sum(), x)
        assert y.tolist() == [0]
        np.testing.assert_allclose(slope.numpy(), [[1.2, 1.6]], rtol=1e-6)

    def test_a_dim_that_does_not_exist(self) -> None:
        with pytest.raises(fe.OutOfRange, match="dim=1 is out of range"):
            F.cosine_similarity(fe.ones(3), fe.ones(3))
        with pytest.raises(fe.DTypeError, match="int64 is not among its dtypes"):
            F.cosine_similarity(fe.tensor([1]), fe.tensor([1]), 0)


class TestPairwiseDistance:
    @pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0, math.inf])
    def test_norms(self, p: float) -> None:
        a, b = rng.standard_normal((3, 4)), rng.standard_normal(4)
        y = F.pairwise_distance(fe.tensor(a), fe.tensor(b), p, keepdim=True)
        wanted = np.linalg.norm(a - b + 1e-6, p, axis=1, keepdims=True)
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-10)

    def test_integers_become_floats(self) -> None:
        y = F.pairwise_distance(fe.tensor([[1, 2]]), fe.tensor([[4, 6]]))
        assert y.dtype is fe.float32
        np.testing.assert_allclose(y.numpy(), [5], rtol=1e-5)

    def test_equal_vectors_have_no_slope(self) -> None:
        x = fe.ones(2, 3, requires_grad=True)
        (slope,) = fe.autograd.grad(F.pairwise_distance(x, fe.ones(2, 3), eps=0.0).sum(), x)
        assert slope.tolist() == [[0] * 3] * 2


class TestPdist:
    @pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, math.inf])
    @pytest.mark.parametrize("n", [0, 1, 2, 5])
    def test_pairs(self, p: float, n: int) -> None:
        x = rng.standard_normal((n, 3))
        wanted = [np.linalg.norm(a - b, p) for a, b in itertools.combinations(x, 2)]
        np.testing.assert_allclose(F.pdist(fe.tensor(x), p).numpy(), wanted, rtol=1e-10)

    def test_gradients(self) -> None:
        x = fe.tensor(rng.standard_normal((4, 3)), requires_grad=True)
        assert gradcheck(F.pdist, x)
        assert gradgradcheck(F.pdist, x, fast_mode=True)

    def test_equal_rows_have_no_slope(self) -> None:
        x = fe.ones(3, 2, requires_grad=True)
        (slope,) = fe.autograd.grad(F.pdist(x).sum(), x)
        assert not slope.any()

    def test_arguments(self) -> None:
        assert F.pdist(fe.ones(3, 0)).tolist() == [0, 0, 0]
        with pytest.raises(fe.ShapeError, match="two dims"):
            F.pdist(fe.ones(3))
        with pytest.raises(fe.ArgumentError, match="must not be negative"):
            F.pdist(fe.ones(3, 2), -1.0)


class TestBilinear:
    def test_values(self) -> None:
        a, b = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 5))
        w, c = rng.standard_normal((6, 4, 5)), rng.standard_normal(6)
        y = F.bilinear(fe.tensor(a), fe.tensor(b), fe.tensor(w), fe.tensor(c))
        wanted = np.einsum("abi,oij,abj->abo", a, w, b) + c
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-10)

    def test_arguments(self) -> None:
        x, w = fe.ones(2, 3), fe.ones(4, 3, 3)
        for operands, message in (
            ((x, fe.ones(1, 3), w), "all sizes but the last"),
            ((x, fe.ones(2, 2), w), "the last sizes must be 3 and 3"),
            ((x, x, fe.ones(3, 3)), "must have three dims"),
            ((x, x, w, fe.ones(3)), r"its shape must be \(4,\)"),
        ):
            with pytest.raises(fe.ShapeError, match=message):
                F.bilinear(*operands)
