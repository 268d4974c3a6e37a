"""Independent references of the update rules of optimizers; see `ferrule_conformance.references`.

Each is the definition in its op's docstring, term by term.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def sgd_step(
    param: Array,
    grad: Array,
    lr: Array,
    momentum_buffer: Array | None = None,
    *,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    if momentum == 0:
        return (param - lr * g,)
    b = g if momentum_buffer is None else momentum * momentum_buffer + (1 - dampening) * g
    return param - lr * (g + momentum * b if nesterov else b), b


def adam_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    lr: Array,
    step: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    m = beta1 * exp_avg + (1 - beta1) * g
    v = beta2 * exp_avg_sq + (1 - beta2) * g**2
    top = v if max_exp_avg_sq is None else np.maximum(max_exp_avg_sq, v)
    t = int(step)
    divisor = np.sqrt(top / (1 - math.pow(beta2, t))) + eps
    moved = param - lr / (1 - math.pow(beta1, t)) * m / divisor
    return (moved, m, v) if max_exp_avg_sq is None else (moved, m, v, top)


def adamw_step(
    param: Array, *others: Array | None, weight_decay: float, **options: Any
) -> tuple[Array, ...]:
    grad, exp_avg, exp_avg_sq, lr, *rest = others
    assert grad is not None and exp_avg is not None and exp_avg_sq is not None and lr is not None
    decayed: Any = param * (1 - lr * weight_decay)
    arguments: Any = (grad, exp_avg, exp_avg_sq, lr, *rest)
    return adam_step(decayed, *arguments, weight_decay=0.0, **options)


def adamax_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_inf: Array,
    lr: Array,
    step: Array,
    *,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    m = beta1 * exp_avg + (1 - beta1) * g
    u = np.maximum(beta2 * exp_inf, np.abs(g) + eps)
    return param - lr / (1 - beta1 ** int(step)) * m / u, m, u


def nadam_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    mu_product: Array,
    lr: Array,
    step: Array,
    *,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    momentum_decay: float,
    decoupled_weight_decay: bool,
    maximize: bool,
) -> tuple[Array, ...]:
    t = int(step)
    if decoupled_weight_decay:
        param, weight_decay = param * (1 - lr * weight_decay), 0.0
    g = _penalised(param, grad, weight_decay, maximize)
    mu, after = (beta1 * (1 - 0.96 ** (n * momentum_decay) / 2) for n in (t, t + 1))
    m = beta1 * exp_avg + (1 - beta1) * g
    v = beta2 * exp_avg_sq + (1 - beta2) * g**2
    divisor = np.sqrt(v / (1 - beta2**t)) + eps
    ahead = (1 - mu) / (1 - mu_product) * g + after / (1 - after * mu_product) * m
    return param - lr * ahead / divisor, m, v


def radam_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    lr: Array,
    step: Array,
    *,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled_weight_decay: bool,
    maximize: bool,
) -> tuple[Array, ...]:
    t = int(step)
    if decoupled_weight_decay:
        param, weight_decay = param * (1 - lr * weight_decay), 0.0
    g = _penalised(param, grad, weight_decay, maximize)
    m = beta1 * exp_avg + (1 - beta1) * g
    v = beta2 * exp_avg_sq + (1 - beta2) * g**2
    limit = 2 / (1 - beta2) - 1
    length = limit - 2 * t * beta2**t / (1 - beta2**t)
    scale: Any = 1.0
    if length > 5:
        c = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
        scale = np.sqrt(c * (1 - beta2**t)) / (np.sqrt(v) + eps)
    return param - lr / (1 - beta1**t) * m * scale, m, v


def adagrad_step(
    param: Array,
    grad: Array,
    sum: Array,
    lr: Array,
    step: Array,
    *,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    s = sum + g**2
    return param - lr / (1 + (int(step) - 1) * lr_decay) * g / (np.sqrt(s) + eps), s


def adadelta_step(
    param: Array,
    grad: Array,
    square_avg: Array,
    acc_delta: Array,
    lr: Array,
    *,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    v = rho * square_avg + (1 - rho) * g**2
    d = np.sqrt((acc_delta + eps) / (v + eps)) * g
    return param - lr * d, v, rho * acc_delta + (1 - rho) * d**2


def rmsprop_step(
    param: Array,
    grad: Array,
    square_avg: Array,
    lr: Array,
    grad_avg: Array | None = None,
    momentum_buffer: Array | None = None,
    *,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    v = alpha * square_avg + (1 - alpha) * g**2
    found = [v]
    variance = v
    if grad_avg is not None:
        found.append(alpha * grad_avg + (1 - alpha) * g)
        variance = np.maximum(v - found[-1] ** 2, 0)
    step = g / (np.sqrt(variance) + eps)
    if momentum_buffer is not None:
        step = momentum * momentum_buffer + step
        found.append(step)
    return param - lr * step, *found


def rprop_step(
    param: Array,
    grad: Array,
    prev: Array,
    step_size: Array,
    *,
    etaminus: float,
    etaplus: float,
    step_size_min: float,
    step_size_max: float,
    maximize: bool,
) -> tuple[Array, ...]:
    moved, kept, sizes = param.copy(), grad.copy(), step_size.copy()
    for i in np.ndindex(param.shape):
        g = -grad[i] if maximize else grad[i]
        agreement = g * prev[i]
        factor = etaplus if agreement > 0 else etaminus if agreement < 0 else 1.0
        sizes[i] = min(max(step_size[i] * factor, step_size_min), step_size_max)
        kept[i] = 0.0 if agreement < 0 else g
        moved[i] = param[i] - sizes[i] * np.sign(kept[i])
    return moved, kept, sizes


def lion_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    lr: Array,
    *,
    beta1: float,
    beta2: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = -grad if maximize else grad
    along = np.sign(beta1 * exp_avg + (1 - beta1) * g)
    return param - lr * (along + weight_decay * param), beta2 * exp_avg + (1 - beta2) * g


def asgd_step(
    param: Array,
    grad: Array,
    ax: Array,
    eta: Array,
    mu: Array,
    *,
    lambd: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = _penalised(param, grad, weight_decay, maximize)
    moved = param - eta * (g + lambd * param)
    return moved, (1 - mu) * ax + mu * moved


def adafactor_step(
    param: Array,
    grad: Array,
    lr: Array,
    step: Array,
    row_var: Array | None = None,
    col_var: Array | None = None,
    variance: Array | None = None,
    *,
    beta2_decay: float,
    eps1: float,
    eps2: float,
    d: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = -grad if maximize else grad
    t = int(step)
    alpha = max(eps2, _rms(param)) * min(float(lr), 1 / math.sqrt(t))
    weight = float(t) ** beta2_decay
    if variance is not None:
        found: tuple[Array, ...] = ((1 - weight) * variance + weight * g**2,)
        v = found[0]
    else:
        assert row_var is not None and col_var is not None
        row = (1 - weight) * row_var + weight * (g**2).mean(-1, keepdims=True)
        col = (1 - weight) * col_var + weight * (g**2).mean(-2, keepdims=True)
        v = np.einsum("...ij,...jk->...ik", row, col)
        v = v / np.maximum(row.mean(-2, keepdims=True), eps1)
        found = (row, col)
    u = g / np.sqrt(np.maximum(v, eps1**2))
    return param * (1 - lr * weight_decay) - alpha / max(1.0, _rms(u) / d) * u, *found


def _rms(x: Array) -> float:
    return float(np.linalg.norm(x.ravel())) / math.sqrt(x.size)


def lamb_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    lr: Array,
    step: Array,
    *,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = -grad if maximize else grad
    m = beta1 * exp_avg + (1 - beta1) * g
    v = beta2 * exp_avg_sq + (1 - beta2) * g**2
    t = int(step)
    u = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * param
    size, length = np.linalg.norm(param.ravel()), np.linalg.norm(u.ravel())
    ratio = size / length if size > 0 and length > 0 else 1.0
    return param - lr * ratio * u, m, v


def muon_step(
    param: Array,
    grad: Array,
    momentum_buffer: Array,
    lr: Array,
    *,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
    a: float,
    b: float,
    c: float,
    eps: float,
    ns_steps: int,
    ratio: float,
    precision: Any,
) -> tuple[Array, ...]:
    """The polynomial acts on the singular values and leaves the singular vectors as they are."""
    assert precision is None
    buffer = momentum * momentum_buffer + (1 - momentum) * grad
    along = momentum * buffer + (1 - momentum) * grad if nesterov else buffer
    u, s, v = np.linalg.svd(along, full_matrices=False)
    s = s / max(float(np.linalg.norm(s)), eps)
    for _ in range(ns_steps):
        s = a * s + b * s**3 + c * s**5
    return param * (1 - lr * weight_decay) - ratio * lr * (u * s) @ v, buffer


def _penalised(param: Array, grad: Array, weight_decay: float, maximize: bool) -> Array:
    return (-grad if maximize else grad) + weight_decay * param
