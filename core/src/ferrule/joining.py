"""Joining tensors into one, and splitting one into several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ferrule import dims as dims_
from ferrule import factories, ops, promotion, shapes
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins import Device

# Joining.


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``. Their other sizes are equal, but a tensor of
    shape ``(0,)`` fits everywhere, as in PyTorch, and counts for the dtype alone."""
    return _joined("cat", tensors, dim)


def concat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``: `cat`."""
    return _joined("concat", tensors, dim)


def concatenate(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``: `cat`, by NumPy's name."""
    return _joined("concatenate", tensors, dim)


def _joined(name: str, tensors: Sequence[Tensor], dim: int) -> Tensor:
    found = dims_.tensors(name, tensors)
    full = [x for x in found if x.shape != (0,)]
    if 0 < len(full) < len(found) and any(x.ndim != 1 for x in full):
        dtype = promotion.result_type([x._type for x in found])
        full[0] = full[0].to(dtype)
        found = full
    return ops.cat(*found, dim=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, along a new dim.

    Raises:
        ShapeError: the shapes differ.
    """
    found = dims_.tensors("stack", tensors)
    shape = found[0].shape
    for i, x in enumerate(found):
        if x.shape != shape:
            raise ShapeError(
                f"stack: the tensors must have one shape, and tensor {i} is {x._type}, tensor 0 "
                f"{found[0]._type}"
            )
    dim = dims_.wrap("stack", found[0], dim, len(shape) + 1)
    wider = (*shape[:dim], 1, *shape[dim:])
    return ops.cat(*(ops.reshape(x, shape=wider) for x in found), dim=dim)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: joined along dim 1, or along dim 0 where there is but one."""
    found = _at_least("hstack", tensors, shapes.atleast_1d)
    return ops.cat(*found, dim=0 if found[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """On top of each other: joined along dim 0, tensors of one dim as rows."""
    return ops.cat(*_at_least("vstack", tensors, shapes.atleast_2d), dim=0)


def row_stack(tensors: Sequence[Tensor]) -> Tensor:
    """On top of each other: `vstack`."""
    return ops.cat(*_at_least("row_stack", tensors, shapes.atleast_2d), dim=0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Behind each other: joined along dim 2, after `atleast_3d`."""
    return ops.cat(*_at_least("dstack", tensors, shapes.atleast_3d), dim=2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: joined along dim 1, tensors of fewer than two dims as columns."""
    found = dims_.tensors("column_stack", tensors)
    columns = (ops.reshape(x, shape=(x.numel(), 1)) if x.ndim < 2 else x for x in found)
    return ops.cat(*columns, dim=1)


def _at_least(name: str, tensors: Sequence[Tensor], widened: Callable[..., Any]) -> list[Tensor]:
    return [widened(x) for x in dims_.tensors(name, tensors)]


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the tensors, of two dims at most, along its diagonal and zeros elsewhere.

    Raises:
        ShapeError: one has more than two dims.
    """
    if not tensors:
        return factories.empty(1, 0)
    found = dims_.tensors("block_diag", tensors)
    for x in found:
        if x.ndim > 2:
            raise ShapeError(f"block_diag: {x._type} has more than two dims")
    blocks = [shapes.atleast_2d(x) for x in found]
    width = sum(b.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        right = width - left - b.shape[1]
        rows.append(ops.pad(b, before=(0, left), after=(0, right), inner=(0, 0)))
        left += b.shape[1]
    return ops.cat(*rows, dim=0)


# Splitting.


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along ``dim``: of one size (the last may be smaller), or of the sizes given.

    Raises:
        ShapeError: the sizes do not add up to that of the dim.
    """
    dim = _splittable("split", tensor, dim)
    size = tensor.shape[dim]
    if hasattr(split_size_or_sections, "__index__"):
        step = split_size_or_sections.__index__()
        if step < 0 or (step == 0 and size):
            raise ShapeError(f"split: the size of a piece must be positive, not {step}")
        sizes = [min(step, size - i) for i in range(0, size, step or 1)] or [0]
    else:
        sizes = list(dims_.sizes("split", split_size_or_sections))
    if sum(sizes) != size:
        raise ShapeError(f"split: sizes {sizes} do not add up to {size}, the size of dim {dim}")
    pieces, start = [], 0
    for length in sizes:
        pieces.append(_piece(tensor, dim, start, start + length))
        start += length
    return tuple(pieces)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along ``dim`` of the sizes given."""
    if hasattr(split_sizes, "__index__"):
        raise ArgumentError(f"split_with_sizes takes a sequence of sizes, not {split_sizes!r}")
    return split(input, split_sizes, dim)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` pieces of equal size along ``dim``; the last may be smaller."""
    dim = _splittable("chunk", input, dim)
    if chunks <= 0:
        raise ShapeError(f"chunk: the number of pieces must be positive, not {chunks}")
    size = input.shape[dim]
    if not size:  # as PyTorch, which then gives as many as were asked for
        return tuple(_piece(input, dim, 0, 0) for _ in range(chunks))
    return split(input, -(-size // chunks), dim)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along ``dim``: so many of nearly equal size, or cut before the indices given.

    Args:
        indices_or_sections: an int, several, or a tensor of them. Where the sizes cannot be equal,
            the first pieces are larger by one. Indices may be negative, and may lie outside.
    """
    return _cut("tensor_split", input, indices_or_sections, dim)


def _cut(name: str, input: Tensor, indices_or_sections: Any, dim: int) -> tuple[Tensor, ...]:
    dim = _splittable(name, input, dim)
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    size = input.shape[dim]
    if hasattr(indices_or_sections, "__index__"):
        count = indices_or_sections.__index__()
        if count <= 0:
            raise ShapeError(f"{name}: the number of pieces must be positive, not {count}")
        least, larger = divmod(size, count)
        cuts = [i * least + min(i, larger) for i in range(1, count)]
    else:
        cuts = [slice(0, i.__index__()).indices(size)[1] for i in indices_or_sections]
    ends = [*cuts, size]
    return tuple(_piece(input, dim, a, max(a, b)) for a, b in zip([0, *cuts], ends))


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along dim 1, or along dim 0 where there is but one: an int says how many of equal
    size, several say before which indices to cut."""
    return _split_evenly("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1, 1)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along dim 0 of at least two; otherwise as `hsplit`."""
    return _split_evenly("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along dim 2; otherwise as `hsplit`."""
    return _split_evenly("dsplit", input, indices_or_sections, 2, 3)


def _split_evenly(
    name: str, input: Tensor, indices_or_sections: Any, dim: int, least: int
) -> tuple[Tensor, ...]:
    if input.ndim < least:
        raise ShapeError(f"{name}: {input._type} needs at least {least} dims")
    if hasattr(indices_or_sections, "__index__") and not isinstance(indices_or_sections, Tensor):
        count = indices_or_sections.__index__()
        if count <= 0 or input.shape[dim] % count:
            raise ShapeError(
                f"{name}({input._type}): dim {dim} of size {input.shape[dim]} cannot be split into "
                f"{count} equal pieces; use tensor_split"
            )
    return _cut(name, input, indices_or_sections, dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim``, which is gone from them."""
    dim = _splittable("unbind", input, dim)
    rest = (*input.shape[:dim], *input.shape[dim + 1 :])
    return tuple(
        ops.reshape(_piece(input, dim, i, i + 1), shape=rest) for i in range(input.shape[dim])
    )


def _splittable(name: str, input: Tensor, dim: int) -> int:
    if not input.ndim:
        raise ShapeError(f"{name}: {input._type} has no dims and cannot be split")
    return dims_.wrap(name, input, dim)


def _piece(input: Tensor, dim: int, start: int, stop: int) -> Tensor:
    return ops.narrow(input, dim=dim, start=start, length=stop - start)


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """The ``length`` elements along ``dim`` from ``start`` on, an int or a tensor of one."""
    if isinstance(start, Tensor):
        start = start.item()
    dim = _splittable("narrow", input, dim)
    return ops.narrow(input, dim=dim, start=start, length=length)


# Combining the elements of several tensors.


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: for each tensor of one dim, its elements along a dim of their own,
    repeated along those of the others.

    Args:
        indexing: ``"ij"``: the dims are in the order of the tensors, which is the default;
            ``"xy"``: the first two trade places.

    Raises:
        ShapeError: a tensor has more than one dim.
    """
    if indexing not in (None, "ij", "xy"):
        raise ArgumentError(f'meshgrid: indexing must be "ij" or "xy", not {indexing!r}')
    found = dims_.tensors("meshgrid", dims_.several(tensors))
    for x in found:
        if x.ndim > 1:
            raise ShapeError(f"meshgrid: {x._type} has more than one dim")
    _one_kind("meshgrid", found)
    sizes = tuple(x.numel() for x in found)
    swap = indexing == "xy" and len(found) > 1
    grids = []
    for d, x in enumerate(found):
        along = ops.reshape(x, shape=tuple(n if i == d else 1 for i, n in enumerate(sizes)))
        grid = ops.expand(along, shape=sizes)
        grids.append(shapes.transpose(grid, 0, 1) if swap else grid)
    return tuple(grids)


def _one_kind(name: str, tensors: Sequence[Tensor]) -> None:
    kinds: dict[tuple[str, Device], None] = {(x.dtype.name, x.device): None for x in tensors}
    if len({dtype for dtype, _ in kinds}) > 1:
        raise ArgumentError(
            f"{name}: the tensors must have one dtype, and these are "
            f"{' and '.join(dtype for dtype, _ in kinds)}; convert them with .to(dtype)"
        )


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All tuples with one element of each tensor, as rows in the order of nested loops; of one
    tensor, itself."""
    found = dims_.tensors("cartesian_prod", dims_.several(tensors))
    for x in found:
        if x.ndim != 1:
            raise ShapeError(f"cartesian_prod: {x._type} must have one dim")
    if len(found) == 1:
        return ops.reshape(found[0], shape=found[0].shape)
    return stack([ops.reshape(g, shape=(-1,)) for g in meshgrid(*found)], dim=1)
