"""Rates that squares of past gradients scale, element by element, without their means."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import maximum
from ferrule.ops.exponential import sqrt
from ferrule.ops.optimizer.operands import (
    RATE,
    STEP,
    as_float,
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
    ref="ferrule_conformance.optimizer_references:adagrad_step",
    samples=[
        (of(3, 2), of(3, 2), positive(3, 2), RATE, STEP),
        sample(of(3), of(3), positive(3), RATE, STEP, lr_decay=0.1, eps=1e-3),
        sample(of(), of(), positive(), RATE, STEP, weight_decay=0.1, maximize=True),
    ],
    tolerance=8,
    differentiable=False,
)
@in_float32
def adagrad_step(
    param: Tensor,
    grad: Tensor,
    sum: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    *,
    lr_decay: float = 0.0,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of Adagrad, the first being number 1::

        g = grad + weight_decay * param          (-grad where maximize)
        s = s + g**2
        param = param - lr / (1 + (step - 1) * lr_decay) * g / (sqrt(s) + eps)

    Returns:
        The parameter and the sum ``s``.

    Source: Duchi, Hazan, Singer, JMLR 12 (2011).
    """
    check_like("adagrad_step", param, lr, grad=grad, sum=sum)
    check_number("adagrad_step", step=step)
    grad = direction(param, grad, weight_decay, maximize)
    sum = sum + grad * grad
    rate = lr / (1.0 + (as_float(step, param) - 1.0) * lr_decay) if lr_decay else lr
    return param - rate * grad / (sqrt(sum) + eps), sum


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:adadelta_step",
    samples=[
        (of(3, 2), of(3, 2), positive(3, 2), positive(3, 2), RATE),
        sample(of(3), of(3), positive(3), positive(3), RATE, rho=0.5, eps=1e-3),
        sample(of(), of(), positive(), positive(), RATE, weight_decay=0.1, maximize=True),
    ],
    tolerance=8,
    differentiable=False,
)
@in_float32
def adadelta_step(
    param: Tensor,
    grad: Tensor,
    square_avg: Tensor,
    acc_delta: Tensor,
    lr: Tensor,
    *,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of Adadelta::

        g = grad + weight_decay * param          (-grad where maximize)
        v = rho * v + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        param = param - lr * d

    Returns:
        The parameter, ``v`` and ``u``.

    Source: Zeiler, arXiv:1212.5701.
    """
    check_like("adadelta_step", param, lr, grad=grad, square_avg=square_avg, acc_delta=acc_delta)
    grad = direction(param, grad, weight_decay, maximize)
    square_avg = square_average(square_avg, grad, rho)
    delta = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * grad
    acc_delta = square_average(acc_delta, delta, rho)
    return param - lr * delta, square_avg, acc_delta


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:rmsprop_step",
    samples=[
        (of(3, 2), of(3, 2), positive(3, 2), RATE, None, None),
        sample(of(3), of(3), positive(3), RATE, None, of(3), momentum=0.9, alpha=0.5),
        sample(of(3), of(3), of(3, low=2.0, high=3.0), RATE, positive(3), None, eps=1e-3),
        sample(
            of(), of(), of(low=2.0, high=3.0), RATE, positive(), of(),
            momentum=0.9, weight_decay=0.1, maximize=True,
        ),
    ],
    tolerance=8,
    differentiable=False,
)  # fmt: skip
@in_float32
def rmsprop_step(
    param: Tensor,
    grad: Tensor,
    square_avg: Tensor,
    lr: Tensor,
    grad_avg: Tensor | None = None,
    momentum_buffer: Tensor | None = None,
    *,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of RMSprop::

        g = grad + weight_decay * param          (-grad where maximize)
        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g          (where grad_avg, a, is given: centered)
        r = g / (sqrt(v - a**2) + eps)           (sqrt(v) where it is not)
        b = momentum * b + r                     (where momentum_buffer, b, is given)
        param = param - lr * b                   (r where it is not)

    ``v - a**2`` is a variance; where rounding makes it negative, it is taken as 0.

    Returns:
        The parameter, ``v``, and what of ``a`` and ``b`` was given.

    Source: Hinton, Srivastava, Swersky, "Neural networks for machine learning", lecture 6e, 2012;
    centered: Graves, arXiv:1308.0850.
    """
    check_like(
        "rmsprop_step", param, lr, grad=grad, square_avg=square_avg, grad_avg=grad_avg,
        momentum_buffer=momentum_buffer,
    )  # fmt: skip
    grad = direction(param, grad, weight_decay, maximize)
    square_avg = square_average(square_avg, grad, alpha)
    state = [square_avg]
    if grad_avg is None:
        variance = square_avg
    else:
        grad_avg = moving_average(grad_avg, grad, alpha)
        variance = maximum(square_avg - grad_avg * grad_avg, 0.0)
        state.append(grad_avg)
    denominator = sqrt(variance) + eps
    if momentum_buffer is None:
        return param - lr * grad / denominator, *state
    buffer = momentum_buffer * momentum + grad / denominator
    return param - lr * buffer, *state, buffer
