"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, given, rate
from ferrule.tensor import Tensor


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum or without::

        g = grad + weight_decay * param
        b = momentum * b + (1 - dampening) * g    (b = g in the first step)
        param = param - lr * b

    State: the ``momentum_buffer`` b, with momentum.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        momentum: how much of b is kept from step to step.
        dampening: how much of the gradient is kept out of b.
        weight_decay: the L2 penalty's factor.
        nesterov: move along ``g + momentum * b``.
        maximize: climb instead of descend.
        foreach, differentiable, fused: PyTorch's; they cannot be True.

    Source: Sutskever et al., ICML 2013; as there, but the learning rate is outside of b.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_range("SGD", "momentum", group["momentum"])
        check_range("SGD", "weight_decay", group["weight_decay"])
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ArgumentError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        param, *buffer = ops.sgd_step(
            param, grad, rate(group, param), state.get("momentum_buffer"),
            **given(group, "momentum", "dampening", "nesterov", "weight_decay", "maximize"),
        )  # fmt: skip
        if buffer:
            state["momentum_buffer"] = buffer[0]
        return param
