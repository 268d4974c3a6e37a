"""What all optimizers share: groups, state, errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn, optim

MAKERS = [
    lambda params, **o: optim.SGD(params, **{"lr": 0.1, "momentum": 0.9, **o}),
    lambda params, **o: optim.Adam(params, **{"lr": 0.1, "amsgrad": True, **o}),
    lambda params, **o: optim.AdamW(params, **{"lr": 0.1, **o}),
]


def parameters(*sizes: int) -> list[nn.Parameter]:
    return [nn.Parameter(fe.arange(1, n + 1, dtype=fe.float64)) for n in sizes]


def gradient_steps(optimizer: optim.Optimizer, params: list[Any], seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in params:
            p.grad = fe.tensor(rng.standard_normal(p.shape))
        optimizer.step()


class TestStep:
    def test_parameters_without_a_gradient_stay(self) -> None:
        a, b = parameters(2, 2)
        optimizer = optim.Adam([a, b], lr=0.5)
        a.grad = fe.ones_like(a)
        optimizer.step()
        assert a.tolist() != [1.0, 2.0]
        assert b.tolist() == [1.0, 2.0]
        assert b not in optimizer.state

    def test_a_parameter_stays_the_leaf_that_it_is(self) -> None:
        (p,) = parameters(2)
        optimizer = optim.SGD([p], lr=0.5)
        (p * 2.0).sum().backward()
        optimizer.step()
        assert isinstance(p, nn.Parameter)
        assert p.is_leaf
        assert p.requires_grad
        optimizer.zero_grad()
        assert p.grad is None
        (p * 3.0).sum().backward()
        assert p.grad is not None
        optimizer.zero_grad(set_to_none=False)
        assert p.grad.tolist() == [0.0, 0.0]

    def test_a_closure_is_called_with_recording_on(self) -> None:
        (p,) = parameters(1)
        optimizer = optim.SGD([p], lr=0.25)

        def closure() -> fe.Tensor:
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        with fe.no_grad():
            assert optimizer.step(closure).item() == 1.0
        assert p.tolist() == [0.5]

    def test_the_step_is_not_recorded(self) -> None:
        (p,) = parameters(2)
        x = fe.ones(2, dtype=fe.float64, requires_grad=True)
        (g,) = fe.autograd.grad((p * p * x).sum(), p, create_graph=True)
        p.grad = g
        optim.SGD([p], lr=0.1, momentum=0.9).step()
        assert p.is_leaf

    def test_values_that_were_handed_out_do_not_change(self) -> None:
        (p,) = parameters(2)
        before = p.detach()
        gradient_steps(optim.SGD([p], lr=0.1), [p], 0, 1)
        assert before.tolist() == [1.0, 2.0]

    def test_a_schedule(self) -> None:
        (p,) = parameters(1)
        optimizer = optim.SGD([p], lr=1.0)
        for lr in (0.5, 0.25):
            optimizer.param_groups[0]["lr"] = lr
            p.grad = fe.ones_like(p)
            optimizer.step()
        assert p.tolist() == [0.25]


class TestGroups:
    def test_options_of_their_own(self) -> None:
        a, b, c = parameters(1, 1, 1)
        optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
        optimizer.add_param_group({"params": [c], "weight_decay": 1.0})
        for p in (a, b, c):
            p.grad = fe.ones_like(p)
        optimizer.step()
        assert [p.item() for p in (a, b, c)] == pytest.approx([0.9, 0.5, 0.8])
        assert [g["lr"] for g in optimizer.param_groups] == [0.1, 0.5, 0.1]

    def test_a_label(self) -> None:
        optimizer = optim.SGD([{"params": parameters(1), "name": "head"}])
        assert optimizer.param_groups[0]["name"] == "head"

    def test_a_generator_of_parameters(self) -> None:
        net = nn.Linear(2, 2)
        assert len(optim.SGD(net.parameters()).param_groups[0]["params"]) == 2

    def test_repr(self) -> None:
        text = repr(optim.SGD(parameters(1), lr=0.1))
        assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0.0\n")
        assert "    lr: 0.1\n" in text


class TestErrors:
    @pytest.mark.parametrize("params", [[], [{"params": []}]])
    def test_no_parameters(self, params: list[Any]) -> None:
        with pytest.raises(fe.ArgumentError, match="there are no parameters"):
            optim.SGD(params)

    def test_one_tensor(self) -> None:
        with pytest.raises(fe.ArgumentError, match=r"give a list of parameters, not one: \[p\]"):
            optim.Adam(parameters(1)[0])

    def test_not_a_tensor(self) -> None:
        with pytest.raises(fe.ArgumentError, match="parameter 1 is 'bias', not a tensor"):
            optim.SGD([*parameters(1), "bias"])

    def test_not_a_leaf(self) -> None:
        (p,) = parameters(1)
        with pytest.raises(fe.GraphError, match=r"parameter 0 .* was computed from others"):
            optim.SGD([p * 2.0])

    def test_twice(self) -> None:
        a, b = parameters(1, 1)
        with pytest.raises(fe.ArgumentError, match=r"parameter 2 .* is given twice"):
            optim.SGD([a, b, a])
        optimizer = optim.SGD([a])
        with pytest.raises(fe.ArgumentError, match="given twice"):
            optimizer.add_param_group({"params": [b, a]})
        assert len(optimizer.param_groups) == 1

    def test_groups_that_are_none(self) -> None:
        (p,) = parameters(1)
        with pytest.raises(fe.ArgumentError, match="a group is a dict with 'params'"):
            optim.SGD([{"lr": 0.1}])
        with pytest.raises(fe.ArgumentError, match="no option 'learning_rate'; it has lr"):
            optim.SGD([{"params": [p], "learning_rate": 0.1}])

    @pytest.mark.parametrize("lr", [-0.1, float("nan"), float("inf"), "fast", fe.tensor(-1.0)])
    @pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
    def test_rates(self, make: Callable[..., optim.Optimizer], lr: Any) -> None:
        with pytest.raises(fe.ArgumentError, match="lr must be a finite number of at least 0"):
            make(parameters(1), lr=lr)

    def test_a_rate_for_each_element(self) -> None:
        with pytest.raises(fe.ShapeError, match="lr must be one number"):
            optim.SGD(parameters(2), lr=fe.ones(2))

    @pytest.mark.parametrize(
        ("make", "options", "said"),
        [
            (optim.SGD, {"momentum": -1.0}, "momentum must be"),
            (optim.SGD, {"weight_decay": float("nan")}, "weight_decay must be"),
            (optim.SGD, {"nesterov": True}, "nesterov needs a momentum above 0"),
            (
                optim.SGD,
                {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
                "a dampening of 0",
            ),
            (optim.Adam, {"betas": (0.9, 1.0)}, r"Adam: betas\[1\] must be in \[0, 1\)"),
            (optim.AdamW, {"betas": (-0.1, 0.9)}, r"AdamW: betas\[0\] must be"),
            (optim.Adam, {"betas": 0.9}, "betas must be two numbers"),
            (optim.Adam, {"eps": -1e-8}, "eps must be"),
        ],
    )
    def test_options(
        self, make: Callable[..., optim.Optimizer], options: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(fe.ArgumentError, match=said):
            make(parameters(1), **options)

    def test_options_of_a_group(self) -> None:
        with pytest.raises(fe.ArgumentError, match="lr must be"):
            optim.SGD([{"params": parameters(1), "lr": -1.0}])


@pytest.mark.parametrize("make", MAKERS)
class TestStateDict:
    def test_a_run_can_be_continued(self, make: Callable[..., optim.Optimizer]) -> None:
        whole, parts = parameters(3, 2), parameters(3, 2)
        straight = make(whole)
        gradient_steps(straight, whole, 0, 3)
        gradient_steps(straight, whole, 1, 3)
        first = make(parts)
        gradient_steps(first, parts, 0, 3)
        again = [nn.Parameter(p.detach()) for p in parts]
        second = make(again, lr=9.0)
        second.load_state_dict(first.state_dict())
        gradient_steps(second, again, 1, 3)
        assert [p.tolist() for p in again] == [p.tolist() for p in whole]

    def test_the_layout_is_pytorchs(self, make: Callable[..., optim.Optimizer]) -> None:
        a, b, c = parameters(2, 3, 1)
        optimizer = make([{"params": [a]}, {"params": [b, c], "lr": 0.5}])
        gradient_steps(optimizer, [a, c], 0, 1)
        state = optimizer.state_dict()
        assert list(state) == ["state", "param_groups"]
        assert sorted(state["state"]) == [0, 2]
        names = {
            optim.SGD: ["momentum_buffer"],
            optim.Adam: ["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"],
            optim.AdamW: ["exp_avg", "exp_avg_sq", "step"],
        }
        assert sorted(state["state"][0]) == names[type(optimizer)]
        assert [g["params"] for g in state["param_groups"]] == [[0], [1, 2]]
        assert state["param_groups"][1]["lr"] == 0.5

    def test_it_does_not_follow_later_steps(self, make: Callable[..., optim.Optimizer]) -> None:
        params = parameters(2)
        optimizer = make(params)
        gradient_steps(optimizer, params, 0, 1)
        state = optimizer.state_dict()
        before = {k: v.tolist() for k, v in state["state"][0].items()}
        gradient_steps(optimizer, params, 1, 1)
        assert {k: v.tolist() for k, v in state["state"][0].items()} == before

    def test_what_does_not_fit_changes_nothing(self, make: Callable[..., optim.Optimizer]) -> None:
        params, others, fewer = parameters(3, 2), parameters(3, 4), parameters(3)
        optimizer = make(params)
        gradient_steps(optimizer, params, 0, 1)
        state = optimizer.state_dict()
        target = make(others, lr=0.7)
        with pytest.raises(fe.CheckpointError, match=r"of parameter 1 is float64\[2\]"):
            target.load_state_dict(state)
        assert not target.state
        assert target.param_groups[0]["lr"] == 0.7
        with pytest.raises(
            fe.CheckpointError, match=r"have \[2\] parameters, and these have \[1\]"
        ):
            make(fewer).load_state_dict(state)
        with pytest.raises(fe.CheckpointError, match="'state' and 'param_groups'"):
            target.load_state_dict({"weights": 3})

    def test_it_takes_the_dtype_of_the_parameters(
        self, make: Callable[..., optim.Optimizer]
    ) -> None:
        params = parameters(2)
        optimizer = make(params)
        gradient_steps(optimizer, params, 0, 1)
        single = [nn.Parameter(p.detach().float()) for p in params]
        other = make(single)
        other.load_state_dict(optimizer.state_dict())
        for key, value in other.state[single[0]].items():
            assert value.dtype is (fe.int64 if key == "step" else fe.float32)


def test_a_step_number_of_pytorch_is_understood() -> None:
    """There it is a float32 tensor."""
    params = parameters(2)
    optimizer = optim.Adam(params)
    gradient_steps(optimizer, params, 0, 1)
    state = optimizer.state_dict()
    state["state"][0]["step"] = np.float32(7.0)
    state["param_groups"][0].update(foreach=None, fused=True, betas=[0.8, 0.9])
    optimizer.load_state_dict(state)
    gradient_steps(optimizer, params, 0, 1)
    assert optimizer.state[params[0]]["step"].item() == 8
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.9)
    assert "fused" not in optimizer.param_groups[0]
