"""Levels 1 and 3: kernels work on arrays of any size, and of any number of dims."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.checks.layouts import has_dims, laid_out, transpose
from ferrule_conformance.expectation import matches_body, matches_reference
from ferrule_conformance.sweep import principal
from ferrule_plugins import Shape

Shapes = list[Shape | None]


def every_shape(case: Case, shape: Shape) -> Shapes:
    """That shape for all operands."""
    return [i and shape for i in case.sample.inputs]


def resized(case: Case, size: int) -> Iterator[Shapes]:
    """The sample's shapes with one of the sizes that occur in them replaced."""
    shapes = [i and i.shape for i in case.sample.inputs]
    for old in dict.fromkeys(n for shape in shapes if shape is not None for n in shape):
        yield [s and tuple(size if n == old else n for n in s) for s in shapes]


def _first(case: Case) -> bool:
    return case.index == 0 and case.computed and any(i is not None for i in case.sample.inputs)


def _principal(case: Case) -> bool:
    return case.dtype is not None and case.dtype in principal(case.target, case.subject)


def has_zero_dim(case: Case) -> bool:
    """Operands without dims are allowed, and none of them is a matrix."""
    matrices = any(i is not None and i.matrix for i in case.sample.inputs)
    return not matrices and bool(case.outputs_for(every_shape(case, ())))


@check(each="call", level=(1, 3), when=lambda case: _first(case) and case.fact(has_zero_dim))
def zero_dim(case: Case) -> None:
    """Arrays without dims are right where the op takes them."""
    matches_reference(case, case.call(shapes=every_shape(case, ())))


def emptied(case: Case) -> list[Shapes]:
    """The sample's shapes, as far as the op takes them, with one of their sizes replaced by 0."""
    if case.elementwise and case.outputs_for(every_shape(case, (2, 0))):
        return [every_shape(case, (2, 0))]
    return [shapes for shapes in resized(case, 0) if case.outputs_for(shapes)]


@check(each="call", level=(1, 3), when=lambda case: _first(case) and bool(case.fact(emptied)))
def empty(case: Case) -> None:
    """Arrays without elements are right where the op takes them."""
    for shapes in case.fact(emptied):
        matches_reference(case, case.call(shapes=shapes))


FACTOR = 13
AT_MOST = 6000
"""Elements: references are slow."""


def _larger(case: Case) -> Shapes:
    """The operands' shapes with every size but 1 multiplied."""
    return [i and tuple(n if n == 1 else n * FACTOR for n in i.shape) for i in case.sample.inputs]


def _elements(shapes: Iterable[Shape | None]) -> int:
    return sum(math.prod(shape) for shape in shapes if shape is not None)


def _can_be_larger(case: Case) -> bool:
    """The first sample, unless its attributes are tied to its sizes."""
    return (
        case.index == 0
        and _principal(case)
        and has_dims(case)
        and _elements(_larger(case)) <= AT_MOST
        and 0 < _elements(y.shape for y in case.outputs_for(_larger(case))) <= AT_MOST
    )


@check(each="call", level=(1, 3), when=_can_be_larger)
def large(case: Case) -> None:
    """Arrays of thousands of elements, whose sizes are no powers of two, are right to the end."""
    matches_reference(case, case.call(shapes=_larger(case)))


LONG = 2**16 + 3
"""More than 16 bits count, more than any block or tile of a kernel, and no multiple of one."""

FEW = 3 * LONG
"""Elements of an operand or result with a dim of that size."""


def lengthened(case: Case) -> list[Shapes]:
    """The sample's shapes, as far as the op takes them, with one of their sizes made `LONG`."""
    found = []
    for shapes in resized(case, LONG):
        if all(s is None or math.prod(s) <= FEW for s in shapes):
            results = case.outputs_for(shapes)
            if results and max(y.spec.size for y in results) <= FEW:
                found.append(shapes)
    return found


def _can_be_long(case: Case) -> bool:
    """A primitive, or a composite along a dim, in one dtype. Others may compute element by element,
    as the references of transforms do."""
    op = case.subject
    along = {a.kind.rstrip("?") for a in op.schema.attributes.values()} & {"dim", "dims"}
    return (
        _first(case)
        and (bool(along) or op.primitive)
        and op.feature is None
        and case.dtype in principal(case.target, op)[:1]
        and has_dims(case)
        and bool(case.fact(lengthened))
    )


@check(each="call", level=(1, 3), when=_can_be_long)
def long_dim(case: Case) -> None:
    """A dim of more than 65536 elements, one at a time, is right to the end."""
    for shapes in case.fact(lengthened):
        call = case.call(shapes=shapes)
        if case.subject.primitive:
            matches_reference(case, call)
        else:
            matches_body(case, call)


DIMS = 16
"""Twice the eight that kernels often have room for; the libraries that we know have 32 or more."""

_SIZES = (2, 1, 2, 1, 2, 2, 1, 2, 1, 2, 2, 1, 2, 1, 2, 2)
"""Where operands broadcast in turns along these, ten dims are left that cannot be merged."""


def deepened(case: Case) -> Shapes | None:
    """The sample's shapes with further dims, behind or before those that are there, as the op takes
    them; None if it does not."""
    if case.elementwise:
        return _crossing(case)
    shapes = [i and i.shape for i in case.sample.inputs]
    most = max(len(s) for s in shapes if s is not None)
    added = tuple(2 if d % 3 == 0 else 1 for d in range(DIMS - most))
    for least in (0, most):  # operands of fewer dims may be indices and the like
        for behind in (True, False):
            found: Shapes = [
                s if s is None or len(s) < least else s + added if behind else added + s
                for s in shapes
            ]
            if any(y.spec.size for y in case.outputs_for(found)):
                return found
    return None


def _crossing(case: Case) -> Shapes | None:
    """Shapes that broadcast against each other in turns, or, for a composite that does not take
    those, equal ones."""
    inputs = case.sample.inputs
    given = [i for i, described in enumerate(inputs) if described is not None]
    turns: Shapes = [None] * len(inputs)
    for k, i in enumerate(given):
        turns[i] = tuple(_in_turn(d, k, len(given)) for d in range(len(_SIZES)))
    for found in (turns, every_shape(case, _SIZES)):
        if any(y.shape == _SIZES for y in case.outputs_for(found)):
            return found
    return None


def _in_turn(dim: int, operand: int, operands: int) -> int:
    turn = sum(n > 1 for n in _SIZES[:dim])  # neighbours, but for sizes of 1, take turns
    return 1 if operands > 1 and turn % operands == operand else _SIZES[dim]


def _can_be_deep(case: Case) -> bool:
    return _first(case) and _principal(case) and has_dims(case) and case.fact(deepened) is not None


@check(each="call", level=(1, 3), when=_can_be_deep)
def many_dims(case: Case) -> None:
    """Arrays of 16 dims, in row-major and in column-major order, are right where the op takes
    them."""
    call = case.call(shapes=case.fact(deepened))
    matches_reference(case, call)
    matches_reference(case, call, laid_out(call, transpose, case.device))
