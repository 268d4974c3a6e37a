"""Which dtype an op computes in. The core promotes; kernels never do.

The lattice and the ranks are PyTorch's: ``bool < integers < floats < complex``; a tensor with
dimensions outranks a 0-d tensor, which outranks a Python scalar, unless the lower rank brings a
higher category.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from ferrule.errors import DTypeError
from ferrule_plugins import DType, dtypes
from ferrule_plugins.dtypes import CATEGORIES

WEAK: frozenset[type] = frozenset({bool, int, float, complex})
"""The Python scalars: they adapt to the tensors that they meet."""

_default = dtypes.float32
_COMPLEX_OF = {
    dtypes.float16: dtypes.complex64,
    dtypes.bfloat16: dtypes.complex64,
    dtypes.float32: dtypes.complex64,
    dtypes.float64: dtypes.complex128,
}
_REAL_OF = {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}
_SIGNED_OVER_UINT8 = {dtypes.int8: dtypes.int16}


def default_float() -> DType:
    """The dtype of floating tensors made without one. See ``fe.set_default_dtype``."""
    return _default


def set_default_float(dtype: Any) -> None:
    """Make ``dtype`` the one that floating tensors have by default.

    Raises:
        DTypeError: it is not a floating dtype.
    """
    global _default
    found = DType.of(dtype)
    if not found.is_floating_point:
        raise DTypeError(f"set_default_dtype: {found.name} is not a floating dtype; use float32")
    _default = found


def complex_of(dtype: DType) -> DType:
    """The complex dtype whose parts have the precision of a floating ``dtype``; that of 16 bits
    is complex64. A complex dtype is its own."""
    return _COMPLEX_OF.get(dtype, dtype)


def real_of(dtype: DType) -> DType:
    """The dtype of the parts of a complex ``dtype``. Another one is its own."""
    return _REAL_OF.get(dtype, dtype)


def dtype_of_scalar(kind: type) -> DType:
    """The dtype that a Python scalar takes when no tensor says otherwise."""
    if kind is bool:
        return dtypes.bool_
    if kind is int:
        return dtypes.int64
    return _default if kind is float else _COMPLEX_OF[_default]


def check_fits(value: complex, dtype: DType) -> None:
    """Refuse a Python number that ``dtype`` cannot hold.

    Too large a float becomes an infinity, and an integer dtype takes a float without its fraction.

    Raises:
        DTypeError: an integer out of range, NaN or an infinity for integers, a complex number for
            real ones.
    """
    if isinstance(value, complex):
        fits = dtype.category in ("bool", "complex")
    elif dtype.category == "integer":
        info = dtypes.iinfo(dtype)
        fits = int(info.min) - 1 < value < int(info.max) + 1
    else:
        fits = True
    if not fits:
        raise DTypeError(f"{value} does not fit in {dtype.name}; choose a dtype that can hold it")


@cache
def promote_types(a: DType, b: DType) -> DType:
    """The smallest dtype that holds both, by PyTorch's table."""
    if a is b:
        return a
    if CATEGORIES.index(a.category) > CATEGORIES.index(b.category):
        a, b = b, a
    if a.category != b.category:
        if b.is_complex and a.is_floating_point:
            return promote_types(_COMPLEX_OF[a], b)
        return b
    if a.category == "integer" and dtypes.uint8 in (a, b):
        other = b if a is dtypes.uint8 else a
        return _SIGNED_OVER_UINT8.get(other, other)
    if a.itemsize == b.itemsize:  # float16 and bfloat16: neither holds the other
        return dtypes.float32
    return a if a.itemsize > b.itemsize else b


def result_type(operands: Iterable[Any]) -> DType | None:
    """The common dtype of operands: objects with ``dtype`` and ``ndim``, or scalar types.

    Returns ``None`` where there are no operands.
    """
    ranks: list[DType | None] = [None, None, None]  # dimensioned, 0-d, Python scalars
    for operand in operands:
        if operand in WEAK:
            rank, dtype = 2, dtype_of_scalar(operand)
        else:
            rank, dtype = (0 if operand.ndim else 1), operand.dtype
        seen = ranks[rank]
        ranks[rank] = dtype if seen is None else promote_types(seen, dtype)
    result: DType | None = None
    for dtype in ranks:
        if dtype is None:
            continue
        if result is None:
            result = dtype
        elif CATEGORIES.index(dtype.category) > CATEGORIES.index(result.category):
            # a complex of lower rank keeps the precision that it meets
            keeps = dtype.is_complex and result.is_floating_point
            result = _COMPLEX_OF[result] if keeps else dtype
    return result
