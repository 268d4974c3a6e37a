"""Checking the options of optimizers, and making operands of them."""

from __future__ import annotations

import math
from functools import lru_cache
from numbers import Real
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType

Group = dict[str, Any]

SWITCHES = {
    "foreach": "how many parameters a kernel takes at once is the backend's affair",
    "fused": "a backend that has a kernel for the whole step runs it without being asked",
    "capturable": "the number of the step is a tensor on the parameter's device anyway",
    "differentiable": "a step is not recorded; differentiate the body of the optimizer's op, such "
    "as fe.ops.adam_step.body, with fe.func",
}
"""PyTorch's options that are about the way in which a step is run, and why there is no choice."""


def check_switches(name: str, group: Group) -> None:
    """Refuse switches that are on."""
    for option, reason in SWITCHES.items():
        if group.get(option):
            raise ArgumentError(
                f"{name}: {option}={group[option]!r} cannot be chosen: {reason}; leave it out"
            )


def check_rate(name: str, lr: Any) -> None:
    """Refuse a learning rate that is negative, infinite or not a number."""
    if isinstance(lr, Tensor):
        if lr.numel() != 1:
            raise ShapeError(f"{name}: lr must be one number, not {lr._type}")
        lr = lr.item()
    check_range(name, "lr", lr)


def check_range(name: str, option: str, value: Any, below: float = math.inf) -> None:
    """Refuse an option that is not a number of at least 0 and below a bound."""
    if not isinstance(value, Real) or not 0.0 <= float(value) < below:
        bound = "a finite number of at least 0" if below == math.inf else f"in [0, {below:g})"
        raise ArgumentError(f"{name}: {option} must be {bound}, not {value!r}")


def check_betas(name: str, group: Group) -> None:
    """Refuse betas that are not two numbers in [0, 1)."""
    betas = group["betas"]
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ArgumentError(f"{name}: betas must be two numbers, not {betas!r}")
    for i, beta in enumerate(betas):
        check_range(name, f"betas[{i}]", beta, below=1.0)


def rate(group: Group, param: Tensor) -> Tensor:
    """The learning rate as an operand of an update rule."""
    lr = group["lr"]
    if isinstance(lr, Tensor):
        return lr.detach().reshape(()).to(device=param.device, dtype=param.dtype)
    return _scalar(lr, param.dtype, param.device)


@lru_cache(maxsize=64)
def _scalar(value: float, dtype: DType, device: Device) -> Tensor:
    return fe.tensor(value, dtype=dtype, device=device)


def given(group: Group, *names: str) -> dict[str, Any]:
    """Those options of the group that are neither 0 nor False, which the update rules take to be
    the default. A call that names 0.0 is not looked up among past calls."""
    return {name: group[name] for name in names if group[name]}
