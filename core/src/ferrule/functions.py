"""Public functions whose PyTorch signature has overloads, brought onto canonical ops.

No mathematics lives here. Where PyTorch's signature is the op's own, the op is the function.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple

from ferrule import ops, promotion
from ferrule.autograd.node import AliasNode
from ferrule.errors import ArgumentError, OutOfRange, ShapeError
from ferrule.modes import is_grad_enabled
from ferrule.op import forget_plans
from ferrule.tensor import Tensor
from ferrule_plugins import DType
from ferrule_plugins.dtypes import CATEGORIES


class ValuesIndices(NamedTuple):
    """Elements that an op chose, and where along the dim they stood."""

    values: Tensor
    indices: Tensor


def _extreme(input: Tensor, dim: Any, keepdim: bool, reduce, argument, pairwise) -> Any:
    if isinstance(dim, Tensor):
        return pairwise(input, dim)
    if dim is None:
        return reduce(input)
    indices = argument(input, dim=dim, keepdim=True)
    if not input.ndim:
        return ValuesIndices(clone(input), indices)
    values = ops.gather(input, indices, dim=dim)
    if not keepdim:
        values, indices = squeeze(values, dim), squeeze(indices, dim)
    return ValuesIndices(values, indices)


def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with ``dim``, the largest along it and their indices; with a second
    tensor, the larger of each two elements."""
    dim = dim if other is None else other
    return _extreme(input, dim, keepdim, ops.amax, ops.argmax, ops.maximum)


def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; otherwise as `max`."""
    dim = dim if other is None else other
    return _extreme(input, dim, keepdim, ops.amin, ops.argmin, ops.minimum)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element along ``dim``, or, without one, in row-major order."""
    return _argument(ops.argmax, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element along ``dim``, or, without one, in row-major order."""
    return _argument(ops.argmin, input, dim, keepdim)


def _argument(op, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    if dim is not None:
        return op(input, dim=dim, keepdim=keepdim)
    index = op(ops.reshape(input, shape=(-1,)), dim=0)
    return ops.reshape(index, shape=(1,) * input.ndim) if keepdim else index


def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over ``dim``, or over everything, in ``dtype`` where one is given."""
    return ops.sum(input if dtype is None else input.to(dtype), dim=dim, keepdim=keepdim)


def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product over ``dim``, or over everything, in ``dtype`` where one is given."""
    return ops.prod(input if dtype is None else input.to(dtype), dim=dim, keepdim=keepdim)


def std(input: Tensor, dim: Any = None, *, correction: int = 1, keepdim: bool = False) -> Tensor:
    """The standard deviation over ``dim``: the root of `var`."""
    return ops.sqrt(ops.var(input, dim=dim, correction=correction, keepdim=keepdim))


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The elements along ``dim`` in order, and their indices. Always stable."""
    return ValuesIndices(*ops.sort(input, dim=dim, descending=descending))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The indices that put the elements along ``dim`` in order. Always stable."""
    return ops.sort(input, dim=dim, descending=descending)[1]


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product. A tensor of one dim is a row on the left and a column on the right.

    Raises:
        ShapeError: the inner sizes differ, or a tensor has no dims.
    """
    tensors = isinstance(input, Tensor) and isinstance(other, Tensor)
    if not tensors or (input.ndim > 1 and other.ndim > 1):
        return ops.matmul(input, other)
    if not input.ndim or not other.ndim:
        raise ShapeError(
            f"matmul({input._type}, {other._type}): both tensors need at least one dim; use * for "
            "numbers"
        )
    a = unsqueeze(input, 0) if input.ndim == 1 else input
    b = unsqueeze(other, 1) if other.ndim == 1 else other
    y = ops.matmul(a, b)
    y = squeeze(y, -1) if other.ndim == 1 else y
    return squeeze(y, -1 if other.ndim == 1 else -2) if input.ndim == 1 else y


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Along ``dim``, the elements of ``input`` that ``index`` names. Sizes of ``index`` in other
    dims may be smaller than those of ``input``."""
    return ops.gather(_cropped(input, dim, index), index, dim=dim)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """``input`` with the elements of ``src`` added, along ``dim``, where ``index`` says."""
    return ops.scatter_add(input, index, src, dim=dim)


def _cropped(input: Tensor, dim: int, index: Tensor) -> Tensor:
    if index.ndim != input.ndim:
        return input  # which the op refuses
    for d, (n, m) in enumerate(zip(index.shape, input.shape)):
        if d != dim % input.ndim and n < m:
            input = ops.narrow(input, dim=d, start=0, length=n)
    return input


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of ``input`` along ``dim`` that ``index`` names."""
    return ops.index_select(input, index, dim=dim)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """``input`` with the slices of ``source`` along ``dim`` added where ``index`` says."""
    return ops.index_add(input, index, source, dim=dim)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Each element brought between ``min`` and ``max``, numbers or tensors."""
    return ops.clamp(input, min, max)


# Shapes.


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``."""
    return ops.cat(*tensors, dim=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, along a new dim."""
    shapes = {t.shape for t in tensors}
    if len(shapes) > 1:
        raise ShapeError(f"stack: the tensors must have one shape, and these are {sorted(shapes)}")
    return ops.cat(*(unsqueeze(t, dim) for t in tensors), dim=dim)


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along ``dim``: of one size (the last may be smaller), or of the sizes given."""
    size = tensor.shape[dim]
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step <= 0:
            raise ShapeError(f"split: the size of a piece must be positive, not {step}")
        sizes = [builtins.min(step, size - i) for i in range(0, size, step)] or [0]
    else:
        sizes = list(split_size_or_sections)
    if builtins.sum(sizes) != size:
        raise ShapeError(f"split: sizes {sizes} do not add up to {size}, the size of dim {dim}")
    pieces, start = [], 0
    for length in sizes:
        pieces.append(ops.narrow(tensor, dim=dim, start=start, length=length))
        start += length
    return tuple(pieces)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` pieces of equal size along ``dim``; the last may be smaller."""
    if chunks <= 0:
        raise ShapeError(f"chunk: the number of pieces must be positive, not {chunks}")
    return split(input, builtins.max(-(-input.shape[dim] // chunks), 1), dim)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dims exchanged."""
    a, b = _wrapped("transpose", input, dim0), _wrapped("transpose", input, dim1)
    order = list(range(input.ndim))
    if order:
        order[a], order[b] = order[b], order[a]
    return ops.permute(input, dims=tuple(order))


def _wrapped(name: str, input: Tensor, dim: int, ndim: int | None = None) -> int:
    ndim = builtins.max(input.ndim, 1) if ndim is None else ndim
    if not -ndim <= dim < ndim:
        raise OutOfRange(
            f"{name}({input._type}): dim {dim} is out of range; use {-ndim}..{ndim - 1}"
        )
    return dim % ndim


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A dim of size 1 put in at ``dim``."""
    dim = _wrapped("unsqueeze", input, dim, input.ndim + 1)
    return ops.reshape(input, shape=(*input.shape[:dim], 1, *input.shape[dim:]))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dims of size 1, or without those among ``dim``."""
    if dim is None:
        dims: Any = range(input.ndim)
    else:
        given = dim if isinstance(dim, (tuple, list)) else (dim,)
        dims = [_wrapped("squeeze", input, d) for d in given]
    shape = tuple(n for d, n in enumerate(input.shape) if n != 1 or d not in dims)
    return ops.reshape(input, shape=shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dims from ``start_dim`` to ``end_dim`` made one."""
    start, end = _wrapped("flatten", input, start_dim), _wrapped("flatten", input, end_dim)
    if start > end:
        raise ShapeError(f"flatten: start_dim {start_dim} lies behind end_dim {end_dim}")
    size = 1
    for n in input.shape[start : end + 1]:
        size *= n
    return ops.reshape(input, shape=(*input.shape[:start], size, *input.shape[end + 1 :]))


def flip(input: Tensor, dims: Any) -> Tensor:
    """In reverse order along ``dims``."""
    return ops.flip(input, dims=dims)


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The dims in another order."""
    return ops.permute(input, dims=tuple(dims))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Repeated along dims of size 1, and new leading ones, to fill ``size``."""
    return ops.expand(input, shape=tuple(size))


def clone(input: Tensor) -> Tensor:
    """The same value, with a place of its own on the tape."""
    node = None
    if input._node is not None and is_grad_enabled():
        node = AliasNode(input._node)
    return Tensor(input._data, input._type, node)


# Dtypes.


def result_type(*tensors: Any) -> DType:
    """The dtype in which an op on these tensors and numbers would compute."""
    found = promotion.result_type(
        t._type if isinstance(t, Tensor) else t.__class__ for t in tensors
    )
    if found is None:
        raise ArgumentError("result_type needs at least one tensor or number")
    return found


def set_default_dtype(dtype: Any) -> None:
    """Make ``dtype`` the one that floating tensors have by default, in all threads.

    Raises:
        DTypeError: it is not a floating dtype.
    """
    promotion.set_default_float(dtype)
    forget_plans()


def can_cast(from_: DType, to: DType) -> bool:
    """Whether promotion may convert so: never to a lower category, such as float to integer."""
    return CATEGORIES.index(from_.category) <= CATEGORIES.index(to.category)
