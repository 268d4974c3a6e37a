"""LAMB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_betas, check_range, given, rate
from ferrule.tensor import Tensor


class LAMB(Optimizer):
    """Steps of `Adam`, each as long as the parameter's norm says, for large batches::

        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        u = (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * param
        param = param - lr * norm(param) / norm(u) * u

    State: ``step`` t, ``exp_avg`` m, ``exp_avg_sq`` v.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        betas: beta1 and beta2.
        eps: keeps the denominator from 0.
        weight_decay: its part of the step, before the length is set.
        maximize: climb instead of descend.

    Source: You et al., arXiv:1904.00962, algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_betas("LAMB", group)
        check_range("LAMB", "eps", group["eps"])
        check_range("LAMB", "weight_decay", group["weight_decay"])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["exp_avg"] = state["exp_avg_sq"] = fe.zeros_like(param)
        step = state["step"] + 1
        beta1, beta2 = group["betas"]
        param, mean, square = ops.lamb_step(
            param, grad, state["exp_avg"], state["exp_avg_sq"], rate(group, param), step,
            beta1=beta1, beta2=beta2, eps=group["eps"], **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        state.update(step=step, exp_avg=mean, exp_avg_sq=square)
        return param
