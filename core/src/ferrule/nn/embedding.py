"""Embeddings."""

from __future__ import annotations

from typing import Any, Self

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class _Table(Module):
    """A table of vectors, one in each row.

    Attributes:
        weight: ``(num_embeddings, embedding_dim)``, initially normal.
        padding_idx: a row that is initially 0 and gets no gradient, or None.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        given: Tensor | None,
        freeze: bool,
        place: dict[str, Any],
    ) -> None:
        super().__init__()
        layer = type(self).__name__
        positive(layer, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ArgumentError(
                    f"{layer}: padding_idx={padding_idx} is not one of the {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        if sparse:
            raise ArgumentError(f"{layer}: there are no sparse gradients; leave sparse=False")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        shape = (num_embeddings, embedding_dim)
        if given is None:
            self.weight = Parameter(fe.empty(shape, **place), requires_grad=not freeze)
            self.reset_parameters()
        elif given.shape != shape:
            raise ShapeError(f"{layer}: the weight is {given._type}; its shape must be {shape}")
        else:
            self.weight = Parameter(given, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with fe.no_grad():
                self.weight[self.padding_idx] = 0.0

    def extra_repr(self) -> str:
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        return ", ".join(parts)


class Embedding(_Table):
    """A table of vectors, looked up by integers: ``(...)`` to ``(..., embedding_dim)``.

    Args:
        num_embeddings, embedding_dim: the shape of the table.
        padding_idx: a row that is initially 0 and gets no gradient.
        max_norm, norm_type: scale the rows that are looked up, in the table, down to this norm.
        scale_grad_by_freq: divide the gradient of a row by how often it was looked up.
        sparse: must be False: there are no sparse gradients.
        _weight, _freeze: see `from_pretrained`.
        device, dtype: of the table.

    Attributes:
        weight: ``(num_embeddings, embedding_dim)``, initially normal.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
            sparse, _weight, _freeze, {"device": device, "dtype": dtype},
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )  # fmt: skip

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An embedding with the table ``embeddings``, ``(num_embeddings, embedding_dim)``, which
        is learned further only if ``freeze`` is False."""
        rows, columns = _shape(cls, embeddings)
        return cls(
            rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
            _weight=embeddings, _freeze=freeze,
        )  # fmt: skip


class EmbeddingBag(_Table):
    """Sums, means or maxima of the vectors that bags of integers name: ``(B, N)`` to ``(B,
    embedding_dim)``, or one bag after the other, ``(N,)``, with ``offsets``, ``(B,)``, where each
    begins.

    Args:
        num_embeddings, embedding_dim: the shape of the table.
        max_norm, norm_type, scale_grad_by_freq, sparse: as of `Embedding`.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        _weight: see `from_pretrained`.
        include_last_offset: the last offset is where the last bag ends.
        padding_idx: a row that does not count, nor gets a gradient.
        device, dtype: of the table.

    Attributes:
        weight: ``(num_embeddings, embedding_dim)``, initially normal.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if mode not in ("sum", "mean", "max"):
            raise ArgumentError(f'EmbeddingBag: mode is "sum", "mean" or "max", not {mode!r}')
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
            sparse, _weight, False, {"device": device, "dtype": dtype},
        )  # fmt: skip
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.mode, self.sparse, per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """One with the table ``embeddings``, ``(num_embeddings, embedding_dim)``, which is learned
        further only if ``freeze`` is False."""
        rows, columns = _shape(cls, embeddings)
        found = cls(
            rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings,
            include_last_offset, padding_idx,
        )  # fmt: skip
        found.weight.requires_grad_(not freeze)
        return found

    def extra_repr(self) -> str:
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        parts.append(f"mode={self.mode!r}")
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        return ", ".join(parts)


def _shape(layer: type[Module], embeddings: Tensor) -> tuple[int, int]:
    if embeddings.ndim != 2:
        raise ShapeError(
            f"{layer.__name__}.from_pretrained: the embeddings are {embeddings._type}; they must "
            "have two dims"
        )
    rows, columns = embeddings.shape
    return rows, columns
