"""Independent references of activation functions; see `ferrule_conformance.references`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_conformance.philox import random_bits
from ferrule_plugins import Shape

Array = np.ndarray[Any, Any]


def uniform(state: Array, shape: Shape) -> Array:
    """Within (0, 1): the middle of one of 2**23 steps, by the upper bits of each word."""
    words = random_bits(state, shape=shape).astype(np.int64) % 2**32
    return ((words >> 9) + 0.5) / 2**23


def logsigmoid(x: Array) -> Array:
    return -np.logaddexp(0.0, -x)


def softplus(x: Array, *, beta: float, threshold: float) -> Array:
    return np.where(x * beta > threshold, x, np.logaddexp(0.0, x * beta) / beta)


def mish(x: Array) -> Array:
    return x * np.tanh(np.logaddexp(0.0, x))


def softsign(x: Array) -> Array:
    return x / (1 + np.abs(x))


def tanhshrink(x: Array) -> Array:
    return x - np.tanh(x)


def glu(x: Array, *, dim: int) -> Array:
    first, second = np.split(x, 2, axis=dim)
    return first / (1 + np.exp(-second))


def gumbel_softmax(x: Array, state: Array, *, tau: float, hard: bool, dim: int) -> Array:
    noise = -np.log(-np.log(uniform(state, x.shape)))
    e = np.exp((x + noise) / tau)
    soft = e / e.sum(axis=dim, keepdims=True)
    if not hard:
        return soft
    return (np.argmax(soft, axis=dim, keepdims=True) == np.indices(x.shape)[dim]).astype(float)


def threshold(x: Array, *, threshold: float, value: float) -> Array:
    if x.dtype.kind in "iu":
        threshold, value = int(threshold), int(value)
    return np.where(x > threshold, x, np.asarray(value, x.dtype))


def hardtanh(x: Array, *, min_val: float, max_val: float) -> Array:
    return np.clip(x, min_val, max_val).astype(x.dtype)


def hardsigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def hardswish(x: Array) -> Array:
    return x * hardsigmoid(x)


def hardshrink(x: Array, *, lambd: float) -> Array:
    return x * ((x < -lambd) | (x > lambd))


def softshrink(x: Array, *, lambd: float) -> Array:
    return np.maximum(x - lambd, 0) + np.minimum(x + lambd, 0)


def leaky_relu(x: Array, *, negative_slope: float) -> Array:
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


def prelu(x: Array, weight: Array) -> Array:
    slopes = weight.reshape(-1, *(1,) * (x.ndim - 2)) if weight.size > 1 else weight.ravel()[:1]
    return np.maximum(x, 0) + slopes * np.minimum(x, 0)


def rrelu(x: Array, state: Array, *, lower: float, upper: float) -> Array:
    slopes = lower + (upper - lower) * uniform(state, x.shape)
    return np.maximum(x, 0) + slopes * np.minimum(x, 0)


def elu(x: Array, *, alpha: float) -> Array:
    return np.maximum(x, 0) + alpha * (np.exp(np.minimum(x, 0)) - 1)


def selu(x: Array) -> Array:
    # of normal numbers the mean must stay 0 and the variance 1: two equations for two unknowns
    below_1, below_2 = (math.erfc(k / math.sqrt(2)) / 2 for k in (1, 2))
    root = math.sqrt(math.e)
    alpha = -math.sqrt(2 / math.pi) / (2 * root * below_1 - 1)
    negative = math.e**2 * below_2 - 2 * root * below_1 + 0.5
    return elu(x, alpha=alpha) / math.sqrt(0.5 + alpha**2 * negative)


def celu(x: Array, *, alpha: float) -> Array:
    return np.maximum(x, 0) + alpha * (np.exp(np.minimum(x, 0) / alpha) - 1)
