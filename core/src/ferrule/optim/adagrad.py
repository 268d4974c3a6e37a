"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, given, rate
from ferrule.tensor import Tensor


class Adagrad(Optimizer):
    """Rates that fall with the sum of squares of all gradients so far::

        g = grad + weight_decay * param
        s = s + g**2
        param = param - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    State, there before the first step: ``step`` t, ``sum`` s.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        lr_decay: how fast the rate falls besides.
        weight_decay: the L2 penalty's factor.
        initial_accumulator_value: what s begins with.
        eps: keeps the denominator from 0.
        maximize: climb instead of descend.
        foreach, differentiable, fused: PyTorch's; they cannot be True.

    Source: Duchi, Hazan, Singer, JMLR 12 (2011).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        for option in ("lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            check_range(self._name, option, group[option])

    def add_param_group(self, param_group: Group) -> None:
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        start = group["initial_accumulator_value"]
        for p in group["params"]:
            value = complex(start, start) if p.dtype.is_complex else start
            self.state[p] = {
                "step": fe.zeros((), dtype=fe.int64, device=p.device),
                "sum": fe.full_like(p, value),
            }

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        step = state["step"] + 1
        param, total = ops.adagrad_step(
            param, grad, state["sum"], rate(group, param), step,
            eps=group["eps"], **given(group, "lr_decay", "weight_decay", "maximize"),
        )  # fmt: skip
        state.update(step=step, sum=total)
        return param
