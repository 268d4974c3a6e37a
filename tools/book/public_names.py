"""By which public names an op is called."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

import ferrule as fe
from ferrule import nn
from ferrule.method_table import METHODS


def _namespaces() -> dict[str, ModuleType]:
    return {
        "fe": fe,
        "fe.linalg": fe.linalg,
        "fe.fft": fe.fft,
        "fe.special": fe.special,
        "nn.functional": nn.functional,
        "nn.init": nn.init,
        "nn": nn,
        "optim": fe.optim,
    }


def table() -> dict[str, list[str]]:
    """For each op the names that are the op itself, or else those of what calls it: functions,
    layers and optimizers."""
    itself: defaultdict[str, list[str]] = defaultdict(list)
    callers: defaultdict[str, list[str]] = defaultdict(list)
    for space, module in _namespaces().items():
        for name, value in sorted(vars(module).items()):
            if name.startswith("_"):
                continue
            if isinstance(value, fe.Op):
                itself[value.name] += _spellings(space, name)
            elif _is_public(value):
                for word in _words(value):
                    callers[word] += _spellings(space, name)
    found = {op: itself[op] or callers[op] for op in fe.OPS}
    for op, names in found.items():
        names.sort(key=lambda name: name.rpartition(".")[2] != op)  # namesakes first
    return found


def _spellings(space: str, name: str) -> list[str]:
    names = [f"{space}.{name}"]
    if space == "fe" and name in METHODS:
        names.append(f"Tensor.{name}")
    return names


def _is_public(value: Any) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and str(
        value.__module__
    ).startswith("ferrule.")


def _words(value: Any) -> set[str]:
    """The names that the code of a function, or of a class's methods, speaks of."""
    functions = (
        [value] if inspect.isfunction(value) else filter(inspect.isfunction, vars(value).values())
    )
    return {word for function in functions for word in _of(function)}


def _of(function: Callable[..., Any]) -> Iterator[str]:
    pending: list[CodeType] = [function.__code__]
    while pending:
        code = pending.pop()
        yield from code.co_names
        pending += [c for c in code.co_consts if isinstance(c, CodeType)]
