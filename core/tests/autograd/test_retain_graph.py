"""A graph is walked once, unless it was said to be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import GraphError, Tensor
from ferrule.autograd import Function


def leaf() -> Tensor:
    return fe.tensor([2.0, 3.0], requires_grad=True)


class Doubled(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g * 2


# Each with the name that the error must show: some rules need no saved value at all.
GRAPHS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "saved values": (lambda x: x.exp(), "'exp'"),
    "add only": (lambda x: x + 1, "'add'"),
    "clone only": (lambda x: x.clone(), "'clone'"),
    "several outputs": (lambda x: fe.sort(x).values, "'sort'"),
    "composite": (lambda x: fe.softmax(x, 0), "'softmax'"),
    "custom function": (Doubled.apply, "Doubled"),
    "moved": (lambda x: x[0], "'reshape'"),
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_second_backward_names_the_op_and_the_remedy(graph: str) -> None:
    function, name = GRAPHS[graph]
    y = function(leaf())
    y.backward(fe.ones_like(y))
    with pytest.raises(GraphError) as caught:
        y.backward(fe.ones_like(y))
    assert name in str(caught.value)
    assert "retain_graph=True" in str(caught.value)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_kept_graph_can_be_walked_again_and_the_last_walk_frees_it(graph: str) -> None:
    function, _ = GRAPHS[graph]
    x = leaf()
    y = function(x)
    y.backward(fe.ones_like(y), retain_graph=True)
    assert x.grad is not None
    once = x.grad
    y.backward(fe.ones_like(y))
    assert x.grad.tolist() == (once * 2).tolist()
    with pytest.raises(GraphError, match="retain_graph"):
        y.backward(fe.ones_like(y))


@pytest.mark.parametrize("graph", GRAPHS)
def test_grad_frees_what_it_walked_as_backward_does(graph: str) -> None:
    function, name = GRAPHS[graph]
    x = leaf()
    y = function(x)
    fe.autograd.grad(y, x, fe.ones_like(y))
    with pytest.raises(GraphError, match=name):
        fe.autograd.grad(y, x, fe.ones_like(y))


def test_a_failed_second_backward_leaves_gradients_alone() -> None:
    x = leaf()
    y = x.exp().sum()
    y.backward()
    assert x.grad is not None
    before = x.grad.tolist()
    with pytest.raises(GraphError):
        y.backward()
    assert x.grad.tolist() == before


def test_roots_that_share_a_part_need_it_kept() -> None:
    x = leaf()
    shared = x.exp()
    a, b = shared.sum(), (shared * 2).sum()
    a.backward()
    with pytest.raises(GraphError, match="'exp' a second time"):
        b.backward()


def test_roots_that_share_a_part_work_where_the_first_keeps_it() -> None:
    x = leaf()
    shared = x * x
    a, b = shared.sum(), (shared * 2).sum()
    a.backward(retain_graph=True)
    b.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3 * 2 * 2, 3 * 2 * 3]


def test_roots_walked_in_one_call_share_freely() -> None:
    x = leaf()
    shared = x * x
    fe.autograd.backward([shared.sum(), (shared * 2).sum()])
    assert x.grad is not None
    assert x.grad.tolist() == [12, 18]


def test_what_grad_does_not_walk_stays_walkable() -> None:
    x = leaf()
    h = x * x
    y = (h * 3).sum()
    (g,) = fe.autograd.grad(y, h)
    h.backward(g)  # the part below h was not touched by the first walk
    assert x.grad is not None
    assert x.grad.tolist() == [12, 18]


def test_grad_up_to_a_tensor_whose_own_history_is_freed() -> None:
    x = leaf()
    h = x * x
    h.backward(fe.ones(2))
    (g,) = fe.autograd.grad((h * 3).sum(), h)
    assert g is not None
    assert g.tolist() == [3, 3]


def test_create_graph_keeps_the_graph_by_default() -> None:
    x = leaf()
    y = (x * x * x).sum()
    y.backward(create_graph=True)
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2 * 3 * 4, 2 * 3 * 9]
