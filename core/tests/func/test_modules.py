"""Modules as functions of their parameters, and ensembles of them."""

from __future__ import annotations

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, Tensor, func, nn


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3, bias=False)
        self.second = nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


def test_given_tensors_take_the_place_of_the_modules_own() -> None:
    a, b = net().eval(), net().eval()
    x = fe.randn(5, 3)
    state = dict(b.named_parameters())
    found = func.functional_call(a, state, x)
    np.testing.assert_array_equal(found.detach().numpy(), b(x).detach().numpy())
    parameters = [id(p) for p in a.parameters()]
    func.functional_call(a, [state, dict(b.named_buffers())], (x,))
    assert [id(p) for p in a.parameters()] == parameters
    partly = func.functional_call(a, {"2.bias": fe.zeros(2)}, (), {"input": x})
    np.testing.assert_allclose(
        partly.detach().numpy(), (a(x) - a.get_parameter("2.bias")).detach().numpy(), atol=1e-6
    )


def test_gradients_go_to_what_was_given() -> None:
    a = net().eval()
    given = {n: p.detach().requires_grad_() for n, p in a.named_parameters()}
    func.functional_call(a, given, (fe.ones(2, 3),)).sum().backward()
    assert all(p.grad is None for p in a.parameters())
    assert all(p.grad is not None for p in given.values())


def test_buffers_that_are_written_to_are_the_given_ones() -> None:
    a = net().train()
    own = [b.tolist() for b in a.buffers()]
    given = {n: b.clone() for n, b in a.named_buffers()}
    func.functional_call(a, given, (fe.randn(8, 3),))
    assert [b.tolist() for b in a.buffers()] == own
    assert given["1.running_mean"].tolist() != own[0]


def test_the_module_is_as_before_after_an_error() -> None:
    a = net()
    before = [id(p) for p in a.parameters()]
    with pytest.raises(fe.ShapeError):
        func.functional_call(a, {"0.weight": fe.ones(4, 7)}, (fe.ones(2, 3),))
    assert [id(p) for p in a.parameters()] == before


def test_tied_weights_stay_tied() -> None:
    model, x, w = Tied(), fe.ones(1, 3), fe.randn(3, 3)
    both = (x @ w.T @ w.T).numpy()
    for name in ("first.weight", "second.weight"):
        np.testing.assert_allclose(
            func.functional_call(model, {name: w}, (x,)).numpy(), both, rtol=1e-5
        )
    one = func.functional_call(model, {"first.weight": w}, (x,), tie_weights=False)
    wanted = (x @ w.T @ model.second.weight.T).detach().numpy()
    np.testing.assert_allclose(one.detach().numpy(), wanted, rtol=1e-5, atol=1e-6)
    with pytest.raises(ArgumentError, match="are one tensor"):
        func.functional_call(model, {"first.weight": w, "second.weight": w + 1}, (x,))


def test_names_that_do_not_fit() -> None:
    a, x = net(), fe.ones(2, 3)
    with pytest.raises(ArgumentError, match="has no nowhere"):
        func.functional_call(a, {"nowhere": x}, (x,))
    with pytest.raises(ArgumentError, match=r"missing: 0\.bias"):
        func.functional_call(a, {"0.weight": a.get_parameter("0.weight")}, (x,), strict=True)
    with pytest.raises(ArgumentError, match="in two of the dicts"):
        func.functional_call(a, [{"0.bias": x}, {"0.bias": x}], (x,))
    with pytest.raises(ArgumentError, match="dict of tensors by name"):
        func.functional_call(a, x, (x,))  # type: ignore[arg-type]


def test_an_ensemble_runs_as_one() -> None:
    models = [net().eval() for _ in range(4)]
    x = fe.randn(5, 3)
    params, buffers = func.stack_module_state(models)
    assert params["0.weight"].shape == (4, 4, 3)
    assert params["0.weight"].requires_grad and params["0.weight"].is_leaf
    assert not buffers["1.running_mean"].requires_grad
    found = func.vmap(lambda p, b: func.functional_call(models[0], (p, b), (x,)), in_dims=(0, 0))(
        params, buffers
    )
    for i, model in enumerate(models):
        np.testing.assert_allclose(
            found[i].detach().numpy(), model(x).detach().numpy(), rtol=1e-5, atol=1e-6
        )
    found.sum().backward()
    assert params["2.bias"].grad is not None
    np.testing.assert_allclose(params["2.bias"].grad.numpy(), np.full((4, 2), 5.0))


def test_models_that_cannot_be_stacked() -> None:
    with pytest.raises(ArgumentError, match="no models"):
        func.stack_module_state([])
    with pytest.raises(ArgumentError, match="training mode"):
        func.stack_module_state([net(), net().eval()])
    with pytest.raises(ArgumentError, match="different classes: Linear, Sequential"):
        func.stack_module_state([net(), nn.Linear(3, 2)])
