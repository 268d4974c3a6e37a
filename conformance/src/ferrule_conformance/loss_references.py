"""Independent references of losses; see `ferrule_conformance.references`.

Each is the definition in its op's docstring, term by term.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _reduced(losses: Any, reduction: str) -> Array:
    losses = np.asarray(losses)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / losses.size


# Classes.


def nll_loss(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int,
    reduction: str,
) -> Array:
    losses, counts = np.zeros(target.shape), np.zeros(target.shape)
    for place in np.ndindex(target.shape):
        label = int(target[place])
        if label != ignore_index:
            counts[place] = 1.0 if weight is None else weight[label]
            losses[place] = -counts[place] * x[(*place[:1], label, *place[1:])]
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / counts.sum()


def cross_entropy(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Array:
    dim = min(x.ndim - 1, 1)
    classes = x.shape[dim]
    weights = np.ones(classes) if weight is None else weight
    likelihood = np.moveaxis(x - np.log(np.exp(x).sum(axis=dim, keepdims=True)), dim, -1)
    losses, counts = np.zeros(target.shape), np.zeros(target.shape)
    for place in np.ndindex(target.shape):
        label = int(target[place])
        if label == ignore_index:
            continue
        wanted = np.full(classes, label_smoothing / classes)
        wanted[label] += 1 - label_smoothing
        losses[place] = -(wanted * weights * likelihood[place]).sum()
        counts[place] = weights[label]
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / counts.sum()


def soft_cross_entropy(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    reduction: str,
    label_smoothing: float,
) -> Array:
    dim = min(x.ndim - 1, 1)
    classes = x.shape[dim]
    weights = np.ones(classes) if weight is None else weight
    likelihood = np.moveaxis(x - np.log(np.exp(x).sum(axis=dim, keepdims=True)), dim, -1)
    wanted = (1 - label_smoothing) * np.moveaxis(target, dim, -1) + label_smoothing / classes
    losses = -(wanted * weights * likelihood).sum(axis=-1)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / max(losses.size, 1)


# Numbers.


def mse_loss(x: Array, target: Array, weight: Array | None = None, *, reduction: str) -> Array:
    return _averaged((x - target) ** 2, weight, reduction)


def l1_loss(x: Array, target: Array, weight: Array | None = None, *, reduction: str) -> Array:
    return _averaged(np.abs(x - target), weight, reduction)


def _averaged(losses: Array, weight: Array | None, reduction: str) -> Array:
    if weight is not None and reduction == "mean":
        return np.asarray(np.average(losses, weights=weight))
    return _reduced(losses if weight is None else losses * weight, reduction)


def smooth_l1_loss(x: Array, target: Array, *, reduction: str, beta: float) -> Array:
    d = np.abs(x - target)
    losses = np.where(d < beta, d**2 / (2 * (beta or 1)), d - beta / 2)
    return _reduced(losses, reduction)


def huber_loss(
    x: Array, target: Array, weight: Array | None = None, *, reduction: str, delta: float
) -> Array:
    d = np.abs(x - target)
    losses = np.where(d < delta, d**2 / 2, delta * (d - delta / 2))
    return _reduced(losses if weight is None else losses * weight, reduction)


def gaussian_nll_loss(
    x: Array, target: Array, var: Array, *, full: bool, eps: float, reduction: str
) -> Array:
    var = np.maximum(var, eps)
    density = np.exp(-((x - target) ** 2) / (2 * var)) / np.sqrt(var)
    return _reduced(-np.log(density / math.sqrt(2 * math.pi) if full else density), reduction)


def poisson_nll_loss(
    x: Array, target: Array, *, log_input: bool, full: bool, eps: float, reduction: str
) -> Array:
    losses = np.exp(x) - target * x if log_input else x - target * np.log(x + eps)
    if full:
        t = np.maximum(target, 1)
        stirling = t * np.log(t) - t + np.log(2 * np.pi * t) / 2
        losses = losses + np.where(target > 1, stirling, 0)
    return _reduced(losses, reduction)


# Probabilities.


def binary_cross_entropy(
    x: Array, target: Array, weight: Array | None = None, *, reduction: str
) -> Array:
    yes, no = (np.maximum(np.log(p), -100) for p in (x, 1 - x))
    losses = -(target * yes + (1 - target) * no)
    return _reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    x: Array,
    target: Array,
    weight: Array | None = None,
    pos_weight: Array | None = None,
    *,
    reduction: str,
) -> Array:
    p = 1 / (1 + np.exp(-x))
    pos_weight = np.ones(()) if pos_weight is None else pos_weight
    losses = -(pos_weight * target * np.log(p) + (1 - target) * np.log(1 - p))
    return _reduced(losses if weight is None else losses * weight, reduction)


def soft_margin_loss(x: Array, target: Array, *, reduction: str) -> Array:
    return _reduced(np.log(1 + np.exp(-target * x)), reduction)


def multilabel_soft_margin_loss(
    x: Array, target: Array, weight: Array | None = None, *, reduction: str
) -> Array:
    losses = binary_cross_entropy_with_logits(x, target, weight, reduction="none")
    return _reduced(losses.sum(axis=-1) / x.shape[-1], reduction)


def kl_div(x: Array, target: Array, *, reduction: str, log_target: bool) -> Array:
    p = np.exp(target) if log_target else target
    losses = np.asarray(np.where(p == 0, 0, p * np.log(p)) - p * x)
    return losses.sum() / len(x) if reduction == "batchmean" else _reduced(losses, reduction)


# Margins.


def margin_ranking_loss(
    x1: Array, x2: Array, target: Array, *, margin: float, reduction: str
) -> Array:
    return _reduced(np.maximum(0, -target * (x1 - x2) + margin), reduction)


def hinge_embedding_loss(x: Array, target: Array, *, margin: float, reduction: str) -> Array:
    x, target = np.broadcast_arrays(x, target)
    return _reduced(np.where(target == 1, x, np.maximum(0, margin - x)), reduction)


def cosine_embedding_loss(
    x1: Array, x2: Array, target: Array, *, margin: float, reduction: str
) -> Array:
    squares = ((x1**2).sum(axis=-1) + 1e-12) * ((x2**2).sum(axis=-1) + 1e-12)
    cosine = (x1 * x2).sum(axis=-1) / np.sqrt(squares)
    return _reduced(np.where(target == 1, 1 - cosine, np.maximum(0, cosine - margin)), reduction)


def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
    reduction: str,
) -> Array:
    def distance(a: Array, b: Array) -> Array:
        return np.asarray(np.linalg.norm(a - b + eps, p, axis=-1))

    far = distance(anchor, negative)
    if swap:
        far = np.minimum(far, distance(positive, negative))
    return _reduced(np.maximum(0, distance(anchor, positive) - far + margin), reduction)


def multi_margin_loss(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    p: int,
    margin: float,
    reduction: str,
) -> Array:
    losses = np.zeros(target.shape)
    for place in np.ndindex(target.shape):
        row, label = x[place], int(target[place])
        gaps = [max(0.0, margin - row[label] + v) ** p for j, v in enumerate(row) if j != label]
        losses[place] = sum(gaps) / len(row) * (1 if weight is None else weight[label])
    return _reduced(losses, reduction)


def multilabel_margin_loss(x: Array, target: Array, *, reduction: str) -> Array:
    losses = np.zeros(x.shape[:-1])
    for place in np.ndindex(losses.shape):
        row, labels = x[place], target[place].tolist()
        labels = labels[: next((i for i, t in enumerate(labels) if t < 0), len(labels))]
        others = [j for j in range(len(row)) if j not in labels]
        gaps = [max(0.0, 1 - row[i] + row[j]) for i, j in product(labels, others)]
        losses[place] = sum(gaps) / len(row)
    return _reduced(losses, reduction)


# Sequences.


def ctc_loss(
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int,
    reduction: str,
    zero_infinity: bool,
) -> Array:
    """By the probabilities of all paths, one by one."""
    losses = []
    for n, (times, size) in enumerate(zip(input_lengths.tolist(), target_lengths.tolist())):
        wanted, likelihood = targets[n, :size].tolist(), 0.0
        for path in product(range(log_probs.shape[2]), repeat=times):
            kept = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
            if [c for c in kept if c != blank] == wanted:
                likelihood += math.exp(sum(log_probs[t, n, c] for t, c in enumerate(path)))
        loss = -math.log(likelihood) if likelihood else math.inf
        loss = 0.0 if zero_infinity and loss == math.inf else loss
        losses.append(loss / max(size, 1) if reduction == "mean" else loss)
    return _reduced(losses, reduction)
