"""Muon."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.ops.optimizer.orthogonal import ratio_of
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, rate
from ferrule.tensor import Tensor

_ADJUSTMENTS = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    """Momentum made orthogonal, for the matrices of hidden layers; see ``fe.ops.muon_step`` for
    the equations. Vectors, and the first and the last layer, want another optimizer.

    State: ``momentum_buffer``.

    Args:
        params: matrices, or groups: dicts of ``"params"`` and options.
        lr: the learning rate; a number or a tensor.
        weight_decay: as that of `AdamW`.
        momentum: how much of the buffer is kept from step to step.
        nesterov: look one step ahead.
        ns_coefficients: a, b and c of the iteration.
        eps: the least norm that is divided by.
        ns_steps: how often the iteration is done, less than 100. It is done in bfloat16 where the
            backend has it, as in PyTorch, and otherwise in the parameter's precision.
        adjust_lr_fn: how the rate depends on the matrix's size: ``"original"``, which None stands
            for, or ``"match_rms_adamw"``.

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; the
    second adjustment: Liu et al., arXiv:2502.16982.
    """

    complex_params = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        options = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        for option in ("momentum", "weight_decay", "eps"):
            check_range("Muon", option, group[option])
        check_range("Muon", "ns_steps", group["ns_steps"], below=100.0)
        if len(group["ns_coefficients"]) != 3:
            raise ArgumentError(
                f"Muon: ns_coefficients must be three numbers, not {group['ns_coefficients']!r}"
            )
        if group["adjust_lr_fn"] not in _ADJUSTMENTS:
            raise ArgumentError(
                f"Muon: adjust_lr_fn must be one of {', '.join(map(repr, _ADJUSTMENTS))}, not "
                f"{group['adjust_lr_fn']!r}"
            )

    def _check_param(self, i: int, p: Any) -> None:
        super()._check_param(i, p)
        if p.ndim != 2:
            raise ArgumentError(
                f"Muon: parameter {i} is {p._type}, not a matrix; give it to another optimizer"
            )

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["momentum_buffer"] = fe.zeros_like(param)
        a, b, c = group["ns_coefficients"]
        dtypes = fe.runtime.active(param.device.backend).backend.capabilities.dtypes
        param, state["momentum_buffer"] = ops.muon_step(
            param, grad, state["momentum_buffer"], rate(group, param),
            momentum=group["momentum"], nesterov=group["nesterov"],
            weight_decay=group["weight_decay"], a=a, b=b, c=c,
            eps=group["eps"], ns_steps=group["ns_steps"],
            ratio=ratio_of(group["adjust_lr_fn"], *param.shape),
            precision=fe.bfloat16 if fe.bfloat16 in dtypes else None,
        )  # fmt: skip
        return param
