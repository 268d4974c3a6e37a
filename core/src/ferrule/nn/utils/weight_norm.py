"""Weights as length times direction."""

from __future__ import annotations

from typing import Any, TypeVar

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Tensor, dim: int | None) -> Tensor:
    """The lengths of the slices along ``dim``, with dims of 1; for None or -1, as in PyTorch, of
    all elements together, without dims."""
    if dim is None or dim == -1:
        return ops.vector_norm(v, dim=tuple(range(v.ndim)))
    kept = dim + v.ndim if dim < 0 else dim
    return ops.vector_norm(v, dim=tuple(d for d in range(v.ndim) if d != kept), keepdim=True)


def weight_of(length: Tensor, direction: Tensor, dim: int | None) -> Tensor:
    """``g * v / norm(v)``"""
    return direction * (length / norm_except_dim(direction, dim))


class _WeightNormHook:
    """Computes the weight before each call of a module."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = dim

    def weight(self, module: Any) -> Tensor:
        length, direction = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return weight_of(length, direction, self.dim)

    def __call__(self, module: Any, args: Any) -> None:
        setattr(module, self.name, self.weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Take parameters ``name_g``, the length, and ``name_v``, the direction, for a weight, and
    compute it before each call: ``g * v / norm(v)``.

    PyTorch has this as the older form of `parametrizations.weight_norm`.

    Args:
        module: what has the weight.
        name: of the weight.
        dim: the dim whose slices have lengths of their own; None for one length of all.

    Returns:
        The module.

    Source: Salimans, Kingma, arXiv:1602.07868.
    """
    if _hooks(module, name):
        raise ArgumentError(f"weight_norm: {name!r} has a hook for it already; call it once")
    weight = parameter_of("weight_norm", module, name)
    hook = _WeightNormHook(name, dim)
    with fe.no_grad():
        length = norm_except_dim(weight, dim)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(length))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    setattr(module, name, hook.weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `weight_norm`: the weight is a parameter again, with the value that it has now."""
    found = _hooks(module, name)
    if not found:
        raise ArgumentError(f"remove_weight_norm: {name!r} of {type(module).__name__} has none")
    ((key, hook),) = found
    with fe.no_grad():
        weight = hook.weight(module)
    for part in (name, f"{name}_g", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(weight))
    del module._all_hooks().forward_pre[key]
    return module


def _hooks(module: Module, name: str) -> list[tuple[int, _WeightNormHook]]:
    return [
        (key, hook)
        for key, (hook, _) in module._all_hooks().forward_pre.items()
        if isinstance(hook, _WeightNormHook) and hook.name == name
    ]


def parameter_of(call: str, module: Module, name: str) -> Parameter:
    """The parameter of that name.

    Raises:
        ArgumentError: there is none.
    """
    found = module.__dict__.get(name)
    if not isinstance(found, Parameter):
        names = ", ".join(n for n, _ in module.named_parameters(recurse=False)) or "none"
        raise ArgumentError(
            f"{call}: {type(module).__name__} has no parameter {name!r}; it has {names}"
        )
    return found
