"""Stochastic gradient descent with an average of the parameters."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.blending import lerp
from ferrule.ops.optimizer.operands import check_like, check_number, direction
from ferrule.ops.precision import in_float32
from ferrule.samples import of, sample
from ferrule.tensor import Tensor

_ETA, _MU = of(low=0.01, high=0.1), of(low=0.1, high=0.9)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:asgd_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), _ETA, _MU),
        sample(of(3), of(3), of(3), _ETA, of(low=1.0, high=1.0), lambd=0.1),
        sample(of(), of(), of(), _ETA, _MU, weight_decay=0.1, maximize=True),
    ],
    tolerance=4,
    differentiable=False,
)
@in_float32
def asgd_step(
    param: Tensor,
    grad: Tensor,
    ax: Tensor,
    eta: Tensor,
    mu: Tensor,
    *,
    lambd: float = 1e-4,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> tuple[Tensor, ...]:
    """One step of averaged stochastic gradient descent, of the rate ``eta``::

        g = grad + weight_decay * param          (-grad where maximize)
        param = param * (1 - lambd * eta) - eta * g
        ax = ax + mu * (param - ax)

    Returns:
        The parameter and its average ``ax``.

    Source: Polyak, Juditsky, SIAM J. Control Optim. 30 (1992).
    """
    check_like("asgd_step", param, None, grad=grad, ax=ax)
    check_number("asgd_step", eta=eta, mu=mu)
    grad = direction(param, grad, weight_decay, maximize)
    param = param * (1.0 - eta * lambd) - eta * grad
    return param, lerp(ax, param, mu)
