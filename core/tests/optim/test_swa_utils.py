"""Averages of models, against means that NumPy takes."""

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.optim import swa_utils


def model(seed: int) -> Any:
    fe.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()


def values(module: nn.Module) -> list[Any]:
    return [p.detach().numpy() for p in module.parameters()]


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, [1 / 3, 1 / 3, 1 / 3]),
        ({"avg_fn": swa_utils.get_swa_avg_fn()}, [1 / 3, 1 / 3, 1 / 3]),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, [1 / 3, 1 / 3, 1 / 3]),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.9)}, [0.81, 0.09, 0.1]),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}, [0.81, 0.09, 0.1]),
        ({"avg_fn": lambda mean, value, n: mean + value * n}, [1.0, 1.0, 2.0]),
    ],
)
def test_parameters(options: dict[str, Any], weights: list[float]) -> None:
    models = [model(seed) for seed in range(4)]
    averaged = swa_utils.AveragedModel(models[3], **options)
    for each in models[:3]:
        averaged.update_parameters(each)
    wanted = zip(*(values(each) for each in models[:3]))
    for got, parts in zip(values(averaged.module), wanted, strict=True):
        np.testing.assert_allclose(got, sum(w * p for w, p in zip(weights, parts)), rtol=1e-12)
    assert averaged.n_averaged.item() == 3
    assert all(p.is_leaf and p.requires_grad for p in averaged.parameters())


def test_the_copy_is_apart() -> None:
    net = model(0)
    averaged = swa_utils.AveragedModel(net)
    before = values(net)
    averaged.update_parameters(model(1))
    for now, then in zip(values(net), before):
        np.testing.assert_array_equal(now, then)
    x = fe.ones(2, 3, dtype=fe.float64)
    assert averaged(x).tolist() == averaged.module(x).tolist()


@pytest.mark.parametrize("use_buffers", [False, True])
def test_buffers(use_buffers: bool) -> None:
    models = [model(seed) for seed in range(3)]
    for i, net in enumerate(models):
        for _ in range(i + 2):
            net(fe.randn(5, 3, dtype=fe.float64))
    averaged = swa_utils.AveragedModel(models[0], use_buffers=use_buffers)
    for net in models:
        averaged.update_parameters(net)
    means = [np.asarray(next(iter(net.buffers()))) for net in models]
    wanted = np.mean(means, axis=0) if use_buffers else means[-1]
    found = dict(averaged.module.named_buffers())
    np.testing.assert_allclose(found["1.running_mean"].numpy(), wanted, rtol=1e-12)
    assert found["1.num_batches_tracked"].dtype is fe.int64
    # 2, then 2 + 1/2 and what is left of that, rounded towards 0 each time
    assert found["1.num_batches_tracked"].item() == (2 if use_buffers else 4)


def test_state() -> None:
    averaged = swa_utils.AveragedModel(model(0))
    averaged.update_parameters(model(1))
    state = averaged.state_dict()
    assert {"n_averaged", "module.0.weight", "module.1.running_var"} <= state.keys()
    again = swa_utils.AveragedModel(model(2))
    again.load_state_dict(state)
    for each in (averaged, again):
        each.update_parameters(model(3))
    for a, b in zip(values(again), values(averaged)):
        np.testing.assert_array_equal(a, b)


def test_statistics_of_a_data_set() -> None:
    net = model(0)
    net.eval()
    momentum = net[1].momentum
    batches = [fe.randn(6, 3, dtype=fe.float64) for _ in range(4)]
    swa_utils.update_bn([(x, None) for x in batches], net)
    layer, hidden = net[1], [np.asarray(net[0](x)) for x in batches]
    np.testing.assert_allclose(
        layer.running_mean.numpy(), np.mean([h.mean(0) for h in hidden], 0), rtol=1e-10
    )
    np.testing.assert_allclose(
        layer.running_var.numpy(), np.mean([h.var(0, ddof=1) for h in hidden], 0), rtol=1e-10
    )
    assert layer.momentum == momentum
    assert not net.training
    assert not layer.training
    assert all(p.grad is None for p in net.parameters())


def test_momenta_come_back_after_an_error() -> None:
    net = model(0)
    with pytest.raises(fe.ShapeError):
        swa_utils.update_bn([fe.ones(2, 7, dtype=fe.float64)], net)
    assert net[1].momentum == 0.1
    swa_utils.update_bn([fe.ones(2, 7)], nn.Linear(3, 4))  # nothing to do, and nothing is run


def test_a_rate_that_another_schedule_sets_first() -> None:
    """As in PyTorch's guide: cosine annealing up to an epoch, `SWALR` from there."""
    optimizer = fe.optim.SGD([nn.Parameter(fe.ones(1))], lr=0.1)
    cosine = fe.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    swa = swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=2, anneal_strategy="linear")
    found = []
    for epoch in range(6):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        (cosine if epoch < 2 else swa).step()
    assert found == pytest.approx([0.1, 0.0853553391, 0.05, 0.05, 0.05, 0.05], abs=1e-9)


def test_errors() -> None:
    with pytest.raises(fe.ArgumentError, match="decay must be from 0 to 1"):
        swa_utils.get_ema_avg_fn(1.5)
    with pytest.raises(fe.ArgumentError, match="decay must be from 0 to 1"):
        swa_utils.get_ema_multi_avg_fn(-1.0)
    with pytest.raises(fe.ArgumentError, match="avg_fn or multi_avg_fn, not both"):
        swa_utils.AveragedModel(
            nn.Linear(1, 1),
            avg_fn=swa_utils.get_swa_avg_fn(),
            multi_avg_fn=swa_utils.get_swa_multi_avg_fn(),
        )
