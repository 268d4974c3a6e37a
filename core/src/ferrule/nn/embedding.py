"""Embeddings."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class Embedding(Module):
    """A table of vectors, looked up by integers: ``(...)`` to ``(..., embedding_dim)``.

    Attributes:
        weight: ``(num_embeddings, embedding_dim)``, initially normal.
        padding_idx: a row that is initially 0 and gets no gradient, or None.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ArgumentError(
                    f"Embedding: padding_idx={padding_idx} is not one of the {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.weight = Parameter(fe.empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with fe.no_grad():
                self.weight[self.padding_idx] = 0.0

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
