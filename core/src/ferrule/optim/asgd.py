"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, given, rate
from ferrule.tensor import Tensor


class ASGD(Optimizer):
    """Stochastic gradient descent with a falling rate, and an average of the parameters::

        g = grad + weight_decay * param
        param = param * (1 - lambd * eta) - eta * g
        ax = ax + mu * (param - ax)
        eta = lr / (1 + lambd * lr * t)**alpha
        mu = 1 / max(1, t - t0)

    State: ``step`` t, ``eta``, ``mu``, and the average ``ax``. The parameter itself is not the
    average.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the first learning rate; a number or a tensor.
        lambd: the factor of the decay.
        alpha: the power by which the rate falls.
        t0: the step from which on averages are taken.
        weight_decay: the L2 penalty's factor.
        maximize: climb instead of descend.
        foreach, differentiable, capturable: PyTorch's; they cannot be True.

    Source: Polyak, Juditsky, SIAM J. Control Optim. 30 (1992); the schedule: Bottou, "Stochastic
    gradient descent tricks", 2012.
    """

    numbers = frozenset({"step", "eta", "mu"})

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_range("ASGD", "weight_decay", group["weight_decay"])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        lr = rate(group, param)
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            # the two numbers stay in float32, as in PyTorch
            state["eta"] = lr.to(fe.float32)
            state["mu"] = fe.ones((), dtype=fe.float32, device=param.device)
            state["ax"] = fe.zeros_like(param)
        step = state["step"] + 1
        param, average = ops.asgd_step(
            param, grad, state["ax"], state["eta"], state["mu"],
            lambd=group["lambd"], **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        t = step.to(param.dtype)
        eta = lr / (1.0 + lr * group["lambd"] * t) ** group["alpha"]
        mu = 1.0 / fe.maximum(t - group["t0"], fe.ones_like(t))
        state.update(
            step=step, ax=average, eta=eta.to(state["eta"].dtype), mu=mu.to(state["mu"].dtype)
        )
        return param
