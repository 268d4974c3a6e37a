"""Independent references: what ops that NumPy does not have should give.

An op names its reference as ``ferrule_conformance.references:NAME``. It is called with the operands
in float64 (integers and bools as they are) and all attributes, dims non-negative and filled in.
One that has the attribute ``in_own_dtype`` gets them as they are: its result depends on the dtype.
Loops are welcome: what counts is that each function can be read beside the op's definition.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ferrule_conformance.philox import random_bits
from ferrule_plugins import DType, Shape

Array = np.ndarray[Any, Any]

__all__ = [
    "addcdiv", "addcmul", "angle", "arange", "cast", "cat", "clamp", "complex", "flip", "frac",
    "full", "gather", "gelu", "heaviside", "index_add", "index_select", "isclose", "ldexp",
    "lerp", "log_softmax", "nan_to_num", "nextafter", "pad", "random_bits", "relu",
    "round_decimals", "rsqrt", "scatter_add", "sgn", "sigmoid", "silu", "slice", "softmax",
    "sort", "trunc_divide",
]  # fmt: skip


# Conversion and creation.


def cast(x: Array, *, dtype: DType) -> Array:
    if dtype.category == "bool":
        return x != 0
    if dtype.is_complex:
        return x.astype(np.complex128)
    real = x.real if np.iscomplexobj(x) else x
    if dtype.is_floating_point:
        return real.astype(np.float64)
    return (
        np.trunc(real).astype(dtype.numpy) if real.dtype.kind == "f" else real.astype(dtype.numpy)
    )


def full(*, shape: Shape, value: Any, dtype: DType) -> Array:
    return np.broadcast_to(cast(np.asarray(value), dtype=dtype), shape)


def arange(*, start: Any, step: Any, length: int, dtype: DType) -> Array:
    values = np.asarray([start + i * step for i in range(length)], dtype=type(start + step))
    return cast(values, dtype=dtype)


def complex(real: Array, imag: Array) -> Array:
    y = np.zeros(np.broadcast_shapes(real.shape, imag.shape), np.complex128)
    y.real, y.imag = real, imag
    return y


def sgn(x: Array) -> Array:
    size = np.abs(x)
    return x / np.where(size == 0, 1.0, size) if np.iscomplexobj(x) else np.sign(x)


# Elementwise.


def frac(x: Array) -> Array:
    return x - np.trunc(x)


def round_decimals(x: Array, *, decimals: int) -> Array:
    return np.round(x, decimals)


def trunc_divide(a: Array, b: Array) -> Array:
    if a.dtype.kind == "f":
        return np.trunc(a / b)
    whole = np.vectorize(lambda n, d: (abs(n) // abs(d)) * (-1 if (n < 0) != (d < 0) else 1))
    return whole(a.astype(object), b.astype(object)).astype(a.dtype)


def angle(x: Array) -> Array:
    return np.where(np.isnan(x), x, np.angle(x)) if x.dtype.kind == "f" else np.angle(x)


def lerp(x: Array, end: Array, weight: Array) -> Array:
    return x * (1 - weight) + end * weight


def addcmul(x: Array, tensor1: Array, tensor2: Array, *, value: Any) -> Array:
    return x + value * tensor1 * tensor2


def addcdiv(x: Array, tensor1: Array, tensor2: Array, *, value: Any) -> Array:
    return x + value * tensor1 / tensor2


def heaviside(x: Array, values: Array) -> Array:
    return np.where(x == 0, values, (x > 0).astype(x.dtype))


def isclose(a: Array, b: Array, *, rtol: float, atol: float, equal_nan: bool) -> Array:
    return np.isclose(a, b, rtol, atol, equal_nan)


def nan_to_num(x: Array, *, nan: float, posinf: float | None, neginf: float | None) -> Array:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def ldexp(x: Array, exponent: Array) -> Array:
    return x * 2.0**exponent


def nextafter(a: Array, b: Array) -> Array:
    return np.where(a == b, b, np.nextafter(a, b))  # of equal zeros NumPy's float16 gives the first


nextafter.in_own_dtype = True  # pyright: ignore[reportFunctionMemberAccess]  see the module's text


# Moving elements.


def flip(x: Array, *, dims: Shape) -> Array:
    return x[tuple(builtins.slice(None, None, -1 if d in dims else 1) for d in range(x.ndim))]


def cat(*tensors: Array, dim: int) -> Array:
    shape = list(tensors[0].shape)
    shape[dim] = sum(t.shape[dim] for t in tensors)
    y = np.empty(shape, tensors[0].dtype)
    start = 0
    for t in tensors:
        y[(builtins.slice(None),) * dim + (builtins.slice(start, start + t.shape[dim]),)] = t
        start += t.shape[dim]
    return y


def slice(x: Array, *, starts: Shape, stops: Shape, steps: Shape) -> Array:
    return x[np.ix_(*(range(*along) for along in zip(starts, stops, steps)))]


def pad(x: Array, *, before: Shape, after: Shape, inner: Shape, value: Any) -> Array:
    sizes = (b + n + max(n - 1, 0) * i + a for b, n, i, a in zip(before, x.shape, inner, after))
    y = np.full(tuple(sizes), value, x.dtype)
    for place in np.ndindex(x.shape):
        y[tuple(b + p * (i + 1) for b, p, i in zip(before, place, inner))] = x[place]
    return y


def index_select(x: Array, index: Array, *, dim: int) -> Array:
    slices = [x[(builtins.slice(None),) * dim + (int(i),)] for i in index]
    if not slices:
        return np.empty((*x.shape[:dim], 0, *x.shape[dim + 1 :]), x.dtype)
    return np.stack(slices, axis=dim)


def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    y = x.copy()
    for j, i in enumerate(index):
        lead = (builtins.slice(None),) * dim
        y[(*lead, int(i))] += source[(*lead, j)]
    return y


def _along(place: tuple[int, ...], dim: int, index: Array) -> tuple[int, ...]:
    return (*place[:dim], int(index[place]), *place[dim + 1 :])


def gather(x: Array, index: Array, *, dim: int) -> Array:
    y = np.empty(index.shape, x.dtype)
    for place in np.ndindex(index.shape):
        y[place] = x[_along(place, dim, index)]
    return y


def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    y = x.copy()
    for place in np.ndindex(index.shape):
        y[_along(place, dim, index)] += source[place]
    return y


def sort(x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
    """Stable; NaN is larger than all else."""
    values, order = x.copy(), np.zeros(x.shape, np.int64)
    for row in _rows(x, dim):
        keys = [_rank(key) for key in x[row].tolist()]
        ranks = list(range(len(keys)))
        if descending:  # the sorting is turned around, and equals in it twice
            ranks.reverse()
        ranks.sort(key=keys.__getitem__)
        if descending:
            ranks.reverse()
        order[row] = ranks
        values[row] = x[row][ranks]
    return values, order


def _rank(key: Any) -> tuple[bool, Any]:
    return (True, 0) if key != key else (False, key)


def _rows(x: Array, dim: int) -> Iterator[tuple[Any, ...]]:
    """Indices of all rows along ``dim``."""
    if x.ndim:
        for place in np.ndindex(*x.shape[:dim], *x.shape[dim + 1 :]):
            yield (*place[:dim], builtins.slice(None), *place[dim:])


# Elementwise.


def clamp(x: Array, min: Array | None = None, max: Array | None = None) -> Array:
    x = x if min is None else np.where(x < min, min, x)
    return x if max is None else np.where(x > max, max, x)


def rsqrt(x: Array) -> Array:
    return x**-0.5


# Activations.


def _scalar_by_scalar(function: Callable[[float], float], x: Array) -> Array:
    y = np.empty_like(x)
    for place in np.ndindex(x.shape):
        y[place] = function(float(x[place]))
    return y


def relu(x: Array) -> Array:
    return np.where(x < 0, np.zeros((), x.dtype), x)


def sigmoid(x: Array) -> Array:
    return (1 + np.tanh(x / 2)) / 2


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def gelu(x: Array, *, approximate: str) -> Array:
    if approximate == "tanh":
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * _scalar_by_scalar(lambda v: math.erfc(-v / math.sqrt(2)), x)


def softmax(x: Array, *, dim: int) -> Array:
    e = np.exp(x)
    return e / np.sum(e, axis=dim, keepdims=True)


def log_softmax(x: Array, *, dim: int) -> Array:
    return x - np.log(np.sum(np.exp(x), axis=dim, keepdims=True))
