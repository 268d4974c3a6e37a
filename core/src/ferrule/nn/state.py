"""Changing the values of parameters and buffers, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ferrule as fe
from ferrule.autograd.node import Leaf
from ferrule.errors import CheckpointError
from ferrule.tensor import Tensor
from ferrule_plugins import DType


def placed(x: Tensor, device: Any, dtype: DType | None) -> Tensor:
    """The value of ``x`` on ``device``, in ``dtype`` if it is floating; with its gradient."""
    convert = dtype if x.dtype.is_floating_point else None
    value = x.detach().to(device=device, dtype=convert)
    if x.grad is not None:
        value.requires_grad_()
        value.grad = x.grad.detach().to(device=device, dtype=convert)
    return value


def set_value(x: Tensor, value: Tensor) -> None:
    """Give ``x`` the value and type of another tensor. It stays the object and the leaf that it
    is, so optimizers and shared uses follow."""
    x._data, x._type = value._data, value._type
    if isinstance(x._node, Leaf):
        x._node.grad = value.grad


def load(
    name: str, own: Mapping[str, Tensor], given: Mapping[str, Any], strict: bool
) -> tuple[list[str], list[str]]:
    """Set every tensor of ``own`` to its namesake's value.

    Args:
        name: of what is loaded, for messages.
        own: what is to be set.
        given: tensors or arrays.
        strict: whether missing and unexpected names are errors.

    Returns:
        Names that are in ``own`` alone, and in ``given`` alone.

    Raises:
        CheckpointError: see `Module.load_state_dict`.
    """
    missing = [key for key in own if key not in given]
    unexpected = [key for key in given if key not in own]
    values = {key: fe.as_tensor(given[key]) for key in own if key in given}
    problems: list[str] = []
    if strict and missing:
        problems.append(f"missing: {', '.join(missing)}")
    if strict and unexpected:
        problems.append(f"unexpected: {', '.join(unexpected)}")
    wrong = [
        f"{key} is {value._type} and should be {own[key]._type}"
        for key, value in values.items()
        if value.shape != own[key].shape
    ]
    if wrong:
        problems.append(f"of another shape: {'; '.join(wrong)}")
    if problems:
        advice = "build the same model that was saved"
        if strict and not wrong:
            advice += ", or pass strict=False to load what fits"
        raise CheckpointError(
            f"load_state_dict: the state does not fit {name}; {advice}. Nothing was changed."
            + "".join(f"\n  {p}" for p in problems)
        )
    with fe.no_grad():
        values = {
            key: value.detach().to(device=own[key].device, dtype=own[key].dtype)
            for key, value in values.items()
        }
    for key, value in values.items():
        own[key]._data = value._data
    return missing, unexpected
