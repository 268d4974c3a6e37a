"""Weights divided by their largest singular value."""

from __future__ import annotations

from typing import Any, TypeVar

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, OutOfRange
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.nn.utils.weight_norm import parameter_of
from ferrule.tensor import Tensor

M = TypeVar("M", bound=Module)

_TRANSPOSED = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")


def output_dim(module: Module) -> int:
    """The dim of a layer's weight that counts what it gives."""
    transposed = tuple(c for n in _TRANSPOSED if (c := getattr(fe.nn, n, None)) is not None)
    return 1 if isinstance(module, transposed) else 0


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """``dim`` first, and all the others made one."""
    if dim:
        weight = ops.permute(weight, dims=(dim, *(d for d in range(weight.ndim) if d != dim)))
    return ops.reshape(weight, shape=(weight.shape[0], -1)) if weight.numel() else weight


def check(name: str, weight: Tensor, dim: int, n_power_iterations: int) -> int:
    """``dim``, counted from the first.

    Raises:
        OutOfRange: there is no such dim.
        ArgumentError: there is no iteration.
    """
    if not -weight.ndim <= dim < weight.ndim:
        raise OutOfRange(f"{name}: dim is {dim}, and the weight is {weight._type}")
    if n_power_iterations < 1:
        raise ArgumentError(
            f"{name}: n_power_iterations must be 1 or more, not {n_power_iterations}"
        )
    return dim + weight.ndim if dim < 0 else dim


def unit(x: Tensor, eps: float) -> Tensor:
    """The vector of length 1 in its direction."""
    return ops.normalize(x, dim=0, eps=eps)


def random_unit(size: int, like: Tensor, eps: float) -> Tensor:
    """A random vector of length 1."""
    return unit(fe.randn(size, dtype=like.dtype, device=like.device), eps)


class _SpectralNormHook:
    """Computes the weight before each call of a module."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def weight(self, module: Any, iterate: bool) -> Tensor:
        original = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = as_matrix(original, self.dim)
        if iterate:
            with fe.no_grad():
                for _ in range(self.n_power_iterations):
                    v = unit(fe.mv(fe.adjoint(matrix), u), self.eps)
                    u = unit(fe.mv(matrix, v), self.eps)
            setattr(module, f"{self.name}_u", u)
            setattr(module, f"{self.name}_v", v)
        return original / fe.dot(u, fe.mv(matrix, v))

    def __call__(self, module: Any, args: Any) -> None:
        setattr(module, self.name, self.weight(module, module.training))


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Take a parameter ``name_orig`` for a weight, and compute it before each call: divided by its
    largest singular value, which power iteration estimates. Buffers ``name_u`` and ``name_v`` hold
    the singular vectors; each call in training improves them.

    PyTorch has this as the older form of `parametrizations.spectral_norm`.

    Args:
        module: what has the weight.
        name: of the weight.
        n_power_iterations: iterations in each call.
        eps: keeps lengths from 0.
        dim: the dim that counts what the layer gives: by default 1 for transposed convolutions, 0
            otherwise.

    Returns:
        The module.

    Source: Miyato et al., arXiv:1802.05957.
    """
    if _hooks(module, name):
        raise ArgumentError(f"spectral_norm: {name!r} has a hook for it already; call it once")
    weight = parameter_of("spectral_norm", module, name)
    found = output_dim(module) if dim is None else dim
    hook = _SpectralNormHook(
        name, n_power_iterations, check("spectral_norm", weight, found, n_power_iterations), eps
    )
    height, width = as_matrix(weight.detach(), hook.dim).shape
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.detach())
    module.register_buffer(f"{name}_u", random_unit(height, weight, eps))
    module.register_buffer(f"{name}_v", random_unit(width, weight, eps))
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo `spectral_norm`: the weight is a parameter again, with the value that it has now."""
    found = _hooks(module, name)
    if not found:
        raise ArgumentError(f"remove_spectral_norm: {name!r} of {type(module).__name__} has none")
    ((key, hook),) = found
    with fe.no_grad():
        weight = hook.weight(module, False)
    for part in (name, f"{name}_u", f"{name}_v", f"{name}_orig"):
        delattr(module, part)
    module.register_parameter(name, Parameter(weight))
    del module._all_hooks().forward_pre[key]
    return module


def _hooks(module: Module, name: str) -> list[tuple[int, _SpectralNormHook]]:
    return [
        (key, hook)
        for key, (hook, _) in module._all_hooks().forward_pre.items()
        if isinstance(hook, _SpectralNormHook) and hook.name == name
    ]
