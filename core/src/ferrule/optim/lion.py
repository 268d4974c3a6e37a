"""Lion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_betas, check_range, given, rate
from ferrule.tensor import Tensor


class Lion(Optimizer):
    """Steps along the sign of an average of gradients::

        u = sign(beta1 * m + (1 - beta1) * grad)
        m = beta2 * m + (1 - beta2) * grad
        param = param * (1 - lr * weight_decay) - lr * u

    State: ``exp_avg`` m. The learning rate wants to be three to ten times smaller than that of
    `AdamW`, and the weight decay as much larger.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        betas: beta1 and beta2.
        weight_decay: as that of `AdamW`.
        maximize: climb instead of descend.

    Source: Chen et al., arXiv:2302.06675.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        check_betas("Lion", group)
        check_range("Lion", "weight_decay", group["weight_decay"])

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["exp_avg"] = fe.zeros_like(param)
        beta1, beta2 = group["betas"]
        param, state["exp_avg"] = ops.lion_step(
            param, grad, state["exp_avg"], rate(group, param),
            beta1=beta1, beta2=beta2, **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        return param
