"""Levels 1 and 3: kernels read any memory layout and size.

Layouts are made with the backend's own kernels, so that no special interface is needed: where they
return views, as they may, the op sees strides; where they copy, it sees what it always sees.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

import ferrule as fe
from ferrule_conformance.call import Array, Call, place
from ferrule_conformance.case import Case, check, principal
from ferrule_conformance.expectation import matches_reference
from ferrule_plugins import Device, Shape

Layout = Callable[[Array, Device], fe.Tensor]


def _has_dims(case: Case, ndim: int = 1) -> bool:
    computed = case.native or case.subject.primitive
    return computed and any(i is not None and len(i.shape) >= ndim for i in case.sample.inputs)


def laid_out(call: Call, layout: Layout, device: Device) -> tuple[fe.Tensor, ...]:
    """The call's operands as tensors in that layout."""
    return tuple(layout(x, device) if isinstance(x, np.ndarray) else x for x in call.operands)


def transpose(x: Array, device: Device) -> fe.Tensor:
    """In column-major order."""
    dims = tuple(range(x.ndim))[::-1]
    return fe.ops.permute(place(np.array(x.T, order="C"), device), dims=dims)


def interleave(x: Array, device: Device) -> fe.Tensor:
    """Every other element along each dim of a larger array."""
    wide = np.ones([2 * n for n in x.shape], x.dtype)
    wide[tuple(slice(None, None, 2) for _ in x.shape)] = x
    steps = (2,) * x.ndim
    return fe.ops.slice(place(wide, device), starts=(0,) * x.ndim, stops=wide.shape, steps=steps)


def reverse(x: Array, device: Device) -> fe.Tensor:
    """Backwards along each dim."""
    dims = tuple(range(x.ndim))
    return fe.ops.flip(place(np.array(np.flip(x)), device), dims=dims)


def stretch(x: Array, device: Device) -> fe.Tensor:
    """One element in the place of all along the first dim. ``x`` must be like that already."""
    if not x.ndim or not x.size:
        return place(x, device)
    return fe.ops.expand(place(x[:1].copy(), device), shape=x.shape)


@check(each="call", level=(1, 3), when=lambda case: _has_dims(case, 2))
def transposed(case: Case) -> None:
    """Operands in column-major order give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, transpose, case.device))


@check(each="call", level=(1, 3), when=_has_dims)
def sliced(case: Case) -> None:
    """Operands that are every other element of an array give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, interleave, case.device))


@check(each="call", level=(1, 3), when=_has_dims)
def reversed(case: Case) -> None:
    """Operands with negative strides give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, reverse, case.device))


@check(each="call", level=(1, 3), when=_has_dims)
def broadcast(case: Case) -> None:
    """Operands with a stride of 0 give the same as their values in full."""
    call = case.call().map(constant_along_first)
    matches_reference(case, call, laid_out(call, stretch, case.device))


def constant_along_first(x: Array) -> Array:
    """What `stretch` can lay out: the first slice in the place of all."""
    return np.array(np.broadcast_to(x[:1], x.shape)) if x.ndim and x.size else x


def _elementwise_primitive(case: Case) -> bool:
    return case.index == 0 and case.subject.primitive and case.elementwise


def _every_shape(case: Case, shape: Shape) -> Call:
    return case.call(shapes=[i and shape for i in case.sample.inputs])


@check(each="call", level=1, when=_elementwise_primitive)
def zero_dim(case: Case) -> None:
    """Elementwise ops work on arrays without dims."""
    matches_reference(case, _every_shape(case, ()))


@check(each="call", level=1, when=_elementwise_primitive)
def empty(case: Case) -> None:
    """Elementwise ops work on arrays without elements."""
    matches_reference(case, _every_shape(case, (2, 0)))


FACTOR = 13
AT_MOST = 6000
"""Elements: references are slow."""


def _larger(case: Case) -> list[Shape | None]:
    """The operands' shapes with every size but 1 multiplied."""
    return [i and tuple(n if n == 1 else n * FACTOR for n in i.shape) for i in case.sample.inputs]


def _elements(shapes: Iterable[Shape | None]) -> int:
    return sum(math.prod(shape) for shape in shapes if shape is not None)


def _can_be_larger(case: Case) -> bool:
    """The first sample, unless its attributes are tied to its sizes."""
    return (
        case.index == 0
        and case.dtype is not None
        and case.dtype in principal(case.target, case.subject)
        and _has_dims(case)
        and _elements(_larger(case)) <= AT_MOST
        and 0 < _elements(y.shape for y in case.outputs_for(_larger(case))) <= AT_MOST
    )


@check(each="call", level=(1, 3), when=_can_be_larger)
def large(case: Case) -> None:
    """Arrays of thousands of elements, whose sizes are no powers of two, are right to the end."""
    matches_reference(case, case.call(shapes=_larger(case)))
