"""Adam with another norm, with Nesterov's momentum, and with its variance rectified."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs, maximum
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, expm1, sqrt
from ferrule.ops.optimizer.operands import (
    RATE,
    STEP,
    as_float,
    bias_correction,
    check_like,
    check_number,
    direction,
    moving_average,
    positive,
    square_average,
)
from ferrule.ops.precision import in_float32
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:adamax_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), positive(3, 2), RATE, STEP),
        sample(of(3), of(3), of(3), positive(3), RATE, STEP, beta1=0.5, beta2=0.9, eps=1e-3),
        sample(of(), of(), of(), positive(), RATE, STEP, weight_decay=0.1, maximize=True),
        sample(of(2), of(2), of(2), positive(2), RATE, STEP, beta1=0.0, beta2=0.0),
    ],
    tolerance=8,
    differentiable=False,
)
@in_float32
def adamax_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_inf: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of Adamax, the first being number 1::

        g = grad + weight_decay * param          (-grad where maximize)
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        param = param - lr / (1 - beta1**step) * m / u

    Returns:
        The parameter, ``m`` and ``u``.

    Source: Kingma, Ba, arXiv:1412.6980, section 7.1.
    """
    check_like("adamax_step", param, lr, grad=grad, exp_avg=exp_avg, exp_inf=exp_inf)
    check_number("adamax_step", step=step)
    grad = direction(param, grad, weight_decay, maximize)
    exp_avg = moving_average(exp_avg, grad, beta1)
    exp_inf = maximum(exp_inf * beta2, abs(grad) + eps)
    rate = lr / bias_correction(beta1, as_float(step, param))
    return param - rate * exp_avg / exp_inf, exp_avg, exp_inf


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:nadam_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), positive(3, 2), of(low=0.1, high=0.5), RATE, STEP),
        sample(
            of(3), of(3), of(3), positive(3), of(low=0.1, high=0.5), RATE, STEP,
            beta1=0.5, beta2=0.9, eps=1e-3, weight_decay=0.1, momentum_decay=0.1, maximize=True,
        ),
        sample(
            of(), of(), of(), positive(), of(low=0.1, high=0.5), RATE, STEP,
            weight_decay=0.1, decoupled_weight_decay=True,
        ),
    ],
    tolerance=16,
    differentiable=False,
)  # fmt: skip
@in_float32
def nadam_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    mu_product: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of NAdam, the first being number 1::

        g = grad + weight_decay * param          (-grad where maximize)
        mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        d = sqrt(v / (1 - beta2**step)) + eps
        n = mu(step + 1)
        param = param - lr * ((1 - mu(step)) / (1 - P) * g + n / (1 - n * P) * m) / d

    Where the weight decay is decoupled, it acts on the parameter and not on ``g``, as that of
    `adamw_step` does.

    Args:
        mu_product: ``P``, the product of ``mu(1)`` to ``mu(step)``, this step's among them.

    Returns:
        The parameter, ``m`` and ``v``.

    Source: Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
    """
    check_like("nadam_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq)
    check_number("nadam_step", mu_product=mu_product, step=step)
    t = as_float(step, param)
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled_weight_decay, maximize)
    exp_avg = moving_average(exp_avg, grad, beta1)
    exp_avg_sq = square_average(exp_avg_sq, grad, beta2)
    mu, mu_next = (_momentum(n, beta1, momentum_decay) for n in (t, t + 1.0))
    denominator = sqrt(exp_avg_sq / bias_correction(beta2, t)) + eps
    now = lr * ((1.0 - mu) / (1.0 - mu_product))
    ahead = lr * (mu_next / (1.0 - mu_product * mu_next))
    moved = param - now * grad / denominator - ahead * exp_avg / denominator
    return moved, exp_avg, exp_avg_sq


def _momentum(t: Tensor, beta1: float, momentum_decay: float) -> Tensor:
    return (1.0 - 0.5 * exp(t * (momentum_decay * math.log(0.96)))) * beta1


def _decayed(
    param: Tensor, grad: Tensor, lr: Tensor, weight_decay: float, decoupled: bool, maximize: bool
) -> tuple[Tensor, Tensor]:
    if not decoupled:
        return param, direction(param, grad, weight_decay, maximize)
    shrunk = param * (1.0 - lr * weight_decay) if weight_decay else param
    return shrunk, -grad if maximize else grad


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:radam_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), positive(3, 2), RATE, STEP),
        (of(3), of(3), of(3), positive(3), RATE, of(dtype="int64", low=1, high=6)),
        (of(3), of(3), of(3), positive(3), RATE, of(dtype="int64", low=900, high=2000)),
        sample(
            of(3), of(3), of(3), positive(3), RATE, STEP,
            beta1=0.5, beta2=0.9, eps=1e-3, weight_decay=0.1, maximize=True,
        ),
        sample(
            of(), of(), of(), positive(), RATE, STEP,
            beta2=0.5, weight_decay=0.1, decoupled_weight_decay=True,
        ),
    ],
    tolerance=32,
    differentiable=False,
)  # fmt: skip
@in_float32
def radam_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of RAdam, the first being number 1::

        g = grad + weight_decay * param          (-grad where maximize)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        R = 2 / (1 - beta2) - 1
        r = R - 2 * step * beta2**step / (1 - beta2**step)
        c = sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r))
        s = c * sqrt(1 - beta2**step) / (sqrt(v) + eps) where r > 5, otherwise 1
        param = param - lr / (1 - beta1**step) * m * s

    Where the weight decay is decoupled, it acts on the parameter and not on ``g``, as that of
    `adamw_step` does.

    Returns:
        The parameter, ``m`` and ``v``.

    Source: Liu et al., arXiv:1908.03265.
    """
    check_like("radam_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq)
    check_number("radam_step", step=step)
    t = as_float(step, param)
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled_weight_decay, maximize)
    exp_avg = moving_average(exp_avg, grad, beta1)
    exp_avg_sq = square_average(exp_avg_sq, grad, beta2)
    rate = lr / bias_correction(beta1, t)
    limit = 2.0 / (1.0 - beta2) - 1.0
    if limit <= 5.0:  # and the length never exceeds its limit
        return param - rate * exp_avg, exp_avg, exp_avg_sq
    length = _length(t, beta2)
    # where the length is small this is the root of a negative number, and not chosen
    rectified = sqrt(
        (length - 4.0) * (length - 2.0) * (limit / ((limit - 4.0) * (limit - 2.0))) / length
    )
    correction = bias_correction(beta2, t)
    assert isinstance(correction, Tensor)
    adapted = rate * rectified * sqrt(correction) * exp_avg / (sqrt(exp_avg_sq) + eps)
    return param - where(length > 5.0, adapted, rate * exp_avg), exp_avg, exp_avg_sq


def _length(t: Tensor, beta2: float) -> Tensor:
    """``R - 2 * t * beta2**t / (1 - beta2**t)``, of which float32 would keep three digits in the
    first steps.

    With ``q = -log(beta2)`` and ``z = t * q / 2`` it is ``(R - 2 / q) + t - (2 / q) * (z * coth(z)
    - 1)``, and the last term is small where ``z`` is.
    """
    limit = 2.0 / (1.0 - beta2) - 1.0
    q = -math.log(beta2)
    z = t * (q / 2.0)
    square = z * z
    series = square * 0.0
    for coefficient in reversed(_COTH):
        series = (series + coefficient) * square
    early = (limit - 2.0 / q) + t - series * (2.0 / q)
    late = limit + 2.0 * t * (exp(-2.0 * z) / expm1(-2.0 * z))
    return where(z < 0.5, early, late)


# of ``z * coth(z) - 1`` in powers of ``z**2``
_COTH = (
    1 / 3, -1 / 45, 2 / 945, -1 / 4725, 2 / 93555, -1382 / 638512875, 4 / 18243225,
    -3617 / 162820783125, 87734 / 38979295480125,
)  # fmt: skip
