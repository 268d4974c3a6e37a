"""Keeping gradients from becoming too large."""

from __future__ import annotations

from collections.abc import Iterable

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor

Tensors = Tensor | Iterable[Tensor]


class NonFiniteNorm(ArgumentError, RuntimeError):
    """A norm of gradients is infinite or NaN. PyTorch has it as a `RuntimeError`."""


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of the vector of the norms of tensors: for most orders that of all elements.

    Args:
        tensors: one tensor or several.
        norm_type: the order, as of ``fe.linalg.vector_norm``.
        error_if_nonfinite: raise if the norm is infinite or NaN, which waits for the device.
        foreach: how PyTorch is to compute it; without meaning here.

    Returns:
        A tensor without dims, on the device of the first tensor; 0 for no tensors.

    Raises:
        NonFiniteNorm: see ``error_if_nonfinite``.
    """
    order = float(norm_type)
    found = _list(tensors)
    if not found:
        return fe.tensor(0.0)
    place = found[0].device
    norms = [ops.vector_norm(ops.reshape(x, shape=(-1,)), ord=order) for x in found]
    total = norms[0] if len(norms) == 1 else None
    if total is None or order == 0.0:
        dtype = norms[0].dtype
        for x in norms[1:]:
            dtype = fe.promote_types(dtype, x.dtype)
        total = ops.vector_norm(fe.stack([x.to(device=place, dtype=dtype) for x in norms]),
                                ord=order)  # fmt: skip
    if error_if_nonfinite and not bool(ops.isfinite(total.detach())):
        raise NonFiniteNorm(
            f"the total norm of order {order} of the gradients is {total.item()}, so they cannot "
            "be clipped; find what made them so, or pass error_if_nonfinite=False"
        )
    return total


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of parameters down, in place and all alike, so that their norm is at most
    ``max_norm``. Parameters without a gradient count for nothing.

    Args:
        parameters: one or several.
        max_norm: what the norm may be.
        norm_type, error_if_nonfinite, foreach: as of `get_total_norm`.

    Returns:
        The norm before.

    Source: Pascanu, Mikolov, Bengio, arXiv:1211.5063.
    """
    found = _list(parameters)
    gradients = [p.grad for p in found if p.grad is not None]
    total = get_total_norm(gradients, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(found, max_norm, total)
    return total


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply the gradients of parameters, in place, by ``max_norm / (total_norm + 1e-6)``, or by
    1 if that is less."""
    factor = fe.clamp(float(max_norm) / (total_norm.detach() + 1e-6), max=1.0)
    with fe.no_grad():
        for p in _list(parameters):
            if p.grad is not None:
                own = factor.to(device=p.grad.device, dtype=p.grad.dtype)
                p.grad.mul_(own)


def clip_grad_value_(
    parameters: Tensors, clip_value: float, foreach: bool | None = None
) -> None:  # fmt: skip
    """Bring every element of the gradients of parameters, in place, between ``-clip_value`` and
    ``clip_value``."""
    bound = float(clip_value)
    with fe.no_grad():
        for p in _list(parameters):
            if p.grad is not None:
                p.grad.clamp_(-bound, bound)


def _list(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)
