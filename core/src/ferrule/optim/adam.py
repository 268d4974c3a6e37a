"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_betas, check_range, given, rate
from ferrule.tensor import Tensor


class Adam(Optimizer):
    """Steps of a size that moments of the gradient decide::

        g = grad + weight_decay * param
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        param = param - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    State: ``step`` t, ``exp_avg`` m, ``exp_avg_sq`` v, and ``max_exp_avg_sq`` with ``amsgrad``.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        betas: beta1 and beta2.
        eps: keeps the denominator from 0.
        weight_decay: the L2 penalty's factor.
        amsgrad: divide by the largest v so far.
        maximize: climb instead of descend.
        decoupled_weight_decay: be `AdamW`.
        foreach, capturable, differentiable, fused: PyTorch's; they cannot be True.

    Source: Kingma, Ba, arXiv:1412.6980; AMSGrad: Reddi, Kale, Kumar, arXiv:1904.09237.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
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
        if group["amsgrad"]:  # which may be turned on in the middle of training
            state.setdefault("max_exp_avg_sq", state["exp_avg_sq"])
        step = state["step"] + 1
        beta1, beta2 = group["betas"]
        rule = ops.adamw_step if group["decoupled_weight_decay"] else ops.adam_step
        param, *moments = rule(
            param, grad, state["exp_avg"], state["exp_avg_sq"], rate(group, param), step,
            state["max_exp_avg_sq"] if group["amsgrad"] else None,
            beta1=beta1, beta2=beta2, eps=group["eps"], **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        state.update(zip(("exp_avg", "exp_avg_sq", "max_exp_avg_sq"), moments), step=step)
        return param


class AdamW(Adam):
    """`Adam` whose weight decay acts on the parameter, not on the gradient::

        param = param * (1 - lr * weight_decay)

    before the step, with ``weight_decay`` 0.01 by default.

    Source: Loshchilov, Hutter, arXiv:1711.05101.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=True,
        )  # fmt: skip

    def _check(self, group: Group) -> None:
        group["decoupled_weight_decay"] = True  # a saved group may lack it
        super()._check(group)
