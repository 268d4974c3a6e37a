"""Public functions that read by index or by mask, with PyTorch's arguments.

No mathematics lives here: each brings its call onto canonical ops. Indices of `gather` and
`index_select` count from the front; those of `take`, `take_along_dim` and ``x[...]`` may be
negative, and then count from the end.
"""

from __future__ import annotations

from typing import Any

from ferrule import dims as dims_
from ferrule import indexing, ops, shapes
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError
from ferrule.ops.inference import broadcast_shapes
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Along ``dim``, the elements of ``input`` that ``index`` names: ``input[index[i, j], j]`` for
    each ``i, j``, for ``dim=0`` of two.

    Args:
        index: integers, with as many dims as ``input``. Its sizes in other dims than ``dim`` may be
            smaller than those of ``input``.
        sparse_grad: accepted for PyTorch's sake; gradients are dense.

    Raises:
        OutOfRange: an index does not lie within the dim. Negative ones do not.
    """
    if index.ndim == input.ndim != 0:
        return ops.gather(_cropped(input, dim, index), index, dim=dim)
    dim = dims_.wrap("gather", input, dim)
    if not index.numel() and index.ndim != input.ndim:
        return ops.reshape(ops.slice(_flat(input), starts=(0,), stops=(0,), steps=(1,)),
                           shape=index.shape)  # fmt: skip
    if max(input.ndim, 1) != max(index.ndim, 1):
        raise ShapeError(
            f"gather: index is {index._type} and input {input._type}; they must have as many dims"
        )
    found = ops.gather(_cropped(_with_dim(input), dim, index), _with_dim(index), dim=dim)
    return found if index.ndim else ops.reshape(found, shape=())


def _with_dim(x: Tensor) -> Tensor:
    """A tensor without dims as one of one element, as PyTorch reads it."""
    return x if x.ndim else ops.reshape(x, shape=(1,))


def _flat(x: Tensor) -> Tensor:
    return x if x.ndim == 1 else ops.reshape(x, shape=(-1,))


def _cropped(input: Tensor, dim: int, index: Tensor) -> Tensor:
    for d, (n, m) in enumerate(zip(index.shape, input.shape)):
        if n < m and d != dim % input.ndim:
            input = ops.narrow(input, dim=d, start=0, length=n)
    return input


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of ``input`` along ``dim`` that ``index`` names.

    Args:
        index: integers, of one dim or none.

    Raises:
        OutOfRange: an index does not lie within the dim. Negative ones do not.
    """
    if input.ndim and index.ndim:
        return ops.index_select(input, index, dim=dim)
    found = ops.index_select(_with_dim(input), _with_dim(index), dim=dim)
    if input.ndim:
        return found
    if index.numel() != 1:
        raise ShapeError(f"index_select: a tensor without dims has one slice, not {index.numel()}")
    return ops.reshape(found, shape=())


def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """The slice of ``input`` at ``index`` along ``dim``, without that dim.

    Args:
        index: an int, or an integer tensor of one element; negative ones count from the end.

    Raises:
        OutOfRange: there is no such slice.
    """
    if not input.ndim:
        raise OutOfRange("select: a tensor without dims has no slices")
    dim = dims_.wrap("select", input, dim)
    return indexing.get(input, (*(slice(None),) * dim, _whole("select", index)))


def _whole(name: str, index: Any) -> int:
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise ArgumentError(f"{name}: index must be an int, not {index!r}")
    return index.__index__()


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements of ``input``, flattened, that ``index`` names, in the shape of ``index``.

    Raises:
        OutOfRange: an index lies outside; negative ones count from the end.
    """
    flat = ops.reshape(flattened_index("take", input, index), shape=(-1,))
    found = ops.index_select.unchecked(_flat(input), flat, dim=0)
    return ops.reshape(found, shape=index.shape)


def flattened_index(name: str, input: Tensor, index: Tensor) -> Tensor:
    """Indices into ``input``, flattened, none of them negative."""
    if index.dtype.category != "integer":
        raise DTypeError(f"{name}: index is {index._type}; convert it with .long()")
    count = input.numel()
    return indexing.wrapped(
        index,
        count,
        lambda i: OutOfRange(
            f"{name}: {'an index' if i is None else f'index {i}'} is out of range for "
            f"{input._type}, which has {count} elements"
        ),
    )


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As `gather`, and sizes in other dims than ``dim`` broadcast; negative indices count from the
    end. Without ``dim`` both are flattened.

    Raises:
        OutOfRange: an index lies outside.
        ShapeError: the tensors have not as many dims.
    """
    name = "take_along_dim"
    if indices.dtype.category != "integer":
        raise DTypeError(f"{name}: indices is {indices._type}; convert it with .long()")
    if dim is None:
        return gather(_flat(input), 0, _flat(indices))
    dim = dims_.wrap(name, input, dim)
    if input.ndim != indices.ndim:
        raise ShapeError(
            f"{name}: indices is {indices._type} and input {input._type}; they must have as many "
            "dims"
        )
    if not input.ndim:
        return gather(input, 0, indices)
    one = [(*x.shape[:dim], 1, *x.shape[dim + 1 :]) for x in (input, indices)]
    common = broadcast_shapes(*one)
    x, index = (
        ops.expand(y, shape=(*common[:dim], y.shape[dim], *common[dim + 1 :]))
        for y in (input, indices)
    )
    size = input.shape[dim]
    index = indexing.wrapped(index, size, lambda i: indexing.out_of_range(i, dim, input._type))
    return ops.gather.unchecked(x, index, dim=dim)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements of ``input`` at which ``mask`` holds, in row-major order, in one dim. The two
    broadcast."""
    x, mask = with_mask("masked_select", input, mask)
    return ops.index_select.unchecked(_flat(x), indexing.positions(mask), dim=0)


def with_mask(name: str, input: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """A tensor and its mask, broadcast against each other."""
    if mask.dtype is not bool_:
        raise DTypeError(f"{name}: mask is {mask._type}; convert it with .bool()")
    if input.shape == mask.shape:
        return input, mask
    shape = shapes.broadcast_shapes(input.shape, mask.shape)
    return ops.expand(input, shape=shape), ops.expand(mask, shape=shape)


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """``input`` where ``condition`` holds and ``other`` elsewhere; the three broadcast. With
    ``condition`` alone, the indices at which it is not 0: one int64 tensor for each dim.

    Args:
        condition: bools; alone, of any dtype.
        input, other: tensors or numbers.
    """
    if input is not None or other is not None:
        return ops.where(condition, input, other)
    found = ops.nonzero(_with_dim(condition))
    return tuple(indexing.get(found, (slice(None), d)) for d in range(found.shape[1]))
