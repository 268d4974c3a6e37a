"""``fe.linalg``: triangular and orthogonal factors, and the older names of the top level."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Draw = Callable[..., np.ndarray[Any, Any]]


def close(got: fe.Tensor, want: Any) -> None:
    np.testing.assert_allclose(np.asarray(got.detach()), want, rtol=1e-10, atol=1e-12)


def herm(x: fe.Tensor) -> fe.Tensor:
    y = fe.conj(x) if x.dtype.is_complex else x
    return (x + y.transpose(-1, -2)) / 2


def grown(x: np.ndarray[Any, Any]) -> fe.Tensor:
    return fe.tensor(x, requires_grad=True)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 0), (0, 3, 3), (2, 0, 0), (1, 1)])
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky(positive: Draw, shape: tuple[int, ...], upper: bool) -> None:
    x = positive(*shape)
    factor = fe.linalg.cholesky(fe.tensor(x), upper=upper)
    lower = np.linalg.cholesky(x)
    close(factor, lower.conj().swapaxes(-1, -2) if upper else lower)
    close(fe.cholesky(fe.tensor(x), upper), np.asarray(factor))


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_reads_one_triangle(positive: Draw, upper: bool) -> None:
    x = positive(4, 4)
    spoilt = np.triu(x) if upper else np.tril(x)
    want = np.linalg.cholesky(x)
    close(fe.linalg.cholesky(fe.tensor(spoilt), upper=upper), want.conj().T if upper else want)


@pytest.mark.parametrize("upper", [False, True])
def test_gradients_of_cholesky(positive: Draw, upper: bool) -> None:
    x = grown(positive(2, 3, 3))
    f = lambda x: fe.linalg.cholesky(herm(x), upper=upper)  # noqa: E731
    assert gradcheck(f, x)
    assert gradgradcheck(f, x)


def test_the_gradient_of_cholesky_is_hermitian(positive: Draw) -> None:
    x = grown(positive(3, 3))
    fe.linalg.cholesky(x).abs().sum().backward()
    assert x.grad is not None
    g = np.asarray(x.grad)
    np.testing.assert_allclose(g, g.conj().T, atol=1e-14)


def test_what_is_not_positive_definite_is_refused() -> None:
    good, bad = np.eye(3), np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    both = fe.tensor(np.stack([good, bad]))
    with pytest.raises(fe.linalg.LinAlgError, match=r"batch element 1.*minor of order 2"):
        fe.linalg.cholesky(both)
    with pytest.raises(fe.linalg.LinAlgError, match=r"linalg\.cholesky: the matrix is not"):
        fe.linalg.cholesky(fe.tensor(bad))
    with pytest.raises(fe.linalg.LinAlgError, match="order 1"):
        fe.linalg.cholesky(fe.tensor(bad * np.nan))
    with pytest.raises(RuntimeError):  # as PyTorch's
        fe.linalg.cholesky_ex(fe.tensor(bad), check_errors=True)
    factor, info = fe.linalg.cholesky_ex(both)
    assert info.tolist() == [0, 2]
    assert info.dtype is fe.int32
    close(factor[0], np.eye(3))
    assert np.isnan(np.asarray(factor[1])).all()


def test_shapes_and_dtypes_that_do_not_fit() -> None:
    with pytest.raises(fe.ShapeError, match="must be square, and these are 2 by 3"):
        fe.linalg.cholesky(fe.ones(2, 3))
    with pytest.raises(fe.ShapeError, match="at least two dims"):
        fe.linalg.qr(fe.ones(3))
    for dtype in (fe.int64, fe.float16, fe.bfloat16, fe.bool):
        for function in (fe.linalg.cholesky, fe.linalg.qr, fe.linalg.svd, fe.linalg.inv):
            with pytest.raises(fe.DTypeError, match="is not among its dtypes"):
                function(fe.ones(2, 2, dtype=dtype))
    with pytest.raises(fe.ArgumentError, match="mode"):
        fe.linalg.qr(fe.ones(2, 2), "full")


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (3, 5), (4, 0), (0, 2, 2)])
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(draw: Draw, shape: tuple[int, ...], mode: str) -> None:
    x = draw(*shape)
    q, r = fe.linalg.qr(fe.tensor(x), mode)
    m, n = shape[-2:]
    k = m if mode == "complete" else min(m, n)
    assert q.shape == (*shape[:-2], m, k)
    assert r.shape == (*shape[:-2], k, n)
    close(q @ r, x)
    gram = fe.matmul(fe.tensor(np.asarray(q).conj().swapaxes(-1, -2)), q)
    close(gram, np.broadcast_to(np.eye(k), gram.shape))
    np.testing.assert_array_equal(np.tril(np.asarray(r), -1), 0)
    close(fe.linalg.qr(fe.tensor(x), "r").R, np.asarray(fe.linalg.qr(fe.tensor(x)).R))
    assert fe.linalg.qr(fe.tensor(x), "r").Q.shape == (0,)
    some = fe.qr(fe.tensor(x), mode == "reduced")
    close(some.Q, np.asarray(q))


def test_gradients_of_qr(draw: Draw) -> None:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        x = grown(draw(*shape))

        def phase_free(x: fe.Tensor) -> tuple[fe.Tensor, ...]:
            q, r = fe.linalg.qr(x)
            return fe.abs(q), fe.abs(r)

        assert gradcheck(phase_free, x)
        assert gradgradcheck(phase_free, x)


@pytest.mark.parametrize(
    "shape", [(3, 3), (2, 5, 3), (3, 5), (60, 70), (2, 101, 99), (0, 0), (3, 0)]
)
def test_lu(draw: Draw, shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    p, low, high = fe.linalg.lu(fe.tensor(x))
    close(p @ low @ high, x)
    packed, pivots = fe.lu(fe.tensor(x))
    for way in np.ndindex(shape[:-2]) if x.size else ():
        want, exchanges = scipy.linalg.lu_factor(x[way])
        close(fe.tensor(np.asarray(packed)[way]), want)
        np.testing.assert_array_equal(np.asarray(pivots)[way], exchanges + 1)
    for got, want in zip(fe.lu_unpack(packed, pivots), (p, low, high)):
        close(got, np.asarray(want))


def test_lu_without_exchanges(positive: Draw) -> None:
    x = positive(2, 4, 4)
    p, low, high = fe.linalg.lu(fe.tensor(x), pivot=False)
    assert p.shape == (0,)
    close(low @ high, x)
    assert fe.linalg.lu_factor_ex(fe.tensor(x), pivot=False).pivots.tolist() == [[1, 2, 3, 4]] * 2


def test_gradients_of_lu(draw: Draw) -> None:
    for shape in ((3, 3), (4, 2), (2, 4)):
        x = grown(draw(*shape))
        assert gradcheck(lambda x: fe.linalg.lu(x)[1:], x)
        assert gradgradcheck(lambda x: fe.linalg.lu(x)[1:], x)


def test_lu_of_singular_matrices() -> None:
    x = fe.tensor([[[1.0, 1.0], [1.0, 1.0]], [[2.0, 1.0], [0.0, 1.0]]])
    found = fe.linalg.lu_factor_ex(x)
    assert found.info.tolist() == [2, 0]
    assert found.LU.tolist() == [[[1.0, 1.0], [1.0, 0.0]], [[2.0, 1.0], [0.0, 1.0]]]
    with pytest.raises(fe.linalg.LinAlgError, match=r"batch element 0.*U\[2,2\] is 0"):
        fe.linalg.lu_factor(x)
    assert fe.lu(x, get_infos=True).info.tolist() == [2, 0]
    p, low, high = fe.linalg.lu(x)
    close(p @ low @ high, np.asarray(x))


def test_householder_product_is_that_of_reflections(draw: Draw) -> None:
    x = draw(5, 3)
    qr: Any = scipy.linalg.qr
    (packed, tau), _ = qr(x, mode="raw")
    q = fe.linalg.householder_product(fe.tensor(packed), fe.tensor(tau))
    want, _ = qr(x, mode="economic")
    close(q, want)
    whole, _ = qr(x)
    other = draw(5, 2)
    close(fe.ormqr(fe.tensor(packed), fe.tensor(tau), fe.tensor(other)), whole @ other)
    close(
        fe.ormqr(fe.tensor(packed), fe.tensor(tau), fe.tensor(other), transpose=True),
        whole.conj().T @ other,
    )
    close(
        fe.ormqr(fe.tensor(packed), fe.tensor(tau), fe.tensor(other.T.copy()), left=False),
        other.T @ whole,
    )
    assert gradcheck(fe.linalg.householder_product, [grown(draw(3, 2)), grown(draw(2))])


def test_solving_by_a_cholesky_factor(positive: Draw, draw: Draw) -> None:
    x, b = positive(4, 4), draw(4, 2)
    for upper in (False, True):
        factor = fe.linalg.cholesky(fe.tensor(x), upper=upper)
        close(fe.cholesky_solve(fe.tensor(b), factor, upper), np.linalg.solve(x, b))
        close(fe.cholesky_inverse(factor, upper), np.linalg.inv(x))
    with pytest.raises(fe.linalg.LinAlgError, match="diagonal element 1"):
        fe.cholesky_inverse(fe.zeros(2, 2))
