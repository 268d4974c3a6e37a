"""An optimizer's state as PyTorch lays it out, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe
from ferrule.errors import CheckpointError
from ferrule.optim.options import SWITCHES, Group
from ferrule.tensor import Tensor

if TYPE_CHECKING:
    from ferrule.optim.optimizer import Optimizer


def dump(optimizer: Optimizer) -> dict[str, Any]:
    """See `Optimizer.state_dict`."""
    numbers = {id(p): i for i, p in enumerate(optimizer._all())}
    return {
        "state": {
            numbers[id(p)]: {key: _saved(key, value) for key, value in state.items()}
            for p, state in optimizer.state.items()
            if state and id(p) in numbers
        },
        "param_groups": [
            {
                **{k: _saved(k, v) for k, v in group.items() if k != "params"},
                "params": [numbers[id(p)] for p in group["params"]],
            }
            for group in optimizer.param_groups
        ],
    }


def _saved(key: str, value: Any) -> Any:
    if key == "step" and isinstance(value, Tensor):
        return value.to(fe.float32)  # as PyTorch has it
    if isinstance(value, Tensor):
        return value.detach()
    return list(value) if isinstance(value, list) else value


def restore(
    optimizer: Optimizer, state_dict: Mapping[str, Any]
) -> tuple[defaultdict[Any, dict[str, Any]], list[Group]]:
    """The state and the groups that `Optimizer.load_state_dict` is to set.

    Raises:
        CheckpointError: they do not fit.
    """
    name = optimizer._name
    if not {"state", "param_groups"} <= state_dict.keys():
        raise CheckpointError(
            f"{name}.load_state_dict: takes what state_dict() returns, with 'state' and "
            f"'param_groups', not a mapping with {', '.join(map(str, state_dict)) or 'nothing'}"
        )
    saved = state_dict["param_groups"]
    ours = [len(g["params"]) for g in optimizer.param_groups]
    theirs = [len(g["params"]) for g in saved]
    if ours != theirs:
        raise CheckpointError(
            f"{name}.load_state_dict: the saved groups have {theirs} parameters, and "
            f"these have {ours}; build the same optimizer that was saved"
        )
    state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
    by_number = {int(i): values for i, values in state_dict["state"].items()}
    numbers = [i for g in saved for i in g["params"]]
    for p, number in zip(optimizer._all(), numbers):
        if number in by_number:
            state[p] = {
                key: optimizer._restored(p, number, key, value)
                for key, value in by_number[number].items()
                if value is not None
            }
    groups = [_group(*pair) for pair in zip(optimizer.param_groups, saved)]
    for group in groups:
        optimizer._check(group)
    return state, groups


def _group(ours: Group, theirs: Mapping[str, Any]) -> Group:
    """A saved group with our parameters, and run in our way."""
    group = dict(ours)
    for key, value in theirs.items():
        if key != "params" and key not in SWITCHES:
            tuples = isinstance(value, list) and isinstance(ours.get(key), tuple)
            group[key] = tuple(value) if tuples else _own(value)
    return group


def _own(value: Any) -> Any:
    """A learning rate that is a tensor would be written to by schedules, here and where it is
    from; arrays become tensors."""
    if isinstance(value, (Tensor, np.ndarray)):
        return fe.as_tensor(value).detach()
    return value


def entry(p: Tensor, number: int, key: str, value: Any, *, is_number: bool, name: str) -> Tensor:
    """One entry of a parameter's state, on the parameter's device.

    Args:
        is_number: it is one number, and keeps its precision; otherwise it gets the parameter's
            dtype.

    Raises:
        CheckpointError: it has another shape than it should.
    """
    found = fe.as_tensor(value).detach()
    if key == "step":
        return found.reshape(()).to(device=p.device, dtype=fe.int64)
    if is_number:
        return found.reshape(()).to(device=p.device)
    if found.shape != p.shape:
        raise CheckpointError(
            f"{name}.load_state_dict: {key!r} of parameter {number} is {found._type}, and the "
            f"parameter is {p._type}; build the same model that was saved"
        )
    return found.to(device=p.device, dtype=p.dtype)
