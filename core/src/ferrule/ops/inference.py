"""Inference rules that many primitives share."""

from __future__ import annotations

from typing import Any

from ferrule.errors import ShapeError
from ferrule_plugins import DType, Shape, Shaped, Spec


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that all shapes broadcast to, by NumPy's rule.

    Raises:
        ShapeError: two sizes differ and neither is 1.
    """
    ndim = max(map(len, shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for i, n in enumerate(shape, ndim - len(shape)):
            if n != 1 and result[i] not in (1, n):
                raise ShapeError(
                    f"the shapes {' and '.join(map(str, shapes))} do not broadcast: sizes "
                    f"{result[i]} and {n} meet at dim {i - ndim}"
                )
            if n != 1:
                result[i] = n
    return tuple(result)


def broadcast(*operands: Any) -> Spec:
    """Shape and dtype of an elementwise op. Operands without a dtype are Python scalars."""
    dtype = next(x.dtype for x in operands if x.dtype is not None)
    return Spec(broadcast_shapes(*(x.shape for x in operands)), dtype)


def reduced(x: Shaped, dims: tuple[int, ...], keepdim: bool, dtype: DType | None = None) -> Spec:
    """What remains after reducing ``dims``."""
    shape = kept(x.shape, dims) if keepdim else without(x.shape, dims)
    return Spec(shape, dtype or x.dtype)


def kept(shape: Shape, dims: tuple[int, ...]) -> Shape:
    """``shape`` with 1 in the place of ``dims``."""
    return tuple(1 if i in dims else n for i, n in enumerate(shape))


def without(shape: Shape, dims: tuple[int, ...]) -> Shape:
    """``shape`` without ``dims``."""
    return tuple(n for i, n in enumerate(shape) if i not in dims)


def not_empty(x: Shaped, dims: tuple[int, ...], what: str) -> None:
    """Refuse a reduction that has no value for no elements."""
    for d in dims:
        if x.shape and x.shape[d] == 0:
            raise ShapeError(f"{what} of no elements does not exist, and dim {d} has size 0")
