"""Steps along matrices made orthogonal."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import maximum
from ferrule.ops.choice import cast
from ferrule.ops.exponential import sqrt
from ferrule.ops.linalg.products import matmul
from ferrule.ops.optimizer.operands import RATE, check_like, moving_average
from ferrule.ops.precision import in_float32, widened
from ferrule.ops.reduction import sum
from ferrule.ops.shape import permute
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import DType


@composite(
    dtypes=floating,
    ref="ferrule_conformance.optimizer_references:muon_step",
    samples=[
        (of(3, 2), of(3, 2), of(3, 2), RATE),
        sample(of(2, 3), of(2, 3), of(2, 3), RATE, ratio=0.5, ns_steps=2, weight_decay=0.1),
        sample(of(3, 3), of(3, 3), of(3, 3), RATE, nesterov=False, momentum=0.5, ns_steps=3),
        sample(of(4, 1), of(4, 1), of(4, 1), RATE, a=2.0, b=-1.5, c=0.5),
    ],
    tolerance=256,
    differentiable=False,
)
@in_float32
def muon_step(
    param: Tensor,
    grad: Tensor,
    momentum_buffer: Tensor,
    lr: Tensor,
    *,
    momentum: float = 0.95,
    nesterov: bool = True,
    weight_decay: float = 0.1,
    a: float = 3.4445,
    b: float = -4.775,
    c: float = 2.0315,
    eps: float = 1e-7,
    ns_steps: int = 5,
    ratio: float = 1.0,
    precision: DType | None = None,
) -> tuple[Tensor, ...]:
    """One step of Muon, for a matrix::

        m = momentum * m + (1 - momentum) * grad
        u = momentum * m + (1 - momentum) * grad    (m without Nesterov's momentum)
        x = u / max(norm(u), eps)                   (transposed where it has more rows than columns)
        ns_steps times:
            s = x @ x.T
            x = a * x + (b * s + c * s @ s) @ x
        param = param * (1 - lr * weight_decay) - ratio * lr * x

    The iteration is that of Newton and Schulz: it brings the singular values near 1.

    Args:
        precision: the dtype that the iteration is rounded to; the parameter's if None.

    Returns:
        The parameter and the buffer ``m``.

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
    """
    check_like("muon_step", param, lr, grad=grad, momentum_buffer=momentum_buffer)
    if param.ndim != 2:
        raise ShapeError(f"muon_step: param is {param._type}; it must be a matrix")
    if not 0 <= ns_steps < 100:
        raise ArgumentError(f"muon_step: ns_steps must be from 0 to 99, not {ns_steps}")
    buffer = moving_average(momentum_buffer, grad, momentum)
    update = moving_average(buffer, grad, momentum) if nesterov else buffer
    update = _orthogonal(update, (a, b, c), eps, ns_steps, precision)
    if weight_decay:
        param = param * (1.0 - lr * weight_decay)
    return param - lr * ratio * cast(update, dtype=param.dtype), buffer


def _orthogonal(
    x: Tensor, coefficients: tuple[float, float, float], eps: float, steps: int,
    precision: DType | None,
) -> Tensor:  # fmt: skip
    """The iteration of Newton and Schulz. Every line is rounded once to the precision."""
    a, b, c = coefficients

    def rounded(y: Tensor) -> Tensor:
        return y if precision is None else widened(cast(y, dtype=precision))

    tall = x.shape[0] > x.shape[1]
    x = rounded(permute(x, dims=(1, 0)) if tall else x)
    x = rounded(x / maximum(rounded(sqrt(sum(x * x))), eps))
    for _ in range(steps):
        gram = rounded(matmul(x, permute(x, dims=(1, 0))))
        polynomial = rounded(gram * b + matmul(gram, gram) * c)
        x = rounded(x * a + matmul(polynomial, x))
    return permute(x, dims=(1, 0)) if tall else x


def ratio_of(adjust_lr_fn: str | None, rows: int, columns: int) -> float:
    """What a matrix's learning rate is multiplied by: with ``"original"`` or None, for steps of the
    same spectral norm; with ``"match_rms_adamw"`` for those of AdamW's length (Liu et al.,
    arXiv:2502.16982)."""
    if adjust_lr_fn == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1.0, rows / columns)) if columns else 1.0
