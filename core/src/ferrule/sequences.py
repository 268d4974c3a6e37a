"""Making sequences of numbers: steps, equal distances, powers, and the identity matrix."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ferrule import ops, promotion, runtime
from ferrule.dims import sizes
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.factories import device_of, dtype_of
from ferrule.tensor import Tensor
from ferrule_plugins import DType, dtypes


def _number(name: str, value: Any) -> Any:
    value = value.item() if isinstance(value, (np.generic, Tensor)) else value
    if not isinstance(value, (bool, int, float, complex)):
        raise ArgumentError(f"{name}: {value!r} is not a number")
    return value


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``start``, ``start + step``, ... below ``end``; with one argument, from 0 to below it.

    Without a dtype, it is int64 if all are integers, and the default one otherwise.

    Raises:
        ShapeError: ``step`` is 0 or leads away from ``end``, or a bound is not finite.
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (_number("arange", v) for v in (start, end, step))
    if dtype is None:
        whole = all(isinstance(v, int) for v in (start, end, step))
        dtype = dtypes.int64 if whole else None
    found = dtype_of("arange", dtype)
    if found is dtypes.int64:  # where PyTorch counts in integers
        start, end, step = (_whole("arange", v) for v in (start, end, step))
    length = _length("arange", start, end, step)
    return _steps("arange", start, step, length, found, device, requires_grad)


def range(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``start``, ``start + step``, ... up to and including ``end``, in the default dtype unless
    one is given. PyTorch advises against it, and so do we: `arange` is Python's."""
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (_number("range", v) for v in (start, end, step))
    found = dtype_of("range", dtype)
    _length("range", start, end, step)
    length = math.floor((end - start) / step) + 1
    return _steps("range", start, step, length, found, device, requires_grad)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, complex) or not math.isfinite(value):
        raise ShapeError(f"{name}: {value} is not a finite real number")
    return int(value)


def _length(name: str, start: Any, end: Any, step: Any) -> int:
    for value in (start, end, step):
        _whole(name, value)
    if step == 0:
        raise ShapeError(f"{name}: step must not be 0")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise ShapeError(f"{name}: a step of {step} leads away from {end}, starting at {start}")
    if all(isinstance(v, int) for v in (start, end, step)):
        return -((start - end) // step)
    return math.ceil((end - start) / step)


def _steps(
    name: str, start: Any, step: Any, length: int, dtype: DType, device: Any, requires_grad: bool
) -> Tensor:
    if dtype.category == "integer":
        start, step = int(start), int(step)
    made = ops.arange(
        start=start, step=step, length=length, dtype=dtype, device=device_of(name, device)
    )
    return made.requires_grad_(requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``steps`` values at equal distances from ``start`` to ``end``, both included.

    The first half counts up from ``start`` and the second down from ``end``, in the arithmetic of
    the dtype, so that both ends are exact and rounding errors are symmetric.

    Args:
        start, end: numbers, or tensors of one element.
    """
    values = _spread("linspace", start, end, steps, dtype, device)
    return values.to(_dtype("linspace", start, end, dtype)).requires_grad_(requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``base`` to the powers ``linspace(start, end, steps)``."""
    exponents = _spread("logspace", start, end, steps, dtype, device)
    values = ops.pow(ops.full(shape=(), value=float(base), dtype=exponents.dtype,
                              device=exponents.device), exponents)  # fmt: skip
    return values.to(_dtype("logspace", start, end, dtype)).requires_grad_(requires_grad)


def _dtype(name: str, start: Any, end: Any, dtype: Any) -> DType:
    if dtype is None and any(isinstance(_number(name, v), complex) for v in (start, end)):
        return promotion.dtype_of_scalar(complex)
    return dtype_of(name, dtype)


def _spread(name: str, start: Any, end: Any, steps: Any, dtype: Any, device: Any) -> Tensor:
    (count,) = sizes(name, (_number(name, steps),))
    found, where = _dtype(name, start, end, dtype), device_of(name, device)
    start, end = _number(name, start), _number(name, end)
    if found.category == "bool":
        raise DTypeError(f"{name}: {found.name} cannot hold equal distances; use another dtype")
    if found.category == "integer":  # whose steps are not whole
        start, end, found = int(start), int(end), dtypes.float64
    kind: Any = found.numpy.type
    with np.errstate(all="ignore"):
        ends = [kind(start), kind(end)]
        ends.append((ends[1] - ends[0]) / kind(builtins.max(count - 1, 1)))
    numbers = [v.item() if found.is_complex else float(v) for v in ends]
    if found is dtypes.float32 and dtypes.float64 in runtime.active(where.backend).dtypes:
        found = dtypes.float64  # each product and sum is rounded once, as a fused one is
    first, last, step = (ops.full(shape=(), value=v, dtype=found, device=where) for v in numbers)
    index = ops.arange(start=0, step=1, length=count, dtype=dtypes.int64, device=where)
    up = first + index.to(found) * step
    down = last - ((count - 1) - index).to(found) * step
    return ops.where(index < count // 2, up, down) if count != 1 else up


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the diagonal of an ``n`` by ``m`` matrix, zeros elsewhere."""
    found, where = dtype_of("eye", dtype), device_of("eye", device)
    rows, columns = sizes("eye", (n, n if m is None else m))
    row = ops.arange(start=0, step=1, length=rows, dtype=dtypes.int64, device=where)
    column = ops.arange(start=0, step=1, length=columns, dtype=dtypes.int64, device=where)
    made = ops.cast(ops.eq(ops.reshape(row, shape=(rows, 1)), column), dtype=found)
    return made.requires_grad_(requires_grad)
