"""Attention."""

from __future__ import annotations

import math

import ferrule as fe
from ferrule import ops, random
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.nn.functional.activation import drawn
from ferrule.ops.inference import broadcast_shapes
from ferrule.tensor import Tensor
from ferrule_plugins import Shape


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """``softmax(query @ key.mT * scale + attn_mask) @ value``

    Args:
        query: ``(..., L, E)``.
        key: ``(..., S, E)``.
        value: ``(..., S, EV)``. The dtypes of the three must be equal.
        attn_mask: of a shape that broadcasts to ``(..., L, S)``: bools say which keys each query
            may look at, and floats are added. A query that may look at none gives 0.
        dropout_p: the probability with which a weight is dropped, always, as in PyTorch: pass 0
            outside of training.
        is_causal: query ``i`` may look at keys 0 to ``i``; not together with ``attn_mask``.
        scale: by default ``1 / sqrt(E)``.
        enable_gqa: the heads of key and value, dim -3, each serve several heads of the query.
        generator: where the random bits come from; by default that of the device.

    Returns:
        ``(..., L, EV)``.
    """
    name = "scaled_dot_product_attention"
    alike = query.dtype is key.dtype is value.dtype
    if not alike and not fe.is_autocast_enabled(query.device):
        raise DTypeError(
            f"{name}: query, key and value have the dtypes {query.dtype.name}, {key.dtype.name} "
            f"and {value.dtype.name}, which must be equal; convert them with .to(dtype)"
        )
    if is_causal and attn_mask is not None:
        raise ArgumentError(f"{name}: give either attn_mask or is_causal=True, not both")
    if not 0.0 <= dropout_p <= 1.0:
        raise ArgumentError(f"{name}: dropout_p must lie in [0, 1], not {dropout_p}")
    bias = allowed = state = None
    if attn_mask is not None and attn_mask.dtype.category == "bool":
        allowed = attn_mask
    elif attn_mask is not None:
        if attn_mask.dtype is not query.dtype and attn_mask.dtype.name != "float32":
            raise DTypeError(
                f"{name}: attn_mask must be of bools or of {query.dtype.name}, not "
                f"{attn_mask.dtype.name}"
            )
        bias = attn_mask.to(query.dtype)
    options = {} if not dropout_p else {"dropout_p": dropout_p}
    if dropout_p:
        words = math.prod(_scores(query, key, enable_gqa))
        state = drawn(query, words, generator)
    return ops.scaled_dot_product_attention(
        query, key, value, bias, allowed, state,
        is_causal=is_causal, scale=scale, enable_gqa=enable_gqa, **options,
    )  # fmt: skip


def _scores(query: Tensor, key: Tensor, enable_gqa: bool) -> Shape:
    """The shape of the weights."""
    if query.ndim < 2 or key.ndim < 2:
        return ()  # which the op is going to refuse
    lead = key.shape[:-2]
    if enable_gqa and query.ndim > 2:
        lead = (*lead[:-1], query.shape[-3])
    try:
        lead = broadcast_shapes(query.shape[:-2], lead)
    except ShapeError as error:
        raise ShapeError(f"scaled_dot_product_attention: of query and key, {error}") from None
    return (*lead, query.shape[-2], key.shape[-2])
