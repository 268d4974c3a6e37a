"""``fe.linalg``: equations, inverses, and what is solved where there are none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., Array]


def close(got: fe.Tensor, want: Any, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(np.asarray(got.detach()), want, rtol=tolerance, atol=1e-11)


def grown(x: Array) -> fe.Tensor:
    return fe.tensor(x, requires_grad=True)


@pytest.mark.parametrize(
    ("a", "b", "left"),
    [
        ((3, 3), (3, 2), True),
        ((3, 3), (3,), True),
        ((2, 3, 3), (2, 3), True),
        ((2, 3, 3), (3,), True),
        ((2, 3, 3), (3, 1), True),
        ((3, 3), (2, 3, 2), True),
        ((3, 3), (2, 3), False),
        ((2, 3, 3), (4, 3), False),
        ((0, 0), (0, 2), True),
        ((3, 3), (3, 0), True),
        ((0, 2, 2), (2, 1), True),
    ],
)
def test_solve(draw: Draw, a: tuple[int, ...], b: tuple[int, ...], left: bool) -> None:
    x, y = draw(*a), draw(*b)
    found = fe.linalg.solve(fe.tensor(x), fe.tensor(y), left=left)
    column = y[..., None] if y.ndim == 1 or y.shape == x.shape[:-1] else y
    want = np.linalg.solve(x, column) if left else column @ np.linalg.inv(x)
    close(found, want if column is y else want[..., 0])
    again = fe.linalg.solve_ex(fe.tensor(x), fe.tensor(y), left=left)
    close(again.result, np.asarray(found))
    assert again.info.shape == a[:-2]
    assert not again.info.any()


def test_gradients(draw: Draw) -> None:
    a, b = grown(draw(2, 3, 3)), grown(draw(3, 2))
    assert gradcheck(fe.linalg.solve, [a, b])
    assert gradgradcheck(fe.linalg.solve, [a, b])
    assert gradcheck(fe.linalg.inv, a)
    assert gradgradcheck(fe.linalg.inv, a)
    for upper in (True, False):
        for unit in (True, False):

            def f(a: fe.Tensor, b: fe.Tensor, upper: bool = upper, unit: bool = unit) -> fe.Tensor:
                return fe.linalg.solve_triangular(a, b, upper=upper, unitriangular=unit)

            assert gradcheck(f, [a, b])
            assert gradgradcheck(f, [a, b])


def test_vectors_are_solved_for_on_the_left_alone(draw: Draw) -> None:
    with pytest.raises(fe.ShapeError, match="left=True"):
        fe.linalg.solve(fe.tensor(draw(2, 2)), fe.tensor(draw(2)), left=False)
    with pytest.raises(fe.ShapeError, match="takes a matrix of 2 rows"):
        fe.linalg.solve(fe.tensor(draw(2, 2)), fe.tensor(draw(3, 1)))
    with pytest.raises(fe.DTypeError, match="float64 and float32"):
        fe.linalg.solve(fe.eye(2, dtype=fe.float64), fe.eye(2))


def test_singular_matrices() -> None:
    x = fe.tensor([[[2.0, 0.0], [0.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]]])
    b = fe.ones(2, 1)
    with pytest.raises(fe.linalg.LinAlgError, match=r"solve \(batch element 1\).*pivot 2"):
        fe.linalg.solve(x, b)
    with pytest.raises(fe.linalg.LinAlgError, match=r"inv \(batch element 1\).*singular"):
        fe.linalg.inv(x)
    with pytest.raises(fe.linalg.LinAlgError, match="pinv"):  # the remedy
        fe.linalg.inv_ex(x, check_errors=True)
    with pytest.raises(fe.linalg.LinAlgError):
        fe.linalg.matrix_power(x, -2)
    for found in (fe.linalg.solve_ex(x, b), fe.linalg.inv_ex(x)):
        assert found.info.tolist() == [0, 2]
        assert np.isfinite(np.asarray(found[0][0])).all()
        assert np.isnan(np.asarray(found[0][1])).all()
    # one matrix and several right sides: it is one matrix that is singular
    assert fe.linalg.solve_ex(x[1], fe.ones(3, 2, 1)).info.tolist() == 2


def test_what_is_not_finite_is_not_singular() -> None:
    x = fe.eye(2) * float("nan")
    assert fe.isnan(fe.linalg.solve(x, fe.ones(2))).all()
    assert fe.isnan(fe.linalg.inv(x)).all()
    b = fe.tensor([[1.0, float("nan")], [1.0, 1.0]])
    assert fe.linalg.solve(fe.eye(2), b)[:, 0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("n", [3, 47, 48, 49, 100])
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_solve_triangular(draw: Draw, n: int, upper: bool, unit: bool) -> None:
    a, b = draw(n, n) / n + np.eye(n), draw(n, 3)
    kinds = {"upper": upper, "unitriangular": unit}
    want = scipy.linalg.solve_triangular(a, b, lower=not upper, unit_diagonal=unit)
    close(fe.linalg.solve_triangular(fe.tensor(a), fe.tensor(b), **kinds), want)
    want = scipy.linalg.solve_triangular(a, b, trans=1, lower=not upper, unit_diagonal=unit)
    left = fe.linalg.solve_triangular(fe.tensor(a), fe.tensor(b.T.copy()), left=False, **kinds)
    close(left, want.T)
    older = fe.triangular_solve(fe.tensor(b), fe.tensor(a), upper, True, unit)
    close(older.solution, want)


def test_a_zero_on_the_diagonal_gives_infinities() -> None:
    found = fe.linalg.solve_triangular(
        fe.tensor([[0.0, 1.0], [0.0, 1.0]]), fe.ones(2, 1), upper=False
    )
    assert found[0].item() == np.inf


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
def test_lu_solve(draw: Draw, left: bool, adjoint: bool) -> None:
    a, b = draw(2, 4, 4), draw(2, 4, 4)
    factors, pivots = fe.linalg.lu_factor(fe.tensor(a))
    found = fe.linalg.lu_solve(factors, pivots, fe.tensor(b), left=left, adjoint=adjoint)
    a = a.conj().swapaxes(-1, -2) if adjoint else a
    close(found, np.linalg.solve(a, b) if left else b @ np.linalg.inv(a))
    if left and not adjoint:
        close(fe.lu_solve(fe.tensor(b), factors, pivots), np.asarray(found))

    def f(a: fe.Tensor, b: fe.Tensor) -> fe.Tensor:
        return fe.linalg.lu_solve(*fe.linalg.lu_factor(a), b, left=left, adjoint=adjoint)

    assert gradcheck(f, [grown(draw(3, 3)), grown(draw(3, 3))])


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (3, 5), (0, 3), (3, 0)])
def test_pinv(draw: Draw, shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    close(fe.linalg.pinv(fe.tensor(x)), np.linalg.pinv(x))
    close(fe.pinverse(fe.tensor(x)), np.linalg.pinv(x))
    if x.size:
        assert gradcheck(fe.linalg.pinv, grown(x))
        assert gradgradcheck(fe.linalg.pinv, grown(x))


def test_small_singular_values_count_as_0(draw: Draw) -> None:
    u, _, vh = np.linalg.svd(draw(4, 3), full_matrices=False)
    x = fe.tensor(u * [4.0, 1.0, 0.01] @ vh)
    cut = (vh.conj().T * [0.25, 1.0, 0.0]) @ u.conj().T
    close(fe.linalg.pinv(x, 0.1), cut)
    for atol, rtol in ((None, 0.1), (0.5, None), (0.2, 0.01), (fe.tensor(0.5), None)):
        close(fe.linalg.pinv(x, atol=atol, rtol=rtol), cut)
    assert fe.linalg.matrix_rank(x).item() == 3
    assert fe.linalg.matrix_rank(x, 0.5).item() == 2
    assert fe.linalg.matrix_rank(x, tol=2.0).item() == 1
    assert fe.linalg.matrix_rank(x, rtol=0.1).item() == 2
    assert fe.linalg.matrix_rank(x, atol=1e-5, rtol=0.5).item() == 1
    both = fe.linalg.matrix_rank(fe.stack([x, x]), atol=fe.tensor([0.5, 2.0]))
    assert both.tolist() == [2, 1]
    assert both.dtype is fe.int64
    square = fe.tensor(u.conj().T @ u * [3.0, -2.0, 0.01])
    assert fe.linalg.matrix_rank(square, rtol=0.1, hermitian=True).item() == 2
    close(
        fe.linalg.pinv(square, rtol=0.1, hermitian=True),
        np.linalg.pinv(np.asarray(square), rcond=0.1),
    )
    found = fe.linalg.lstsq(x, fe.tensor(u[:, :1]), rcond=0.1)
    close(found.solution, cut @ u[:, :1])
    assert found.rank.item() == 2


_scipy_lstsq: Any = scipy.linalg.lstsq


@pytest.mark.parametrize("driver", [None, "gels", "gelsy", "gelsd", "gelss"])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_lstsq(draw: Draw, driver: str | None, shape: tuple[int, int]) -> None:
    a, b = draw(2, *shape), draw(2, shape[0], 2)
    found = fe.linalg.lstsq(fe.tensor(a), fe.tensor(b), driver=driver)
    for i in range(2):
        x, _, rank, s = _scipy_lstsq(a[i], b[i])
        close(found.solution[i], x)
        if driver in ("gels", "gelsd", "gelss") and shape == (5, 3):
            # SciPy adds up complex squares without magnitudes
            close(found.residuals[i], (np.abs(a[i] @ x - b[i]) ** 2).sum(0))
        if driver != "gels":
            assert found.rank[i].item() == rank
        if driver in ("gelsd", "gelss"):
            close(found.singular_values[i], s)
        else:
            assert found.singular_values.shape == (0,)
    vectors = fe.linalg.lstsq(fe.tensor(a), fe.tensor(b[..., 0]))
    close(vectors.solution, np.asarray(found.solution)[..., 0])


def test_lstsq_of_matrices_without_full_rank() -> None:
    found = fe.linalg.lstsq(fe.ones(3, 2), fe.ones(3, 1), driver="gelsd")
    close(found.solution, [[0.5], [0.5]], 1e-6)
    assert found.rank.item() == 1
    assert found.residuals.shape == (0,)
    with pytest.raises(fe.ArgumentError, match="driver"):
        fe.linalg.lstsq(fe.ones(3, 2), fe.ones(3, 1), driver="gelsq")
    with pytest.raises(fe.ShapeError, match="as many rows"):
        fe.linalg.lstsq(fe.ones(3, 2), fe.ones(2, 1))


def test_gradients_of_lstsq(draw: Draw) -> None:
    for shape in ((4, 2), (2, 4)):
        a, b = grown(draw(*shape)), grown(draw(shape[0], 2))
        assert gradcheck(lambda a, b: fe.linalg.lstsq(a, b).solution, [a, b])
        assert gradgradcheck(lambda a, b: fe.linalg.lstsq(a, b).solution, [a, b])


def test_tensors_as_maps(draw: Draw) -> None:
    a, b = draw(2, 3, 6), draw(2, 3)
    close(fe.linalg.tensorinv(fe.tensor(a)), np.linalg.tensorinv(a))
    close(fe.linalg.tensorsolve(fe.tensor(a), fe.tensor(b)), np.linalg.tensorsolve(a, b))
    moved = fe.tensor(np.moveaxis(a, 2, 1).copy())
    close(fe.linalg.tensorsolve(moved, fe.tensor(b), dims=(1,)), np.linalg.tensorsolve(a, b))
    with pytest.raises(fe.ShapeError, match="one product"):
        fe.linalg.tensorinv(fe.ones(2, 3, 4))
    with pytest.raises(fe.ArgumentError, match="ind must be positive"):
        fe.linalg.tensorinv(fe.ones(2, 2), ind=0)
    with pytest.raises(fe.ShapeError, match="tensorsolve"):
        fe.linalg.tensorsolve(fe.ones(2, 3, 4), fe.ones(2, 3))
    with pytest.raises(fe.linalg.LinAlgError, match="tensorinv"):
        fe.linalg.tensorinv(fe.zeros(2, 2, 4))
