"""Independent references of layers; see `ferrule_conformance.references`.

Each is the definition in its op's docstring, term by term.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ferrule_conformance.activation_references import selu
from ferrule_conformance.philox import random_bits

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    y = np.einsum("...i,oi->...o", x, weight)
    return y if bias is None else y + bias


# Layers.


def dropout(x: Array, state: Array, *, p: float) -> Array:
    kept = _survivors(state, x.shape, p)
    return np.where(kept, x / (1 - p) if p < 1 else 0.0, 0.0)


def embedding(
    weight: Array, index: Array, *, padding_idx: int | None, scale_grad_by_freq: bool
) -> Array:
    y = np.zeros((*index.shape, weight.shape[1]))
    for place in np.ndindex(index.shape):
        y[place] = weight[int(index[place])]
    return y


def batch_norm(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    eps: float,
) -> Array:
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        y[:, c] = (x[:, c] - mean[c]) / np.sqrt(var[c] + eps)
        y[:, c] = y[:, c] * (1 if weight is None else weight[c]) + (0 if bias is None else bias[c])
    return y


def batch_norm_training(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float
) -> tuple[Array, Array, Array]:
    channels = range(x.shape[1])
    mean = np.array([x[:, c].mean() for c in channels])
    var = np.array([x[:, c].var() for c in channels])
    return batch_norm(x, mean, var, weight, bias, eps=eps), mean, var


def layer_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    normalized_shape: Shape,
    eps: float,
) -> Array:
    y = np.empty_like(x)
    for place in np.ndindex(x.shape[: x.ndim - len(normalized_shape)]):
        row = x[place]
        y[place] = (row - row.mean()) / np.sqrt(row.var() + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def rms_norm(
    x: Array, weight: Array | None = None, *, normalized_shape: Shape, eps: float | None
) -> Array:
    eps = float(np.finfo(np.float64).eps) if eps is None else eps
    y = np.empty_like(x)
    for place in np.ndindex(x.shape[: x.ndim - len(normalized_shape)]):
        y[place] = x[place] / np.sqrt((x[place] ** 2).mean() + eps)
    return y if weight is None else y * weight


def group_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    num_groups: int,
    eps: float,
) -> Array:
    y, size = np.empty_like(x), x.shape[1] // num_groups
    for n, group in np.ndindex(x.shape[0], num_groups):
        block = x[n, group * size : (group + 1) * size]
        y[n, group * size : (group + 1) * size] = (block - block.mean()) / np.sqrt(
            block.var() + eps
        )
    for c in range(x.shape[1]):
        y[:, c] = y[:, c] * (1 if weight is None else weight[c]) + (0 if bias is None else bias[c])
    return y


def instance_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float
) -> tuple[Array, Array, Array]:
    parts = [batch_norm_training(x[n : n + 1], weight, bias, eps=eps) for n in range(len(x))]
    y, mean, var = zip(*parts)
    return np.concatenate(y), np.stack(mean), np.stack(var)


def local_response_norm(x: Array, *, size: int, alpha: float, beta: float, k: float) -> Array:
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        near = [c - size // 2 + i for i in range(size)]
        squares = [x[:, i] ** 2 for i in near if 0 <= i < x.shape[1]]
        y[:, c] = x[:, c] / (k + alpha * sum(squares) / size) ** beta
    return y


def feature_dropout(x: Array, state: Array, *, p: float) -> Array:
    kept = _survivors(state, x.shape[:2], p).reshape(*x.shape[:2], *(1,) * (x.ndim - 2))
    return np.where(kept, x / (1 - p) if p < 1 else 0.0, 0.0)


def alpha_dropout(x: Array, state: Array, *, p: float) -> Array:
    return _floored(x, _survivors(state, x.shape, p), p)


def feature_alpha_dropout(x: Array, state: Array, *, p: float) -> Array:
    kept = _survivors(state, x.shape[:2], p)
    return _floored(x, kept.reshape(*x.shape[:2], *(1,) * (x.ndim - 2)), p)


def _survivors(state: Array, shape: Shape, p: float) -> Array:
    return random_bits(state, shape=shape).astype(np.int64) >= round(p * 2**32) - 2**31


def _floored(x: Array, kept: Array, p: float) -> Array:
    """Dropped elements take the least value of SELU; normal numbers keep mean 0 and variance 1."""
    if p == 1:
        return np.zeros_like(x)
    floor = float(selu(np.asarray(-1e9)))
    mean, var = floor * p, (1 - p) + floor**2 * p * (1 - p)
    return (np.where(kept, x, floor) - mean) / np.sqrt(var)


def embedding_renorm(weight: Array, index: Array, *, max_norm: float, norm_type: float) -> Array:
    y = weight.copy()
    for i in set(index.ravel().tolist()):
        norm = np.linalg.norm(weight[i], norm_type)
        if norm > max_norm:
            y[i] *= max_norm / (norm + 1e-7)
    return y


def embedding_bag(
    weight: Array,
    index: Array,
    offsets: Array | None = None,
    per_sample_weights: Array | None = None,
    *,
    mode: str,
    scale_grad_by_freq: bool,
    include_last_offset: bool,
    padding_idx: int | None,
) -> Array:
    flat = index.ravel().tolist()
    factors = np.ones(len(flat)) if per_sample_weights is None else per_sample_weights.ravel()
    if offsets is None:
        bounds = [n * index.shape[1] for n in range(index.shape[0] + 1)]
    else:
        bounds = offsets.tolist() + ([] if include_last_offset else [len(flat)])
    bags = np.zeros((len(bounds) - 1, weight.shape[1]))
    for b, (start, stop) in enumerate(itertools.pairwise(bounds)):
        rows = [factors[i] * weight[flat[i]] for i in range(start, stop) if flat[i] != padding_idx]
        if rows:
            bags[b] = {"sum": np.sum, "mean": np.mean, "max": np.max}[mode](rows, axis=0)
    return bags


def bilinear(x1: Array, x2: Array, weight: Array, bias: Array | None = None) -> Array:
    y = np.einsum("...i,oij,...j->...o", x1, weight, x2)
    return y if bias is None else y + bias


# Distances.


def normalize(x: Array, *, p: float, dim: Shape, eps: float) -> Array:
    return x / np.maximum(_norm(x, p, dim), eps)


def _norm(x: Array, p: float, dim: Shape) -> Array:
    moved = np.moveaxis(x, dim, range(-len(dim), 0))
    flat = moved.reshape(*moved.shape[: x.ndim - len(dim)], math.prod(x.shape[d] for d in dim))
    return np.expand_dims(np.linalg.norm(flat, p, axis=-1), dim)


def cosine_similarity(x1: Array, x2: Array, *, dim: int, eps: float) -> Array:
    x1, x2 = np.broadcast_arrays(x1, x2)
    lengths = [np.maximum(np.linalg.norm(x, axis=dim), eps) for x in (x1, x2)]
    return (x1 * x2).sum(axis=dim) / (lengths[0] * lengths[1])


def pairwise_distance(x1: Array, x2: Array, *, p: float, eps: float, keepdim: bool) -> Array:
    return np.asarray(np.linalg.norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdim))


def pdist(x: Array, *, p: float) -> Array:
    pairs = itertools.combinations(range(len(x)), 2)
    return np.array([np.linalg.norm(x[i] - x[j], p) for i, j in pairs])


# Attention.


def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    bias: Array | None = None,
    allowed: Array | None = None,
    state: Array | None = None,
    *,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    enable_gqa: bool,
) -> Array:
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = (np.repeat(x, times, axis=-3) for x in (key, value))
    scores = np.einsum("...le,...se->...ls", query, key)
    scores = scores * (query.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores if bias is None else scores + bias
    seen = (
        np.ones(scores.shape, bool) if allowed is None else np.broadcast_to(allowed, scores.shape)
    )
    if is_causal:
        seen = np.tril(seen)
    e = np.where(seen, np.exp(scores), 0)
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)
    if state is not None:
        kept = _survivors(state, weights.shape, dropout_p)
        weights = np.where(kept, weights / (1 - dropout_p), 0)
    return weights @ value
