"""Resilient backpropagation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, given, rate
from ferrule.tensor import Tensor


class Rprop(Optimizer):
    """Steps whose sizes grow while the gradient keeps its sign and shrink where it turns; see
    ``fe.ops.rprop_step`` for the equations. For full batches.

    State: ``step``, ``prev`` (the last gradient), ``step_size``.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the size of the first steps; a number or a tensor.
        etas: what sizes are multiplied by where the sign turns, and where it does not.
        step_sizes: the least and the greatest size.
        maximize: climb instead of descend.
        capturable, foreach, differentiable: PyTorch's; they cannot be True.

    Source: Riedmiller, Braun, ICNN 1993.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        for option in ("etas", "step_sizes"):
            if not isinstance(group[option], (tuple, list)) or len(group[option]) != 2:
                raise ArgumentError(f"Rprop: {option} must be two numbers, not {group[option]!r}")
        if not 0.0 < group["etas"][0] < 1.0 < group["etas"][1]:
            raise ArgumentError(
                f"Rprop: etas must be one below 1 and one above, not {group['etas']!r}"
            )

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            state["prev"] = fe.zeros_like(param)
            state["step_size"] = fe.zeros_like(param) + rate(group, param)
        (smaller, larger), (least, most) = group["etas"], group["step_sizes"]
        param, prev, size = ops.rprop_step(
            param, grad, state["prev"], state["step_size"],
            etaminus=smaller, etaplus=larger, step_size_min=least, step_size_max=most,
            **given(group, "maximize"),
        )  # fmt: skip
        state.update(step=state["step"] + 1, prev=prev, step_size=size)
        return param
