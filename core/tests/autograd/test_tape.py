"""The tape: deep, frugal, and gone when it is not needed."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import Tensor

DEEP = 100_000


@pytest.mark.parametrize(
    "step",
    [lambda y: y + 1, lambda y: y * 1.0, lambda y: y.clone(), lambda y: y[0:1]],
    ids=["add", "mul", "clone", "view"],
)
def test_a_hundred_thousand_nodes_in_a_chain_need_no_recursion(
    step: Callable[[Tensor], Tensor],
) -> None:
    assert sys.getrecursionlimit() < DEEP
    x = fe.ones(1).requires_grad_()
    y = x
    for _ in range(DEEP):
        y = step(y)
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1]


@pytest.mark.parametrize("walk", ["not at all", "backward", "grad"])
def test_a_long_chain_is_deallocated_without_recursion(walk: str) -> None:
    x = fe.ones(1).requires_grad_()
    y = x
    for _ in range(DEEP):
        y = y * 1.0
    if walk == "backward":
        y.backward(retain_graph=True)
    if walk == "grad":
        fe.autograd.grad(y, x)
    node = weakref.ref(y)
    del y
    assert node() is None


Note = Callable[[Tensor], Tensor]


def arrays_alive(build: Callable[[Note], Any]) -> tuple[Any, list[bool]]:
    """What ``build`` returns, and which of the arrays that it noted are still alive after it."""
    noted: list[weakref.ref[Any]] = []

    def note(x: Tensor) -> Tensor:
        noted.append(weakref.ref(x._data))
        return x

    kept = build(note)
    gc.collect()
    return kept, [r() is not None for r in noted]


def made() -> Tensor:
    return fe.rand(1000).requires_grad_() * 1.0


CASES: dict[str, tuple[Callable[[Note], Any], list[bool]]] = {
    # each notes its operand first, then its output, and returns what keeps the graph alive
    "exp keeps its output": (lambda note: note(note(made()).exp()).sum(), [False, True]),
    "log keeps its operand": (lambda note: note(note(made()).log()).sum(), [True, False]),
    "add keeps nothing": (lambda note: note(note(made()) + 1).sum(), [False, False]),
    "sum keeps nothing": (lambda note: note(made()).sum(), [False]),
    "mul keeps the other": (
        lambda note: (note(made()) * note(fe.rand(1000))).sum(),
        [True, True],  # a rule that names both keeps both
    ),
    "softmax keeps its output": (lambda note: note(note(made()).softmax(0)).sum(), [False, True]),
    "reshape keeps nothing": (lambda note: (note(made() + 0).reshape(10, 100) + 0).sum(), [False]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_tape_keeps_what_a_rule_names_and_no_more(case: str) -> None:
    build, expected = CASES[case]
    kept, alive = arrays_alive(build)
    assert alive == expected
    kept.backward()
    del kept


@pytest.mark.parametrize("retain_graph", [False, True])
def test_what_was_kept_is_freed_by_backward_unless_the_graph_is_retained(
    retain_graph: bool,
) -> None:
    noted: list[weakref.ref[Any]] = []
    h = made().exp()
    noted.append(weakref.ref(h._data))
    y = h.log().sum()
    del h
    assert noted[0]() is not None
    y.backward(retain_graph=retain_graph)
    assert (noted[0]() is not None) == retain_graph
    assert y.requires_grad


def test_operands_are_freed_as_soon_as_backward_has_passed_them() -> None:
    noted: list[weakref.ref[Any]] = []
    x = fe.rand(1000).requires_grad_()
    h = x * 1.0
    noted.append(weakref.ref(h._data))
    alive_then: list[bool] = []
    x.register_hook(lambda g: alive_then.append(noted[0]() is not None))
    y = h.log().sum()
    del h
    assert noted[0]() is not None
    y.backward()
    assert alive_then == [False]


def test_no_reference_cycles_keep_a_graph_alive() -> None:
    gc.collect()
    gc.disable()
    try:
        x = fe.rand(100).requires_grad_()
        y = (fe.softmax(x.exp().log(), 0) * fe.sort(x).values).sum()
        node = weakref.ref(y)
        array = weakref.ref(y._data)
        del y
        assert node() is None
        assert array() is None
    finally:
        gc.enable()


def test_nothing_is_recorded_where_no_operand_asks() -> None:
    y = fe.ones(2) * 2 + 1
    assert y.grad_fn is None
    assert y.is_leaf
    with fe.no_grad():
        assert (fe.ones(2).requires_grad_() * 2).is_leaf


def test_the_gradient_of_one_of_several_outputs() -> None:
    x = fe.tensor([3.0, 1.0, 2.0], requires_grad=True)
    values, indices = fe.sort(x, descending=True)
    assert not indices.requires_grad
    (values * fe.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 100, 10]


def test_an_infinite_gradient_through_sort_stays_where_it_belongs() -> None:
    x = fe.tensor([3.0, 1.0], requires_grad=True)
    fe.sort(x).values.backward(fe.tensor([float("inf"), 1.0]))
    assert x.grad is not None
    assert x.grad.tolist() == [1, float("inf")]
