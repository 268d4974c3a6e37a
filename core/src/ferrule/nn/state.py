"""What a module saves, and how it takes it back: all of it, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import ferrule as fe
from ferrule.autograd.node import Leaf
from ferrule.errors import ArgumentError, CheckpointError
from ferrule.nn.hooks import attach
from ferrule.nn.lazy import is_uninitialized
from ferrule.nn.parameter import Parameter
from ferrule.nn.tree import Tree, is_module, own_buffers, own_parameters
from ferrule.tensor import RemovableHandle, Tensor

EXTRA = "_extra_state"
"""The last part of the name under which `State.get_extra_state` is saved."""


class IncompatibleKeys(NamedTuple):
    """What `State.load_state_dict` did not find a counterpart for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class State(Tree):
    """What `Module` knows of saving and loading."""

    _version: int = 1

    def state_dict(
        self,
        *,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by dotted name. The values are those of now: later
        training does not change them.

        Args:
            destination: a dict to add them to; by default a new one.
            prefix: what the names begin with.
            keep_vars: the parameters and buffers themselves, and not only their values.
        """
        destination = {} if destination is None else destination
        hooks = self._hooks
        for hook in () if hooks is None else tuple(hooks.state_pre.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, value in tuple(self.__dict__.items()):
            if is_module(value):
                inner = f"{prefix}{name}."
                value.state_dict(destination=destination, prefix=inner, keep_vars=keep_vars)
        for hook in () if hooks is None else tuple(hooks.state_post.values()):
            hook(self, destination, prefix, {"version": self._version})
        return destination

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Add what is this module's own, without what is below it."""
        for name, value in self._own_state().items():
            keeps = keep_vars or is_uninitialized(value)
            destination[prefix + name] = value if keeps else value.detach()
        if _defines(self, "get_extra_state"):
            destination[prefix + EXTRA] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """What else is to be saved. Define it together with `set_extra_state`."""
        raise NotImplementedError(f"{type(self).__name__} has no extra state")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned."""
        raise NotImplementedError(f"{type(self).__name__} has no extra state")

    def _own_state(self) -> dict[str, Tensor]:
        own: dict[str, Tensor] = dict(own_parameters(self))
        own.update((name, value) for name, value in own_buffers(self) if self._buffers[name])
        return own

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Take the values of `state_dict`, converted to this module's dtypes and devices.

        Args:
            state_dict: tensors or arrays by name.
            strict: whether missing and unexpected names are errors. Wrong shapes always are.
            assign: take the tensors as they are, with their dtypes and devices, in the place of
                this module's.

        Returns:
            The missing and the unexpected names.

        Raises:
            CheckpointError: something does not fit. It lists all that does not, and parameters and
                buffers are as they were.
        """
        if not isinstance(state_dict, Mapping):
            raise ArgumentError(
                f"load_state_dict: a mapping of tensors by name is wanted, not {state_dict!r}"
            )
        metadata = getattr(state_dict, "_metadata", None) or {}
        loading = _Loading(metadata, assign)
        before = _Snapshot(self)
        try:
            with fe.no_grad():
                loading.load(self, dict(state_dict), "")
            loading.check(type(self).__name__, strict)
        except BaseException:
            before.restore()
            raise
        return loading.keys

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
        /,
    ) -> None:
        """Take what is this module's own, without what is below it, and add to the lists what does
        not fit."""
        hooks = self._hooks
        for hook in () if hooks is None else tuple(hooks.load_pre.values()):
            hook(
                self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                error_msgs,
            )  # fmt: skip
        own = self._own_state()
        extra = _defines(self, "set_extra_state")
        for name, value in own.items():
            key = prefix + name
            if key in state_dict:
                assign = local_metadata.get("assign_to_params_buffers", False)
                problem = _take(self, name, value, state_dict[key], assign)
                if problem:
                    error_msgs.append(f"{problem[0]}: {key} {problem[1]}")
            else:
                missing_keys.append(key)
        if extra and prefix + EXTRA in state_dict:
            self.set_extra_state(state_dict[prefix + EXTRA])
        elif extra:
            missing_keys.append(prefix + EXTRA)
        for key in state_dict:
            if key.startswith(prefix):
                first, dot, _ = key.removeprefix(prefix).partition(".")
                known = is_module(self.__dict__.get(first)) if dot else first in own
                if not known and not (extra and key == prefix + EXTRA):
                    unexpected_keys.append(key)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` reads this module."""
        return attach(self._all_hooks().state_pre, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` when `state_dict` has this
        module and all below it. The hook may write to the dict."""
        return attach(self._all_hooks().state_post, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)`` before this module takes its values. The hook may write to
        the dict, which is a copy, to rename or convert what is in it."""
        return attach(self._all_hooks().load_pre, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` when this module and all below it have taken
        their values. The hook may remove names from the two lists."""
        return attach(self._all_hooks().load_post, hook)


class _Loading:
    """One call of `State.load_state_dict`."""

    def __init__(self, metadata: Mapping[str, Any], assign: bool) -> None:
        self.metadata = metadata
        self.assign = assign
        self.keys = IncompatibleKeys([], [])
        self.problems: list[str] = []

    def load(self, module: Any, given: dict[str, Any], prefix: str) -> None:
        local = {**self.metadata.get(prefix[:-1], {}), "assign_to_params_buffers": self.assign}
        missing, unexpected = self.keys
        module._load_from_state_dict(
            given, prefix, local, True, missing, unexpected, self.problems
        )  # fmt: skip
        for name, child in tuple(module.__dict__.items()):
            if is_module(child):
                inner = f"{prefix}{name}."
                part = {key: value for key, value in given.items() if key.startswith(inner)}
                self.load(child, part, inner)
        hooks = module._hooks
        for hook in () if hooks is None else tuple(hooks.load_post.values()):
            if hook(module, self.keys) is not None:
                raise ArgumentError(
                    "a hook that was registered with register_load_state_dict_post_hook returns "
                    "nothing; let it change the lists in place"
                )

    def check(self, name: str, strict: bool) -> None:
        missing, unexpected = self.keys
        problems: list[str] = []
        if strict and missing:
            problems.append(f"missing: {', '.join(missing)}")
        if strict and unexpected:
            problems.append(f"unexpected: {', '.join(unexpected)}")
        problems += self.problems
        if problems:
            advice = "build the same model that was saved"
            if strict and not self.problems:
                advice += ", or pass strict=False to load what fits"
            raise CheckpointError(
                f"load_state_dict: the state does not fit {name}; {advice}. Nothing was changed."
                + "".join(f"\n  {p}" for p in problems)
            )


class _Snapshot:
    """The parameters and buffers of a module and all below it, as they are now."""

    def __init__(self, module: Tree) -> None:
        self.places: list[tuple[dict[str, Any], str, Tensor]] = []
        self.values: dict[int, tuple[Tensor, type, Any, Any]] = {}
        for part in module.modules():
            for name, value in (*own_parameters(part), *own_buffers(part)):
                self.places.append((part.__dict__, name, value))
                type_ = None if is_uninitialized(value) else value._type
                self.values[id(value)] = value, type(value), value._data, type_

    def restore(self) -> None:
        for attributes, name, value in self.places:
            attributes[name] = value
        for value, kind, data, type_ in self.values.values():
            value.__class__ = kind
            value._data = data
            if type_ is not None:
                value._type = type_


def _take(
    module: State, name: str, own: Tensor, given: Any, assign: bool
) -> tuple[str, str] | None:
    """Give the parameter or buffer ``own`` its value; or say what is wrong with it."""
    try:
        value = given if isinstance(given, Tensor) else fe.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        return "no tensor", f"is {type(given).__name__}"
    if is_uninitialized(value):
        return None if is_uninitialized(own) else ("uninitialized", "has no value yet")
    if value.shape == (1,) and not is_uninitialized(own) and own.shape == ():
        value = fe.reshape(value, ())  # as the first versions of PyTorch saved them
    if value.shape != own.shape:
        return "of another shape", f"is {value._type} and should be {own._type}"
    if assign:
        value = value.detach()
        module.__dict__[name] = (
            Parameter(value, own.requires_grad) if isinstance(own, Parameter) else value
        )
    else:
        own._data = value.detach().to(device=own.device, dtype=own.dtype)._data
    return None


def _defines(module: State, method: str) -> bool:
    return getattr(type(module), method) is not getattr(State, method)


def set_value(x: Tensor, value: Tensor) -> None:
    """Give ``x`` the value and type of another tensor. It stays the object and the leaf that it
    is, so optimizers and shared uses follow."""
    if is_uninitialized(x) and is_uninitialized(value):
        x.follow(value)
        return
    x._data, x._type = value._data, value._type
    if isinstance(x._node, Leaf):
        x._node.grad = value.grad


def move(tensors: Iterable[Tensor], convert: Callable[[Tensor], Tensor]) -> None:
    """Give each tensor, and the gradient that it holds, what ``convert`` makes of them: all or
    none."""
    found: list[tuple[Tensor, Tensor]] = []
    for x in tensors:
        value = convert(x.detach())
        if x.grad is not None:
            value.requires_grad_()
            value.grad = convert(x.grad.detach())
        found.append((x, value))
    for x, value in found:
        set_value(x, value)
