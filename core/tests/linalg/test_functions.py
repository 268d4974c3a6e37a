"""``fe.linalg``: determinants, powers, exponentials and norms."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., Array]


def close(got: fe.Tensor, want: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(np.asarray(got.detach()), want, rtol=tolerance, atol=1e-12)


def grown(x: Array) -> fe.Tensor:
    return fe.tensor(x, requires_grad=True)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 0), (0, 3, 3), (2, 0, 0), (1, 1)])
def test_determinants(draw: Draw, shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    close(fe.linalg.det(fe.tensor(x)), np.linalg.det(x))
    close(fe.det(fe.tensor(x)), np.linalg.det(x))
    for got, want in zip(fe.linalg.slogdet(fe.tensor(x)), np.linalg.slogdet(x)):
        close(got, want)
    with np.errstate(all="ignore"):
        close(fe.logdet(fe.tensor(x)), np.log(np.linalg.det(x)))


def test_gradients_of_determinants(draw: Draw) -> None:
    x = grown(draw(2, 3, 3))
    for function in (fe.linalg.det, fe.linalg.slogdet):
        assert gradcheck(function, x)
        assert gradgradcheck(function, x)
    y = x.detach() @ x.detach().transpose(-1, -2)
    if not y.dtype.is_complex:
        assert gradcheck(fe.logdet, y.requires_grad_())


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_the_gradient_of_det_exists_for_singular_matrices(draw: Draw, rank: int) -> None:
    rows = draw(3, 3)
    rows[rank:] = 0
    x = grown(np.stack([rows, draw(3, 3)]))
    assert fe.linalg.det(x)[0].item() == 0
    assert gradcheck(fe.linalg.det, x)
    if rank == 2:
        assert gradgradcheck(fe.linalg.det, x)


def test_the_second_gradient_of_det_exists_for_equal_singular_values() -> None:
    assert gradgradcheck(fe.linalg.det, grown(np.eye(3)))


def test_logarithms_of_determinants_without_one() -> None:
    singular, negative = np.ones((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]])
    x = fe.tensor(np.stack([singular, negative]))
    sign, size = fe.linalg.slogdet(x)
    assert sign.tolist() == [0.0, -1.0]
    assert size.tolist() == [-math.inf, 0.0]
    assert fe.logdet(x)[0].item() == -math.inf
    assert math.isnan(fe.logdet(x)[1].item())


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, -1, -3])
def test_matrix_power(draw: Draw, n: int) -> None:
    x = draw(2, 3, 3)
    close(fe.linalg.matrix_power(fe.tensor(x), n), np.linalg.matrix_power(x, n), 1e-8)
    close(fe.matrix_power(fe.tensor(x), n), np.linalg.matrix_power(x, n), 1e-8)
    if n:
        assert gradcheck(lambda x: fe.linalg.matrix_power(x, n), grown(x[0] / 2))


def test_powers_of_integers_stay_integers() -> None:
    x = fe.tensor([[1, 1], [1, 0]])
    assert fe.linalg.matrix_power(x, 10).tolist() == [[89, 55], [55, 34]]
    with pytest.raises(fe.DTypeError):
        fe.linalg.matrix_power(x, -1)


@pytest.mark.parametrize("scale", [1e-9, 0.1, 1.0, 5.0])
def test_matrix_exp(draw: Draw, scale: float) -> None:
    x = draw(3, 4, 4) * scale
    want = np.stack([scipy.linalg.expm(m) for m in x])
    close(fe.linalg.matrix_exp(fe.tensor(x)), want, 1e-8)
    single = fe.tensor(x.astype(np.complex64 if np.iscomplexobj(x) else np.float32))
    np.testing.assert_allclose(
        np.asarray(fe.matrix_exp(single)), want, rtol=2e-3, atol=1e-4 * np.abs(want).max()
    )


def test_matrix_exp_where_it_is_known() -> None:
    diagonal = fe.tensor([[0.0, 0.0, 0.0], [0.0, -800.0, 0.0], [0.0, 0.0, 3.0]], dtype=fe.float64)
    close(fe.linalg.matrix_exp(diagonal), np.diag(np.exp([0.0, -800.0, 3.0])), 1e-12)
    turn = fe.tensor([[0.0, -math.pi / 2], [math.pi / 2, 0.0]], dtype=fe.float64)
    close(fe.linalg.matrix_exp(turn), [[0.0, -1.0], [1.0, 0.0]])
    assert fe.linalg.matrix_exp(fe.zeros(0, 0)).shape == (0, 0)
    # one matrix of a batch does not spoil the others
    both = fe.tensor([[[float("nan")]], [[1.0]], [[float("inf")]], [[1e30]]], dtype=fe.float64)
    found = fe.linalg.matrix_exp(both).reshape(-1)
    assert found[1].item() == pytest.approx(math.e, rel=1e-14)
    assert math.isnan(found[0].item())
    # in 16 bits it is computed in 32
    half = fe.linalg.matrix_exp(fe.tensor([[4.0, 1.0], [1.0, 3.0]], dtype=fe.float16))
    np.testing.assert_allclose(
        np.asarray(half), scipy.linalg.expm(np.array([[4.0, 1.0], [1.0, 3.0]])), rtol=1e-3
    )


def test_gradients_of_matrix_exp(draw: Draw) -> None:
    x = grown(draw(2, 2, 2))
    assert gradcheck(fe.linalg.matrix_exp, x)
    assert gradgradcheck(fe.linalg.matrix_exp, x)


@pytest.mark.parametrize("ord", [0, 0.5, 1, 2, 3.5, -1, -2, math.inf, -math.inf])
def test_vector_norm(draw: Draw, ord: float) -> None:
    x = draw(3, 4)
    close(fe.linalg.vector_norm(fe.tensor(x), ord), np.linalg.norm(x.reshape(-1), ord))
    close(fe.linalg.vector_norm(fe.tensor(x), ord, 1), np.linalg.norm(x, ord, axis=1))
    kept = fe.linalg.vector_norm(fe.tensor(x), ord, (0, 1), True)
    assert kept.shape == (1, 1)
    close(fe.linalg.norm(fe.tensor(x), ord, 0), np.linalg.norm(x, ord, axis=0))
    close(fe.norm(fe.tensor(x), ord, -1), np.linalg.norm(x, ord, axis=1))
    if ord:
        assert gradcheck(lambda x: fe.linalg.vector_norm(x, ord, 1), grown(x))
        assert gradgradcheck(lambda x: fe.linalg.vector_norm(x, ord, 1), grown(x))


@pytest.mark.parametrize("ord", [0, 0.5, 1, 2, 3, math.inf])
def test_norms_have_no_slope_at_0(ord: float) -> None:
    x = fe.zeros(3, requires_grad=True)
    y = fe.linalg.vector_norm(x, ord)
    if y.requires_grad:
        y.backward()
    assert x.grad is None or x.grad.tolist() == [0.0, 0.0, 0.0]


def test_norms_where_numbers_end() -> None:
    norm = fe.linalg.vector_norm
    assert norm(fe.tensor([1e30])).item() == pytest.approx(1e30)  # one element is its magnitude
    assert norm(fe.full((100,), 300.0, dtype=fe.float16)).item() == 3000.0
    assert norm(fe.tensor([1.0, float("nan")]), math.inf).isnan()
    assert norm(fe.tensor([3.0, 4.0], dtype=fe.float16), dtype=fe.float64).dtype is fe.float64
    assert norm(fe.zeros(0)).item() == 0.0
    assert norm(fe.zeros(0, 3), math.inf, 1).shape == (0,)
    with pytest.raises(fe.ShapeError, match="of no elements does not exist"):
        norm(fe.zeros(2, 0), math.inf, 1)
    with pytest.raises(fe.DTypeError):
        norm(fe.ones(2, dtype=fe.int64))


@pytest.mark.parametrize("ord", ["fro", "nuc", math.inf, -math.inf, 1, -1, 2, -2])
def test_matrix_norm(draw: Draw, ord: Any) -> None:
    x = draw(4, 2, 3)
    want = np.linalg.norm(x, ord, axis=(0, 2))
    close(fe.linalg.matrix_norm(fe.tensor(x), ord, (0, 2)), want)
    kept = fe.linalg.matrix_norm(fe.tensor(x), ord, (0, 2), keepdim=True)
    assert kept.shape == (1, 2, 1)
    close(fe.linalg.norm(fe.tensor(x), ord, (2, 0)), np.linalg.norm(x, ord, axis=(2, 0)))
    close(fe.linalg.norm(fe.tensor(x[0]), ord), np.linalg.norm(x[0], ord))
    assert gradcheck(lambda x: fe.linalg.matrix_norm(x, ord), grown(x[0]))
    square = draw(2, 3, 3)
    close(fe.linalg.cond(fe.tensor(square), ord), np.linalg.cond(square, ord), 1e-8)


def test_norms_of_the_older_kind(draw: Draw) -> None:
    x = draw(2, 3, 4)
    close(fe.norm(fe.tensor(x)), np.linalg.norm(x.reshape(-1)))
    close(fe.norm(fe.tensor(x), "nuc", (1, 2)), np.linalg.norm(x, "nuc", axis=(1, 2)))
    close(fe.norm(fe.tensor(x), 1), np.abs(x).sum())
    close(fe.linalg.norm(fe.tensor(x)), np.linalg.norm(x.reshape(-1)))
    for call in (
        lambda: fe.norm(fe.tensor(x), "inf"),
        lambda: fe.linalg.norm(fe.tensor(x), "fro", 1),
        lambda: fe.linalg.matrix_norm(fe.tensor(x), 3),
        lambda: fe.linalg.matrix_norm(fe.tensor(x), "inf"),
    ):
        with pytest.raises(fe.ArgumentError):
            call()
    for call in (
        lambda: fe.linalg.norm(fe.tensor(x), 1),
        lambda: fe.linalg.norm(fe.tensor(x), "fro"),
        lambda: fe.norm(fe.tensor(x), "nuc"),
        lambda: fe.linalg.matrix_norm(fe.tensor(x), dim=(1, 1)),
        lambda: fe.linalg.matrix_norm(fe.ones(3)),
    ):
        with pytest.raises((fe.ShapeError, fe.ArgumentError)):
            call()


def test_conditions_of_singular_matrices() -> None:
    x = fe.ones(2, 2)
    for ord in (None, 2, 1, math.inf, "fro"):
        assert fe.linalg.cond(x, ord).item() > 1e6
    assert fe.linalg.cond(x, 1).item() == math.inf
    assert fe.linalg.cond(fe.zeros(0, 0)).item() == 0.0
    with pytest.raises(fe.ShapeError, match="square"):
        fe.linalg.cond(fe.ones(2, 3), 1)
    with pytest.raises(fe.linalg.LinAlgError, match="not finite"):
        fe.linalg.cond(x * float("nan"))


def test_vander(draw: Draw) -> None:
    x = draw(2, 3)
    close(fe.linalg.vander(fe.tensor(x), N=5), np.stack([x**k for k in range(5)], -1))
    assert fe.linalg.vander(fe.tensor([1, 2, 3], dtype=fe.int8)).dtype is fe.int64
    assert gradcheck(fe.linalg.vander, grown(x))
    for n in (0, 1):
        with pytest.raises(fe.ShapeError, match="greater than 1"):
            fe.linalg.vander(fe.tensor(x), N=n)
    with pytest.raises(fe.DTypeError):
        fe.linalg.vander(fe.tensor([True, False]))
