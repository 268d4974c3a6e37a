"""RAdam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_betas, check_range, given, rate
from ferrule.tensor import Tensor


class RAdam(Optimizer):
    """`Adam` that divides by the second moment only as soon, and as far, as its variance is
    known; see ``fe.ops.radam_step`` for the equations.

    State: ``step``, ``exp_avg``, ``exp_avg_sq``.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        betas: beta1 and beta2.
        eps: keeps the denominator from 0.
        weight_decay: the L2 penalty's factor.
        decoupled_weight_decay: the weight decay acts on the parameter, as that of `AdamW`.
        maximize: climb instead of descend.
        foreach, capturable, differentiable: PyTorch's; they cannot be True.

    Source: Liu et al., arXiv:1908.03265.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_betas(self._name, group)
        check_range(self._name, "eps", group["eps"])
        check_range(self._name, "weight_decay", group["weight_decay"])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["exp_avg"] = state["exp_avg_sq"] = fe.zeros_like(param)
        step = state["step"] + 1
        beta1, beta2 = group["betas"]
        param, mean, square = ops.radam_step(
            param, grad, state["exp_avg"], state["exp_avg_sq"], rate(group, param), step,
            beta1=beta1, beta2=beta2, eps=group["eps"],
            **given(group, "weight_decay", "decoupled_weight_decay", "maximize"),
        )  # fmt: skip
        state.update(step=step, exp_avg=mean, exp_avg_sq=square)
        return param
