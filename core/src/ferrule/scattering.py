"""Public functions that write by index or by mask, with PyTorch's arguments, into a copy.

No mathematics lives here: each brings its call onto canonical ops. Where several values are meant
for one place and nothing says how to reduce them, the last one counts, on every backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ferrule import dims as dims_
from ferrule import factories, indexing, ops, shapes
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.selection import flattened_index, with_mask
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_, iinfo, int64, uint8

Write = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""From the tensor, the index, the source and the dim, of one rank and sizes that agree."""


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Tensor:
    """``input`` with elements of ``src`` in the place of those that ``index`` names along ``dim``:
    element ``[index[i, j], j]`` becomes ``src[i, j]``, for ``dim=0`` of two.

    Args:
        index: integers. Its sizes may be smaller than those of ``src`` and, but for ``dim``, of
            ``input``.
        src: a tensor of the dtype of ``input``, or a number.
        value: a number in the place of ``src``.
        reduce: ``"add"`` or ``"multiply"``: what becomes of the element and ``src``.

    Raises:
        OutOfRange: an index does not lie within the dim. Negative ones do not.
    """
    if (src is None) == (value is None):
        raise ArgumentError("scatter takes src or value, and one of them")
    src = value if src is None else src
    if not isinstance(src, Tensor):
        src = ops.expand(_number("scatter", input, src), shape=index.shape)
    if reduce is None:
        return _along("scatter", input, dim, index, src, _overwritten)
    if reduce not in ("add", "multiply"):
        raise ArgumentError(f'scatter: reduce must be "add" or "multiply", not {reduce!r}')
    return scatter_reduce(input, dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])


def _overwritten(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
    return ops.scatter(x, index, source, dim=dim)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`scatter` that adds: `scatter_reduce` by ``"sum"``."""
    return scatter_reduce(input, dim, index, src, "sum")


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """`scatter` that reduces all that meets at one place.

    Args:
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``. The mean of integers
            is rounded down.
        include_self: whether the element of ``input`` takes part, at places where ``src`` sends
            something.

    Raises:
        OutOfRange: an index does not lie within the dim. Negative ones do not.
    """
    _check_reduce("scatter_reduce", reduce, "sum", "prod", "mean", "amax", "amin")
    return _along("scatter_reduce", input, dim, index, src, _reduced(reduce, include_self))


def _check_reduce(name: str, reduce: str, *known: str) -> None:
    if reduce not in known:
        raise ArgumentError(f"{name}: reduce must be one of {' '.join(known)}, not {reduce!r}")


def _along(name: str, input: Tensor, dim: int, index: Tensor, src: Tensor, write: Write) -> Tensor:
    """Write in the part of ``input`` that ``index`` reaches, from as much of ``src``."""
    dim = dims_.wrap(name, input, dim)
    if not index.numel():
        return shapes.clone(input)
    if input.dtype is not src.dtype:
        raise DTypeError(f"{name}: src is {src._type} and input {input._type}; convert with .to")
    ndim = max(input.ndim, 1)
    if max(index.ndim, 1) != ndim or max(src.ndim, 1) != ndim:
        raise ShapeError(
            f"{name}: index is {index._type} and src {src._type}; they must have as many dims as "
            f"input, which is {input._type}"
        )
    x, index, src = (y if y.ndim else ops.reshape(y, shape=(1,)) for y in (input, index, src))
    part = tuple(m if d == dim else n for d, (n, m) in enumerate(zip(index.shape, x.shape)))
    if any(n > m for n, m in zip(part, x.shape)) or any(
        n > m for n, m in zip(index.shape, src.shape)
    ):
        raise ShapeError(
            f"{name}: index is {index._type}, larger than src, {src._type}, or than input, "
            f"{x._type}, in another dim than {dim}"
        )
    found = write(_first(x, part), index, _first(src, index.shape), dim)
    if part != x.shape:
        found = ops.slice_scatter(x, found, **_upto(part))
    return found if input.ndim else ops.reshape(found, shape=())


def _upto(shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {"starts": (0,) * len(shape), "stops": shape, "steps": (1,) * len(shape)}


def _first(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else ops.slice(x, **_upto(shape))


def _reduced(reduce: str, include_self: bool) -> Write:
    def write(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
        if x.dtype is bool_:
            return _reduced_bools(x, index, source, dim)
        base = x
        if not include_self:
            least = _number("scatter_reduce", x, _identity(reduce, x))
            base = ops.scatter(x, index, ops.expand(least, shape=index.shape), dim=dim)
        if reduce in ("prod", "amax", "amin"):
            return ops.scatter_reduce(base, index, source, dim=dim, reduce=reduce)
        total = ops.scatter_add(base, index, source, dim=dim)
        if reduce == "sum":
            return total
        counts = factories.full(x.shape, int(include_self), dtype=int64, device=x.device)
        one = factories.full((), 1, dtype=int64, device=x.device)
        one = ops.expand(one, shape=index.shape)
        counts = ops.maximum(ops.scatter_add.unchecked(counts, index, one, dim=dim), 1)
        if x.dtype.category == "integer":
            return ops.cast(ops.floor_divide(total, counts), dtype=x.dtype)
        return ops.div(total, ops.cast(counts, dtype=x.dtype))

    def _reduced_bools(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
        """A sum of bools is whether any holds, and a product whether all do."""
        if reduce == "mean":
            raise DTypeError("bools have no mean; convert them with .float()")
        among = {"sum": "amax", "prod": "amin"}.get(reduce, reduce)
        x, source = ops.cast(x, dtype=uint8), ops.cast(source, dtype=uint8)
        found = _reduced(among, include_self)(x, index, source, dim)
        return ops.cast(found, dtype=bool_)

    return write


def _identity(reduce: str, x: Tensor) -> Any:
    """What changes nothing that it is reduced with."""
    if reduce in ("sum", "mean", "prod"):
        return int(reduce == "prod")
    if x.dtype.category == "integer":
        info = iinfo(x.dtype)
        return int(info.min if reduce == "amax" else info.max)
    if not x.dtype.is_floating_point:
        raise DTypeError(f"{x._type} has no order, so {reduce!r} has no meaning for it")
    return float("-inf" if reduce == "amax" else "inf")


def _number(name: str, x: Tensor, value: Any) -> Tensor:
    """A number, or a tensor without dims, as a tensor of the dtype of ``x``."""
    if not isinstance(value, Tensor):
        return factories.tensor(value, dtype=x.dtype, device=x.device)
    if value.ndim:
        raise ShapeError(f"{name}: value is {value._type}; it must be a number or have no dims")
    return value.to(device=x.device, dtype=x.dtype)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """``input`` with ``alpha`` times the slices of ``source`` along ``dim`` added where ``index``
    says.

    Raises:
        OutOfRange: an index does not lie within the dim. Negative ones do not.
    """

    def write(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
        if alpha != 1:
            source = ops.mul(source, _number("index_add", x, alpha))
        if x.dtype is bool_:
            return _reduced("sum", True)(x, _spread(index, source, dim), source, dim)
        return ops.index_add(x, index, source, dim=dim)

    return _slices("index_add", input, dim, index, source, write)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """``input`` with the slices of ``source`` along ``dim`` in the place of those that ``index``
    names.

    Raises:
        OutOfRange: an index does not lie within the dim. Negative ones do not.
    """

    def write(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
        return ops.index_copy(x, index, source, dim=dim)

    return _slices("index_copy", input, dim, index, source, write)


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Tensor:  # fmt: skip
    """``input`` with the slices of ``source`` along ``dim`` reduced into those that ``index``
    names: by ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``, as in `scatter_reduce`."""
    _check_reduce("index_reduce", reduce, "prod", "mean", "amax", "amin")

    def write(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
        return _reduced(reduce, include_self)(x, _spread(index, source, dim), source, dim)

    return _slices("index_reduce", input, dim, index, source, write)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """``input`` with ``value``, a number or a tensor without dims, in the slices along ``dim`` that
    ``index`` names; negative indices count from the end."""
    dim = dims_.wrap("index_fill", input, dim)
    x, index = (y if y.ndim else ops.reshape(y, shape=(1,)) for y in (input, index))
    size = x.shape[dim]
    index = indexing.wrapped(index, size, lambda i: indexing.out_of_range(i, dim, x._type))
    shape = (*x.shape[:dim], index.numel(), *x.shape[dim + 1 :])
    source = ops.expand(_number("index_fill", x, value), shape=shape)
    return ops.reshape(ops.index_copy.unchecked(x, index, source, dim=dim), shape=input.shape)


def _slices(
    name: str, input: Tensor, dim: int, index: Tensor, source: Tensor, write: Write
) -> Tensor:
    """Write slices; tensors without dims are read as of one element."""
    dim = dims_.wrap(name, input, dim)
    if input.dtype is not source.dtype:
        raise DTypeError(
            f"{name}: source is {source._type} and input {input._type}; convert with .to"
        )
    x, index, source = (y if y.ndim else ops.reshape(y, shape=(1,)) for y in (input, index, source))
    wanted = (*x.shape[:dim], index.numel(), *x.shape[dim + 1 :])
    if index.ndim > 1 or source.shape != wanted:
        raise ShapeError(
            f"{name}: index is {index._type} and source {source._type}; index must have one dim, "
            f"and source the shape {wanted}"
        )
    found = write(x, index, source, dim)
    return found if input.ndim else ops.reshape(found, shape=())


def _spread(index: Tensor, source: Tensor, dim: int) -> Tensor:
    """An index of slices as one of elements."""
    lead = tuple(-1 if d == dim else 1 for d in range(source.ndim))
    return ops.expand(ops.reshape(index, shape=lead), shape=source.shape)


def index_put(
    input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """``input`` with ``values``, which broadcast, at ``input[indices]``; with ``accumulate`` they
    are added to what is there.

    Args:
        indices: tensors of integers or bools, one for each dim from the first.
    """
    if not isinstance(indices, (tuple, list)):
        raise ArgumentError("index_put: indices is a tuple of tensors, one for each dim")
    if input.dtype is not values.dtype:
        raise DTypeError(
            f"index_put: values is {values._type} and input {input._type}; convert with .to"
        )
    return indexing.put(input, tuple(indices), values, accumulate=accumulate)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """``input`` with the elements of ``source`` at the places that ``index`` names in ``input``,
    flattened; negative indices count from the end."""
    if input.dtype is not source.dtype:
        raise DTypeError(f"put: source is {source._type} and input {input._type}; convert with .to")
    if index.numel() != source.numel():
        raise ShapeError(f"put: there are {index.numel()} indices for {source.numel()} elements")
    places = ops.reshape(flattened_index("put", input, index), shape=(-1,))
    x, values = ops.reshape(input, shape=(-1,)), ops.reshape(source, shape=(-1,))
    return ops.reshape(indexing.put(x, places, values, accumulate=accumulate), shape=input.shape)


# By mask.


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``input`` with ``value``, a number or a tensor without dims, where ``mask`` holds. The tensor
    and the mask broadcast."""
    if mask.dtype is not bool_:
        raise DTypeError(f"masked_fill: mask is {mask._type}; convert it with .bool()")
    return ops.where(mask, _number("masked_fill", input, value), input)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """``input`` with the elements of ``source``, one after the other, at the places where ``mask``
    holds. The tensor and the mask broadcast.

    Raises:
        ShapeError: ``source`` has fewer elements than there are such places.
    """
    if input.dtype is not source.dtype:
        raise DTypeError(
            f"masked_scatter: source is {source._type} and input {input._type}; convert with .to"
        )
    x, mask = with_mask("masked_scatter", input, mask)
    places = indexing.positions(mask)
    count = places.shape[0]
    if count > source.numel():
        raise ShapeError(
            f"masked_scatter: mask holds at {count} places, and source has {source.numel()} "
            "elements"
        )
    values = _first(ops.reshape(source, shape=(-1,)), (count,))
    found = ops.index_copy.unchecked(ops.reshape(x, shape=(-1,)), places, values, dim=0)
    return ops.reshape(found, shape=x.shape)
