"""What conformance does not look at: who computes, and that a model trains."""

from __future__ import annotations

import torch

import ferrule as fe


def test_tensors_are_those_of_pytorch() -> None:
    x = fe.ones(2, 3, device="torch") * 2
    assert isinstance(x._data, torch.Tensor)
    assert x.tolist() == [[2.0] * 3] * 2


def test_a_layer_trains() -> None:
    fe.manual_seed(0)
    with fe.use_backend("torch"):
        layer, x = fe.nn.Linear(3, 1), fe.randn(64, 3)
        target = x @ fe.tensor([[1.0], [-2.0], [0.5]]) + 4.0
        optimizer = fe.optim.SGD(layer.parameters(), lr=0.2)
        for _ in range(200):
            optimizer.zero_grad()
            fe.nn.functional.mse_loss(layer(x), target).backward()
            optimizer.step()
    assert [round(v, 3) for v in layer.weight.detach()[0].tolist()] == [1.0, -2.0, 0.5]
    assert round(layer.bias.item(), 3) == 4.0
