"""Products and distances of the top level, and their siblings in ``fe.linalg``."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., Array]


def close(got: fe.Tensor, want: Any, tolerance: float = 1e-10) -> None:
    found = np.asarray(got.detach())
    assert found.shape == np.shape(want)
    np.testing.assert_allclose(found, want, rtol=tolerance, atol=1e-12)


def grown(x: Array) -> fe.Tensor:
    return fe.tensor(x, requires_grad=True)


SHAPES = [
    ((3, 4), (4, 2)),
    ((4,), (4,)),
    ((4,), (4, 2)),
    ((3, 4), (4,)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul(draw: Draw, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = draw(*a), draw(*b)
    close(fe.matmul(fe.tensor(x), fe.tensor(y)), np.matmul(x, y))
    close(fe.linalg.matmul(fe.tensor(x), fe.tensor(y)), np.matmul(x, y))
    if 0 not in a + b:
        assert gradcheck(fe.matmul, [grown(x), grown(y)])


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "float16", "bfloat16"])
def test_matmul_of_other_dtypes(dtype: str) -> None:
    x = fe.tensor([[100, 2], [3, 4]], dtype=dtype)
    want = np.asarray(x) @ np.asarray(x) if "int" in dtype else [[10006.0, 208.0], [312.0, 22.0]]
    y = fe.matmul(x, x)
    assert y.dtype.name == dtype
    np.testing.assert_allclose(np.asarray(y).astype(np.float64), want, rtol=4e-3)


def test_matmul_refuses() -> None:
    with pytest.raises(fe.DTypeError, match="bool"):
        fe.matmul(fe.ones(2, 2, dtype=fe.bool), fe.ones(2, 2, dtype=fe.bool))
    with pytest.raises(fe.DTypeError, match="float32 and float64"):
        fe.matmul(fe.ones(2, 2), fe.ones(2, 2, dtype=fe.float64))
    with pytest.raises(fe.ShapeError, match=r"use \* for numbers"):
        fe.matmul(fe.ones(2, 2), fe.tensor(2.0))
    for name, a, b in (
        ("mm", (2,), (2, 2)), ("mv", (2, 2), (2, 2)), ("dot", (2, 2), (2,)),
        ("bmm", (2, 2), (2, 2)), ("bmm", (2, 2, 2), (1, 2, 2)), ("outer", (2, 2), (2,)),
        ("vdot", (2,), (3,)),
        ("inner", (2,), (3,)),
    ):  # fmt: skip
        with pytest.raises(fe.ShapeError):
            getattr(fe, name)(fe.ones(*a), fe.ones(*b))


def test_products_of_vectors_and_matrices(draw: Draw) -> None:
    v, w, a, b = draw(3), draw(3), draw(2, 3), draw(4, 2, 3)
    t = fe.tensor
    close(fe.dot(t(v), t(w)), np.dot(v, w))
    close(fe.vdot(t(v), t(w)), np.vdot(v, w))
    close(fe.linalg.vecdot(t(v), t(w)), np.vdot(v, w))
    close(fe.linalg.vecdot(t(b), t(a), dim=0), (b.conj() * a).sum(0))
    close(fe.mv(t(a), t(v)), a @ v)
    close(fe.mm(t(a), t(a.T.copy())), a @ a.T)
    close(fe.bmm(t(b), t(np.swapaxes(b, 1, 2).copy())), b @ np.swapaxes(b, 1, 2))
    close(fe.inner(t(b), t(a)), np.inner(b, a))
    close(fe.inner(t(v), t(np.array(2.0, v.dtype))), v * 2)
    close(fe.outer(t(v), t(w)), np.outer(v, w))
    close(fe.ger(t(v), t(w)), np.outer(v, w))
    close(fe.kron(t(a), t(b)), np.kron(a, b))
    close(fe.kron(t(b), t(v)), np.kron(b, v))
    close(fe.linalg.cross(t(v), t(w)), np.cross(v, w))
    close(fe.cross(t(a.T.copy()), t(a.T.copy()[:, ::-1].copy())), np.cross(a, a[::-1]).T)
    close(fe.trace(t(a)), np.trace(a))
    for function in (fe.vdot, fe.kron, fe.linalg.cross, fe.linalg.vecdot, fe.outer):
        assert gradcheck(function, [grown(v), grown(w)])
    with pytest.raises(fe.ShapeError, match="no dim of size 3"):
        fe.cross(fe.ones(2), fe.ones(2))
    with pytest.raises(fe.DTypeError):
        fe.trace(fe.ones(2, 2, dtype=fe.bool))


def test_half_precision_adds_up_in_single() -> None:
    ones = fe.ones(4096, dtype=fe.float16)
    assert fe.linalg.vecdot(ones, ones).item() == 4096.0
    assert fe.dot(ones, ones).item() == 4096.0


@pytest.mark.parametrize(("beta", "alpha"), [(1, 1), (2, 3), (0, 2), (0.5, -1.0)])
def test_products_that_are_added(draw: Draw, beta: float, alpha: float) -> None:
    t = fe.tensor
    a, b, c, d, v, w = draw(2, 3), draw(3, 4), draw(5, 2, 3), draw(5, 3, 4), draw(3), draw(2)
    scale = {"beta": beta, "alpha": alpha}
    for x in (draw(2, 4), draw(4), draw(2, 1)):
        close(fe.addmm(t(x), t(a), t(b), **scale), beta * x + alpha * (a @ b))
        close(fe.baddbmm(t(x), t(c), t(d), **scale), beta * x + alpha * (c @ d))
        close(fe.addbmm(t(x), t(c), t(d), **scale), beta * x + alpha * (c @ d).sum(0))
    close(fe.addmv(t(w), t(a), t(v), **scale), beta * w + alpha * (a @ v))
    close(fe.addr(t(a), t(w), t(v), **scale), beta * a + alpha * np.outer(w, v))
    assert gradcheck(lambda *x: fe.addmm(*x, **scale), [grown(draw(4)), grown(a), grown(b)])


def test_beta_0_hides_what_is_not_finite() -> None:
    nan = fe.full((2, 2), float("nan"))
    one = fe.eye(2)
    assert fe.addmm(nan, one, one, beta=0).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(fe.ShapeError):
        fe.addmm(fe.ones(1, 2, 2), one, one)
    with pytest.raises(fe.DTypeError, match="addmm"):
        fe.addmm(one, one, one.to(fe.float64))
    whole = fe.ones(2, 2, dtype=fe.int64)
    assert fe.addmm(whole, whole, whole, alpha=0.5).tolist() == [[1, 1], [1, 1]]
    assert fe.addmm(whole, whole, whole).dtype is fe.int64
    truth = fe.ones(2, dtype=fe.bool)
    assert fe.addr(fe.zeros(2, 2, dtype=fe.bool), truth, truth).all()
    with pytest.raises(fe.ArgumentError, match="use an int"):
        fe.addr(whole, whole[0], whole[0], beta=0.5)


def test_chains_take_the_cheapest_order() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((2, 50)), rng.standard_normal((50, 50)), rng.standard_normal(50)
    t = fe.tensor
    close(fe.linalg.multi_dot([t(a), t(b), t(c)]), a @ b @ c)
    close(fe.linalg.multi_dot([t(c), t(b), t(c)]), c @ b @ c)
    close(fe.chain_matmul(t(a), t(b)), a @ b)
    close(fe.chain_matmul(t(a)), a)
    with fe.profiler.count_ops() as ops:
        fe.linalg.multi_dot([t(b), t(b), t(b), t(c)])
    assert ops.counts["matmul"] == 3
    with pytest.raises(fe.ShapeError, match="at least two"):
        fe.linalg.multi_dot([t(a)])
    with pytest.raises(fe.ShapeError, match="that can be multiplied"):
        fe.linalg.multi_dot([t(a), t(a)])


@pytest.mark.parametrize("dims", [0, 1, 2, ([0], [1]), ([0, 1], [1, 0]), ([-1], [0]), [[1], [0]]])
def test_tensordot(draw: Draw, dims: Any) -> None:
    a, b = draw(3, 3), draw(3, 3, 2)[..., 0]
    want = np.tensordot(a, b, dims if isinstance(dims, int) else tuple(dims))
    close(fe.tensordot(fe.tensor(a), fe.tensor(b), dims), want)


def test_tensordot_refuses() -> None:
    x = fe.ones(2, 3)
    for dims in (3, -1, ([0], [0, 1]), ([0, 0], [0, 1]), ([0], [1])):
        with pytest.raises(fe.ShapeError, match="tensordot"):
            fe.tensordot(x, x, dims)
    close(fe.tensordot(fe.ones(2, 1), x, ([1], [1])), np.full((2, 2), 3.0))  # size 1 broadcasts


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", ((2, 3), (3, 4))),
        ("ij,jk", ((2, 3), (3, 4))),
        ("ba", ((2, 3),)),
        ("ii", ((3, 3),)),
        ("...ii->...i", ((2, 3, 3),)),
        ("iji->j", ((3, 2, 3),)),
        ("iii", ((3, 3, 3),)),
        ("i,j", ((2,), (3,))),
        ("...ij,...jk", ((2, 1, 2, 3), (4, 3, 2))),
        ("ij,kj,lk->il", ((2, 3), (4, 3), (5, 4))),
        ("abc,cd,be->aed", ((2, 3, 4), (4, 5), (3, 2))),
        ("...a,...a->...", ((2, 1, 3), (4, 3))),
        ("ij,jk->ik", ((2, 1), (3, 4))),
        ("ab...,b...->a...", ((2, 3, 4), (3, 4))),
        (" AbC , bC -> Ab ", ((2, 3, 4), (3, 4))),
        ("ij,jk->ik", ((2, 0), (0, 4))),
        (",ij->ji", ((), (2, 3))),
        ("->", ((),)),
        ("...j->j...", ((2, 3),)),
        ("ab,ab,ab->a", ((2, 3), (2, 3), (2, 3))),
    ],
)
def test_einsum(draw: Draw, equation: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    arrays = [draw(*s) for s in shapes]
    want = np.einsum(equation, *arrays)
    tensors = [grown(np.asarray(x)) for x in arrays]
    close(fe.einsum(equation, *tensors), want)
    close(fe.einsum(equation, tensors), want)
    if all(x.size for x in arrays):
        assert gradcheck(lambda *xs: fe.einsum(equation, *xs), tensors)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_einsum_of_any_equation(data: st.DataObject) -> None:
    sizes = dict(zip("abcd", data.draw(st.tuples(*[st.integers(1, 3)] * 4))))
    letters = st.text("abcd", max_size=4)
    terms = data.draw(st.lists(letters, min_size=1, max_size=3))
    known = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(known)))[: data.draw(st.integers(0, 4))]
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.standard_normal([sizes[c] for c in term])) for term in terms]
    equation = f"{','.join(terms)}->{result}"
    close(fe.einsum(equation, *map(fe.tensor, arrays)), np.einsum(equation, *arrays))


def test_einsum_by_numbers() -> None:
    a, b = fe.arange(6.0).reshape(2, 3), fe.arange(12.0).reshape(3, 4)
    want = np.asarray(a) @ np.asarray(b)
    close(fe.einsum(a, [0, 1], b, [1, 2], [0, 2]), want)
    close(fe.einsum(a, [51, 3], b, [3, 26], [51, 26]), want)
    close(fe.einsum(a, [..., 1], b, [1, 2], [..., 2]), want)
    close(fe.einsum(a, [0, 1], b, [1, 2]), want)
    with pytest.raises(fe.ArgumentError, match="0 to 51"):
        fe.einsum(a, [0, 52])
    with pytest.raises(fe.ArgumentError):
        fe.einsum("ij")
    with pytest.raises(fe.ArgumentError):
        fe.einsum(a)


@pytest.mark.parametrize(
    ("equation", "shapes", "said"),
    [
        ("ij->ijk", ((2, 3),), "in no operand"),
        ("ij,jk->iik", ((2, 3), (3, 4)), "occurs twice"),
        ("iij->", ((2, 3, 1),), "sizes 2 and 3"),
        ("ij", ((2, 3), (2, 3)), "has 1 operands, and 2 are given"),
        ("i1", ((2, 3),), "neither a letter"),
        ("i", ((2, 3),), "names 1 dims, and it has 2"),
        ("ijk", ((2, 3),), "names 3 dims, and it has 2"),
        ("ij->i.j", ((2, 3),), "neither a letter"),
        ("ij,jk->ik", ((2, 3), (4, 4)), "has size 3, and size 4 in operand 1"),
        ("...ij...", ((2, 3),), "neither a letter"),
    ],
)
def test_equations_that_do_not_fit(equation: str, shapes: Any, said: str) -> None:
    with pytest.raises(fe.FerruleError, match=said):
        fe.einsum(equation, *(fe.ones(*s) for s in shapes))


def test_einsum_of_integers() -> None:
    x = fe.tensor([[100, 100], [1, 1]], dtype=fe.int8)
    assert fe.einsum("ij->i", x).tolist() == [200, 2]  # PyTorch's sum, in int64
    assert fe.einsum("ij,jk->ik", x, x).dtype is fe.int8  # PyTorch's product, which wraps


METRICS = {1.0: "cityblock", 2.0: "euclidean", math.inf: "chebyshev"}


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("rows", [3, 30])
def test_cdist(p: float, rows: int) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((rows, 4)), rng.standard_normal((5, 4))
    metric: Any = METRICS.get(p, "minkowski")
    want = cdist(a, b, metric) if p in METRICS else cdist(a, b, metric, p=p)
    close(fe.cdist(fe.tensor(a), fe.tensor(b), p), want)
    if rows == 3:
        assert gradcheck(lambda a, b: fe.cdist(a, b, p), [grown(a), grown(b)])
        assert gradgradcheck(lambda a, b: fe.cdist(a, b, p), [grown(a), grown(b)])


def test_distances_through_products_far_from_the_origin() -> None:
    rng = np.random.default_rng(0)
    a = (1000.0 + rng.standard_normal((30, 4))).astype(np.float32)
    found = fe.cdist(fe.tensor(a), fe.tensor(a + 1))
    np.testing.assert_allclose(np.asarray(found), cdist(a, a + 1), rtol=1e-4)
    nan = a.copy()
    nan[0] = np.nan
    assert np.isfinite(np.asarray(fe.cdist(fe.tensor(a), fe.tensor(nan)))[:, 1:]).all()


def test_distances_of_equal_rows_have_no_slope() -> None:
    for p in (0.5, 1.0, 2.0, 3.0, math.inf):
        for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
            x = fe.ones(3, 2, requires_grad=True)
            fe.cdist(x, x.detach(), p, mode).sum().backward()
            assert x.grad is not None
            assert x.grad.abs().max().item() < 1e-3


def test_cdist_refuses() -> None:
    x = fe.ones(3, 2)
    for call in (
        lambda: fe.cdist(x, x, -1.0),
        lambda: fe.cdist(x, x, 2.0, "fast"),
    ):
        with pytest.raises(fe.ArgumentError, match="cdist"):
            call()
    with pytest.raises(fe.ShapeError, match="as many columns"):
        fe.cdist(x, fe.ones(3, 3))
    with pytest.raises(fe.DTypeError):
        fe.cdist(fe.ones(3, 2, dtype=fe.int64), fe.ones(3, 2, dtype=fe.int64))
    assert fe.cdist(fe.ones(3, 0), fe.ones(2, 0)).tolist() == [[0.0, 0.0]] * 3
    assert fe.cdist(x, x, 0.0).tolist() == [[0.0] * 3] * 3


def test_dist(draw: Draw) -> None:
    a, b = draw(3, 4), draw(4)
    for p in (0, 1, 2, 3.0, math.inf):
        close(fe.dist(fe.tensor(a), fe.tensor(b), p), np.linalg.norm((a - b).reshape(-1), p))


def test_inner_products_of_numbers() -> None:
    assert fe.linalg.vecdot(fe.tensor(2.0), fe.tensor(3.0)).tolist() == 6


def test_norm_over_no_dims_is_over_all() -> None:
    x = fe.ones(2, 3)
    assert fe.linalg.vector_norm(x, dim=()).tolist() == fe.linalg.vector_norm(x).tolist()
    assert fe.linalg.vector_norm(x, dim=(), keepdim=True).shape == (1, 1)
