"""Dropout as a layer."""

from __future__ import annotations

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.module import Module
from ferrule.tensor import Tensor


class Dropout(Module):
    """While training, zeros with probability ``p``, and the rest scaled by ``1 / (1 - p)``.
    Otherwise its input. Source: Srivastava et al., JMLR 15 (2014)."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ArgumentError(f"Dropout: p is a probability and must lie in [0, 1], not {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
