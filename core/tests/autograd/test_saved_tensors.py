"""Hooks of what is kept for the backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, Tensor, func
from ferrule.autograd.graph import save_on_cpu, saved_tensors_hooks


def x_of(*values: float) -> Tensor:
    return fe.tensor(list(values), dtype=fe.float64, requires_grad=True)


def test_what_ops_keep_goes_through_both_functions() -> None:
    packed: list[Tensor] = []
    unpacked: list[int] = []

    def pack(x: Tensor) -> int:
        packed.append(x)
        return len(packed) - 1

    def unpack(i: int) -> Tensor:
        unpacked.append(i)
        return packed[i]

    a, b = x_of(2.0, 3.0), x_of(5.0, 7.0)
    with saved_tensors_hooks(pack, unpack):
        y = a * b + a  # a sum keeps nothing
    assert [p.tolist() for p in packed] == [[2, 3], [5, 7]]
    assert not any(p.requires_grad for p in packed)
    assert unpacked == []
    y.sum().backward()
    assert unpacked == [0, 1]
    assert a.grad is not None and b.grad is not None
    assert a.grad.tolist() == [6, 8]
    assert b.grad.tolist() == [2, 3]


def test_what_unpack_returns_is_what_counts() -> None:
    a = x_of(2.0)
    with saved_tensors_hooks(lambda x: x, lambda x: x * 10):
        y = a * a
    y.backward()
    assert a.grad is not None
    assert a.grad.tolist() == [40]


def test_of_nested_hooks_the_innermost_counts() -> None:
    a = x_of(2.0)
    with saved_tensors_hooks(lambda x: x, lambda x: x * 10):
        with saved_tensors_hooks(lambda x: x, lambda x: x * 100):
            y = a.exp() * 0.0 + a * a
        z = a * a
    (y + z).backward()
    assert a.grad is not None
    assert a.grad.tolist() == [440]


def test_second_derivatives_go_through_them() -> None:
    a = x_of(0.5, 1.5)
    with saved_tensors_hooks(lambda x: (x.numpy(),), lambda kept: fe.tensor(kept[0])):
        (g,) = fe.autograd.grad((a.exp() * a).sum(), a, create_graph=True)
        (gg,) = fe.autograd.grad(g.sum(), a)
    values = a.detach().numpy()
    np.testing.assert_allclose(gg.numpy(), np.exp(values) * (2 + values), rtol=1e-12)


def test_the_output_that_a_rule_keeps_keeps_its_place_on_the_tape() -> None:
    def hooked(x: Tensor) -> Tensor:
        with saved_tensors_hooks(lambda x: x, lambda x: x):
            return fe.tanh(x).exp()

    assert fe.autograd.gradgradcheck(hooked, x_of(0.3, -0.8))


def test_custom_functions_and_several_outputs() -> None:
    count: list[Tensor] = []

    class Double(fe.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return g * 2 * ctx.saved_tensors[0]

    def hooked(x: Tensor) -> Tensor:
        with saved_tensors_hooks(lambda x: (count.append(x), x)[1], lambda x: x):
            values, _ = fe.sort(Double.apply(x))
            return values * fe.tensor([1.0, 2.0], dtype=fe.float64)

    assert fe.autograd.gradgradcheck(hooked, x_of(0.3, -0.8))
    assert count


def test_an_unpack_hook_that_returns_another_type_is_refused() -> None:
    a = x_of(2.0)
    with saved_tensors_hooks(lambda x: x, lambda x: x.float()):
        y = a * a
    with pytest.raises(GraphError, match=r"float32\[1\] for what was float64\[1\]"):
        y.backward()


def test_save_on_cpu() -> None:
    a, b = x_of(2.0), x_of(3.0)
    with save_on_cpu(pin_memory=True):
        y = fe.softmax(a * b, 0).sum() + a * b
    y.backward(fe.ones(1, dtype=fe.float64))
    assert a.grad is not None
    assert a.grad.tolist() == [3]


@pytest.mark.parametrize("outside", [True, False])
def test_with_vmap(outside: bool) -> None:
    seen: list[Tensor] = []

    def hooks() -> saved_tensors_hooks:
        return saved_tensors_hooks(lambda x: (seen.append(x), x.numpy())[1], fe.tensor)

    def loss(x: Tensor) -> Tensor:
        return (fe.softmax(x.sin(), 0) * x).square().sum()

    def within(x: Tensor) -> Tensor:
        with hooks():
            return loss(x)

    x = fe.tensor(np.random.default_rng(0).normal(size=(3, 4)))
    if outside:
        with hooks():
            found = func.vmap(func.grad(loss))(x)
    else:
        found = func.vmap(func.grad(within))(x)
    np.testing.assert_allclose(found.numpy(), func.vmap(func.grad(loss))(x).numpy(), rtol=1e-12)
    assert seen
