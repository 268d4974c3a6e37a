"""What conformance does not look at: who computes, and that a model trains."""

from __future__ import annotations

import jax

import ferrule as fe


def test_tensors_are_those_of_jax() -> None:
    x = fe.ones(2, 3, device="jax") * 2
    assert isinstance(x._data, jax.Array)
    assert x.tolist() == [[2.0] * 3] * 2


def test_a_layer_trains() -> None:
    fe.manual_seed(0)
    with fe.use_backend("jax"):
        layer, x = fe.nn.Linear(3, 1), fe.randn(64, 3)
        target = x @ fe.tensor([[1.0], [-2.0], [0.5]]) + 4.0
        optimizer = fe.optim.SGD(layer.parameters(), lr=0.2)
        for _ in range(200):
            optimizer.zero_grad()
            fe.nn.functional.mse_loss(layer(x), target).backward()
            optimizer.step()
    assert [round(v, 3) for v in layer.weight.detach()[0].tolist()] == [1.0, -2.0, 0.5]
    assert round(layer.bias.item(), 3) == 4.0


def test_synchronize_waits_for_what_is_queued() -> None:
    x = fe.ones(500, 500, device="jax")
    for _ in range(5):
        x = x @ x * 1e-3
    fe.runtime.synchronize("jax")
    assert x._data.is_ready()


def test_numbers_of_64_bits_stay_so() -> None:
    x = fe.tensor([1.0 + 2.0**-40], dtype=fe.float64, device="jax")
    assert (x - 1.0).item() == 2.0**-40
    assert fe.tensor([2**40], device="jax").item() == 2**40
