"""Jacobians and Hessians."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, Tensor, func

RNG = np.random.default_rng(0)


def f64(*shape: int) -> Tensor:
    return fe.tensor(RNG.normal(size=shape))


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_shapes_are_those_of_output_and_input(jacobian: Any) -> None:
    m, x = f64(5, 4), f64(4, 3)
    found = jacobian(lambda x: m @ x)(x)
    assert found.shape == (5, 3, 4, 3)
    wanted = np.einsum("ik,jl->ijkl", m.numpy(), np.eye(3))
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-14)
    assert jacobian(lambda x: x.sum())(x).shape == (4, 3)
    assert jacobian(lambda x: x * x)(fe.tensor(2.0)).shape == ()


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_structures_are_those_of_output_and_arguments(jacobian: Any) -> None:
    x, y = f64(3), f64(2)
    found = jacobian(lambda x, y: {"a": x * y.sum(), "b": (y,)}, argnums=(0, 1))(x, y)
    assert list(found) == ["a", "b"]
    np.testing.assert_allclose(found["a"][0].numpy(), np.eye(3) * y.numpy().sum())
    np.testing.assert_allclose(found["a"][1].numpy(), x.numpy()[:, None].repeat(2, 1))
    np.testing.assert_allclose(found["b"][0][0].numpy(), np.zeros((2, 3)))
    np.testing.assert_allclose(found["b"][0][1].numpy(), np.eye(2))
    found = jacobian(lambda p: p["x"] * 2)({"x": x, "y": y})
    np.testing.assert_allclose(found["x"].numpy(), np.eye(3) * 2)
    assert found["y"].shape == (3, 2)


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_what_is_passed_on(jacobian: Any) -> None:
    x = f64(3)
    found, aux = jacobian(lambda x: (x * x, x + 1), has_aux=True)(x)
    np.testing.assert_allclose(found.numpy(), np.diag(2 * x.numpy()))
    np.testing.assert_allclose(aux.numpy(), x.numpy() + 1)


@pytest.mark.parametrize("chunk_size", [1, 2, 5, 100])
def test_chunks_change_nothing(chunk_size: int) -> None:
    x = f64(5)
    found = func.jacrev(lambda x: (x.sin(), x.sum() * x[:2]), chunk_size=chunk_size)(x)
    whole = func.jacrev(lambda x: (x.sin(), x.sum() * x[:2]))(x)
    for a, b in zip(found, whole):
        np.testing.assert_allclose(a.numpy(), b.numpy())


def test_empty_outputs_and_inputs() -> None:
    assert func.jacrev(lambda x: x[:0])(f64(3)).shape == (0, 3)
    assert func.jacfwd(lambda x: x.sum() + fe.ones(2, dtype=fe.float64))(f64(0)).shape == (2, 0)


def test_the_hessian_of_a_quadratic_is_its_matrix() -> None:
    a = f64(4, 4)
    symmetric = (a + a.mT).numpy()
    found = func.hessian(lambda x: x @ a @ x)(f64(4))
    np.testing.assert_allclose(found.numpy(), symmetric, rtol=1e-12)


def test_hessians_by_several_arguments() -> None:
    x, y = f64(2), f64(3)
    (xx, xy), (yx, yy) = func.hessian(lambda x, y: (x * x).sum() * y.sum(), argnums=(0, 1))(x, y)
    np.testing.assert_allclose(xx.numpy(), 2 * y.numpy().sum() * np.eye(2))
    np.testing.assert_allclose(xy.numpy(), 2 * x.numpy()[:, None].repeat(3, 1))
    np.testing.assert_allclose(yx.numpy(), xy.numpy().T)
    np.testing.assert_allclose(yy.numpy(), np.zeros((3, 3)))


def test_all_orders_of_modes_agree() -> None:
    x = f64(3)

    def f(x: Tensor) -> Tensor:
        return fe.softmax(x, 0) * x.exp()

    modes = (func.jacrev, func.jacfwd)
    found = [outer(inner(f))(x).numpy() for outer in modes for inner in modes]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-10)


def test_many_hessians_at_once() -> None:
    x, w = f64(6, 3), f64(3)

    def f(w: Tensor, x: Tensor) -> Tensor:
        return (w * x).sin().sum() * w.prod()

    found = func.vmap(func.hessian(f), (None, 0))(w, x)
    for i in range(6):
        np.testing.assert_allclose(
            found[i].numpy(), func.hessian(f)(w, x[i]).numpy(), rtol=1e-10, atol=1e-14
        )
    pairs = func.vmap(func.vmap(func.jacfwd(f, argnums=1), (None, 0)), (0, None))(f64(2, 3), x)
    assert pairs.shape == (2, 6, 3)


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="chunk_size must be positive"):
        func.jacrev(fe.sin, chunk_size=0)
    with pytest.raises(ArgumentError, match="randomness"):
        func.jacfwd(fe.sin, randomness="often")  # type: ignore[arg-type]
