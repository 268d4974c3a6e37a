"""Adam and AdamW."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import maximum
from ferrule.ops.exponential import sqrt
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
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


def _samples() -> list:
    def state(*shape: int, amsgrad: bool) -> tuple[Input | None, ...]:
        x, square = of(*shape), positive(*shape)
        return (x, x, x, square, RATE, STEP, square if amsgrad else None)

    return [
        sample(*state(3, 2, amsgrad=False)),
        sample(*state(3, amsgrad=True), weight_decay=0.1),
        sample(*state(3, amsgrad=False), beta1=0.5, beta2=0.9, eps=1e-3, maximize=True),
        sample(*state(2, amsgrad=False), beta1=0.0, beta2=0.0),
        sample(*state(amsgrad=True), weight_decay=0.1, maximize=True),
        sample(*state(0, amsgrad=False)),
    ]


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:adam_step",
    samples=_samples(),
    tolerance=8,
    differentiable=False,
)
@in_float32
def adam_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    max_exp_avg_sq: Tensor | None = None,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of Adam, the first being number 1::

        g = grad + weight_decay * param          (-grad where maximize)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        param = param - lr / (1 - beta1**step) * m / (sqrt(v / (1 - beta2**step)) + eps)

    With ``max_exp_avg_sq`` (AMSGrad), its largest value so far takes the place of ``v``.

    Returns:
        The parameter, ``m``, ``v`` and, for AMSGrad, the largest ``v``.

    Source: Kingma, Ba, arXiv:1412.6980; AMSGrad: Reddi, Kale, Kumar, arXiv:1904.09237.
    """
    check_like(
        "adam_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq,
        max_exp_avg_sq=max_exp_avg_sq,
    )  # fmt: skip
    check_number("adam_step", step=step)
    grad = direction(param, grad, weight_decay, maximize)
    return _adam(param, grad, exp_avg, exp_avg_sq, lr, step, max_exp_avg_sq, beta1, beta2, eps)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:adamw_step",
    samples=_samples(),
    tolerance=8,
    differentiable=False,
)
@in_float32
def adamw_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    max_exp_avg_sq: Tensor | None = None,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of AdamW: `adam_step`, whose weight decay acts on the parameter and not on the
    gradient: first ``param = param * (1 - lr * weight_decay)``.

    Source: Loshchilov, Hutter, arXiv:1711.05101.
    """
    check_like(
        "adamw_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq,
        max_exp_avg_sq=max_exp_avg_sq,
    )  # fmt: skip
    check_number("adamw_step", step=step)
    if maximize:
        grad = -grad
    if weight_decay:
        param = param * (1.0 - lr * weight_decay)
    return _adam(param, grad, exp_avg, exp_avg_sq, lr, step, max_exp_avg_sq, beta1, beta2, eps)


def _adam(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    lr: Tensor,
    step: Tensor,
    max_exp_avg_sq: Tensor | None,
    beta1: float,
    beta2: float,
    eps: float,
) -> tuple[Tensor, ...]:
    exp_avg = moving_average(exp_avg, grad, beta1)
    exp_avg_sq = square_average(exp_avg_sq, grad, beta2)
    t = as_float(step, param)
    rate = lr / bias_correction(beta1, t)
    correction = bias_correction(beta2, t)
    scale = sqrt(correction) if isinstance(correction, Tensor) else correction
    if max_exp_avg_sq is None:
        denominator = sqrt(exp_avg_sq) / scale + eps
        return param - rate * exp_avg / denominator, exp_avg, exp_avg_sq
    largest = maximum(max_exp_avg_sq, exp_avg_sq)
    denominator = sqrt(largest) / scale + eps
    return param - rate * exp_avg / denominator, exp_avg, exp_avg_sq, largest
