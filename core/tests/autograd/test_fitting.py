"""Gradients come back in the operand's own shape and dtype, whatever broadcasting and promotion
did to it on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import BroadcastableShapes, mutually_broadcastable_shapes

import ferrule as fe
from ferrule import Tensor

BINARY = [fe.ops.add, fe.ops.sub, fe.mul, fe.ops.div, fe.maximum, fe.pow]


def summed_to(array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The transpose of ``broadcast_to``, written apart from the engine's."""
    array = array.sum(axis=tuple(range(array.ndim - len(shape))))
    for axis, size in enumerate(shape):
        if size == 1:
            array = array.sum(axis=axis, keepdims=True)
    return array.reshape(shape)


@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), st.integers(0, 99))
def test_broadcasting_is_undone_by_summing(shapes: BroadcastableShapes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal(s) for s in shapes.input_shapes)
    weights = rng.standard_normal(shapes.result_shape)
    x, y = (fe.tensor(v, requires_grad=True) for v in (a, b))
    (x * y).backward(fe.tensor(weights))
    for tensor, other in ((x, b), (y, a)):
        assert tensor.grad is not None
        assert tensor.grad.shape == tensor.shape
        expected = summed_to(weights * other, tensor.shape)
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2, 3)), ((1, 1, 1), ())],
)
def test_every_binary_op_returns_gradients_of_its_operands_shapes(
    op: Any, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    x = fe.full(left, 1.5, dtype=fe.float64).requires_grad_()
    y = fe.full(right, 2.5, dtype=fe.float64).requires_grad_()
    op(x, y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.shape, y.grad.shape) == (left, right)


@pytest.mark.parametrize("narrow", [fe.float16, fe.bfloat16, fe.float32])
def test_promotion_is_undone_by_converting_back(narrow: fe.DType) -> None:
    x = fe.tensor([1.0, 2.0], dtype=narrow, requires_grad=True)
    y = fe.tensor([3.0, 4.0], dtype=fe.float64, requires_grad=True)
    z = x * y
    assert z.dtype is fe.float64
    z.sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.dtype, y.grad.dtype) == (narrow, fe.float64)
    assert (x.grad.tolist(), y.grad.tolist()) == ([3, 4], [1, 2])


def test_promotion_and_broadcasting_are_undone_together() -> None:
    x = fe.ones(1, 3, dtype=fe.float16).requires_grad_()
    (x * fe.ones(4, 3, dtype=fe.float32)).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype is fe.float16
    assert x.grad.tolist() == [[4, 4, 4]]


def test_a_broadcast_gradient_is_summed_in_the_wide_dtype_before_it_is_rounded() -> None:
    # 4096 ones and a tiny one: float16 could not add them one by one
    x = fe.tensor([1.0], dtype=fe.float16, requires_grad=True)
    (x * fe.full((5000,), 1.0, dtype=fe.float32)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [5000]


@pytest.mark.parametrize("scalar", [2, 2.0, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_python_scalars_take_part_without_a_gradient(scalar: Any, swapped: bool) -> None:
    x = fe.tensor([1.0, 3.0], requires_grad=True)
    (scalar * x if swapped else x * scalar).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [float(scalar)] * 2


def test_an_operand_that_is_twice_the_same_tensor_gets_both_shares() -> None:
    x = fe.tensor([[1.0, 2.0]], requires_grad=True)
    (x.reshape(2, 1) * x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[6.0, 6.0]]


def weighted(y: Tensor) -> Tensor:
    return (y * fe.arange(y.numel(), dtype=fe.float64).reshape(y.shape)).sum()


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x[1],
        lambda x: x[:, ::-2],
        lambda x: x.T.reshape(-1),
        lambda x: x.expand(2, 3, 4),
        lambda x: fe.cat([x, x * 2, x], 1),
        lambda x: fe.stack([x, x], 0),
        lambda x: x[fe.tensor([0, 0, 2])],
        lambda x: fe.flip(x, (0, 1)),
        lambda x: fe.split(x, [1, 3], 1)[1],
    ],
    ids=["int", "steps", "transpose", "expand", "cat", "stack", "tensor", "flip", "split"],
)
def test_moving_elements_moves_their_gradients(move: Any) -> None:
    x = fe.tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    assert fe.autograd.gradcheck(lambda x: weighted(move(x)), x)
