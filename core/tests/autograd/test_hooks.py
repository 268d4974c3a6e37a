"""Hooks see a gradient when it is complete, and may put another in its place."""

from __future__ import annotations

import pytest

import ferrule as fe
from ferrule import GraphError, Tensor


def leaf(*values: float) -> Tensor:
    return fe.tensor(list(values), requires_grad=True)


def on(kind: str, x: Tensor) -> Tensor:
    """A tensor of that kind that depends on ``x`` with slope one."""
    return {
        "leaf": lambda: x,
        "non-leaf": lambda: x + 0,
        "one of several outputs": lambda: fe.sort(x).values,
        "clone": lambda: x.clone(),
    }[kind]()


KINDS = pytest.mark.parametrize("kind", ["leaf", "non-leaf", "one of several outputs", "clone"])


@KINDS
def test_a_hook_sees_the_sum_of_all_uses_once(kind: str) -> None:
    seen: list[object] = []
    h = on(kind, leaf(1.0, 2.0))
    h.register_hook(lambda g: seen.append(g.tolist()))
    (h * 2 + h * 3).sum().backward()
    assert seen == [[5, 5]]


@KINDS
def test_a_hook_may_replace_the_gradient(kind: str) -> None:
    x = leaf(1.0, 2.0)
    h = on(kind, x)
    h.register_hook(lambda g: g * 10)
    h.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [10, 10]


@KINDS
def test_a_hook_that_returns_nothing_changes_nothing_even_by_writing_in_place(kind: str) -> None:
    x, other = leaf(1.0, 2.0), leaf(1.0, 2.0)
    h = on(kind, x)

    def spoil(g: Tensor) -> None:
        g.zero_()

    h.register_hook(spoil)
    (h + other).sum().backward()
    assert x.grad is not None
    assert other.grad is not None
    assert x.grad.tolist() == [1, 1]
    assert other.grad.tolist() == [1, 1]


def test_hooks_run_in_the_order_of_registration_each_on_what_the_last_gave() -> None:
    x = leaf(1.0)
    x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g * 10)
    x.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [20]


def test_hooks_of_a_chain_run_from_the_output_back() -> None:
    order: list[str] = []
    x = leaf(1.0)
    h = x * 2
    y = h * 2
    for name, tensor in {"x": x, "h": h, "y": y}.items():
        tensor.register_hook(lambda g, name=name: order.append(name))
    y.sum().backward()
    assert order == ["y", "h", "x"]


def test_a_removed_hook_is_silent_and_may_be_removed_twice() -> None:
    x = leaf(1.0)
    kept = x.register_hook(lambda g: g * 2)
    gone = x.register_hook(lambda g: g * 100)
    gone.remove()
    gone.remove()
    x.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2]
    assert kept.id != gone.id


def test_a_handle_removes_its_hook_at_the_end_of_a_with_block() -> None:
    x = leaf(1.0)
    with x.register_hook(lambda g: g * 2):
        x.sum().backward()
    x.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3]


def test_a_hook_may_remove_itself_while_it_runs() -> None:
    x = leaf(1.0)
    calls: list[int] = []

    def once(g: Tensor) -> None:
        calls.append(1)
        handle.remove()

    handle = x.register_hook(once)
    x.sum().backward()
    x.sum().backward()
    assert calls == [1]


def test_an_error_in_a_hook_leaves_every_gradient_as_it_was() -> None:
    a, b = leaf(1.0), leaf(1.0)
    (a + b).sum().backward()
    h = a * 2

    def fail(g: Tensor) -> None:
        raise RuntimeError("no")

    h.register_hook(fail)
    with pytest.raises(RuntimeError, match="no"):
        (h + b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.tolist(), b.grad.tolist()) == ([1], [1])


@pytest.mark.parametrize(
    "wrong", [fe.ones(2), fe.ones(1, dtype=fe.float64)], ids=["shape", "dtype"]
)
def test_what_a_hook_returns_must_be_of_the_gradients_type(wrong: Tensor) -> None:
    x = leaf(1.0)
    x.register_hook(lambda g: wrong)
    with pytest.raises(GraphError, match=r"hook on leaf returned .* for a gradient of type"):
        x.sum().backward()
    assert x.grad is None


def test_hooks_run_for_grad_and_count_in_its_result() -> None:
    x = leaf(3.0)
    h = x * 2
    h.register_hook(lambda g: g * 10)
    by_x, by_h = fe.autograd.grad(h.sum(), [x, h])
    assert by_x is not None
    assert by_h is not None
    assert (by_x.tolist(), by_h.tolist()) == ([20], [10])


def test_hooks_are_refused_where_no_gradient_arrives() -> None:
    with pytest.raises(GraphError, match="register_hook"):
        fe.ones(1).register_hook(lambda g: g)
    with pytest.raises(GraphError, match="retain_grad"):
        fe.ones(1).retain_grad()


def test_retain_grad_keeps_the_gradient_of_a_tensor_in_between() -> None:
    x = leaf(3.0)
    h, dropped = x * 2, x * 1
    h.retain_grad()
    (h * h + dropped).sum().backward()
    assert h.grad is not None
    assert h.grad.tolist() == [12]
    assert dropped.grad is None


def test_a_retained_gradient_is_what_hooks_made_of_it_and_an_object_of_its_own() -> None:
    x = leaf(3.0)
    h = x * 1
    h.retain_grad()
    h.register_hook(lambda g: g * 7)
    h.sum().backward()
    assert h.grad is not None
    h.grad.zero_()
    assert x.grad is not None
    assert x.grad.tolist() == [7]


def test_retain_grad_on_a_leaf_changes_nothing() -> None:
    x = leaf(3.0)
    x.retain_grad()
    x.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1]


def test_hooks_see_gradients_that_can_be_differentiated_if_create_graph_asks_for_it() -> None:
    seen: list[bool] = []
    x = leaf(3.0)
    x.register_hook(lambda g: seen.append(g.requires_grad))
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward(create_graph=True)
    assert seen == [False, True]
