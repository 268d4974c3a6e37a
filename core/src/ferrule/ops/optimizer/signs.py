"""Steps along the signs of gradients."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import sign
from ferrule.ops.blending import clamp
from ferrule.ops.choice import where
from ferrule.ops.comparison import lt
from ferrule.ops.optimizer.operands import RATE, check_like, moving_average, positive
from ferrule.ops.precision import in_float32
from ferrule.samples import of, sample
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:rprop_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), positive(3, 2)),
        sample(of(5), of(5), of(5), positive(5), step_size_min=0.3, step_size_max=0.6),
        sample(of(), of(), of(), positive(), etaminus=0.25, etaplus=2.0, maximize=True),
    ],
    tolerance=2,
    differentiable=False,
)
@in_float32
def rprop_step(
    param: Tensor,
    grad: Tensor,
    prev: Tensor,
    step_size: Tensor,
    *,
    etaminus: float = 0.5,
    etaplus: float = 1.2,
    step_size_min: float = 1e-6,
    step_size_max: float = 50.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of resilient backpropagation, element by element::

        s = s * (etaplus, 1 or etaminus, as grad * prev is above, equal to or below 0)
        s = min(max(s, step_size_min), step_size_max)
        g = grad, but 0 where grad * prev is below 0
        param = param - s * sign(g)

    Returns:
        The parameter, ``g``, which is the next step's ``prev``, and ``s``.

    Source: Riedmiller, Braun, ICNN 1993.
    """
    check_like("rprop_step", param, None, grad=grad, prev=prev, step_size=step_size)
    if maximize:
        grad = -grad
    # the product of two small gradients would be 0
    agreement = sign(grad) * sign(prev)
    turned = lt(agreement, 0.0)
    factor = where(turned, etaminus, where(agreement > 0.0, etaplus, agreement * 0.0 + 1.0))
    step_size = clamp(step_size * factor, step_size_min, step_size_max)
    grad = where(turned, grad * 0.0, grad)
    return param - step_size * sign(grad), grad, step_size


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:lion_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), RATE),
        sample(of(3), of(3), of(3), RATE, beta1=0.5, beta2=0.25, weight_decay=0.1),
        sample(of(), of(), of(), RATE, maximize=True),
    ],
    tolerance=2,
    differentiable=False,
)
@in_float32
def lion_step(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    lr: Tensor,
    *,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of Lion::

        g = grad                                 (-grad where maximize)
        u = sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
        param = param * (1 - lr * weight_decay) - lr * u

    Returns:
        The parameter and ``m``.

    Source: Chen et al., arXiv:2302.06675, algorithm 2.
    """
    check_like("lion_step", param, lr, grad=grad, exp_avg=exp_avg)
    if maximize:
        grad = -grad
    if weight_decay:
        param = param * (1.0 - lr * weight_decay)
    # not as a moving average: where both terms cancel, the sign is that of their sum as written
    along = sign(exp_avg * beta1 + grad * (1.0 - beta1))
    return param - lr * along, moving_average(exp_avg, grad, beta2)
