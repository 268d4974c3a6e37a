"""Levels 1 and 3: kernels read any memory layout.

Layouts are made with the backend's own kernels, so that no special interface is needed: where they
return views, as they may, the op sees strides; where they copy, it sees what it always sees.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import ferrule as fe
from ferrule_conformance.call import Array, Call, host, place
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import same_bits
from ferrule_conformance.expectation import matches_reference
from ferrule_conformance.twins import shared, twins
from ferrule_plugins import Device

Layout = Callable[[Array, Device], fe.Tensor]


def has_dims(case: Case, ndim: int = 1) -> bool:
    """There is something of the op's own to be looked at, and an operand of so many dims."""
    return case.computed and any(i is not None and len(i.shape) >= ndim for i in case.sample.inputs)


def laid_out(call: Call, layout: Layout, device: Device) -> tuple[fe.Tensor, ...]:
    """The call's operands as tensors in that layout."""
    return tuple(layout(x, device) if isinstance(x, np.ndarray) else x for x in call.operands)


def transpose(x: Array, device: Device) -> fe.Tensor:
    """In column-major order."""
    dims = tuple(range(x.ndim))[::-1]
    return fe.ops.permute(place(np.array(x.T, order="C"), device), dims=dims)


def interleave(x: Array, device: Device) -> fe.Tensor:
    """Every other element along each dim of a larger array."""
    wide = np.full([2 * n for n in x.shape], _foreign(x), x.dtype)
    wide[tuple(slice(None, None, 2) for _ in x.shape)] = x
    steps = (2,) * x.ndim
    return fe.ops.slice(place(wide, device), starts=(0,) * x.ndim, stops=wide.shape, steps=steps)


def reverse(x: Array, device: Device) -> fe.Tensor:
    """Backwards along each dim."""
    dims = tuple(range(x.ndim))
    return fe.ops.flip(place(np.array(np.flip(x)), device), dims=dims)


def begin_inside(x: Array, device: Device) -> fe.Tensor:
    """In row-major order, from the fourth element of a longer buffer on: nothing but where the
    array begins tells it from an ordinary one, and no vector is aligned."""
    edge = np.full(_EDGE, _foreign(x), x.dtype)
    buffer = place(np.concatenate([edge, x.ravel(), edge]), device)
    inside = fe.ops.slice(buffer, starts=(_EDGE,), stops=(_EDGE + x.size,), steps=(1,))
    return fe.ops.reshape(inside, shape=x.shape)


_EDGE = 3


def _foreign(x: Array) -> object:
    """What nobody should read: NaN, the largest integer, or True."""
    if x.dtype == np.bool_:
        return True
    return np.iinfo(x.dtype).max if x.dtype.kind in "iu" else np.nan


def stretch(x: Array, device: Device) -> fe.Tensor:
    """One element in the place of all along the first dim. ``x`` must be like that already."""
    if not x.ndim or not x.size:
        return place(x, device)
    return fe.ops.expand(place(x[:1].copy(), device), shape=x.shape)


def constant_along_first(x: Array) -> Array:
    """What `stretch` can lay out: the first slice in the place of all."""
    return np.array(np.broadcast_to(x[:1], x.shape)) if x.ndim and x.size else x


def fill(x: Array, device: Device) -> fe.Tensor:
    """One element without dims in the place of all. ``x`` must be like that already."""
    if not x.size:
        return place(x, device)
    return fe.ops.expand(place(np.array(x.flat[0]), device), shape=x.shape)


def constant(x: Array) -> Array:
    """What `fill` can lay out: the first element in the place of all."""
    return np.full(x.shape, x.flat[0], x.dtype) if x.size else x


@check(each="call", level=(1, 3), when=lambda case: has_dims(case, 2))
def transposed(case: Case) -> None:
    """Operands in column-major order give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, transpose, case.device))


@check(each="call", level=(1, 3), when=has_dims)
def sliced(case: Case) -> None:
    """Operands that are every other element of an array give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, interleave, case.device))


@check(each="call", level=(1, 3), when=has_dims)
def reversed(case: Case) -> None:
    """Operands with negative strides give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, reverse, case.device))


@check(each="call", level=(1, 3), when=lambda case: has_dims(case, 0))
def offset(case: Case) -> None:
    """Operands that begin inside a buffer give the same."""
    call = case.call()
    matches_reference(case, call, laid_out(call, begin_inside, case.device))


@check(each="call", level=(1, 3), when=has_dims)
def broadcast(case: Case) -> None:
    """Operands with a stride of 0 give the same as their values in full."""
    call = case.call().map(constant_along_first)
    matches_reference(case, call, laid_out(call, stretch, case.device))


@check(each="call", level=(1, 3), when=lambda case: case.computed and bool(twins(case)))
def aliased(case: Case) -> None:
    """One array that is given as several operands counts as each of them, and is not written
    to."""
    for call, positions in twins(case):
        tensors = shared(call.tensors(case.device), positions)
        matches_reference(case, call, tensors)
        one = positions[0]
        same_bits(host(tensors[one]), call.operands[one], "the shared operand was written to: ")
