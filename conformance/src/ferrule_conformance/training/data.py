"""What the models learn from. It is made of Philox's words by arithmetic that is exact in float32,
so that it never changes."""

from __future__ import annotations

import math
import zlib
from functools import cache
from typing import Any

import numpy as np

from ferrule_conformance.philox import random_bits

Array = np.ndarray[Any, Any]

FEATURES, CLASSES = 8, 4
TOKENS, LENGTH = 12, 10


def uniform(name: str, shape: tuple[int, ...]) -> Array:
    """Numbers within [-1, 1) in steps of 2**-16, of a stream of that name."""
    state = np.array([zlib.crc32(name.encode()), 0], np.int64)
    return (random_bits(state, shape=shape) >> 15) * 2.0**-16


@cache
def points() -> tuple[Array, ...]:
    """Points, and in which of four cones about the origin each lies."""
    x = uniform("points", (48, FEATURES)).astype(np.float32)
    return x, _nearest(x, uniform("cones", (CLASSES, FEATURES)))


@cache
def images() -> tuple[Array, ...]:
    """Noisy images of four patterns, and which it is."""
    classes = np.arange(24) % CLASSES
    patterns = uniform("patterns", (CLASSES, 1, 8, 8))
    noise = uniform("noise", (24, 1, 8, 8))
    return (patterns[classes] + noise).astype(np.float32), classes


@cache
def text() -> tuple[Array, ...]:
    """Texts in which each token follows from the two before it, but for a few that are wrong."""
    start = np.abs(np.rint(uniform("start", (6, 2)) * 100)).astype(np.int64) % TOKENS
    wrong = uniform("wrong", (6, LENGTH)) > 0.9
    tokens = [start[:, 0], start[:, 1]]
    while len(tokens) < LENGTH:
        follows = (tokens[-1] + 2 * tokens[-2] + 1) % TOKENS
        tokens.append(np.where(wrong[:, len(tokens)], 0, follows))
    return (np.stack(tokens, axis=1),)


def initial(name: str, value: Array) -> Array:
    """What a parameter of that name begins with: matrices with numbers as large as suits their
    rows, weights of norms with 1 and biases with 0, both moved a little. Buffers stay as they are.
    """
    if value.dtype.kind != "f" or "running" in name:
        return value
    drawn = uniform(name, value.shape)
    if value.ndim < 2:
        return (1.0 if name.endswith("weight") else 0.0) + 0.125 * drawn
    row = math.prod(value.shape[1:])
    return drawn * 2.0 ** -round(math.log2(row / 3) / 2)  # a power of two: no rounding


def _nearest(x: Array, centres: Array) -> Array:
    return np.argmax(x.astype(np.float64) @ centres.T, axis=1)
