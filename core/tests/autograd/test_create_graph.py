"""Gradients are made of ops, so they can be differentiated again, to any order."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ferrule as fe
from ferrule import Tensor
from ferrule.autograd import grad


def nth_derivative(f: object, at: float, order: int) -> float:
    x = fe.tensor(at, dtype=fe.float64, requires_grad=True)
    y: Tensor = f(x)  # pyright: ignore[reportCallIssue]
    for _ in range(order):
        (found,) = grad(y, x, create_graph=True)
        assert found is not None
        y = found
    return float(y)


FUNCTIONS = {
    "x**5": (lambda x: x * x * x * x * x, [5 * 16.0, 20 * 8.0, 60 * 4.0, 120 * 2.0]),
    "pow": (lambda x: x**5, [5 * 16.0, 20 * 8.0, 60 * 4.0, 120 * 2.0]),
    "exp": (fe.exp, [math.exp(2)] * 4),
    "sin": (fe.sin, [math.cos(2), -math.sin(2), -math.cos(2), math.sin(2)]),
    "log": (fe.log, [1 / 2, -1 / 4, 2 / 8, -6 / 16]),
    "1/x": (lambda x: 1 / x, [-1 / 4, 2 / 8, -6 / 16, 24 / 32]),
    "sqrt": (fe.sqrt, [0.5 * 2**-0.5, -0.25 * 2**-1.5, 0.375 * 2**-2.5, -0.9375 * 2**-3.5]),
}


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_by_hand(name: str, order: int) -> None:
    function, expected = FUNCTIONS[name]
    assert nth_derivative(function, 2.0, order) == pytest.approx(expected[order - 1], rel=1e-12)


def test_tanh_to_the_third_order_agrees_with_its_polynomial() -> None:
    t = math.tanh(0.3)
    s = 1 - t * t
    for order, expected in enumerate((s, -2 * t * s, s * (6 * t * t - 2)), 1):
        assert nth_derivative(fe.tanh, 0.3, order) == pytest.approx(expected, rel=1e-12)


def test_a_hessian_by_rows_agrees_with_the_matrix_of_a_quadratic_form() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((4, 4))
    x = fe.tensor(rng.standard_normal(4), requires_grad=True)
    (g,) = grad(x @ fe.tensor(matrix) @ x, x, create_graph=True)
    assert g is not None
    rows = []
    for i in range(4):
        (row,) = grad(g[i], x, retain_graph=True)
        assert row is not None
        rows.append(row.numpy())
    np.testing.assert_allclose(np.stack(rows), matrix + matrix.T, rtol=1e-12)


def test_a_gradient_penalty_reaches_the_leaves() -> None:
    x = fe.tensor([1.0, 2.0], dtype=fe.float64, requires_grad=True)
    w = fe.tensor([3.0, 4.0], dtype=fe.float64, requires_grad=True)
    (g,) = grad((w * x * x).sum(), x, create_graph=True)  # g = 2 w x
    assert g is not None
    (g * g).sum().backward()  # 4 w**2 x**2
    assert w.grad is not None
    assert x.grad is not None
    assert w.grad.tolist() == [8 * 3 * 1, 8 * 4 * 4]
    assert x.grad.tolist() == [8 * 9 * 1, 8 * 16 * 2]


def test_backward_with_create_graph_leaves_gradients_that_can_be_differentiated() -> None:
    x = fe.tensor(2.0, dtype=fe.float64, requires_grad=True)
    (x**3).backward(create_graph=True)
    assert x.grad is not None
    first = x.grad
    assert first.requires_grad
    (second,) = grad(first, x)
    assert second is not None
    assert second.item() == 12


def test_gradients_do_not_require_gradients_unless_asked() -> None:
    x = fe.tensor(2.0, requires_grad=True)
    (g,) = grad(x * x, x)
    assert g is not None
    assert not g.requires_grad


def test_a_gradient_that_enters_may_itself_be_differentiated() -> None:
    x = fe.tensor([1.0, 2.0], dtype=fe.float64, requires_grad=True)
    v = fe.tensor([5.0, 7.0], dtype=fe.float64, requires_grad=True)
    (g,) = grad(x * x, x, v, create_graph=True)  # 2 x v
    assert g is not None
    by_v, by_x = grad(g.sum(), [v, x])
    assert by_v is not None
    assert by_x is not None
    assert (by_v.tolist(), by_x.tolist()) == ([2, 4], [10, 14])


def test_broadcasting_is_undone_in_the_second_order_too() -> None:
    x = fe.tensor([[1.0], [2.0]], dtype=fe.float64, requires_grad=True)
    w = fe.tensor([1.0, 10.0, 100.0], dtype=fe.float64, requires_grad=True)
    assert fe.autograd.gradgradcheck(lambda x, w: (x * w).tanh() * x, [x, w])
