"""Every optimizer against its equations in NumPy, over several steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import optim

Array = np.ndarray[Any, Any]


def sgd(
    p: Array, gradients: list[Array], lr: float, momentum: float = 0.0, dampening: float = 0.0,
    weight_decay: float = 0.0, nesterov: bool = False, maximize: bool = False,
) -> Array:  # fmt: skip
    b: Array | None = None
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * p
        if momentum:
            b = g if b is None else momentum * b + (1 - dampening) * g
            g = g + momentum * b if nesterov else b
        p = p - lr * g
    return p


def adam(
    p: Array, gradients: list[Array], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8, weight_decay: float = 0.0, amsgrad: bool = False, maximize: bool = False,
    decoupled: bool = False,
) -> Array:  # fmt: skip
    m = v = largest = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled:
            p = p - lr * weight_decay * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        largest = np.maximum(largest, v)
        second = (largest if amsgrad else v) / (1 - betas[1] ** t)
        p = p - lr * m / (1 - betas[0] ** t) / (np.sqrt(second) + eps)
    return p


def adamw(p: Array, gradients: list[Array], weight_decay: float = 1e-2, **options: Any) -> Array:
    return adam(p, gradients, weight_decay=weight_decay, decoupled=True, **options)


CASES: list[tuple[Callable[..., optim.Optimizer], Callable[..., Array], dict[str, Any]]] = [
    (optim.SGD, sgd, {"lr": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    (optim.SGD, sgd, {"lr": 0.1, "weight_decay": 0.5}),
    (optim.SGD, sgd, {"lr": 0.0, "momentum": 0.9}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    (optim.Adam, adam, {"lr": 0.1, "amsgrad": True}),
    (optim.Adam, adam, {"maximize": True, "betas": (0.0, 0.0)}),
    (optim.AdamW, adamw, {}),
    (optim.AdamW, adamw, {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    (optim.AdamW, adamw, {"weight_decay": 0.0, "maximize": True, "eps": 0.0}),
]


@pytest.mark.parametrize(("make", "reference", "options"), CASES)
@pytest.mark.parametrize(("dtype", "rtol"), [(fe.float64, 1e-12), (fe.float32, 2e-5)])
def test_ten_steps(
    make: Callable[..., optim.Optimizer],
    reference: Callable[..., Array],
    options: dict[str, Any],
    dtype: fe.DType,
    rtol: float,
) -> None:
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 4))
    gradients = [rng.standard_normal((3, 4)) * 0.1**i for i in range(10)]
    p = fe.nn.Parameter(fe.tensor(start, dtype=dtype))
    optimizer = make([p], **options)
    for g in gradients:
        p.grad = fe.tensor(g, dtype=dtype)
        optimizer.step()
    wanted = reference(start, gradients, **options)
    np.testing.assert_allclose(p.detach().numpy(), wanted, rtol=rtol, atol=rtol)
    assert p.dtype is dtype


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_16_bits(make: Callable[..., optim.Optimizer], dtype: fe.DType) -> None:
    p = fe.nn.Parameter(fe.ones(4, dtype=dtype))
    optimizer = make([p], lr=0.125)
    for _ in range(3):
        p.grad = fe.ones(4, dtype=dtype)
        optimizer.step()
    assert p.dtype is dtype
    np.testing.assert_allclose(p.detach().numpy().astype(float), 1 - 3 * 0.125, rtol=0.03)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_rate_that_is_a_tensor(make: Callable[..., optim.Optimizer]) -> None:
    moved = []
    for lr in (0.1, fe.tensor(0.1, dtype=fe.float64)):
        p = fe.ones(2, dtype=fe.float64, requires_grad=True)
        optimizer = make([p], lr=lr)
        p.grad = fe.tensor([1.0, -2.0], dtype=fe.float64)
        optimizer.step()
        moved.append(p.tolist())
    assert moved[0] == pytest.approx(moved[1], rel=1e-15)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
def test_it_learns(make: Callable[..., optim.Optimizer]) -> None:
    fe.manual_seed(0)
    net = fe.nn.Sequential(fe.nn.Linear(2, 16), fe.nn.Tanh(), fe.nn.Linear(16, 2))
    x = fe.randn(64, 2)
    target = ((x[:, 0] * x[:, 1]) > 0).long()
    loss_fn = fe.nn.CrossEntropyLoss()
    options = {"lr": 0.3, "momentum": 0.9} if make is optim.SGD else {"lr": 0.03}
    optimizer = make(net.parameters(), **options)
    for _ in range(150):
        optimizer.zero_grad()
        loss_fn(net(x), target).backward()
        optimizer.step()
    assert loss_fn(net(x), target).item() < 0.1
