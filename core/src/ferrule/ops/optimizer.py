"""The update rules of optimizers: pure functions from parameter, gradient and state to the next.

The learning rate and the number of the step are operands, so that a schedule never makes a new
plan; what does not change from step to step is an attribute.
"""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import maximum
from ferrule.ops.choice import cast
from ferrule.ops.exponential import expm1, sqrt
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float32, float64

_RATE = of(low=0.01, high=0.1)
_STEP = of(dtype="int64", low=1, high=50)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:sgd_step",
    samples=[
        (of(3, 2), of(3, 2), _RATE, None),
        sample(of(3), of(3), _RATE, None, momentum=0.9, dampening=0.5, weight_decay=0.1),
        sample(of(3), of(3), _RATE, of(3), momentum=0.9, dampening=0.5, weight_decay=0.1),
        sample(of(2, 2), of(2, 2), _RATE, of(2, 2), momentum=0.9, nesterov=True, maximize=True),
    ],
    tolerance=2,
    differentiable=False,
)
def sgd_step(
    param: Tensor,
    grad: Tensor,
    lr: Tensor,
    momentum_buffer: Tensor | None = None,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of stochastic gradient descent, with momentum or without::

        g = grad + weight_decay * param          (-grad where maximize)
        b = momentum * b + (1 - dampening) * g   (g in the first step, which has no b)
        param = param - lr * b                   (g + momentum * b for Nesterov, g without momentum)

    Returns:
        The parameter and, with momentum, the buffer ``b``.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning",
    ICML 2013.
    """
    _check_like("sgd_step", param, lr, grad=grad, momentum_buffer=momentum_buffer)
    if maximize:
        grad = -grad
    if weight_decay:
        grad = grad + param * weight_decay
    if not momentum:
        return (param - lr * grad,)
    if momentum_buffer is None:
        buffer = grad
    else:
        buffer = momentum_buffer * momentum + grad * (1.0 - dampening)
    along = grad + buffer * momentum if nesterov else buffer
    return param - lr * along, buffer


def _adam_samples() -> list:
    def state(*shape: int, amsgrad: bool) -> tuple[Input | None, ...]:
        square = of(*shape, low=0.1, high=1.0)
        x = of(*shape)
        return (x, x, x, square, _RATE, _STEP, square if amsgrad else None)

    return [
        sample(*state(3, 2, amsgrad=False)),
        sample(*state(3, amsgrad=True), weight_decay=0.1),
        sample(*state(3, amsgrad=False), beta1=0.5, beta2=0.9, eps=1e-3, maximize=True),
    ]


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:adam_step",
    samples=_adam_samples(),
    tolerance=8,
    differentiable=False,
)
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
    _check_like(
        "adam_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq,
        max_exp_avg_sq=max_exp_avg_sq,
    )  # fmt: skip
    if maximize:
        grad = -grad
    if weight_decay:
        grad = grad + param * weight_decay
    return _adam(param, grad, exp_avg, exp_avg_sq, lr, step, max_exp_avg_sq, beta1, beta2, eps)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:adamw_step",
    samples=_adam_samples(),
    tolerance=8,
    differentiable=False,
)
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
    _check_like(
        "adamw_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq,
        max_exp_avg_sq=max_exp_avg_sq,
    )  # fmt: skip
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
    exp_avg = exp_avg + (grad - exp_avg) * (1.0 - beta1)
    exp_avg_sq = exp_avg_sq * beta2 + grad * grad * (1.0 - beta2)
    # 16 bits do not hold the number of a step
    t = cast(step, dtype=float64 if param.dtype is float64 else float32)
    rate = lr / _bias_correction(beta1, t)
    scale = sqrt(_bias_correction(beta2, t))
    if max_exp_avg_sq is None:
        denominator = sqrt(exp_avg_sq) / scale + eps
        return param - rate * exp_avg / denominator, exp_avg, exp_avg_sq
    largest = maximum(max_exp_avg_sq, exp_avg_sq)
    denominator = sqrt(largest) / scale + eps
    return param - rate * exp_avg / denominator, exp_avg, exp_avg_sq, largest


def _bias_correction(beta: float, t: Tensor) -> Tensor | float:
    """``1 - beta**t``, without the cancellation."""
    return -expm1(t * math.log(beta)) if beta else 1.0


def _check_like(op: str, param: Tensor, lr: Tensor, **others: Tensor | None) -> None:
    if lr.shape:
        raise ShapeError(f"{op}: lr is {lr._type}; it must be one number")
    for name, x in others.items():
        if x is not None and x.shape != param.shape:
            raise ShapeError(
                f"{op}: param is {param._type} and {name} is {x._type}; their shapes must be equal"
            )
