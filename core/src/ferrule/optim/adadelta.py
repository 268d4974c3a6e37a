"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, given, rate
from ferrule.tensor import Tensor


class Adadelta(Optimizer):
    """Steps in units of past steps::

        g = grad + weight_decay * param
        v = rho * v + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        param = param - lr * d

    State: ``step``, ``square_avg`` v, ``acc_delta`` u.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: what the steps are multiplied by; a number or a tensor.
        rho: how much of the averages is kept from step to step.
        eps: keeps the denominator from 0, and the first step.
        weight_decay: the L2 penalty's factor.
        maximize: climb instead of descend.
        foreach, capturable, differentiable: PyTorch's; they cannot be True.

    Source: Zeiler, arXiv:1212.5701.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        if not isinstance(group["rho"], Real) or not 0.0 <= float(group["rho"]) <= 1.0:
            raise ArgumentError(f"Adadelta: rho must be in [0, 1], not {group['rho']!r}")
        check_range("Adadelta", "eps", group["eps"])
        check_range("Adadelta", "weight_decay", group["weight_decay"])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["square_avg"] = state["acc_delta"] = fe.zeros_like(param)
        param, square, delta = ops.adadelta_step(
            param, grad, state["square_avg"], state["acc_delta"], rate(group, param),
            rho=group["rho"], eps=group["eps"], **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        state.update(step=state["step"] + 1, square_avg=square, acc_delta=delta)
        return param
