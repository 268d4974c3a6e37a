"""``fe.linalg``: eigenvalues, singular values, and their vectors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., Array]


def close(got: fe.Tensor, want: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(np.asarray(got.detach()), want, rtol=tolerance, atol=1e-12)


def herm(x: fe.Tensor) -> fe.Tensor:
    y = fe.conj(x) if x.dtype.is_complex else x
    return (x + y.transpose(-1, -2)) / 2


def adjoint(x: fe.Tensor) -> Array:
    return np.asarray(x).conj().swapaxes(-1, -2)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 0), (0, 3, 3)])
@pytest.mark.parametrize("uplo", ["L", "U", "u"])
def test_eigh(draw: Draw, shape: tuple[int, ...], uplo: str) -> None:
    x = draw(*shape)
    triangle = np.tril(x, -1) if uplo == "L" else np.triu(x, 1)
    diagonal = np.eye(shape[-1]) * x.real
    whole = triangle + diagonal + triangle.conj().swapaxes(-1, -2)
    w, v = fe.linalg.eigh(fe.tensor(triangle + diagonal), uplo)
    close(w, np.linalg.eigvalsh(whole))
    np.testing.assert_allclose(
        np.asarray(v) * np.asarray(w)[..., None, :] @ adjoint(v), whole, atol=1e-12
    )
    close(fe.linalg.eigvalsh(fe.tensor(triangle + diagonal), uplo), np.asarray(w))
    assert not w.dtype.is_complex


def test_gradients_of_eigh(draw: Draw) -> None:
    x = fe.tensor(draw(2, 3, 3), requires_grad=True)

    def phase_free(x: fe.Tensor) -> tuple[fe.Tensor, fe.Tensor]:
        w, v = fe.linalg.eigh(herm(x))
        return w, fe.abs(v)

    assert gradcheck(phase_free, x)
    assert gradgradcheck(phase_free, x)


def test_equal_eigenvalues_have_gradients_though_their_vectors_have_none() -> None:
    x = fe.eye(3, dtype=fe.float64).requires_grad_()
    (fe.linalg.eigvalsh(x) * fe.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad is not None
    assert np.isfinite(np.asarray(x.grad)).all()
    np.testing.assert_allclose(np.trace(np.asarray(x.grad)), 6.0)
    x = fe.eye(3, dtype=fe.float64).requires_grad_()
    (fe.linalg.eigh(x).eigenvectors * fe.tensor([[1.0, 2.0, 3.0]]).T).sum().backward()
    assert x.grad is not None
    assert not np.isfinite(np.asarray(x.grad)).all()


def test_a_gradient_that_depends_on_phases_is_refused() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))
    for name in ("eigh", "eig", "svd"):
        leaf = fe.tensor(x, requires_grad=True)
        vectors = next(y for y in getattr(fe.linalg, name)(leaf) if y.ndim == 2)
        with pytest.raises(fe.GraphError, match=f"{name}: complex vectors are unique only up to"):
            fe.imag(vectors).sum().backward()


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 0), (0, 3, 3)])
def test_eig(draw: Draw, shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    w, v = fe.linalg.eig(fe.tensor(x))
    assert w.dtype is fe.complex128
    np.testing.assert_allclose(
        x @ np.asarray(v), np.asarray(v) * np.asarray(w)[..., None, :], atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.norm(np.asarray(v), axis=-2), 1.0, rtol=1e-12)
    close(fe.linalg.eigvals(fe.tensor(x)), np.asarray(w))
    assert fe.linalg.eigvals(fe.tensor(x).to(fe.complex64)).dtype is fe.complex64


def test_gradients_of_eig(draw: Draw) -> None:
    x = fe.tensor(draw(3, 3), requires_grad=True)

    def phase_free(x: fe.Tensor) -> tuple[fe.Tensor, ...]:
        w, v = fe.linalg.eig(x)
        return w, fe.abs(v), fe.linalg.eigvals(x)

    assert gradcheck(phase_free, x)
    assert gradgradcheck(phase_free, x)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (3, 5), (2, 0), (0, 2, 2)])
@pytest.mark.parametrize("full", [True, False])
def test_svd(draw: Draw, shape: tuple[int, ...], full: bool) -> None:
    x = draw(*shape)
    u, s, vh = fe.linalg.svd(fe.tensor(x), full)
    k = min(shape[-2:])
    close(s, np.linalg.svd(x, compute_uv=False))
    close(fe.linalg.svdvals(fe.tensor(x)), np.asarray(s))
    assert u.shape[-1] == (shape[-2] if full else k)
    assert vh.shape[-2] == (shape[-1] if full else k)
    rebuilt = np.asarray(u)[..., :k] * np.asarray(s)[..., None, :] @ np.asarray(vh)[..., :k, :]
    np.testing.assert_allclose(rebuilt, x, atol=1e-12)
    older = fe.svd(fe.tensor(x), some=not full)
    np.testing.assert_allclose(np.asarray(older.V), adjoint(vh))


@pytest.mark.parametrize("full", [True, False])
def test_gradients_of_svd(draw: Draw, full: bool) -> None:
    for shape in ((3, 3), (4, 2), (2, 4)):
        x = fe.tensor(draw(*shape), requires_grad=True)

        def phase_free(x: fe.Tensor) -> tuple[fe.Tensor, ...]:
            u, s, vh = fe.linalg.svd(x, full)
            k = s.shape[-1]
            return fe.abs(u[:, :k]), s, fe.abs(vh[:k])

        assert gradcheck(phase_free, x)
        assert gradgradcheck(phase_free, x)


def test_equal_singular_values_have_gradients() -> None:
    for x in (np.eye(3), np.zeros((3, 2)), np.ones((2, 2))):
        leaf = fe.tensor(x, requires_grad=True)
        fe.linalg.svdvals(leaf).sum().backward()
        assert leaf.grad is not None
        assert np.isfinite(np.asarray(leaf.grad)).all()


def test_svd_without_vectors_has_zeros() -> None:
    u, s, v = fe.svd(fe.ones(3, 2), compute_uv=False)
    assert (u.shape, v.shape) == ((3, 3), (2, 2))
    assert not u.any()
    assert not v.any()
    close(s, [np.sqrt(6.0), 0.0], 1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite(bad: float) -> None:
    x = np.stack([np.eye(3), np.eye(3)])
    x[1, 2, 0] = bad
    w, v = fe.linalg.eigh(fe.tensor(x))  # PyTorch gives NaN here, and raises below
    close(w[0], np.ones(3))
    assert np.isnan(np.asarray(w[1])).all()
    assert np.isnan(np.asarray(v[1])).all()
    for name in ("svd", "svdvals", "eig", "eigvals", "pinv"):
        with pytest.raises(fe.linalg.LinAlgError, match=rf"{name} \(batch element 1\).*not finite"):
            getattr(fe.linalg, name)(fe.tensor(x))
    u = fe.ops.svd(fe.tensor(x))[0]  # ops do not raise on account of values
    assert np.isnan(np.asarray(u[1])).all()
    assert np.isfinite(np.asarray(u[0])).all()


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(fe.ArgumentError, match="UPLO"):
        fe.linalg.eigh(fe.eye(2), "X")
    with pytest.raises(fe.ArgumentError, match="driver"):
        fe.linalg.svd(fe.eye(2), driver="lapack")
    with pytest.raises(fe.ShapeError, match="must be square"):
        fe.linalg.eig(fe.ones(2, 3))
