"""Adamax."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_betas, check_range, given, rate
from ferrule.tensor import Tensor


class Adamax(Optimizer):
    """`Adam` with the maximum norm in the place of the second moment::

        g = grad + weight_decay * param
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        param = param - lr / (1 - beta1**t) * m / u

    State: ``step`` t, ``exp_avg`` m, ``exp_inf`` u.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        betas: beta1 and beta2.
        eps: keeps the denominator from 0.
        weight_decay: the L2 penalty's factor.
        maximize: climb instead of descend.
        foreach, differentiable, capturable: PyTorch's; they cannot be True.

    Source: Kingma, Ba, arXiv:1412.6980, section 7.1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_betas(self._name, group)
        check_range(self._name, "eps", group["eps"])
        check_range(self._name, "weight_decay", group["weight_decay"])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["exp_avg"] = state["exp_inf"] = fe.zeros_like(param)
        step = state["step"] + 1
        beta1, beta2 = group["betas"]
        param, mean, norm = ops.adamax_step(
            param, grad, state["exp_avg"], state["exp_inf"], rate(group, param), step,
            beta1=beta1, beta2=beta2, eps=group["eps"], **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        state.update(step=step, exp_avg=mean, exp_inf=norm)
        return param
