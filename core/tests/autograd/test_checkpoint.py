"""Checkpoints: the same gradients, computed again instead of kept."""

from __future__ import annotations

import gc
import sys
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, Tensor, func, nn
from ferrule.autograd import checkpoint


def x_of(*shape: int) -> Tensor:
    values = np.random.default_rng(0).normal(size=shape)
    return fe.tensor(values, requires_grad=True)


def block(x: Tensor) -> Tensor:
    return (x.sin() * x.exp()).tanh() * x


def arrays_kept(y: Tensor) -> int:
    """The arrays that the tape behind ``y`` holds."""
    found: set[int] = set()
    stack: list[Any] = [y._node]
    seen: set[Any] = set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        kept = (*getattr(node, "inputs", ()), getattr(node, "output", None))
        found |= {id(a) for a in kept if isinstance(a, np.ndarray)}
        stack.extend(node.parents or ())
    return len(found)


def test_gradients_are_those_without() -> None:
    x, twin = x_of(4), x_of(4)
    checkpoint(block, x).sum().backward()
    block(twin).sum().backward()
    assert x.grad is not None and twin.grad is not None
    assert x.grad.tolist() == twin.grad.tolist()


@pytest.mark.usefixtures("on_cpu")
def test_nothing_is_kept_between_the_passes() -> None:
    assert arrays_kept(block(x_of(4))) > 3
    assert arrays_kept(checkpoint(block, x_of(4))) == 0


def test_the_memory_of_values_within_is_free_again() -> None:
    kept: list[Any] = []

    def function(x: Tensor) -> Tensor:
        y = x.exp()
        kept.append(y._data)
        return y.sin()

    y = checkpoint(function, x_of(3))
    gc.collect()
    free = sys.getrefcount(kept[0])
    assert free == 2  # the list, and the argument of the call
    kept.clear()
    plain = function(x_of(3))
    held = sys.getrefcount(kept[0])
    assert held > free
    del y, plain


def test_the_function_runs_once_more_in_backward() -> None:
    calls = []

    def function(x: Tensor) -> Tensor:
        calls.append(1)
        return block(x)

    y = checkpoint(function, x_of(3)).sum()
    assert len(calls) == 1
    y.backward(retain_graph=True)
    assert len(calls) == 2
    y.backward()
    assert len(calls) == 3


def test_parameters_that_are_no_arguments_get_gradients() -> None:
    fe.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2)).double()
    x = x_of(5, 3)
    net(x).square().sum().backward()
    wanted = [p.grad.numpy() for p in net.parameters() if p.grad is not None]
    net.zero_grad()
    checkpoint(net, x.detach()).square().sum().backward()
    assert len(wanted) == 6
    for p, w in zip(net.parameters(), wanted):
        assert p.grad is not None
        np.testing.assert_allclose(p.grad.numpy(), w, rtol=1e-12)


def test_nested_checkpoints() -> None:
    calls = []

    def inner(x: Tensor) -> Tensor:
        calls.append("inner")
        return block(x)

    def outer(x: Tensor) -> Tensor:
        calls.append("outer")
        return block(checkpoint(inner, block(x)))

    x, twin = x_of(4), x_of(4)
    y = checkpoint(outer, x)
    assert arrays_kept(y) == 0
    y.sum().backward()
    block(block(block(twin))).sum().backward()
    assert x.grad is not None and twin.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), twin.grad.numpy(), rtol=1e-13)
    assert calls[:2] == ["outer", "inner"]
    assert calls.count("outer") == 2


def test_second_derivatives() -> None:
    x, twin = x_of(4), x_of(4)

    def second(function: Any, x: Tensor) -> Any:
        (g,) = fe.autograd.grad(function(x).sum(), x, create_graph=True)
        return fe.autograd.grad((g * g).sum(), x)[0].numpy()

    np.testing.assert_allclose(
        second(lambda x: checkpoint(block, x), x), second(block, twin), rtol=1e-12
    )
    assert fe.autograd.gradgradcheck(lambda x: checkpoint(block, x), x_of(3))


def test_random_functions_draw_the_same_again() -> None:
    fe.manual_seed(3)
    x = x_of(200)
    y = checkpoint(lambda x: nn.functional.dropout(x) * fe.rand(200, dtype=fe.float64), x)
    after = fe.default_generator().state.tolist()
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose((x.grad * x.detach()).numpy(), y.detach().numpy(), rtol=1e-12)
    assert fe.default_generator().state.tolist() == after


def test_random_functions_go_on_if_their_state_is_not_preserved() -> None:
    fe.manual_seed(3)
    x = x_of(200)
    y = checkpoint(nn.functional.dropout, x, preserve_rng_state=False)
    y.sum().backward()
    assert x.grad is not None
    assert not np.allclose((x.grad * x.detach()).numpy(), y.detach().numpy())


def test_arguments_of_any_kind() -> None:
    x, frozen = x_of(3), fe.tensor([1.0, 2.0, 3.0], dtype=fe.float64)

    def function(both: dict[str, Tensor], n: int, *, scale: float, word: str) -> Any:
        return {word: both["x"] * both["frozen"] * n * scale}, word

    found, word = checkpoint(
        function, {"x": x, "frozen": frozen}, 2, scale=0.5, word="y", use_reentrant=False
    )
    assert word == "y"
    found["y"].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 2, 3]


def test_writing_to_an_argument_later_does_not_matter() -> None:
    x = x_of(3)
    h = x * 1.0
    y = checkpoint(lambda h: h * h, h)
    h.zero_()
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy())


def test_without_recording_it_is_a_call() -> None:
    with fe.no_grad():
        assert not checkpoint(block, x_of(3)).requires_grad


def test_a_function_that_changes_is_refused() -> None:
    calls = []

    def function(x: Tensor) -> Tensor:
        calls.append(1)
        return x * x if len(calls) == 1 else x.exp().sin().cos()

    y = checkpoint(function, x_of(3)).sum()
    with pytest.raises(GraphError, match=r"function did not compute the same .* 2 values .* now 3"):
        y.backward()


def test_composites_with_kernels_and_custom_functions_keep_nothing_either() -> None:
    class Cube(fe.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return g * x * x * 3

    def function(x: Tensor) -> Tensor:
        return fe.softmax(Cube.apply(x.sin()), -1) + fe.logsumexp(x, -1, keepdim=True)

    x, twin = x_of(2, 3), x_of(2, 3)
    weights = fe.tensor(np.arange(6.0).reshape(2, 3))
    y = checkpoint(function, x)
    assert arrays_kept(y) == 0
    (y * weights).sum().backward()
    (function(twin) * weights).sum().backward()
    assert x.grad is not None and twin.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), twin.grad.numpy(), rtol=1e-12)


def test_under_transforms() -> None:
    x = fe.tensor(np.random.default_rng(1).normal(size=(4, 3)))

    def loss(x: Tensor) -> Tensor:
        return fe.softmax(block(x), 0).square().sum()

    def checked(x: Tensor) -> Tensor:
        return checkpoint(loss, x)

    for transform in (
        lambda f: func.vmap(func.grad(f)),
        lambda f: func.vmap(func.hessian(f)),
        lambda f: func.grad(lambda x: func.vmap(f)(x).sum()),
    ):
        np.testing.assert_allclose(
            transform(checked)(x).numpy(), transform(loss)(x).numpy(), rtol=1e-10, atol=1e-12
        )
    whole = func.grad(lambda x: checkpoint(func.vmap(loss), x).sum())
    np.testing.assert_allclose(whole(x).numpy(), func.vmap(func.grad(loss))(x).numpy(), rtol=1e-12)
