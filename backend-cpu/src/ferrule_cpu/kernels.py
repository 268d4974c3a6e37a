"""The kernel table: the array-namespace kit on NumPy, overlaid with what NumPy does better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from ferrule_cpu import (
    blas,
    elementwise,
    linalg,
    optimizers,
    order,
    quiet,
    recurrent,
    scans,
    statistics,
)  # fmt: skip
from ferrule_cpu.convolution import conv, conv_input, conv_weight
from ferrule_cpu.pooling import max_pool_with_indices
from ferrule_cpu.random_bits import random_bits
from ferrule_cpu.rows import log_softmax, softmax
from ferrule_cpu.selection import (
    gather,
    index_add,
    index_copy,
    index_select,
    scatter,
    scatter_add,
    scatter_reduce,
    wrap_index,
)
from ferrule_plugins import DType, Kernel
from ferrule_plugins.kits import array_namespace

Array = np.ndarray[Any, Any]

_HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def table() -> dict[str, Kernel]:
    """Every kernel of the backend, by op."""
    found: dict[str, Kernel] = {}
    kit = array_namespace.kernels(np, dtype_of=lambda dtype: dtype.numpy, bools_are_numbers=True)
    for op, function in {**kit, **ONE_STEP, **TUNED}.items():
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


# Arithmetic.


def nextafter(a: Any, b: Any) -> Array:
    y = np.nextafter(a, b)
    if y.dtype != np.float16:
        return y
    return np.where(a == b, b, y)  # of equal zeros NumPy gives the first, and C the second


def pow_(a: Any, exponent: Any) -> Array:
    try:
        return np.power(a, exponent)
    except ValueError:  # NumPy refuses integers to negative powers
        return _kit_pow(a, exponent)


_kit_pow = array_namespace.kernels(np)["pow"]


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


# Composites for which NumPy has a function of one step.
ONE_STEP: dict[str, Kernel] = {
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "hypot": np.hypot,
    "conj": np.conj,
    "fmod": np.fmod,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "trunc": np.trunc,
    "square": np.square,
    "isnan": np.isnan,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "signbit": np.signbit,
}

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
    "index_copy": index_copy,
    "index_select": index_select,
    "scatter": scatter,
    "scatter_add": scatter_add,
    "scatter_reduce": scatter_reduce,
    "wrap_index": wrap_index,
    "nextafter": nextafter,
    "pow": pow_,
    "matmul": matmul,
    "sum": sum_,
    "amax": amax,
    "amin": amin,
    "relu": relu,
    "random_bits": random_bits,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "conv": conv,
    "conv_input": conv_input,
    "conv_weight": conv_weight,
    "max_pool_with_indices": max_pool_with_indices,
    "sort": order.sort,
    "topk": order.topk,
    "searchsorted": order.searchsorted,
    "isin": order.isin,
    "bincount": order.bincount,
    "cummax": scans.cummax,
    "cummin": scans.cummin,
    "logcumsumexp": scans.logcumsumexp,
    "mean": statistics.mean,
    "var": statistics.var,
    **elementwise.KERNELS,
    **linalg.KERNELS,
    **recurrent.KERNELS,
    **optimizers.KERNELS,
}

# Kernels that call nothing which is wrapped, with their numbers of operands.
_ONE_STEP = {
    "nextafter": 2, "pow": 2, "matmul": 2, "sum": 1, "amax": 1, "amin": 1, "relu": 1, "mean": 1,
    "var": 1,
}  # fmt: skip

# These compute nothing, so there is nothing to warn of.
_MOVING = {
    "permute", "reshape", "slice", "slice_scatter", "gather", "expand", "flip", "cat", "where",
    "index_select", "index_copy", "scatter", "wrap_index", "full", "real", "imag",
}  # fmt: skip

# NumPy has these for bfloat16 not at all, or rounding after every step.
_WIDENED = {
    "prod", "index_add", "scatter_add", "scatter_reduce", "argmax", "argmin", "round",
    "softmax", "log_softmax", "conv", "conv_input", "conv_weight", "isin", "searchsorted",
    "logcumsumexp", "deg2rad", "rad2deg", "reciprocal", *recurrent.KERNELS, *optimizers.KERNELS,
}  # fmt: skip
