"""Integer tensors and masks: what they read depends on their values."""

from __future__ import annotations

import math
from collections.abc import Callable

from ferrule import ops
from ferrule.errors import OutOfRange, ShapeError
from ferrule.indexing.place import out_of_range
from ferrule.ops.inference import broadcast_shapes
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Shape
from ferrule_plugins.dtypes import bool_, int64


class Chosen:
    """One index that is a tensor.

    Attributes:
        dims: what it indexes, of the tensor that is read first: one dim, or those of a mask.
        dim: the first of them in the indexed tensor, for messages.
        index: integers; for a mask the positions where it holds, in row-major order.
        mask: the mask, if it was one.
    """

    def __init__(self, dims: Shape, dim: int, index: Tensor, mask: Tensor | None = None) -> None:
        self.dims = dims
        self.dim = dim
        self._index = index
        self.mask = mask

    @property
    def index(self) -> Tensor:
        if self.mask is None:
            return self._index
        return positions(self.mask)


def positions(mask: Tensor) -> Tensor:
    """Where a mask holds, counted in row-major order: an index of one dim."""
    return ops.reshape(ops.nonzero(ops.reshape(mask, shape=(-1,))), shape=(-1,))


class Choice:
    """What integer tensors and masks say, about the tensor that a `Place` has read.

    Args:
        shape: the shape of that tensor.
        of: the type of the tensor that is indexed, for messages.
        chosen: the indices, in order.
    """

    def __init__(self, shape: Shape, of: TensorType, chosen: list[Chosen]) -> None:
        self.of = of
        self.chosen = chosen
        dims = [d for each in chosen for d in each.dims]
        rest = [d for d in range(len(shape)) if d not in dims]
        together = dims == list(range(dims[0], dims[0] + len(dims)))
        self.order = None if together else (*dims, *rest)
        self.dim = dims[0] if together else 0
        self.ordered = sizes = shape if self.order is None else tuple(shape[d] for d in self.order)
        self.before, self.after = sizes[: self.dim], sizes[self.dim + len(dims) :]
        self.sizes = [math.prod(shape[d] for d in each.dims) for each in chosen]
        self.merged = (*self.before, math.prod(self.sizes), *self.after)

    def resolve(self) -> None:
        """Compute the positions along the merged dim, and with them the shape that is read."""
        indices = [each.index for each in self.chosen]
        try:
            shape = broadcast_shapes(*(i.shape for i in indices))
        except ShapeError as error:
            raise ShapeError(f"the indices of {self.of}: {error}") from None
        total: Tensor | None = None
        for each, index, size in zip(self.chosen, indices, self.sizes):
            if each.mask is None:
                index = wrapped(index, size, lambda i, d=each.dim: out_of_range(i, d, self.of))
            total = index if total is None else ops.add(ops.mul(total, size), index)
        assert total is not None
        self.index = total if total.ndim == 1 else ops.reshape(total, shape=(-1,))
        self.shape = (*self.before, *shape, *self.after)
        self.rows = (*self.before, self.index.shape[0], *self.after)

    def _arranged(self, y: Tensor) -> Tensor:
        y = y if self.order is None else ops.permute(y, dims=self.order)
        return y if y.shape == self.merged else ops.reshape(y, shape=self.merged)

    def read(self, y: Tensor) -> Tensor:
        self.resolve()
        found = ops.index_select.unchecked(self._arranged(y), self.index, dim=self.dim)
        return found if found.shape == self.shape else ops.reshape(found, shape=self.shape)

    def write(self, y: Tensor, value: Tensor, accumulate: bool) -> Tensor:
        """``y`` with ``value``, which broadcasts to the shape that is read."""
        if not accumulate and (masked := self._masked(y, value)) is not None:
            return masked
        self.resolve()
        value = ops.reshape(fitted(value, self.shape), shape=self.rows)
        if accumulate:
            found = self._added(self._arranged(y), value)
        else:
            found = ops.index_copy.unchecked(self._arranged(y), self.index, value, dim=self.dim)
        found = ops.reshape(found, shape=self.ordered)
        if self.order is None:
            return found
        back = tuple(self.order.index(d) for d in range(len(self.order)))
        return ops.permute(found, dims=back)

    def _added(self, y: Tensor, value: Tensor) -> Tensor:
        if y.dtype is not bool_:
            return ops.index_add.unchecked(y, self.index, value, dim=self.dim)
        y, value = (ops.cast(each, dtype=int64) for each in (y, value))  # bools add up to "or"
        return ops.cast(ops.index_add.unchecked(y, self.index, value, dim=self.dim), dtype=bool_)

    def _masked(self, y: Tensor, value: Tensor) -> Tensor | None:
        """The same by `where`: for one mask, and a value that is the same wherever it holds."""
        mask = self.chosen[0].mask
        if len(self.chosen) > 1 or mask is None:
            return None
        ndim = len(self.before) + 1 + len(self.after)
        if value.ndim > ndim:
            return None
        shape = (1,) * (ndim - value.ndim) + value.shape
        at = len(self.before)
        if shape[at] != 1:
            return None
        value = ops.reshape(value, shape=(*shape[:at], *(1,) * mask.ndim, *shape[at + 1 :]))
        where = ops.reshape(mask, shape=(*mask.shape, *(1,) * len(self.after)))
        return ops.where(where, fitted(value, y.shape), y)


def wrapped(index: Tensor, size: int, error: Callable[[int | None], Exception]) -> Tensor:
    """Indices of a dim of that size with negative ones counted from its end; ``error(index)`` is
    raised where one lies outside."""
    try:
        return ops.wrap_index(index, size=size)
    except OutOfRange as found:
        raise error(found.index) from None


def fitted(value: Tensor, shape: Shape) -> Tensor:
    """A value that is assigned, in the shape that it is assigned to. As in NumPy, leading dims of
    size 1 do not matter."""
    if value.shape == shape:
        return value
    own = value.shape
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    return ops.expand(ops.reshape(value, shape=own), shape=shape)
