"""Look-up in a table of vectors."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.choice import where
from ferrule.ops.comparison import ne
from ferrule.ops.creation import full
from ferrule.ops.indexing import index_add, index_select
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:embedding",
    samples=[
        (of(5, 3), of(4, dtype="int64", low=0, high=5)),
        (of(4, 2), of(2, 3, dtype="int64", low=0, high=4)),
        (of(3, 2), of(dtype="int64", low=0, high=3)),
        (of(3, 2), of(0, dtype="int64", low=0, high=3)),
        # the row of padding_idx is not looked up: its gradient is 0 by decree, not by calculus
        sample(of(5, 2), of(3, 2, dtype="int64", low=1, high=5), padding_idx=0),
    ],
)
def embedding(weight: Tensor, index: Index[Tensor], *, padding_idx: int | None = None) -> Tensor:
    """The rows of ``weight`` that ``index`` names.

    Args:
        weight: ``(num_embeddings, embedding_dim)``.
        index: rows, within ``[0, num_embeddings)``, of any shape.
        padding_idx: a row that gets no gradient.

    Returns:
        ``(*index.shape, embedding_dim)``.
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding: weight is {weight._type}; it must have two dims")
    rows = index_select(weight, reshape(index, shape=(-1,)), dim=0)
    return reshape(rows, shape=(*index.shape, weight.shape[1]))


@embedding.vjp
def _(g, weight: Shaped, index, padding_idx):
    flat = reshape(index, shape=(-1,))
    source = reshape(g, shape=(flat.shape[0], weight.shape[1]))
    if padding_idx is not None:
        source = where(reshape(ne(flat, padding_idx), shape=(-1, 1)), source, 0.0)
    zeros = full(shape=weight.shape, value=0, dtype=g.dtype, device=g.device)
    return index_add(zeros, flat, source, dim=0)
