"""Stochastic gradient descent."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.optimizer.operands import RATE, check_like, direction
from ferrule.ops.precision import in_float32
from ferrule.samples import of, sample
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:sgd_step",
    samples=[
        (of(3, 2), of(3, 2), RATE, None),
        sample(of(3), of(3), RATE, None, momentum=0.9, dampening=0.5, weight_decay=0.1),
        sample(of(3), of(3), RATE, of(3), momentum=0.9, dampening=0.5, weight_decay=0.1),
        sample(of(2, 2), of(2, 2), RATE, of(2, 2), momentum=0.9, nesterov=True, maximize=True),
        sample(of(2), of(2), RATE, None, momentum=0.9, nesterov=True),
        (of(), of(), RATE, None),
        sample(of(0), of(0), RATE, of(0), momentum=0.9),
    ],
    tolerance=2,
    differentiable=False,
)
@in_float32
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
    check_like("sgd_step", param, lr, grad=grad, momentum_buffer=momentum_buffer)
    grad = direction(param, grad, weight_decay, maximize)
    if not momentum:
        return (param - lr * grad,)
    if momentum_buffer is None:
        buffer = grad
    else:
        buffer = momentum_buffer * momentum + grad * (1.0 - dampening)
    along = grad + buffer * momentum if nesterov else buffer
    return param - lr * along, buffer
