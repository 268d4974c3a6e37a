"""Many threads compute at once, each as if it were alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.op import forget_plans

THREADS = 8


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(function: Callable[[int], Any]) -> list[Any]:
    """What ``function(i)`` gives in thread ``i``; all start together."""
    start = threading.Barrier(THREADS)
    results: list[Any] = [None] * THREADS

    def run(i: int) -> None:
        try:
            start.wait(10)
            results[i] = function(i)
        except BaseException as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    errors = [r for r in results if isinstance(r, BaseException)]
    assert not errors, errors
    return results


def step(i: int) -> list[Any]:
    """A forward and backward pass that depends on ``i``."""
    x = fe.tensor(np.linspace(-1, 1, 6 + i).reshape(1, -1), requires_grad=True)
    w = fe.tensor(np.cos(np.arange(3.0 * (6 + i))).reshape(6 + i, 3), requires_grad=True)
    y = (fe.softmax(x @ w, 1) * fe.log(fe.abs(x[:, :3]) + 0.5)).sum()
    y.backward()
    assert x.grad is not None
    assert w.grad is not None
    return [y.item(), x.grad.tolist(), w.grad.tolist()]


def test_results_and_gradients_are_those_of_one_thread() -> None:
    expected = [step(i) for i in range(THREADS)]
    forget_plans()
    assert in_threads(lambda i: [step(i) for _ in range(10)][-1]) == expected


def test_plans_may_be_forgotten_while_others_compute() -> None:
    expected = [step(i) for i in range(THREADS)]

    def run(i: int) -> Any:
        results = []
        for _ in range(10):
            if i == 0:
                forget_plans()
            results.append(step(i))
        return results[-1]

    assert in_threads(run) == expected


def test_threads_may_use_one_tensor() -> None:
    x = fe.arange(1000, dtype=fe.float64)
    expected = (x * x).sum().item()
    assert in_threads(lambda i: {(x * x).sum().item() for _ in range(50)}) == [{expected}] * THREADS


def test_threads_may_differentiate_one_retained_graph() -> None:
    x = fe.tensor([1.0, 2.0], dtype=fe.float64, requires_grad=True)
    y = (x.exp() * x).sum()

    def run(i: int) -> Any:
        (g,) = fe.autograd.grad(y, x, retain_graph=True)
        assert g is not None
        return g.tolist()

    assert len(set(map(tuple, in_threads(run)))) == 1


@pytest.mark.usefixtures("on_cpu")
def test_modes_interpreters_and_backends_are_each_threads_own(add_backend: Any) -> None:
    add_backend("other")

    def run(i: int) -> tuple[Any, ...]:
        grad = i % 2 == 0
        fe.set_grad_enabled(grad)
        if i % 3 == 0:
            fe.set_backend("other")
        counts = []
        for _ in range(20):
            with fe.profiler.count_ops() as ops:
                y = fe.ones(2).requires_grad_() * i
            counts.append(ops.counts["mul"])
            assert y.requires_grad == grad
            assert str(y.device) == ("other:0" if i % 3 == 0 else "cpu:0")
        return set(counts) == {1}, fe.get_backend()

    found = in_threads(run)
    assert found == [(True, "other" if i % 3 == 0 else "cpu") for i in range(THREADS)]
    assert fe.get_backend() == "cpu"
    assert fe.is_grad_enabled()


def test_a_backend_is_activated_once_whoever_comes_first(add_backend: Any) -> None:
    add_backend("other")
    found = in_threads(lambda i: id(fe.runtime.active("other")))
    assert len(set(found)) == 1


def test_numbers_drawn_at_once_are_all_different() -> None:
    fe.manual_seed(0)
    drawn = in_threads(
        lambda i: [v for _ in range(20) for v in fe.rand(4, dtype=fe.float64).tolist()]
    )
    flat = [v for values in drawn for v in values]
    assert len(set(flat)) == len(flat)
    assert fe.default_generator().state.tolist() == [0, THREADS * 20 * 2]


def test_types_made_at_once_are_one_object() -> None:
    found = in_threads(lambda i: [fe.zeros(n, 7, 11)._type for n in range(50)])
    assert all(types[n] is found[0][n] for types in found for n in range(50))
