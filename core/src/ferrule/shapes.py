"""Changing shapes: sizes and dims come, go and trade places, and no element is lost or moved
against the others.

Tensors have value semantics, so nothing here is a view: what PyTorch documents as one is a copy
that costs no more.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

from ferrule import dims as dims_
from ferrule import ops
from ferrule.autograd.node import AliasNode
from ferrule.errors import DTypeError, ShapeError
from ferrule.modes import is_grad_enabled
from ferrule.ops import inference
from ferrule.ops.complex import conjugate
from ferrule.tensor import Tensor
from ferrule_plugins import Shape


def clone(input: Tensor) -> Tensor:
    """The same value, with a place of its own on the tape."""
    if not is_grad_enabled():
        return input.detach()
    copy = input._apart()
    if copy._node is not None:
        copy._node = AliasNode(copy._node)
    return copy


def detach(input: Tensor) -> Tensor:
    """The same value, cut from the tape."""
    return input.detach()


def positive(input: Tensor) -> Tensor:
    """The same value: ``+input``.

    Raises:
        DTypeError: it is bool, which has no sign.
    """
    if input.dtype.category == "bool":
        raise DTypeError(f"positive: {input._type} has no sign; convert it with .int()")
    return _same(input)


def _same(input: Tensor) -> Tensor:
    """The same value in another object, which may be written to."""
    return ops.reshape(input, shape=input.shape)


# Dims in another order.


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The dims in another order."""
    return ops.permute(input, dims=tuple(dims))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dims exchanged."""
    return _exchanged("transpose", input, dim0, dim1)


def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dims exchanged: `transpose`."""
    return _exchanged("swapdims", input, dim0, dim1)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Two dims exchanged: `transpose`, by NumPy's name."""
    return _exchanged("swapaxes", input, axis0, axis1)


def _exchanged(name: str, input: Tensor, dim0: int, dim1: int) -> Tensor:
    a, b = dims_.wrap(name, input, dim0), dims_.wrap(name, input, dim1)
    order = list(range(input.ndim))
    if order:
        order[a], order[b] = order[b], order[a]
    return ops.permute(input, dims=tuple(order))


def t(input: Tensor) -> Tensor:
    """A matrix transposed; a tensor of fewer dims as it is.

    Raises:
        ShapeError: there are more than two dims.
    """
    if input.ndim > 2:
        raise ShapeError(f"t: {input._type} has more than two dims; use .mT or .transpose(...)")
    return ops.permute(input, dims=tuple(range(input.ndim))[::-1])


def adjoint(input: Tensor) -> Tensor:
    """The last two dims exchanged, and complex elements conjugated.

    Raises:
        ShapeError: there is exactly one dim.
    """
    return conjugate(matrix_transpose("adjoint", input))


def matrix_transpose(name: str, input: Tensor) -> Tensor:
    """The last two dims exchanged; ``name`` is the call, for messages."""
    if not input.ndim:
        return _same(input)
    if input.ndim < 2:
        raise ShapeError(f"{name}: {input._type} is not a matrix; it needs at least two dims")
    n = input.ndim
    return ops.permute(input, dims=(*range(n - 2), n - 1, n - 2))


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """The dims ``source`` moved to the places ``destination``, the others in order around them.

    Args:
        source, destination: an int each, or as many ints as the other.
    """
    return _moved("movedim", input, source, destination)


def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dims moved to other places: `movedim`, by NumPy's name."""
    return _moved("moveaxis", input, source, destination)


def _moved(name: str, input: Tensor, source: Any, destination: Any) -> Tensor:
    origin = dims_.wrap_all(name, input, source)
    target = dims_.wrap_all(name, input, destination)
    if len(origin) != len(target):
        raise ShapeError(
            f"{name}({input._type}): {len(origin)} dims cannot move to {len(target)} places"
        )
    if not input.ndim:
        return _same(input)
    places = dict(zip(target, origin))
    rest = (d for d in range(input.ndim) if d not in origin)
    return ops.permute(
        input, dims=tuple(places[d] if d in places else next(rest) for d in range(input.ndim))
    )


# Dims that come and go.


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A dim of size 1 put in at ``dim``."""
    dim = dims_.wrap("unsqueeze", input, dim, input.ndim + 1)
    return ops.reshape(input, shape=(*input.shape[:dim], 1, *input.shape[dim:]))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dims of size 1, or without those among ``dim``, an int or several."""
    dims = range(input.ndim) if dim is None else dims_.wrap_all("squeeze", input, dim)
    shape = tuple(n for d, n in enumerate(input.shape) if n != 1 or d not in dims)
    return ops.reshape(input, shape=shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dims from ``start_dim`` to ``end_dim`` made one."""
    start = dims_.wrap("flatten", input, start_dim)
    end = dims_.wrap("flatten", input, end_dim)
    if start > end:
        raise ShapeError(f"flatten: start_dim {start_dim} lies behind end_dim {end_dim}")
    size = math.prod(input.shape[start : end + 1])
    return ops.reshape(input, shape=(*input.shape[:start], size, *input.shape[end + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements in row-major order, in one dim."""
    return ops.reshape(input, shape=(-1,))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """The dim ``dim`` made several, of ``sizes``; one may be -1: what remains.

    Raises:
        ShapeError: the sizes do not multiply to that of the dim.
    """
    if not input.ndim:
        raise ShapeError(f"unflatten: {input._type} has no dim to take apart")
    dim = dims_.wrap("unflatten", input, dim)
    given = dims_.sizes("unflatten", sizes, least=-1)
    if not given:
        raise ShapeError("unflatten: sizes must not be empty")
    size = input.shape[dim]
    known = math.prod(n for n in given if n != -1)
    wild = given.count(-1)
    if wild > 1 or (wild and not known) or (size % known if wild else known != size):
        raise ShapeError(
            f"unflatten({input._type}): sizes {given} do not multiply to {size}, the size of dim "
            f"{dim}"
        )
    found = tuple(size // known if n == -1 else n for n in given)
    return ops.reshape(input, shape=(*input.shape[:dim], *found, *input.shape[dim + 1 :]))


def atleast_1d(*tensors: Any) -> Any:
    """Tensors with one dim at least. Several, or a sequence of them, give a tuple."""
    return _each(tensors, lambda x: ops.reshape(x, shape=x.shape or (1,)))


def atleast_2d(*tensors: Any) -> Any:
    """Tensors with two dims at least: rows of what has fewer. Several give a tuple."""
    return _each(tensors, lambda x: ops.reshape(x, shape=(1,) * (2 - x.ndim) + x.shape))


def atleast_3d(*tensors: Any) -> Any:
    """Tensors with three dims at least: ``(n,)`` becomes ``(1, n, 1)`` and ``(m, n)`` becomes
    ``(m, n, 1)``. Several give a tuple."""

    def widened(x: Tensor) -> Tensor:
        shape = (1,) * (x.ndim < 2) + x.shape + (1,) * (x.ndim < 3)
        return ops.reshape(x, shape=shape if x.ndim else (1, 1, 1))

    return _each(tensors, widened)


def _each(tensors: tuple[Any, ...], widened: Any) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return widened(tensors[0])
    return tuple(widened(x) for x in dims_.several(tensors))


# Broadcasting.


def broadcast_shapes(*shapes: Any) -> Shape:
    """The shape that all ``shapes`` broadcast to; an int counts as a shape of one dim.

    Raises:
        ShapeError: they do not broadcast.
    """
    found = [
        dims_.sizes("broadcast_shapes", s if isinstance(s, (tuple, list)) else (s,)) for s in shapes
    ]
    try:
        return inference.broadcast_shapes(*found)
    except ShapeError as error:
        raise ShapeError(f"broadcast_shapes: {error}") from None


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Repeated along dims of size 1, and new leading ones, to fill ``size``; -1 keeps a size."""
    return ops.expand(input, shape=_filled("broadcast_to", input, tuple(size)))


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors, broadcast to one shape."""
    found = dims_.tensors("broadcast_tensors", dims_.several(tensors))
    try:
        shape = inference.broadcast_shapes(*(x.shape for x in found))
    except ShapeError as error:
        raise ShapeError(f"broadcast_tensors: {error}") from None
    return tuple(ops.expand(x, shape=shape) for x in found)


def expand(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Repeated along dims of size 1, and new leading ones, to fill ``size``; -1 keeps a size."""
    return ops.expand(input, shape=_filled("expand", input, dims_.several(sizes, size)))


def _filled(name: str, input: Tensor, size: tuple[Any, ...]) -> Shape:
    """``size`` with -1 replaced by the sizes that ``input`` has."""
    found = dims_.sizes(name, size, least=-1)
    lead = len(found) - input.ndim
    if lead < 0 or -1 in found[:lead]:
        raise ShapeError(
            f"{name}({input._type}): the size {found} must name each of the {input.ndim} dims, and "
            "-1 can stand for those alone"
        )
    return tuple(input.shape[d - lead] if n == -1 else n for d, n in enumerate(found))


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """The sum over the dims by which ``size`` broadcasts to the shape of ``input``.

    Raises:
        ShapeError: it does not broadcast to it.
    """
    target = dims_.sizes("sum_to_size", dims_.several(size))
    lead = input.ndim - len(target)
    if lead < 0 or any(n not in (1, m) for n, m in zip(target, input.shape[lead:])):
        raise ShapeError(f"sum_to_size: {target} does not broadcast to the shape of {input._type}")
    dims = tuple(
        d for d, m in enumerate(input.shape) if d < lead or (target[d - lead] == 1 and m != 1)
    )
    if not dims:
        return _same(input)
    return ops.reshape(ops.sum(input, dim=dims, keepdim=True), shape=target)


# Questions.


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def is_tensor(obj: Any) -> builtins.bool:
    """Whether it is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the dtype is floating."""
    return input.dtype.is_floating_point


def is_complex(input: Tensor) -> builtins.bool:
    """Whether the dtype is complex."""
    return input.dtype.is_complex


def is_signed(input: Tensor) -> builtins.bool:
    """Whether the dtype holds numbers below zero."""
    return input.dtype.category != "bool" and input.dtype.name != "uint8"


def is_nonzero(input: Tensor) -> builtins.bool:
    """Whether the one element is not zero.

    Raises:
        ShapeError: there is not exactly one.
    """
    if input.numel() != 1:
        raise ShapeError(f"is_nonzero: {input._type} has {input.numel()} elements, not one")
    return builtins.bool(input.item())


def is_same_size(input: Tensor, other: Tensor) -> builtins.bool:
    """Whether the shapes are equal."""
    return input.shape == other.shape
