"""NAdam."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_betas, check_range, given, rate
from ferrule.tensor import Tensor


class NAdam(Optimizer):
    """`Adam` with Nesterov's momentum, which grows from beta1 / 2 to beta1::

        g = grad + weight_decay * param
        mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        d = sqrt(v / (1 - beta2**t)) + eps
        P = mu(1) * ... * mu(t)
        n = mu(t + 1)
        param = param - lr * ((1 - mu(t)) / (1 - P) * g + n / (1 - n * P) * m) / d

    State: ``step`` t, ``mu_product`` P, ``exp_avg`` m, ``exp_avg_sq`` v.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        betas: beta1 and beta2.
        eps: keeps the denominator from 0.
        weight_decay: the L2 penalty's factor.
        momentum_decay: how fast the momentum grows.
        decoupled_weight_decay: the weight decay acts on the parameter, as that of `AdamW`.
        maximize: climb instead of descend.
        foreach, capturable, differentiable: PyTorch's; they cannot be True.

    Source: Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
    """

    numbers = frozenset({"step", "mu_product"})

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_betas(self._name, group)
        for option in ("eps", "weight_decay", "momentum_decay"):
            check_range(self._name, option, group[option])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["mu_product"] = fe.ones((), dtype=fe.float32, device=param.device)
            state["exp_avg"] = state["exp_avg_sq"] = fe.zeros_like(param)
        step = state["step"] + 1
        beta1, beta2 = group["betas"]
        # P stays in float32, as in PyTorch, but not its factor
        growth = fe.exp(step.to(param.dtype) * (group["momentum_decay"] * math.log(0.96)))
        factor = (1.0 - 0.5 * growth) * beta1
        product = state["mu_product"] * factor.to(state["mu_product"].dtype)
        param, mean, square = ops.nadam_step(
            param, grad, state["exp_avg"], state["exp_avg_sq"], product, rate(group, param), step,
            beta1=beta1, beta2=beta2, eps=group["eps"], momentum_decay=group["momentum_decay"],
            **given(group, "weight_decay", "decoupled_weight_decay", "maximize"),
        )  # fmt: skip
        state.update(step=step, mu_product=product, exp_avg=mean, exp_avg_sq=square)
        return param
