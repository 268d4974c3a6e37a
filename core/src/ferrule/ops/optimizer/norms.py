"""Steps whose length the norm of the parameter decides."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import maximum, minimum
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, log, rsqrt, sqrt
from ferrule.ops.optimizer.operands import (
    RATE,
    STEP,
    as_float,
    bias_correction,
    check_like,
    check_number,
    moving_average,
    positive,
    square_average,
)
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.statistics import mean
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shape


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:adafactor_step",
    samples=[
        (of(3, 2), of(3, 2), RATE, STEP, positive(3, 1), positive(1, 2), None),
        sample(of(3), of(3), RATE, STEP, None, None, positive(3), eps1=0.5, weight_decay=0.1),
        sample(
            of(2, 3, 2), of(2, 3, 2), RATE, STEP, positive(2, 3, 1), positive(2, 1, 2), None,
            beta2_decay=-0.5, eps2=0.5, d=2.0, weight_decay=0.1, maximize=True,
        ),
        (of(), of(), RATE, STEP, None, None, positive()),
    ],
    tolerance=16,
    differentiable=False,
)  # fmt: skip
@in_float32
def adafactor_step(
    param: Tensor,
    grad: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    row_var: Tensor | None = None,
    col_var: Tensor | None = None,
    variance: Tensor | None = None,
    *,
    beta2_decay: float = -0.8,
    eps1: float = 1e-7,
    eps2: float = 1e-3,
    d: float = 1.0,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of Adafactor, the first being number 1::

        g = grad                                 (-grad where maximize)
        a = min(lr, 1 / sqrt(step)) * max(eps2, RMS(param))
        w = step**beta2_decay
        r = r + w * (mean of g**2 over the last dim - r)
        c = c + w * (mean of g**2 over the last dim but one - c)
        v = r * c / max(mean of r over the last dim but one, eps1)
        u = g / sqrt(max(v, eps1**2))
        param = param * (1 - lr * weight_decay) - a / max(1, RMS(u) / d) * u

    where RMS is the root of the mean of squares. Of one dim or none, ``v`` itself is kept:
    ``v = v + w * (g**2 - v)``.

    Args:
        row_var, col_var: ``r`` and ``c``, as the parameter, with 1 as the last size and as the
            last but one.
        variance: ``v``, of a parameter with less than two dims.

    Returns:
        The parameter, and ``r`` and ``c`` or ``v``.

    Source: Shazeer, Stern, arXiv:1804.04235.
    """
    shapes: tuple[Shape | None, ...] = (None, None, param.shape)
    if param.ndim > 1:
        shapes = ((*param.shape[:-1], 1), (*param.shape[:-2], 1, param.shape[-1]), None)
    for name, x, shape in zip(
        ("row_var", "col_var", "variance"), (row_var, col_var, variance), shapes
    ):
        if (None if x is None else x.shape) != shape:
            found = "is missing" if x is None else f"is {x._type}"
            wanted = "left out" if shape is None else f"of the shape {shape}"
            raise ShapeError(
                f"adafactor_step: param is {param._type} and {name} {found}; it must be {wanted}"
            )
    check_like("adafactor_step", param, lr, grad=grad)
    check_number("adafactor_step", step=step)
    if maximize:
        grad = -grad
    t = as_float(step, param)
    rate = minimum(lr, rsqrt(t)) * maximum(_rms(param), eps2)
    weight = exp(log(t) * beta2_decay)
    if weight_decay:
        param = param * (1.0 - lr * weight_decay)
    square = grad * grad
    if row_var is not None and col_var is not None:
        row = row_var + (mean(square, dim=-1, keepdim=True) - row_var) * weight
        col = col_var + (mean(square, dim=-2, keepdim=True) - col_var) * weight
        estimate = row * col / maximum(mean(row, dim=-2, keepdim=True), eps1)
        state: tuple[Tensor, ...] = (row, col)
    else:
        assert variance is not None
        estimate = variance + (square - variance) * weight
        state = (estimate,)
    update = rsqrt(maximum(estimate, eps1 * eps1)) * grad
    return param - rate / maximum(_rms(update) / d, 1.0) * update, *state


def _rms(x: Tensor) -> Tensor:
    return sqrt(mean(x * x))


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:lamb_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), positive(3, 2), RATE, STEP),
        sample(of(3), of(3), of(3), positive(3), RATE, STEP, weight_decay=0.1, maximize=True),
        sample(of(), of(), of(), positive(), RATE, STEP, beta1=0.5, beta2=0.9, eps=1e-3),
        (of(3, low=0.0, high=0.0), of(3), of(3), positive(3), RATE, STEP),
    ],
    tolerance=16,
    differentiable=False,
)
@in_float32
def lamb_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    lr: Tensor,
    step: Index[Tensor],
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of LAMB, the first being number 1::

        g = grad                                 (-grad where maximize)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        u = (m / (1 - beta1**step)) / (sqrt(v / (1 - beta2**step)) + eps) + weight_decay * param
        param = param - lr * norm(param) / norm(u) * u

    with Euclidean norms; where one of them is 0, their ratio is taken as 1.

    Returns:
        The parameter, ``m`` and ``v``.

    Source: You et al., arXiv:1904.00962, algorithm 2.
    """
    check_like("lamb_step", param, lr, grad=grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq)
    check_number("lamb_step", step=step)
    if maximize:
        grad = -grad
    t = as_float(step, param)
    exp_avg = moving_average(exp_avg, grad, beta1)
    exp_avg_sq = square_average(exp_avg_sq, grad, beta2)
    mean_ = exp_avg / bias_correction(beta1, t)
    update = mean_ / (sqrt(exp_avg_sq / bias_correction(beta2, t)) + eps)
    if weight_decay:
        update = update + param * weight_decay
    size, length = sqrt(sum(param * param)), sqrt(sum(update * update))
    ratio = where((size > 0.0) & (length > 0.0), size / length, size * 0.0 + 1.0)
    return param - lr * ratio * update, exp_avg, exp_avg_sq
