"""What all optimizers share: steps, groups, state."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn, optim

STATES: dict[Any, tuple[dict[str, Any], list[str]]] = {
    optim.SGD: ({"momentum": 0.9}, ["momentum_buffer"]),
    optim.Adam: ({"amsgrad": True}, ["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"]),
    optim.AdamW: ({}, ["exp_avg", "exp_avg_sq", "step"]),
    optim.Adamax: ({}, ["exp_avg", "exp_inf", "step"]),
    optim.NAdam: ({}, ["exp_avg", "exp_avg_sq", "mu_product", "step"]),
    optim.RAdam: ({}, ["exp_avg", "exp_avg_sq", "step"]),
    optim.Adagrad: ({}, ["step", "sum"]),
    optim.Adadelta: ({}, ["acc_delta", "square_avg", "step"]),
    optim.RMSprop: (
        {"momentum": 0.9, "centered": True},
        ["grad_avg", "momentum_buffer", "square_avg", "step"],
    ),
    optim.Rprop: ({}, ["prev", "step", "step_size"]),
    optim.ASGD: ({"t0": 2, "lambd": 0.1}, ["ax", "eta", "mu", "step"]),
    optim.Adafactor: ({}, ["step", "variance"]),
    optim.Lion: ({}, ["exp_avg"]),
    optim.LAMB: ({}, ["exp_avg", "exp_avg_sq", "step"]),
}
"""Options, and what PyTorch calls the entries of the state of a vector."""


def maker(kind: Any) -> Callable[..., optim.Optimizer]:
    return lambda params, **o: kind(params, **{"lr": 0.1, **STATES[kind][0], **o})


MAKERS = [pytest.param(maker(kind), id=kind.__name__) for kind in STATES]


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
        assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
        assert "    lr: 0.1\n" in text


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
        assert sorted(state["state"]) == [0, 1, 2] if type(optimizer) is optim.Adagrad else [0, 2]
        assert sorted(state["state"][0]) == STATES[type(optimizer)][1]
        assert state["state"][0].get("step", fe.ones(())).dtype is fe.float32
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
        assert not target.state or type(target) is optim.Adagrad
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
            assert value.dtype is (fe.int64 if key == "step" else fe.float32), key


def test_a_state_of_pytorch_is_understood() -> None:
    """There the number of a step is a float32 tensor, and groups say how a step is run."""
    params = parameters(2)
    optimizer = optim.Adam(params)
    gradient_steps(optimizer, params, 0, 1)
    state = optimizer.state_dict()
    state["state"][0]["step"] = np.float32(7.0)
    state["param_groups"][0].update(foreach=True, fused=True, betas=[0.8, 0.9], initial_lr=0.5)
    optimizer.load_state_dict(state)
    gradient_steps(optimizer, params, 0, 1)
    group = optimizer.param_groups[0]
    assert optimizer.state[params[0]]["step"].item() == 8
    assert group["betas"] == (0.8, 0.9)
    assert group["initial_lr"] == 0.5
    assert group["fused"] is None


def test_groups_have_pytorchs_options() -> None:
    (group,) = optim.AdamW(parameters(1)).state_dict()["param_groups"]
    assert group == {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2, "amsgrad": False,
        "foreach": None, "maximize": False, "capturable": False, "differentiable": False,
        "fused": None, "decoupled_weight_decay": True, "params": [0],
    }  # fmt: skip


def test_an_averaged_matrix_is_restored_in_its_parts(tmp_path: Any) -> None:
    params = [nn.Parameter(fe.ones(2, 3)), nn.Parameter(fe.ones(3))]
    optimizer, again = optim.Adafactor(params), optim.Adafactor(params)
    for p in params:
        p.grad = fe.full_like(p, 0.5)
    optimizer.step()
    fe.save(optimizer.state_dict(), tmp_path / "state.safetensors")
    again.load_state_dict(fe.load(tmp_path / "state.safetensors"))
    assert again.state[params[0]]["row_var"].shape == (2, 1)
    assert again.state[params[0]]["col_var"].shape == (1, 3)
    assert again.param_groups[0]["eps"] == (None, 1e-3)
    state = optimizer.state_dict()
    state["state"][0]["row_var"] = fe.ones(3, 1)
    with pytest.raises(fe.CheckpointError, match=r"'row_var' of parameter 0 is float32\[3,1\]"):
        again.load_state_dict(state)


def test_an_option_that_is_turned_on_in_the_middle() -> None:
    for kind, option in ((optim.Adam, {"amsgrad": True}), (optim.RMSprop, {"momentum": 0.5})):
        params = parameters(2)
        optimizer = kind(params)
        gradient_steps(optimizer, params, 0, 2)
        optimizer.param_groups[0].update(option)
        gradient_steps(optimizer, params, 0, 2)
        kept = {"max_exp_avg_sq", "momentum_buffer"} & optimizer.state[params[0]].keys()
        assert len(kept) == 1
