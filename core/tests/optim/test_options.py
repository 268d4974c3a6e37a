"""What optimizers are given: parameters, names, options; and what they refuse."""

from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import nn, optim


def parameters(*sizes: int) -> list[nn.Parameter]:
    return [nn.Parameter(fe.arange(1, n + 1, dtype=fe.float64)) for n in sizes]


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


class TestNames:
    def test_named_parameters(self) -> None:
        optimizer = optim.SGD(nn.Linear(2, 2).named_parameters())
        assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
        again = optim.SGD(nn.Linear(2, 2).named_parameters())
        again.load_state_dict(optimizer.state_dict())
        assert again.param_groups[0]["param_names"] == ["weight", "bias"]

    def test_names_for_all_or_none(self) -> None:
        a, b = parameters(1, 1)
        with pytest.raises(fe.ArgumentError, match="some parameters have names"):
            optim.SGD([("a", a), b])
        optimizer = optim.SGD([("a", a)])
        with pytest.raises(fe.ArgumentError, match="some groups name their parameters"):
            optimizer.add_param_group({"params": [b]})

    def test_a_set_has_no_order(self) -> None:
        with pytest.raises(fe.ArgumentError, match="in a set, which has no order"):
            optim.SGD([{"params": set(parameters(1))}])


@pytest.mark.parametrize("switch", ["foreach", "fused", "capturable", "differentiable"])
def test_switches(switch: str) -> None:
    make: Any = optim.Adam
    off = make(parameters(1), **{switch: False})
    assert off.param_groups[0][switch] is False
    with pytest.raises(fe.ArgumentError, match=f"Adam: {switch}=True cannot be chosen: "):
        make(parameters(1), **{switch: True})
    with pytest.raises(fe.ArgumentError, match=f"Adam: {switch}=True cannot be chosen: "):
        off.add_param_group({"params": parameters(1), switch: True})


def test_complex_parameters_without_a_rule() -> None:
    z = nn.Parameter(fe.ones(2, 2, dtype=fe.complex64))
    for kind in (optim.Adafactor, optim.Muon):
        with pytest.raises(fe.ArgumentError, match=r"parameter 0 is complex64\[2,2\]"):
            kind([z])


def test_more_wrong_options() -> None:
    p = parameters(1)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (optim.Adadelta, {"rho": 1.5}, r"rho must be in \[0, 1\]"),
        (optim.Rprop, {"etas": (1.1, 1.2)}, "etas must be one below 1"),
        (optim.Rprop, {"step_sizes": 3}, "step_sizes must be two numbers"),
        (optim.Adagrad, {"lr_decay": -1.0}, "lr_decay must be"),
        (optim.RMSprop, {"alpha": -1.0}, "alpha must be"),
        (optim.NAdam, {"momentum_decay": -1.0}, "momentum_decay must be"),
        (optim.Adafactor, {"d": 0.5}, "d must be at least 1"),
        (optim.Adafactor, {"beta2_decay": 0.5}, "beta2_decay must be at most 0"),
        (optim.Adafactor, {"eps": 1e-3}, "eps must be two numbers"),
        (optim.Lion, {"betas": (1.0, 0.9)}, "betas"),
        (optim.Muon, {}, r"parameter 0 is float64\[1\], not a matrix"),
    ]
    for make, options, said in cases:
        with pytest.raises(fe.ArgumentError, match=said):
            make(p, **options)
    matrix, muon = [nn.Parameter(fe.ones(2, 2))], cases[-1][0]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"adjust_lr_fn": "double"}, "adjust_lr_fn must be one of None, 'original'"),
        ({"ns_coefficients": (1.0, 2.0)}, "ns_coefficients must be three numbers"),
        ({"ns_steps": 100}, "ns_steps must be in"),
    ]
    for options, said in wrong:
        with pytest.raises(fe.ArgumentError, match=said):
            muon(matrix, **options)
