"""``gradcheck`` and ``gradgradcheck`` catch what is wrong, and pass what is right."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule as fe
from ferrule import DTypeError, GraphError, Tensor
from ferrule.autograd import Function, gradcheck, gradgradcheck

BOTH_WAYS = pytest.mark.parametrize("fast_mode", [False, True])


def leaf(*shape: int) -> Tensor:
    fe.manual_seed(3)
    return fe.rand(*shape, dtype=fe.float64).requires_grad_()


def square_with(factor: float, second: float = 1.0) -> type[Function]:
    """A square whose gradient is wrong by ``factor``, and whose second derivative by ``second``."""

    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            value = 2 * factor * x * g
            return value if second == 1 else value.detach() + second * (value - value.detach())

    return Square


@BOTH_WAYS
def test_right_gradients_pass(fast_mode: bool) -> None:
    assert gradcheck(square_with(1).apply, leaf(3), fast_mode=fast_mode)
    assert gradgradcheck(square_with(1).apply, leaf(3), fast_mode=fast_mode)
    assert gradcheck(lambda a, b: (a @ b, a.sum()), [leaf(2, 3), leaf(3, 2)], fast_mode=fast_mode)


@BOTH_WAYS
@pytest.mark.parametrize("factor", [0.0, -1.0, 1.01, 2.0])
def test_wrong_gradients_are_caught(factor: float, fast_mode: bool) -> None:
    function = square_with(factor).apply
    with pytest.raises(GraphError, match="central differences give"):
        gradcheck(function, leaf(3), fast_mode=fast_mode)
    assert not gradcheck(function, leaf(3), fast_mode=fast_mode, raise_exception=False)


@BOTH_WAYS
def test_a_wrong_second_derivative_is_caught_though_the_first_is_right(fast_mode: bool) -> None:
    function = square_with(1, second=1.5).apply
    assert gradcheck(function, leaf(3), fast_mode=fast_mode)
    with pytest.raises(GraphError, match="central differences give"):
        gradgradcheck(function, leaf(3), fast_mode=fast_mode)


@BOTH_WAYS
def test_a_gradient_that_is_lost_on_the_way_is_caught(fast_mode: bool) -> None:
    with pytest.raises(GraphError, match="central differences give"):
        gradcheck(lambda x: x * x.detach(), leaf(3), fast_mode=fast_mode)


def test_a_wrong_gradient_of_one_output_or_input_among_several_is_caught_and_named() -> None:
    wrong = square_with(2).apply
    with pytest.raises(GraphError, match="element 1 of output 1 by element 1 of input 0") as caught:
        gradcheck(lambda x: (x * 1, fe.cat([x[:1], wrong(x)[1:]])), leaf(2))
    assert "float64[2]" in str(caught.value)
    with pytest.raises(GraphError, match="by element 0 of input 2"):
        gradcheck(lambda a, word, b: a + wrong(b), [leaf(1), "word", leaf(1)])


def test_a_transposed_gradient_is_caught() -> None:
    class Transposed(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * fe.arange(9, dtype=fe.float64).reshape(3, 3)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return (g * fe.arange(9, dtype=fe.float64).reshape(3, 3)).T

    assert not gradcheck(Transposed.apply, leaf(3, 3), raise_exception=False)
    assert not gradcheck(Transposed.apply, leaf(3, 3), raise_exception=False, fast_mode=True)


def test_the_tolerances_are_the_callers() -> None:
    function = square_with(1.01).apply
    assert gradcheck(function, leaf(3), rtol=0.1)
    assert gradcheck(function, leaf(3), atol=1.0)


@pytest.mark.parametrize("dtype", [fe.float32, fe.float16])
def test_differences_need_float64(dtype: fe.DType) -> None:
    x = fe.ones(2, dtype=dtype).requires_grad_()
    with pytest.raises(DTypeError, match=rf"input 0 is {dtype.name}\[2\].*float64"):
        gradcheck(lambda x: x * x, x)


def test_an_input_that_asks_for_a_gradient_is_needed() -> None:
    with pytest.raises(GraphError, match="no input requires a gradient"):
        gradcheck(lambda x: x * x, fe.ones(2, dtype=fe.float64))


@BOTH_WAYS
def test_empty_and_scalar_inputs_can_be_checked(fast_mode: bool) -> None:
    assert gradcheck(lambda x: x * x, leaf(0, 3), fast_mode=fast_mode)
    assert gradcheck(lambda x: x * x, leaf(), fast_mode=fast_mode)


@BOTH_WAYS
def test_gradients_on_the_inputs_are_left_alone(fast_mode: bool) -> None:
    x = leaf(2)
    gradcheck(lambda x: x * x, x, fast_mode=fast_mode)
    gradgradcheck(lambda x: x * x, x, fast_mode=fast_mode)
    assert x.grad is None
