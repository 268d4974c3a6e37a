"""Hooks of steps and of state dicts."""

from typing import Any

import pytest

import ferrule as fe
from ferrule import nn, optim


def make() -> tuple[nn.Parameter, optim.SGD]:
    p = nn.Parameter(fe.ones(1))
    p.grad = fe.ones(1)
    return p, optim.SGD([p], lr=0.5)


def test_steps() -> None:
    p, optimizer = make()
    seen: list[Any] = []
    before = optimizer.register_step_pre_hook(
        lambda o, args, kwargs: seen.append((o, args, kwargs, p.item()))
    )
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(p.item()))
    optimizer.step()
    assert seen == [(optimizer, (optimizer,), {}, 1.0), 0.5]
    before.remove()
    optimizer.step()
    assert seen[2:] == [0.0]


def test_other_arguments() -> None:
    _, optimizer = make()
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7.0), {}))
    assert optimizer.step() == 7.0
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(fe.ArgumentError, match="returns None or the pair"):
        optimizer.step()


def test_a_step_of_ones_own_is_hooked_once() -> None:
    class Twice(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            super().step(closure)
            return super().step(closure)

    p, _ = make()
    optimizer, seen = Twice([p], lr=0.25), []
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(p.item()))
    optimizer.step()
    assert seen == [0.5]


def test_an_error_in_a_step_is_not_the_end() -> None:
    p, optimizer = make()
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    seen: list[float] = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(p.item()))
    optimizer.step()
    assert seen == [0.5]


def test_state_dicts() -> None:
    _, optimizer = make()
    order: list[Any] = []
    optimizer.register_state_dict_pre_hook(lambda o: order.append(2))
    optimizer.register_state_dict_pre_hook(lambda o: order.append(1), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 5})
    state = optimizer.state_dict()
    assert state["extra"] == 5
    assert order == [1, 2]
    optimizer.register_load_state_dict_pre_hook(
        lambda o, given: {**given, "param_groups": [{**given["param_groups"][0], "lr": 0.125}]}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: order.append(3))
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.125
    assert order == [1, 2, 3]
    assert state["param_groups"][0]["lr"] == 0.5


def test_an_optimizer_in_pytorchs_style() -> None:
    """One that defines ``step`` and keeps a state of its own there."""

    class Plain(optim.Optimizer):
        def __init__(self, params: Any, rate: float) -> None:
            super().__init__(params, {"rate": rate})

        @fe.no_grad()
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["count"] = state.get("count", 0) + 1
                    p.add_(p.grad, alpha=-group["rate"])

    p, _ = make()
    optimizer = Plain([p], 0.25)
    optimizer.step()
    assert p.item() == 0.75
    assert optimizer.state[p] == {"count": 1}
    assert optimizer.state_dict()["state"] == {0: {"count": 1}}
