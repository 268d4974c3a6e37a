"""Every optimizer against its equations in NumPy, over several steps."""

import math
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
    decoupled_weight_decay: bool = False,
) -> Array:  # fmt: skip
    m = v = largest = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled_weight_decay:
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
    return adam(p, gradients, weight_decay=weight_decay, decoupled_weight_decay=True, **options)


def adamax(
    p: Array, gradients: list[Array], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8, weight_decay: float = 0.0, maximize: bool = False,
) -> Array:  # fmt: skip
    m = u = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        u = np.maximum(betas[1] * u, np.abs(g) + eps)
        p = p - lr / (1 - betas[0] ** t) * m / u
    return p


def nadam(
    p: Array, gradients: list[Array], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8, weight_decay: float = 0.0, momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False, maximize: bool = False,
) -> Array:  # fmt: skip
    m = v = np.zeros_like(p)
    product = np.float32(1)  # PyTorch keeps this number in float32
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled_weight_decay:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
        mu, after = (betas[0] * (1 - 0.96 ** (n * momentum_decay) / 2) for n in (t, t + 1))
        product = product * np.float32(mu)
        so_far = float(product)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        d = np.sqrt(v / (1 - betas[1] ** t)) + eps
        p = p - lr * ((1 - mu) / (1 - so_far) * g + after / (1 - after * so_far) * m) / d
    return p


def radam(
    p: Array, gradients: list[Array], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8, weight_decay: float = 0.0, decoupled_weight_decay: bool = False,
    maximize: bool = False,
) -> Array:  # fmt: skip
    m = v = np.zeros_like(p)
    b = betas[1]
    limit = 2 / (1 - b) - 1
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled_weight_decay:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = b * v + (1 - b) * g**2
        r = limit - 2 * t * b**t / (1 - b**t)
        scale: Any = 1.0
        if r > 5:
            c = math.sqrt((r - 4) * (r - 2) * limit / ((limit - 4) * (limit - 2) * r))
            scale = c * math.sqrt(1 - b**t) / (np.sqrt(v) + eps)
        p = p - lr * m / (1 - betas[0] ** t) * scale
    return p


def adagrad(
    p: Array, gradients: list[Array], lr: float = 1e-2, lr_decay: float = 0.0,
    weight_decay: float = 0.0, initial_accumulator_value: float = 0.0, eps: float = 1e-10,
    maximize: bool = False,
) -> Array:  # fmt: skip
    s = np.full_like(p, initial_accumulator_value)
    for t, g in enumerate(gradients):
        g = (-g if maximize else g) + weight_decay * p
        s = s + g**2
        p = p - lr / (1 + t * lr_decay) * g / (np.sqrt(s) + eps)
    return p


def adadelta(
    p: Array, gradients: list[Array], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6,
    weight_decay: float = 0.0, maximize: bool = False,
) -> Array:  # fmt: skip
    v = u = np.zeros_like(p)
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * p
        v = rho * v + (1 - rho) * g**2
        d = np.sqrt((u + eps) / (v + eps)) * g
        u = rho * u + (1 - rho) * d**2
        p = p - lr * d
    return p


def rmsprop(
    p: Array, gradients: list[Array], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
    weight_decay: float = 0.0, momentum: float = 0.0, centered: bool = False,
    maximize: bool = False,
) -> Array:  # fmt: skip
    v = a = b = np.zeros_like(p)
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * p
        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - a**2 if centered else v) + eps)
        p = p - lr * b
    return p


def rprop(
    p: Array, gradients: list[Array], lr: float = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
    step_sizes: tuple[float, float] = (1e-6, 50), maximize: bool = False,
) -> Array:  # fmt: skip
    before, size = np.zeros_like(p), np.full_like(p, lr)
    for g in gradients:
        g = -g if maximize else g
        factor = np.select([g * before > 0, g * before < 0], [etas[1], etas[0]], 1.0)
        size = np.clip(size * factor, *step_sizes)
        before = np.where(g * before < 0, 0.0, g)
        p = p - size * np.sign(before)
    return p


def asgd(
    p: Array, gradients: list[Array], lr: float = 1e-2, lambd: float = 1e-4, alpha: float = 0.75,
    t0: float = 1e6, weight_decay: float = 0.0, maximize: bool = False,
) -> Array:  # fmt: skip
    eta = float(np.float32(lr))  # PyTorch keeps this number in float32
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * p
        p = p * (1 - lambd * eta) - eta * g
        eta = float(np.float32(lr / (1 + lambd * lr * t) ** alpha))
    return p


def adafactor(
    p: Array, gradients: list[Array], lr: float = 1e-2, beta2_decay: float = -0.8,
    eps: tuple[float, float] = (2.0**-52, 1e-3), d: float = 1.0, weight_decay: float = 0.0,
    maximize: bool = False,
) -> Array:  # fmt: skip
    row = col = np.zeros((1, 1))
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        a = max(eps[1], np.sqrt((p**2).mean())) * min(lr, 1 / math.sqrt(t))
        w = t**beta2_decay
        row = row + w * ((g**2).mean(1, keepdims=True) - row)
        col = col + w * ((g**2).mean(0, keepdims=True) - col)
        v = row @ col / max(row.mean(), eps[0])
        u = g / np.sqrt(np.maximum(v, eps[0] ** 2))
        p = p * (1 - lr * weight_decay) - a / max(1.0, np.sqrt((u**2).mean()) / d) * u
    return p


def lion(
    p: Array, gradients: list[Array], lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99),
    weight_decay: float = 0.0, maximize: bool = False,
) -> Array:  # fmt: skip
    m = np.zeros_like(p)
    for g in gradients:
        g = -g if maximize else g
        u = np.sign(betas[0] * m + (1 - betas[0]) * g)
        m = betas[1] * m + (1 - betas[1]) * g
        p = p - lr * (u + weight_decay * p)
    return p


def lamb(
    p: Array, gradients: list[Array], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6, weight_decay: float = 0.0, maximize: bool = False,
) -> Array:  # fmt: skip
    m = v = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        u = m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps) + weight_decay * p
        p = p - lr * np.linalg.norm(p) / np.linalg.norm(u) * u
    return p


ADAM: list[dict[str, Any]] = [
    {},
    {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
    {"maximize": True, "betas": (0.0, 0.0)},
    {"weight_decay": 0.3, "betas": (0.7, 0.95)},
]
DECOUPLED = {"weight_decay": 0.3, "decoupled_weight_decay": True, "lr": 0.1}
CASES: list[tuple[Callable[..., optim.Optimizer], Callable[..., Array], list[dict[str, Any]]]] = [
    (
        optim.SGD,
        sgd,
        [
            {"lr": 0.1},
            {"lr": 0.1, "momentum": 0.9},
            {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
            {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True},
            {"lr": 0.1, "weight_decay": 0.5},
            {"lr": 0.0, "momentum": 0.9},
        ],
    ),
    (optim.Adam, adam, [*ADAM, DECOUPLED, {"lr": 0.1, "amsgrad": True}]),
    (
        optim.AdamW,
        adamw,
        [*ADAM, {"weight_decay": 0.3, "amsgrad": True}, {"weight_decay": 0.0, "eps": 0.0}],
    ),
    (optim.Adamax, adamax, ADAM),
    (optim.NAdam, nadam, [*ADAM, DECOUPLED, {"momentum_decay": 0.3}]),
    (optim.RAdam, radam, [*ADAM, DECOUPLED, {"betas": (0.9, 0.5)}]),
    (
        optim.Adagrad,
        adagrad,
        [
            {},
            {"lr_decay": 0.3, "eps": 0.1, "maximize": True},
            {"initial_accumulator_value": 0.5, "weight_decay": 0.1},
        ],
    ),
    (optim.Adadelta, adadelta, [{}, {"rho": 0.5, "eps": 0.1, "maximize": True}]),
    (optim.Adadelta, adadelta, [{"lr": 0.5, "weight_decay": 0.5}]),
    (
        optim.RMSprop,
        rmsprop,
        [
            {},
            {"alpha": 0.5, "momentum": 0.9, "maximize": True},
            {"centered": True, "eps": 0.1},
            {"centered": True, "momentum": 0.5, "weight_decay": 0.1, "eps": 0.01},
        ],
    ),
    (optim.Rprop, rprop, [{}, {"etas": (0.3, 2.0), "maximize": True}]),
    (optim.Rprop, rprop, [{"step_sizes": (0.008, 0.012), "lr": 0.1}]),
    (optim.ASGD, asgd, [{}, {"lr": 0.1, "lambd": 0.5, "alpha": 0.5, "maximize": True}]),
    (optim.ASGD, asgd, [{"weight_decay": 0.5}]),
    (
        optim.Adafactor,
        adafactor,
        [
            {"eps": (1e-7, 1e-3)},
            {"eps": (0.1, 2.0), "d": 2.0, "beta2_decay": -0.5, "maximize": True},
            {"eps": (1e-7, 1e-3), "lr": 0.9, "weight_decay": 0.1},
        ],
    ),
    (optim.Lion, lion, [{}, {"betas": (0.5, 0.7), "maximize": True}]),
    (optim.Lion, lion, [{"lr": 0.1, "weight_decay": 0.5}]),
    (optim.LAMB, lamb, ADAM),
]
EACH = [(make, reference, options) for make, reference, all_ in CASES for options in all_]
NAMES = [f"{reference.__name__}-{i}" for i, (_, reference, _) in enumerate(EACH)]

SHAPE = (3, 4)


def draws(steps: int = 20) -> tuple[Array, list[Array]]:
    rng = np.random.default_rng(0)
    return rng.standard_normal(SHAPE), [rng.standard_normal(SHAPE) * 0.8**i for i in range(steps)]


def run(optimizer: optim.Optimizer, p: fe.Tensor, gradients: list[Array]) -> None:
    for g in gradients:
        p.grad = fe.tensor(g, dtype=p.dtype)
        optimizer.step()


@pytest.mark.parametrize(("make", "reference", "options"), EACH, ids=NAMES)
@pytest.mark.parametrize(("dtype", "rtol"), [(fe.float64, 1e-11), (fe.float32, 3e-5)])
def test_twenty_steps(
    make: Callable[..., optim.Optimizer],
    reference: Callable[..., Array],
    options: dict[str, Any],
    dtype: fe.DType,
    rtol: float,
) -> None:
    start, gradients = draws()
    p = fe.nn.Parameter(fe.tensor(start, dtype=dtype))
    run(make([p], **options), p, gradients)
    wanted = reference(start, gradients, **options)
    np.testing.assert_allclose(p.detach().numpy(), wanted, rtol=rtol, atol=rtol)
    assert p.dtype is dtype
