"""Ops on arrays without dims or without elements, where they are easily forgotten."""

from __future__ import annotations

import pytest

import ferrule as fe


@pytest.mark.parametrize(
    "call",
    [
        lambda x: fe.ops.narrow(x, dim=0, start=0, length=1),
        lambda x: fe.ops.vecdot(x, x),
    ],
)
def test_an_op_along_a_dim_refuses_a_tensor_that_has_none(call) -> None:
    with pytest.raises(fe.ShapeError, match="float32"):
        call(fe.tensor(1.0))


def test_batch_norm_of_no_elements_has_gradients() -> None:
    x = fe.zeros(0, 3, requires_grad=True)
    weight = fe.ones(3, requires_grad=True)
    y, mean, _ = fe.ops.batch_norm_training(x, weight, None)
    y.sum().backward()
    assert y.shape == (0, 3) and mean.isnan().all()
    assert x.grad is not None and x.grad.shape == (0, 3)
    assert weight.grad is not None and weight.grad.shape == (3,)


def test_solve_with_an_infinity_is_nan_and_its_neighbour_is_solved() -> None:
    a = fe.tensor([[[2.0, 0.0], [0.0, 4.0]], [[float("inf"), 1.0], [1.0, 1.0]]])
    b = fe.ones(2, 2, 1)
    x = fe.ops.solve(a, b)
    assert x[0].flatten().tolist() == [0.5, 0.25]
    assert x[1].isnan().all()
    inverse = fe.ops.inv(a)
    assert inverse[0].tolist() == [[0.5, 0.0], [0.0, 0.25]]
    assert inverse[1].isnan().all()
