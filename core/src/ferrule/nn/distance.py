"""Distances and similarities of pairs of vectors."""

from __future__ import annotations

from ferrule.nn import functional as F
from ferrule.nn.module import Module
from ferrule.tensor import Tensor


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along ``dim``, whose lengths count as at least
    ``eps``."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of ``x1 - x2 + eps`` along the last dim: ``(..., D)`` to ``(...)``, or ``(...,
    1)`` with ``keepdim``."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
