"""Trying something with a module, and leaving it as it was."""

from __future__ import annotations

import pytest

import ferrule as fe
from ferrule import nn
from ferrule.nn.preserved import preserved


def test_all_that_a_module_holds_comes_back() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weight, seen = model[0].weight, [1]
    model.seen, model.names = seen, {"a": 1}
    model(fe.ones(4, 2)).sum().backward()
    gradient, values = weight.grad, weight.tolist()
    mean = model[1].running_mean.tolist()
    fe.manual_seed(3)
    with preserved(model):
        model.double().eval()
        model(fe.rand(4, 2, dtype=fe.float64)).sum().backward()
        model[1].train()(fe.rand(4, 3, dtype=fe.float64))
        model.seen.append(2)
        model.names["b"] = 2
        model.extra = nn.ReLU()
        model[0].weight = nn.Parameter(fe.zeros(3, 2))
        model[0].register_forward_hook(lambda *args: None)
        weight.grad = None
        weight.requires_grad_(False)
    assert model[0].weight is weight
    assert weight.grad is gradient
    assert (weight.dtype, weight.tolist(), weight.requires_grad) == (fe.float32, values, True)
    assert model[1].running_mean.tolist() == mean
    assert model.training
    assert model[0].training
    assert model.seen is seen
    assert (seen, model.names) == ([1], {"a": 1})
    assert not hasattr(model, "extra")
    assert model[0]._hooks is None
    assert fe.default_generator().state.tolist() == [3, 0]


def test_also_after_an_error() -> None:
    model = nn.LazyLinear(3)
    with pytest.raises(ZeroDivisionError), preserved(model):
        model(fe.ones(2, 5))
        raise ZeroDivisionError
    assert isinstance(model, nn.LazyLinear)
    assert model(fe.ones(2, 7)).shape == (2, 3)
