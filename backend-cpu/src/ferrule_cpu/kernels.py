"""The kernel table: the array-namespace kit on NumPy, overlaid with what NumPy does better."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from ferrule_cpu import blas, quiet
from ferrule_cpu.convolution import conv2d, conv2d_input, conv2d_weight
from ferrule_cpu.pooling import max_pool2d_with_indices
from ferrule_cpu.random_bits import random_bits
from ferrule_cpu.rows import log_softmax, softmax
from ferrule_plugins import DType, Kernel
from ferrule_plugins.kits import array_namespace

Array = np.ndarray[Any, Any]

_HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def table() -> dict[str, Kernel]:
    """Every kernel of the backend, by op."""
    found: dict[str, Kernel] = {}
    kit = array_namespace.kernels(np, dtype_of=lambda dtype: dtype.numpy, bools_are_numbers=True)
    for op, function in {**kit, **TUNED}.items():
        if op in _ONE_STEP:
            found[op] = quiet.direct(function, _ONE_STEP[op])
        elif op in _MOVING:
            found[op] = function
        elif op in _WIDENED:
            found[op] = quiet.nested(in_float32(function))
        elif isinstance(function, np.ufunc):
            found[op] = quiet.direct(function, function.nin)
        else:
            found[op] = quiet.nested(function)
    return found


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compute 16-bit floats in float32, and round once at the end."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        half = next((a.dtype for a in arrays if a is not None and a.dtype in _HALVES), None)
        if half is None:
            return function(*arrays, **attrs)
        wide = [a.astype(np.float32) if a is not None and a.dtype == half else a for a in arrays]
        found = function(*wide, **attrs)
        if isinstance(found, tuple):
            return tuple(_rounded(y, half) for y in found)
        return _rounded(found, half)

    return kernel


def _rounded(y: Any, dtype: np.dtype[Any]) -> Any:
    return y.astype(dtype) if y.dtype == np.float32 else y


def _is_half(x: Array) -> bool:
    return x.itemsize == 2 and x.dtype in _HALVES


# Moving elements.


def permute(x: Array, *, dims: tuple[int, ...]) -> Array:
    return x.transpose(dims)


def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    return x.reshape(shape)


def flip(x: Array, *, dims: tuple[int, ...]) -> Array:
    steps = (slice(None, None, -1 if d in dims else 1) for d in range(x.ndim))
    return x[(..., *steps)]  # the ellipsis keeps 0-d arrays arrays


def slice_(
    x: Array, *, starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]
) -> Array:
    return x[(..., *map(slice, starts, stops, steps))]  # the ellipsis keeps 0-d arrays arrays


def slice_scatter(
    x: Array,
    source: Array,
    *,
    starts: tuple[int, ...],
    stops: tuple[int, ...],
    steps: tuple[int, ...],
) -> Array:
    y = x.copy()
    y[(..., *map(slice, starts, stops, steps))] = source
    return y


def where(condition: Array, a: Array, b: Array) -> Array:
    # numpy.where takes a branch per element, which no processor foresees; choosing by bits takes a
    # ninth of the time
    bits = _BITS.get(a.itemsize)
    if bits is None or condition.size < _MANY or a.dtype.kind not in "fiu":
        return np.where(condition, a, b)
    mask = condition.astype(bits)
    np.negative(mask, out=mask)
    a_bits, b_bits = a.view(bits), b.view(bits)
    chosen = (a_bits ^ b_bits) & mask
    chosen ^= b_bits
    return chosen.view(a.dtype)


_BITS = {4: np.int32, 8: np.int64}
_MANY = 4096


def cast(x: Array, *, dtype: DType) -> Array:
    if x.dtype.kind == "c" and dtype.category in ("integer", "floating"):
        x = x.real  # NumPy does the same, but warns
    return x.astype(dtype.numpy)


def gather(x: Array, index: Array, *, dim: int) -> Array:
    return np.take_along_axis(x, index, axis=dim)


def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    spread = [1] * x.ndim
    spread[dim] = index.shape[0]
    return scatter_add(x, np.broadcast_to(index.reshape(spread), source.shape), source, dim=dim)


def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    size = x.shape[dim]
    if index.size and not (index.min() >= 0 and index.max() < size):  # would land in another row
        raise IndexError(f"an index is out of range for dim {dim}, whose size is {size}")
    # by flat positions: numpy.add.at is several times faster with one index than with several
    positions = index * math.prod(x.shape[dim + 1 :])
    for d, n in enumerate(index.shape):
        if d != dim:
            along = np.arange(n) * math.prod(x.shape[d + 1 :])
            positions += along.reshape([n if e == d else 1 for e in range(x.ndim)])
    y = x.copy(order="C")
    np.add.at(y.reshape(-1), positions.reshape(-1), source.reshape(-1))
    return y


# Arithmetic.


def matmul(a: Array, b: Array) -> Array:
    if _is_half(a):
        return blas.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return blas.matmul(a, b)


def sum_(x: Array, *, dim: tuple[int, ...], keepdim: bool) -> Array:
    if _is_half(x):
        return np.add.reduce(x, axis=dim, keepdims=keepdim, dtype=np.float32).astype(x.dtype)
    dtype = np.int64 if x.dtype.kind in "biu" else None
    return np.add.reduce(x, axis=dim, keepdims=keepdim, dtype=dtype)


def amax(x: Array, *, dim: tuple[int, ...], keepdim: bool) -> Array:
    return np.maximum.reduce(x, axis=dim, keepdims=keepdim)


def amin(x: Array, *, dim: tuple[int, ...], keepdim: bool) -> Array:
    return np.minimum.reduce(x, axis=dim, keepdims=keepdim)


def complex_(real: Any, imag: Any) -> Array:
    wide = np.result_type(real, imag, np.complex64)
    y = np.empty(np.broadcast(real, imag).shape, wide)
    y.real, y.imag = real, imag
    return y


def relu(x: Array) -> Array:
    return np.maximum(x, x.dtype.type(0))


TUNED: dict[str, Kernel] = {
    "permute": permute,
    "reshape": reshape,
    "flip": flip,
    "slice": slice_,
    "slice_scatter": slice_scatter,
    "cast": cast,
    "where": where,
    "complex": complex_,
    "gather": gather,
    "index_add": index_add,
    "scatter_add": scatter_add,
    "matmul": matmul,
    "sum": sum_,
    "amax": amax,
    "amin": amin,
    "relu": relu,
    "random_bits": random_bits,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "conv2d": conv2d,
    "conv2d_input": conv2d_input,
    "conv2d_weight": conv2d_weight,
    "max_pool2d_with_indices": max_pool2d_with_indices,
}

# Kernels that call nothing which is wrapped, with their numbers of operands.
_ONE_STEP = {"matmul": 2, "sum": 1, "amax": 1, "amin": 1, "relu": 1}

# These compute nothing, so there is nothing to warn of.
_MOVING = {
    "permute", "reshape", "slice", "slice_scatter", "gather", "expand", "flip", "cat", "where",
    "index_select", "full", "real", "imag",
}  # fmt: skip

# NumPy has these for bfloat16 not at all, or rounding after every step.
_WIDENED = {
    "prod", "index_add", "scatter_add", "sort", "argmax", "argmin", "round", "softmax",
    "log_softmax", "conv2d", "conv2d_input", "conv2d_weight",
}  # fmt: skip
