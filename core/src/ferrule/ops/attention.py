"""Attention."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import where
from ferrule.ops.comparison import ge
from ferrule.ops.creation import arange
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.linalg import matmul
from ferrule.ops.noise import STATE, survivors
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import amax
from ferrule.ops.shape import expand, permute, reshape
from ferrule.ops.softmax import softmax
from ferrule.samples import of, sample
from ferrule.schema import Index, Mask
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.nn_references:scaled_dot_product_attention",
    samples=[
        sample(of(2, 3, 4), of(2, 5, 4), of(2, 5, 3), None, None, None),
        sample(of(1, 2, 3, 4), of(1, 2, 3, 4), of(1, 2, 3, 4), None, None, None, is_causal=True),
        sample(of(2, 3, 2), of(2, 4, 2), of(2, 4, 2), of(3, 4), None, None, scale=0.3),
        sample(of(3, 2), of(4, 2), of(4, 2), None, of(3, 4, dtype="bool"), None),
        sample(of(1, 4, 2, 3), of(1, 2, 3, 3), of(1, 2, 3, 2), None, None, None, enable_gqa=True),
        sample(of(2, 3, 2), of(2, 3, 2), of(2, 3, 2), None, None, STATE, dropout_p=0.5),
        sample(of(3, 2), of(0, 2), of(0, 2), None, None, None),
    ],
    tolerance=16,
)
@in_float32
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None = None,
    allowed: Mask[Tensor] | None = None,
    state: Index[Tensor] | None = None,
    *,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key.mT * scale + bias) @ value``.

    Args:
        query: ``(..., L, E)``.
        key: ``(..., S, E)``.
        value: ``(..., S, EV)``; leading dims broadcast.
        bias: of a shape that broadcasts to ``(..., L, S)``.
        allowed: likewise: which keys each query may look at. One that may look at none gives 0.
        state: where the random bits of dropout come from, int64[2], as of `random_bits`.
        dropout_p: the probability with which a weight is dropped; the others are scaled by
            ``1 / (1 - dropout_p)``.
        is_causal: query ``i`` may look at keys 0 to ``i``.
        scale: by default ``1 / sqrt(E)``.
        enable_gqa: the heads of key and value, dim -3, each serve several heads of the query.

    Returns:
        ``(..., L, EV)``.

    Sources: Vaswani et al., arXiv:1706.03762; Ainslie et al., arXiv:2305.13245 (grouped heads).
    """
    _check(query, key, value)
    if enable_gqa:
        key, value = (_repeated(query, x, name) for x, name in ((key, "key"), (value, "value")))
    length, features = query.shape[-2:]
    size = key.shape[-2]
    # half of the scale on either side, so that products of large elements do not overflow
    factor = (1.0 / math.sqrt(features) if features else 1.0) if scale is None else scale
    root = math.sqrt(math.fabs(factor))
    scores = matmul(query * math.copysign(root, factor), _swapped(key) * root)
    if bias is not None:
        _check_mask("bias", bias, scores)
        scores = scores + bias
    if is_causal:
        rows = arange(start=0, step=1, length=length, dtype=int64, device=query.device)
        columns = arange(start=0, step=1, length=size, dtype=int64, device=query.device)
        scores = where(ge(reshape(rows, shape=(length, 1)), columns), scores, -math.inf)
    if allowed is not None:
        _check_mask("allowed", allowed, scores)
        scores = where(allowed, scores, -math.inf)
    weights = _weights(scores)
    if dropout_p:
        if not 0.0 <= dropout_p <= 1.0:
            raise ArgumentError(f"dropout_p must lie in [0, 1], not {dropout_p}")
        if state is None:
            raise ArgumentError("dropout needs a state to draw from")
        kept = survivors(state, weights.shape, dropout_p)
        weights = where(kept, weights * (1.0 / (1.0 - dropout_p) if dropout_p < 1.0 else 0.0), 0.0)
    return matmul(weights, value)


def _weights(scores: Tensor) -> Tensor:
    """The softmax of the rows; 0 for a row of -infinity, which has none."""
    if not scores.shape[-1]:
        return scores
    none = amax(scores, dim=-1, keepdim=True).detach() == -math.inf
    return where(none, 0.0, softmax(where(none, 0.0, scores), dim=-1))


def _swapped(x: Tensor) -> Tensor:
    n = x.ndim
    return permute(x, dims=(*range(n - 2), n - 1, n - 2))


def _repeated(query: Tensor, x: Tensor, name: str) -> Tensor:
    """Each head of ``x`` as often as heads of the query share it."""
    if query.ndim < 3 or x.ndim < 3 or not x.shape[-3] or query.shape[-3] % x.shape[-3]:
        raise ShapeError(
            f"query is {query._type} and {name} is {x._type}; with enable_gqa=True the heads, dim "
            f"-3, of {name} must divide those of query"
        )
    heads, times = x.shape[-3], query.shape[-3] // x.shape[-3]
    lead, last = x.shape[:-3], x.shape[-2:]
    stretched = expand(reshape(x, shape=(*lead, heads, 1, *last)),
                       shape=(*lead, heads, times, *last))  # fmt: skip
    return reshape(stretched, shape=(*lead, heads * times, *last))


def _check(query: Tensor, key: Tensor, value: Tensor) -> None:
    shapes = f"query is {query._type}, key is {key._type} and value is {value._type}"
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ShapeError(f"{shapes}; each must have two dims or more")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(f"{shapes}; they must be (..., L, E), (..., S, E) and (..., S, EV)")


def _check_mask(name: str, mask: Tensor, scores: Tensor) -> None:
    if broadcast_shapes(mask.shape, scores.shape) != scores.shape:
        raise ShapeError(
            f"{name} is {mask._type}; its shape must broadcast to {scores.shape}, which is "
            "(..., L, S)"
        )
