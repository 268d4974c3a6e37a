"""A complete kernel table over any library that follows the Python array API standard.

`kernels` uses the standard alone (version 2024.12, which mixes arrays and Python scalars), so it
serves NumPy, CuPy, dpnp, torch, jax.numpy and whatever comes next. A backend overlays it with the
kernels that its library does better: ``{**kernels(xp), "exp": my_exp}``.

Source: https://data-apis.org/array-api/2024.12/
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ferrule_plugins.backend import Kernel
from ferrule_plugins.device import Device
from ferrule_plugins.dtypes import DType
from ferrule_plugins.spec import Shape

Array = Any

_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "pow": "pow",
    "remainder": "remainder",
    "floor_divide": "floor_divide",
    "maximum": "maximum",
    "minimum": "minimum",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "bitwise_left_shift": "bitwise_left_shift",
    "bitwise_right_shift": "bitwise_right_shift",
}
"""Ops of two operands that are functions of the standard under another name, or the same."""

_OTHERS = {
    "neg": "negative",
    "abs": "abs",
    "sign": "sign",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "floor": "floor",
    "ceil": "ceil",
    "round": "round",
    "bitwise_not": "bitwise_invert",
    "where": "where",
    "matmul": "matmul",
}
"""The other ops of which that is true."""


def kernels(
    xp: Any,
    *,
    dtype_of: Callable[[DType], Any] | None = None,
    device_of: Callable[[Device], Any] | None = None,
    bools_are_numbers: bool = False,
) -> dict[str, Kernel]:
    """Kernels for every primitive.

    Args:
        xp: the namespace.
        dtype_of: the namespace's dtype for a ferrule dtype; by default the attribute of its name.
        device_of: what the namespace's creation functions take as ``device``; by default None,
            which is the library's own choice.
        bools_are_numbers: the library adds, multiplies and orders bools, and mixes them with
            numbers, as NumPy and CuPy do beyond the standard. Its functions are then kernels as
            they are.
    """
    kit = _Kit(
        xp,
        dtype_of or (lambda dtype: getattr(xp, dtype.name)),
        device_of or (lambda device: None),
    )
    table: dict[str, Kernel] = {}
    for op, name in {**_BINARY, **_OTHERS}.items():
        table[op] = getattr(xp, name)
    if not bools_are_numbers:
        for op in _BINARY:
            table[op] = kit._with_bools(table[op], _ON_BOOLS.get(op, ""))
    for op in _ADAPTED:
        table[op] = getattr(kit, op)
    return table


class _Kit:
    """Kernels whose attributes or meaning differ from the standard's functions."""

    def __init__(
        self, xp: Any, dtype_of: Callable[[DType], Any], device_of: Callable[[Device], Any]
    ) -> None:
        self.xp = xp
        self.dtype_of = dtype_of
        self.device_of = device_of

    # Bools: the standard neither mixes them with numbers nor computes with them.

    def _with_bools(self, function: Any, logical: str) -> Kernel:
        """``function``; among bools the logical function of that name, or for ``"order"`` their
        order as numbers."""

        def kernel(a: Any, b: Any) -> Array:
            if not (self._is_bool(a) and self._is_bool(b)):
                return function(self._unless_bool(a), self._unless_bool(b))
            if logical == "order":
                return function(self._number(a), self._number(b))
            return getattr(self.xp, logical)(a, b) if logical else function(a, b)

        return kernel

    def _is_bool(self, x: Any) -> bool:
        return x.__class__ is bool or getattr(x, "dtype", None) == self.xp.bool

    def _unless_bool(self, x: Any) -> Any:
        return int(x) if x.__class__ is bool else x

    def _number(self, x: Any) -> Any:
        return int(x) if x.__class__ is bool else self.xp.astype(x, self.xp.uint8)

    # Reductions.

    def sum(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        dtype = None
        if not self._inexact(x):
            x, dtype = self.xp.astype(x, self.xp.int64), self.xp.int64
        return self.xp.sum(x, axis=dim, keepdims=keepdim, dtype=dtype or x.dtype)

    def prod(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        if not self._inexact(x):
            x = self.xp.astype(x, self.xp.int64)
        return self.xp.prod(x, axis=dim, keepdims=keepdim, dtype=x.dtype)

    def amax(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.max(x, axis=dim, keepdims=keepdim)

    def amin(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.min(x, axis=dim, keepdims=keepdim)

    def any(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.any(x, axis=dim, keepdims=keepdim)

    def all(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.all(x, axis=dim, keepdims=keepdim)

    def argmax(self, x: Array, *, dim: int, keepdim: bool) -> Array:
        return self._argument(self.xp.argmax, x, dim, keepdim)

    def argmin(self, x: Array, *, dim: int, keepdim: bool) -> Array:
        return self._argument(self.xp.argmin, x, dim, keepdim)

    def _argument(self, function: Any, x: Array, dim: int, keepdim: bool) -> Array:
        if not x.ndim:
            return self.xp.zeros((), dtype=self.xp.int64)
        return self.xp.astype(function(x, axis=dim, keepdims=keepdim), self.xp.int64, copy=False)

    def sort(self, x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return x, self.xp.zeros((), dtype=self.xp.int64)
        keys = self.xp.astype(x, self.xp.uint8) if x.dtype == self.xp.bool else x
        if descending:  # flipped twice, so that equal elements keep their order
            n = x.shape[dim]
            flipped = self.xp.flip(keys, axis=dim)
            order = self.xp.argsort(flipped, axis=dim, stable=True)
            order = (n - 1) - self.xp.flip(order, axis=dim)
        else:
            order = self.xp.argsort(keys, axis=dim, stable=True)
        order = self.xp.astype(order, self.xp.int64, copy=False)
        return self.gather(x, order, dim=dim), order

    # Shapes.

    def reshape(self, x: Array, *, shape: Shape) -> Array:
        return self.xp.reshape(x, shape)

    def permute(self, x: Array, *, dims: Shape) -> Array:
        return self.xp.permute_dims(x, dims)

    def expand(self, x: Array, *, shape: Shape) -> Array:
        return self.xp.broadcast_to(x, shape)

    def flip(self, x: Array, *, dims: Shape) -> Array:
        return self.xp.flip(x, axis=dims)

    def cat(self, *tensors: Array, dim: int) -> Array:
        return self.xp.concat(tensors, axis=dim)

    def slice(self, x: Array, *, starts: Shape, stops: Shape, steps: Shape) -> Array:
        return x[tuple(map(slice, starts, stops, steps))]

    def pad(self, x: Array, *, before: Shape, after: Shape, inner: Shape, value: complex) -> Array:
        occupied = [n + max(n - 1, 0) * i for n, i in zip(x.shape, inner)]
        shape = tuple(a + n + b for a, n, b in zip(before, occupied, after))
        y = self.xp.full(shape, value, dtype=x.dtype, device=getattr(x, "device", None))
        y[tuple(slice(a, a + n, i + 1) for a, n, i in zip(before, occupied, inner))] = x
        return y

    # Creation and conversion.

    def full(self, *, shape: Shape, value: complex, dtype: DType, device: Device) -> Array:
        return self.xp.full(shape, value, dtype=self.dtype_of(dtype), device=self.device_of(device))

    def arange(
        self, *, start: complex, step: complex, length: int, dtype: DType, device: Device
    ) -> Array:
        steps = self.xp.arange(length, dtype=self.xp.int64, device=self.device_of(device))
        if isinstance(start, int) and isinstance(step, int):
            return self.xp.astype(steps * step + start, self.dtype_of(dtype))
        exact = self.xp.astype(steps, self.xp.float64) * step + start
        return self.xp.astype(exact, self.dtype_of(dtype))

    def cast(self, x: Array, *, dtype: DType) -> Array:
        if not dtype.is_complex and self.xp.isdtype(x.dtype, "complex floating"):
            x = x != 0 if dtype.category == "bool" else self.xp.real(x)
        return self.xp.astype(x, self.dtype_of(dtype))

    # Selection by integer tensors. The standard can read by index, but not write by index.

    def index_select(self, x: Array, index: Array, *, dim: int) -> Array:
        return self.xp.take(x, index, axis=dim)

    def index_add(self, x: Array, index: Array, source: Array, *, dim: int) -> Array:
        spread = [1] * x.ndim
        spread[dim] = index.shape[0]
        index = self.xp.broadcast_to(self.xp.reshape(index, tuple(spread)), source.shape)
        return self.scatter_add(x, index, source, dim=dim)

    def gather(self, x: Array, index: Array, *, dim: int) -> Array:
        return self._take_along(x, index, dim)

    def _take_along(self, x: Array, index: Array, dim: int) -> Array:
        """By flat positions, which needs no more of the standard than ``take``."""
        xp = self.xp
        if not x.ndim:
            return x
        stride = math.prod(x.shape[dim + 1 :])
        positions = index * stride
        for d, n in enumerate(index.shape):
            if d != dim:
                shape = tuple(n if e == d else 1 for e in range(x.ndim))
                along = xp.reshape(xp.arange(n, dtype=index.dtype), shape)
                positions = positions + along * math.prod(x.shape[d + 1 :])
        flat = xp.take(xp.reshape(x, (-1,)), xp.reshape(positions, (-1,)), axis=0)
        return xp.reshape(flat, index.shape)

    def scatter_add(self, x: Array, index: Array, source: Array, *, dim: int) -> Array:
        """Compares every index with every place: slow, but within the standard."""
        xp = self.xp
        shape = (*(x.shape[dim] if d == dim else 1 for d in range(x.ndim)), 1)
        places = xp.reshape(xp.arange(x.shape[dim], dtype=index.dtype), shape)
        hits = xp.expand_dims(xp.moveaxis(index, dim, -1), axis=dim) == places
        sources = xp.expand_dims(xp.moveaxis(source, dim, -1), axis=dim)
        nothing = xp.zeros((), dtype=x.dtype)
        return x + xp.sum(xp.where(hits, sources, nothing), axis=-1, dtype=x.dtype)

    def _inexact(self, x: Array) -> bool:
        return self.xp.isdtype(x.dtype, ("real floating", "complex floating"))


_ON_BOOLS = {
    "add": "logical_or",
    "mul": "logical_and",
    "lt": "order",
    "le": "order",
    "gt": "order",
    "ge": "order",
}

_ADAPTED = [name for name in vars(_Kit) if not name.startswith("_")]
