"""Look-up in a table of vectors."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ne
from ferrule.ops.creation import full
from ferrule.ops.indexing import index_add, index_select
from ferrule.ops.precision import in_float32
from ferrule.ops.renorm import renorm
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
        # nor is a row looked up twice, whose gradient would be divided by two
        sample(
            of(9, 2), of(5, dtype="int64", low=2, high=9, distinct=True), scale_grad_by_freq=True
        ),
    ],
)
def embedding(
    weight: Tensor,
    index: Index[Tensor],
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Tensor:
    """The rows of ``weight`` that ``index`` names.

    Args:
        weight: ``(num_embeddings, embedding_dim)``.
        index: rows, within ``[0, num_embeddings)``, of any shape.
        padding_idx: a row that gets no gradient.
        scale_grad_by_freq: divide the gradient of a row by how often ``index`` names it.

    Returns:
        ``(*index.shape, embedding_dim)``.
    """
    check_table("embedding", weight)
    rows = index_select(weight, reshape(index, shape=(-1,)), dim=0)
    return reshape(rows, shape=(*index.shape, weight.shape[1]))


@embedding.bounds
def _(weight):
    return weight.shape[0]


@embedding.vjp
def _(g, weight: Shaped, index, padding_idx, scale_grad_by_freq):
    flat = reshape(index, shape=(-1,))
    source = reshape(g, shape=(flat.shape[0], weight.shape[1]))
    if padding_idx is not None:
        source = where(reshape(ne(flat, padding_idx), shape=(-1, 1)), source, 0.0)
    if scale_grad_by_freq:
        counts = index_select(frequencies(flat, weight.shape[0]), flat, dim=0)
        source = source / reshape(cast(counts, dtype=g.dtype), shape=(-1, 1))
    zeros = full(shape=weight.shape, value=0, dtype=g.dtype, device=g.device)
    return index_add(zeros, flat, source, dim=0)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:embedding_renorm",
    samples=[
        sample(of(5, 3), of(4, dtype="int64", low=0, high=4), max_norm=0.5),
        sample(of(4, 2), of(2, 3, dtype="int64", low=0, high=4), max_norm=2.5, norm_type=1.0),
        sample(of(4, 2), of(0, dtype="int64", low=0, high=4), max_norm=0.1),
    ],
    tolerance=8,
)
@in_float32
def embedding_renorm(
    weight: Tensor, index: Index[Tensor], *, max_norm: float, norm_type: float = 2.0
) -> Tensor:
    """``weight`` with the rows that ``index`` names scaled down to a norm of ``max_norm``, where
    theirs is larger.

    Args:
        weight: ``(num_embeddings, embedding_dim)``.
        index: rows, within ``[0, num_embeddings)``, of any shape.
        max_norm: the largest norm.
        norm_type: the ``p`` of the norm.
    """
    check_table("embedding_renorm", weight)
    named = ne(frequencies(reshape(index, shape=(-1,)), weight.shape[0]), 0)
    bounded = renorm(weight, p=norm_type, dim=0, maxnorm=max_norm)
    return where(reshape(named, shape=(-1, 1)), bounded, weight)


def frequencies(index: Tensor, rows: int) -> Tensor:
    """How often ``index``, of one dim, names each row."""
    zeros = full(shape=(rows,), value=0, dtype=index.dtype, device=index.device)
    ones = cast(eq(index, index), dtype=index.dtype)
    return index_add(zeros, index, ones, dim=0)


def check_table(op: str, weight: Tensor) -> None:
    """Refuse a table that is no matrix."""
    if weight.ndim != 2:
        raise ShapeError(
            f"{op}: weight is {weight._type}; it must have two dims, (num_embeddings, "
            "embedding_dim)"
        )
