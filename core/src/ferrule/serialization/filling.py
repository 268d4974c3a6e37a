"""Giving a model its tensors one by one, after finding out that they fit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ferrule.errors import CheckpointError
from ferrule.serialization import staging
from ferrule.serialization.stored import Path, Stored
from ferrule.tensor import Tensor
from ferrule_plugins import DType

if TYPE_CHECKING:
    from ferrule.nn import Module


class Plan:
    """How the names of a model and those of a file fit together.

    Attributes:
        whole: whether the model has to see its state as a whole, because hooks ask for that, or
            because it has tensors without a shape as yet.
    """

    def __init__(self, model: Module, given: dict[str, Stored]) -> None:
        from ferrule.nn.lazy import is_uninitialized

        self.model = model
        self.given = given
        self.own: dict[str, Any] = model.state_dict(keep_vars=True)
        self.names: dict[int, list[str]] = {}  # of each tensor
        for name, value in self.own.items():
            self.names.setdefault(id(value), []).append(name)
        # Modules with ways of their own, such as BatchNorm's with older files, by prefix.
        self.special: dict[str, Any] = {}
        self.whole = any(
            not isinstance(x, Tensor) or is_uninitialized(x) for x in self.own.values()
        )
        for path, module in model.named_modules(remove_duplicate=False):
            hooks = module._hooks
            self.whole |= bool(hooks and (hooks.load_pre or hooks.load_post))
            if _own_way(module):
                self.special[f"{path}." if path else ""] = module
                self.whole |= any(True for _ in module.children())

    def under_all_names(self) -> dict[str, Stored]:
        """What is given, under every name that a tensor has in the model."""
        more = {
            name: self.given[other]
            for name, value in self.own.items()
            for other in self.names[id(value)]
            if other in self.given
        }
        return {**more, **self.given}

    def fill(
        self,
        filename: Path,
        strict: bool,
        device: Any,
        dtype: DType | None,
        prefix: str,
        all_names: list[str],
    ) -> tuple[list[str], list[str]]:
        """Set the model's tensors to those that are given.

        Args:
            filename, prefix, all_names: what was asked for, and what is in the file, for messages.
            strict: whether missing and unexpected names are errors.
            device: where tensors go; by default each stays where it is.
            dtype: of floating ones; by default each keeps its own.

        Returns:
            The missing and the unexpected names.

        Raises:
            CheckpointError: something does not fit, and nothing has been changed.
        """
        with unless_it_fails(self.special.values()):
            missing, unexpected, wrong = self._fill_special(device, dtype)
            missing += self._missing()
            unexpected += [n for n in self.given if n not in self.own and not self._is_special(n)]
            wrong += self._of_another_shape()
            if wrong or (strict and (missing or unexpected)):
                raise self._misfit(filename, strict, prefix, all_names, missing, unexpected, wrong)
        for name, stored in self.given.items():
            if name in self.own and not self._is_special(name):
                _set(self.own[name], stored, device, dtype)
        order = {name: i for i, name in enumerate(self.own)}
        return sorted(missing, key=lambda name: order.get(name, len(order))), unexpected

    def _is_special(self, name: str) -> bool:
        parent, dot, _ = name.rpartition(".")
        return parent + dot in self.special

    def _fill_special(
        self, device: Any, dtype: DType | None
    ) -> tuple[list[str], list[str], list[str]]:
        missing: list[str] = []
        unexpected: list[str] = []
        wrong: list[str] = []
        shared = self.under_all_names()
        waiting = staging.device(self.model)
        for prefix, module in self.special.items():
            module.to(device=device, dtype=dtype)
            part = {
                name: stored.tensor(waiting)
                for name, stored in shared.items()
                if name.startswith(prefix)
            }
            module._load_from_state_dict(part, prefix, {}, True, missing, unexpected, wrong)
        return missing, unexpected, wrong

    def _missing(self) -> list[str]:
        return [
            name
            for name, value in self.own.items()
            if not self._is_special(name)
            and not any(other in self.given for other in self.names[id(value)])
        ]

    def _of_another_shape(self) -> list[str]:
        wrong = [
            f"{name} is {_brackets(self.given[name])} and should be {_brackets(value)}"
            for name, value in self.own.items()
            if name in self.given
            and not self._is_special(name)
            and self.given[name].shape != value.shape
            and (self.given[name].shape, value.shape) != ((1,), ())  # as old files have numbers
        ]
        return [f"of another shape: {'; '.join(wrong)}"] if wrong else []

    def _misfit(
        self,
        filename: Path,
        strict: bool,
        prefix: str,
        all_names: list[str],
        missing: list[str],
        unexpected: list[str],
        wrong: list[str],
    ) -> CheckpointError:
        problems = list(wrong)
        if strict and unexpected:
            problems.insert(0, f"unexpected: {', '.join(unexpected)}")
        if strict and missing:
            problems.insert(0, f"missing: {', '.join(missing)}")
        advice = "build the same model that was saved"
        if not wrong:
            better = _better_prefix(self.own, all_names)
            if better is not None and better != prefix:
                advice = f"pass prefix={better!r}, with which all names are found"
            else:
                advice += ", rename with key_map, or pass strict=False to load what fits"
        return CheckpointError(
            f"load_model: {os.fspath(filename)!r} does not fit {type(self.model).__name__}; "
            f"{advice}. Nothing was changed." + "".join(f"\n  {p}" for p in problems)
        )


@contextmanager
def unless_it_fails(modules: Iterable[Module]) -> Iterator[None]:
    """If the block raises, the parameters and buffers of the modules are as they were before."""
    from ferrule.nn.lazy import is_uninitialized

    tensors = [x for m in modules for x in (*m.parameters(), *m.buffers())]
    before = [(x, x._data, x._type, x.grad) for x in tensors if not is_uninitialized(x)]
    try:
        yield
    except BaseException:
        for x, data, type_, grad in before:
            x._data, x._type = data, type_
            if grad is not None:
                x.grad = grad
        raise


def _own_way(module: Module) -> bool:
    from ferrule.nn.state import State

    return type(module)._load_from_state_dict is not State._load_from_state_dict


def _better_prefix(own: Mapping[str, Any], names: list[str]) -> str | None:
    """The shortest prefix with which all of a model's names stand among ``names``."""
    first, present = next(iter(own), None), set(names)
    found = [n.removesuffix(first) for n in names if first and n.endswith(first)]
    fitting = (prefix for prefix in found if all(prefix + name in present for name in own))
    return min(fitting, key=len, default=None)


def _brackets(x: Any) -> str:
    return f"[{','.join(map(str, x.shape))}]"


def _set(x: Tensor, stored: Stored, device: Any, dtype: DType | None) -> None:
    """Give ``x`` the value of ``stored``. Its old value is let go before the next is read."""
    from ferrule.nn.state import set_value

    target = dtype if dtype is not None and x.dtype.is_floating_point else x.dtype
    value = stored.tensor(x.device if device is None else device, target).reshape(x.shape)
    if value._type is x._type:
        x._data = value._data
        return
    if x.grad is not None:
        value.requires_grad_().grad = x.grad.to(device=value.device, dtype=value.dtype)
    set_value(x, value)
