"""Independent references of layers, losses and optimizers; see `ferrule_conformance.references`.

Each is the definition in its op's docstring, term by term.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ferrule_conformance.philox import random_bits

Array = np.ndarray[Any, Any]
Pair = tuple[int, int]
Shape = tuple[int, ...]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    y = np.einsum("...i,oi->...o", x, weight)
    return y if bias is None else y + bias


# Convolution: every product of an input element and a weight, with the output that it is part of.


def _terms(
    x: Shape, weight: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Iterator[tuple[Shape, Shape, Shape]]:
    """Places ``(output, input, weight)`` of all terms of a convolution."""
    images, _, height, width = x
    filters, channels, *kernel = weight
    out = _output_sizes((height, width), (kernel[0], kernel[1]), stride, padding, dilation)
    for o, c, i, j in product(range(filters), range(channels), *map(range, kernel)):
        channel = o // (filters // groups) * channels + c
        for n, p, q in product(range(images), range(out[0]), range(out[1])):
            h = p * stride[0] + i * dilation[0] - padding[0]
            w = q * stride[1] + j * dilation[1] - padding[1]
            if 0 <= h < height and 0 <= w < width:
                yield (n, o, p, q), (n, channel, h, w), (o, c, i, j)


def _output_sizes(
    size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool = False
) -> Pair:
    """Windows that fit; with ``ceil_mode``, also one over the far edge that begins before it."""
    counts = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        count = (n + 2 * p - d * (k - 1) - 1) // s + 1
        if ceil_mode and (count - 1) * s + d * (k - 1) + 1 < n + 2 * p and count * s < n + p:
            count += 1
        counts.append(count)
    return counts[0], counts[1]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Array:
    kernel = (weight.shape[2], weight.shape[3])
    out = _output_sizes((x.shape[2], x.shape[3]), kernel, stride, padding, dilation)
    y = np.zeros((x.shape[0], weight.shape[0], *out))
    for to, at, by in _terms(x.shape, weight.shape, stride, padding, dilation, groups):
        y[to] += x[at] * weight[by]
    return y if bias is None else y + bias[:, None, None]


def conv2d_input(grad_output: Array, weight: Array, *, input_size: Shape, **options: Any) -> Array:
    y = np.zeros(input_size)
    for to, at, by in _terms(input_size, weight.shape, **options):
        y[at] += grad_output[to] * weight[by]
    return y


def conv2d_weight(grad_output: Array, x: Array, *, weight_size: Shape, **options: Any) -> Array:
    y = np.zeros(weight_size)
    for to, at, by in _terms(x.shape, weight_size, **options):
        y[by] += grad_output[to] * x[at]
    return y


# Pooling.


def max_pool2d_with_indices(
    x: Array, *, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[Array, Array]:
    size = (x.shape[2], x.shape[3])
    out = _output_sizes(size, kernel_size, stride, padding, dilation, ceil_mode)
    values = np.zeros((*x.shape[:2], *out))
    indices = np.zeros(values.shape, np.int64)
    for n, c, p, q in np.ndindex(values.shape):
        best = None
        for i, j in product(*map(range, kernel_size)):
            h = p * stride[0] + i * dilation[0] - padding[0]
            w = q * stride[1] + j * dilation[1] - padding[1]
            if not (0 <= h < size[0] and 0 <= w < size[1]):
                continue
            v = x[n, c, h, w]
            if best is None or v > best or (v != v and best == best):
                best = values[n, c, p, q] = v
                indices[n, c, p, q] = h * size[1] + w
    return values, indices


def avg_pool2d(
    x: Array,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    ceil_mode: bool,
    count_include_pad: bool,
) -> Array:
    size = (x.shape[2], x.shape[3])
    out = _output_sizes(size, kernel_size, stride, padding, (1, 1), ceil_mode)
    y = np.zeros((*x.shape[:2], *out))
    for p, q in product(*map(range, out)):
        starts = p * stride[0] - padding[0], q * stride[1] - padding[1]
        seen, counted = [], 1
        for start, k, n, edge in zip(starts, kernel_size, size, padding):
            stop = min(start + k, n + edge)
            inside = range(max(start, 0), min(stop, n))
            seen.append(inside)
            counted *= stop - start if count_include_pad else len(inside)
        y[:, :, p, q] = sum(x[:, :, h, w] for h, w in product(*seen)) / counted
    return y


# Losses.


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


def mse_loss(x: Array, target: Array, *, reduction: str) -> Array:
    squares = (x - target) ** 2
    if reduction == "none":
        return squares
    return squares.sum() if reduction == "sum" else squares.sum() / squares.size


# Optimizers.


def sgd_step(
    param: Array,
    grad: Array,
    lr: Array,
    momentum_buffer: Array | None = None,
    *,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = (-grad if maximize else grad) + weight_decay * param
    if momentum == 0:
        return (param - lr * g,)
    b = g if momentum_buffer is None else momentum * momentum_buffer + (1 - dampening) * g
    return param - lr * (g + momentum * b if nesterov else b), b


def adam_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    lr: Array,
    step: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Array, ...]:
    g = (-grad if maximize else grad) + weight_decay * param
    m = beta1 * exp_avg + (1 - beta1) * g
    v = beta2 * exp_avg_sq + (1 - beta2) * g**2
    top = v if max_exp_avg_sq is None else np.maximum(max_exp_avg_sq, v)
    t = int(step)
    divisor = np.sqrt(top / (1 - math.pow(beta2, t))) + eps
    moved = param - lr / (1 - math.pow(beta1, t)) * m / divisor
    return (moved, m, v) if max_exp_avg_sq is None else (moved, m, v, top)


def adamw_step(
    param: Array, *others: Array | None, weight_decay: float, **options: Any
) -> tuple[Array, ...]:
    grad, exp_avg, exp_avg_sq, lr, *rest = others
    assert grad is not None and exp_avg is not None and exp_avg_sq is not None and lr is not None
    decayed: Any = param * (1 - lr * weight_decay)
    arguments: Any = (grad, exp_avg, exp_avg_sq, lr, *rest)
    return adam_step(decayed, *arguments, weight_decay=0.0, **options)


# Layers.


def dropout(x: Array, state: Array, *, p: float) -> Array:
    kept = random_bits(state, shape=x.shape).astype(np.int64) >= round(p * 2**32) - 2**31
    return np.where(kept, x / (1 - p) if p < 1 else 0.0, 0.0)


def embedding(weight: Array, index: Array, *, padding_idx: int | None) -> Array:
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
