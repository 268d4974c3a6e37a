"""What all optimizers share: parameter groups, state, saving and the step over all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from numbers import Real
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError, CheckpointError, GraphError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType

State = dict[str, Tensor]
Group = dict[str, Any]


# What a group may hold besides options: a label, and the rate that a schedule starts from.
_NOT_OPTIONS = {"params", "name", "initial_lr"}


class Optimizer:
    """The base class of optimizers. Subclasses say what one parameter's `update` is.

    Attributes:
        param_groups: dicts with ``"params"`` and the options that hold for them.
        state: what is kept from step to step, by parameter; it is made by the first step.
        defaults: the options of groups that do not give their own.

    Raises:
        ArgumentError: there are no parameters, one is given twice, or an option is wrong.
        GraphError: a parameter is not a leaf.
    """

    def __init__(self, params: Iterable[Any] | Tensor, defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, State] = {}
        if isinstance(params, Tensor):
            raise ArgumentError(f"{self._name}: give a list of parameters, not one: [p]")
        groups = list(params)
        if groups and not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if not self._all():
            raise ArgumentError(
                f"{self._name}: there are no parameters; model.parameters() has those of modules "
                "that are attributes, and does not see those in a plain list: use nn.ModuleList"
            )

    @property
    def _name(self) -> str:
        return type(self).__name__

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        """One step of one parameter.

        Args:
            param, grad: the parameter and its gradient.
            state: this parameter's, to be changed; empty before the first step.
            group: the options.

        Returns:
            The parameter's next value.
        """
        raise NotImplementedError(f"{self._name} has no update(); define it")

    def check(self, group: Group) -> None:
        """Refuse options that make no sense, with `ArgumentError`."""

    def add_param_group(self, param_group: Group) -> None:
        """Optimize more parameters, with options of their own where given.

        Raises:
            ArgumentError, GraphError: as the constructor; nothing was added.
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise ArgumentError(
                f"{self._name}: a group is a dict with 'params', not {param_group!r}"
            )
        listed = param_group["params"]
        params = [listed] if isinstance(listed, Tensor) else list(listed)
        unknown = param_group.keys() - self.defaults.keys() - _NOT_OPTIONS
        if unknown:
            raise ArgumentError(
                f"{self._name}: has no option {sorted(unknown)[0]!r}; it has "
                f"{', '.join(self.defaults)}"
            )
        group = {**self.defaults, **param_group, "params": params}
        seen = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise ArgumentError(f"{self._name}: parameter {i} is {p!r}, not a tensor")
            if not p.is_leaf:
                raise GraphError(
                    f"{self._name}: parameter {i} ({p._type}) was computed from others, so that a "
                    "step would not reach them; give the leaves"
                )
            if id(p) in seen:
                raise ArgumentError(f"{self._name}: parameter {i} ({p._type}) is given twice")
            seen.add(id(p))
        check_rate(self._name, group["lr"])
        self.check(group)
        self.param_groups.append(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss anew, with its gradients, before the step.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with fe.enable_grad():
                loss = closure()
        with fe.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if (grad := p.grad) is not None:
                        state = self.state.setdefault(p, {})
                        p._rebind("step", self.update(p, grad, state, group))
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = None if set_to_none else fe.zeros_like(p)

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, with numbers in the place of parameters, in their order over
        all groups. Later steps do not change it."""
        numbers = {id(p): i for i, p in enumerate(self._all())}
        return {
            "state": {numbers[id(p)]: dict(state) for p, state in self.state.items() if state},
            "param_groups": [
                {
                    **{k: v for k, v in group.items() if k != "params"},
                    "params": [numbers[id(p)] for p in group["params"]],
                }
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, converted to the dtypes and devices of these
        parameters.

        Raises:
            CheckpointError: the groups differ in number or size, or a state in shape; nothing was
                changed.
        """
        if not {"state", "param_groups"} <= state_dict.keys():
            raise CheckpointError(
                f"{self._name}.load_state_dict: takes what state_dict() returns, with 'state' and "
                f"'param_groups', not a mapping with {', '.join(map(str, state_dict)) or 'nothing'}"
            )
        saved = state_dict["param_groups"]
        ours = [len(g["params"]) for g in self.param_groups]
        theirs = [len(g["params"]) for g in saved]
        if ours != theirs:
            raise CheckpointError(
                f"{self._name}.load_state_dict: the saved groups have {theirs} parameters, and "
                f"these have {ours}; build the same optimizer that was saved"
            )
        numbers = [i for g in saved for i in g["params"]]
        state: dict[Tensor, State] = {}
        by_number = {int(i): values for i, values in state_dict["state"].items()}
        for p, number in zip(self._all(), numbers):
            if number in by_number:
                state[p] = {
                    key: self._restored(p, number, key, value)
                    for key, value in by_number[number].items()
                    if value is not None
                }
        groups = [
            {
                **ours_,
                **{k: v for k, v in theirs_.items() if k in ours_},
                "params": ours_["params"],
            }
            for ours_, theirs_ in zip(self.param_groups, saved)
        ]
        for group in groups:
            group.update({k: tuple(v) for k, v in group.items() if k == "betas"})
            check_rate(self._name, group["lr"])
            self.check(group)
        self.state, self.param_groups = state, groups

    def _restored(self, p: Tensor, number: int, key: str, value: Any) -> Tensor:
        value = fe.as_tensor(value)
        if key == "step":
            return value.detach().to(device=p.device, dtype=fe.int64)
        if value.shape != p.shape:
            raise CheckpointError(
                f"{self._name}.load_state_dict: {key!r} of parameter {number} is {value._type}, "
                f"and the parameter is {p._type}; build the same model that was saved"
            )
        return value.detach().to(device=p.device, dtype=p.dtype)

    def _all(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        lines = [f"{self._name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {k}: {v}" for k, v in sorted(group.items()) if k != "params"]
        return "\n".join([*lines, ")"])


def check_rate(name: str, lr: Any) -> None:
    """Refuse a learning rate that is negative, infinite or not a number."""
    if isinstance(lr, Tensor):
        if lr.shape:
            raise ShapeError(
                f"{name}: lr must be one number, a tensor without dims, not {lr._type}"
            )
        lr = lr.item()
    check_range(name, "lr", lr)


def check_range(name: str, option: str, value: Any, below: float = math.inf) -> None:
    """Refuse an option that is not a number of at least 0 and below a bound."""
    if not isinstance(value, Real) or not 0.0 <= float(value) < below:
        bound = "a finite number of at least 0" if below == math.inf else f"in [0, {below:g})"
        raise ArgumentError(f"{name}: {option} must be {bound}, not {value!r}")


def rate(group: Group, param: Tensor) -> Tensor:
    """The learning rate as an operand of an update rule."""
    lr = group["lr"]
    if isinstance(lr, Tensor):
        return lr.detach().to(device=param.device, dtype=param.dtype)
    return _scalar(lr, param.dtype, param.device)


@lru_cache(maxsize=64)
def _scalar(value: float, dtype: DType, device: Device) -> Tensor:
    return fe.tensor(value, dtype=dtype, device=device)


def given(group: Group, *names: str) -> dict[str, Any]:
    """Those options of the group that are neither 0 nor False, which the update rules take to be
    the default. A call that names 0.0 is not looked up among past calls."""
    return {name: group[name] for name in names if group[name]}
