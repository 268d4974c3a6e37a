"""A composite that has a kernel and no rule is replayed through its body in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, Tensor
from ferrule.autograd import grad, gradcheck, gradgradcheck
from ferrule.declare import floating

GiveKernel = Callable[[str, Callable[..., Any]], None]


def x_of(*shape: int) -> Tensor:
    fe.manual_seed(1)
    return fe.rand(*shape, dtype=fe.float64).requires_grad_()


@pytest.fixture
def runs() -> list[str]:
    return []


@pytest.fixture
def blend(give_kernel: GiveKernel, runs: list[str]) -> fe.Op:
    """A composite of two operands with an attribute, whose kernel and body write down that they
    ran."""

    @fe.composite(dtypes=floating, samples=[])
    def test_blend(a: Tensor, b: Tensor, *, power: int = 2) -> Tensor:
        """``exp(a) * b ** power``"""
        runs.append("body")
        return a.exp() * b**power

    def kernel(a: Any, b: Any, *, power: int) -> Any:
        runs.append("kernel")
        return np.exp(a) * b**power

    give_kernel("test_blend", kernel)
    return test_blend


def test_forward_runs_the_kernel_and_backward_the_body(blend: fe.Op, runs: list[str]) -> None:
    a, b = x_of(3), x_of(3)
    blend(a, b)  # infers the output's type from the body, once
    runs.clear()
    y = blend(a, b).sum()
    assert runs == ["kernel"]
    y.backward()
    assert runs == ["kernel", "body"]


def test_the_replayed_gradient_is_right_to_the_second_order(blend: fe.Op) -> None:
    for power in (1, 3):
        function: Any = lambda a, b, power=power: blend(a, b, power=power)  # noqa: E731
        assert gradcheck(function, [x_of(2, 3), x_of(3)])
        assert gradgradcheck(function, [x_of(2, 3), x_of(3)])


def test_third_order_through_a_replayed_body(blend: fe.Op) -> None:
    x = fe.tensor(0.5, dtype=fe.float64, requires_grad=True)
    y: Any = blend(x, fe.tensor(1.0, dtype=fe.float64))
    for _ in range(3):
        (y,) = grad(y, x, create_graph=True)
    assert y.item() == pytest.approx(np.exp(0.5), rel=1e-12)


def test_one_tensor_as_both_operands_gets_both_shares_once(blend: fe.Op) -> None:
    x = x_of(3)
    assert gradcheck(lambda x: blend(x, x), x)
    assert gradgradcheck(lambda x: blend(x, x), x)
    h = x * 2
    (by_h,) = grad(blend(h, h).sum(), h)
    assert by_h is not None
    values = h.detach().numpy()
    expected = np.exp(values) * values**2 + np.exp(values) * 2 * values
    np.testing.assert_allclose(by_h.numpy(), expected, rtol=1e-12)


def test_only_the_operand_that_asks_gets_a_gradient(blend: fe.Op) -> None:
    a, b = x_of(3), fe.ones(3, dtype=fe.float64)
    blend(a, b).sum().backward()
    assert b.grad is None
    assert a.grad is not None
    np.testing.assert_allclose(a.grad.numpy(), np.exp(a.detach().numpy()), rtol=1e-12)


def test_a_second_backward_through_it_is_refused_like_any_other(blend: fe.Op) -> None:
    y = blend(x_of(2), x_of(2)).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(GraphError, match="a second time"):
        y.backward()


@pytest.mark.parametrize("mode", [fe.no_grad, fe.inference_mode])
def test_the_body_is_replayed_where_nothing_else_is_recorded(
    blend: fe.Op, mode: Callable[[], Any]
) -> None:
    x = x_of(2)
    y = blend(x, fe.ones(2, dtype=fe.float64)).sum()
    with mode():
        y.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.exp(x.detach().numpy()), rtol=1e-12)


def test_a_body_that_returns_its_operand_is_differentiated(give_kernel: GiveKernel) -> None:
    @fe.composite(dtypes=floating, samples=[])
    def test_first(a: Tensor, b: Tensor) -> Tensor:
        """``a``"""
        return a

    give_kernel("test_first", lambda a, b: a.copy())
    a, b = x_of(2), x_of(2)
    test_first(a, b).sum().backward()
    assert a.grad is not None
    assert a.grad.tolist() == [1, 1]
    assert b.grad is None


def test_a_body_with_several_outputs_of_which_one_is_used(give_kernel: GiveKernel) -> None:
    @fe.composite(dtypes=floating, samples=[])
    def test_pair(x: Tensor) -> tuple[Tensor, Tensor]:
        """``x ** 2`` and ``exp(x)``"""
        return x * x, x.exp()

    give_kernel("test_pair", lambda x: (x * x, np.exp(x)))
    for used in (0, 1):
        assert gradcheck(lambda x, used=used: test_pair(x)[used], x_of(2))
    assert gradgradcheck(lambda x: test_pair(x), x_of(2))


def test_a_variadic_body_with_one_tensor_given_twice(give_kernel: GiveKernel) -> None:
    @fe.composite(dtypes=floating, samples=[])
    def test_product(*xs: Tensor) -> Tensor:
        """All of them multiplied."""
        total = xs[0]
        for x in xs[1:]:
            total = total * x
        return total

    give_kernel("test_product", lambda *xs: np.prod(np.stack(xs), axis=0))
    assert gradcheck(lambda a, b: test_product(a, b, a), [x_of(2), x_of(2)])
    assert gradgradcheck(lambda a, b: test_product(a, b, a), [x_of(2), x_of(2)])


def test_an_optional_operand_left_out(give_kernel: GiveKernel) -> None:
    @fe.composite(dtypes=floating, samples=[])
    def test_shifted(x: Tensor, shift: Tensor | None = None) -> Tensor:
        """``x + shift``"""
        return x * 1 if shift is None else x + shift

    give_kernel("test_shifted", lambda x, shift: x.copy() if shift is None else x + shift)
    assert gradcheck(lambda x: test_shifted(x), x_of(2))
    assert gradcheck(lambda x, s: test_shifted(x, s), [x_of(2), x_of(2)])


def test_a_composite_with_neither_kernel_nor_rule_is_recorded_op_by_op() -> None:
    @fe.composite(dtypes=floating, samples=[])
    def test_plain(x: Tensor) -> Tensor:
        """``x * exp(x)``"""
        return x * x.exp()

    y = test_plain(x_of(2))
    assert y.grad_fn is not None
    assert y.grad_fn.name == "'mul'"
    assert gradgradcheck(lambda x: test_plain(x), x_of(2))


def test_a_composites_own_rule_wins_over_its_body(give_kernel: GiveKernel) -> None:
    @fe.composite(dtypes=floating, samples=[])
    def test_ruled(x: Tensor) -> Tensor:
        """``x``, with a gradient that tells that the rule was used."""
        return x * 1

    @test_ruled.vjp
    def _(g: Any) -> Any:
        return g * 42

    for kernel in (None, lambda x: x.copy()):
        if kernel is not None:
            give_kernel("test_ruled", kernel)
        (g,) = grad(test_ruled(x := x_of(1)), x)
        assert g is not None
        assert g.tolist() == [42]
