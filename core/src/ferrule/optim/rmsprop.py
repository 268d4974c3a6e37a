"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, given, rate
from ferrule.tensor import Tensor


class RMSprop(Optimizer):
    """Gradients divided by the root of an average of their squares::

        g = grad + weight_decay * param
        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g           (centered)
        b = momentum * b + g / (sqrt(v) + eps)    (sqrt(v - a**2) if centered)
        param = param - lr * b

    State: ``step``, ``square_avg`` v, ``momentum_buffer`` b with momentum, ``grad_avg`` a if
    centered.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        alpha: how much of the averages is kept from step to step.
        eps: keeps the denominator from 0.
        weight_decay: the L2 penalty's factor.
        momentum: how much of b is kept from step to step.
        centered: divide by the standard deviation.
        maximize: climb instead of descend.
        capturable, foreach, differentiable: PyTorch's; they cannot be True.

    Source: Hinton, Srivastava, Swersky, "Neural networks for machine learning", lecture 6e, 2012;
    centered: Graves, arXiv:1308.0850.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        for option in ("eps", "momentum", "weight_decay", "alpha"):
            check_range(self._name, option, group[option])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["square_avg"] = fe.zeros_like(param)
        kept = ["square_avg"]
        kept += ["grad_avg"] * bool(group["centered"])
        kept += ["momentum_buffer"] * bool(group["momentum"])
        for key in kept:  # an option may be turned on in the middle of training
            state.setdefault(key, fe.zeros_like(param))
        param, *found = ops.rmsprop_step(
            param, grad, state["square_avg"], rate(group, param),
            state["grad_avg"] if group["centered"] else None,
            state["momentum_buffer"] if group["momentum"] else None,
            alpha=group["alpha"], eps=group["eps"],
            **given(group, "weight_decay", "momentum", "maximize"),
        )  # fmt: skip
        state.update(zip(kept, found), step=state["step"] + 1)
        return param
