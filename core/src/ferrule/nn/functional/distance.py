"""How far or how alike vectors are."""

from __future__ import annotations

from ferrule import ops
from ferrule.tensor import Tensor


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along ``dim`` of two tensors, which broadcast. Each
    is divided by its length, or by ``eps`` where that is larger."""
    return ops.cosine_similarity(x1, x2, dim=dim, eps=eps)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dim of two tensors, which broadcast."""
    return ops.pairwise_distance(x1, x2, p=p, eps=eps, keepdim=keepdim)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norm distances between all pairs of rows of ``(N, D)``: ``(N * (N - 1) / 2,)``, of rows
    0 and 1, 0 and 2, ..., 1 and 2, ..."""
    return ops.pdist(input, p=p)
