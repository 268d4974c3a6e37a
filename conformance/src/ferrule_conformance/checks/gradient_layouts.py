"""Levels 2 and 3: gradients are right whatever the layout and size of operands and of the gradient
that enters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferrule_conformance.call import Array, Call, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.checks import layouts, sizes
from ferrule_conformance.checks.gradients import (
    agree_with_float64,
    entering,
    in_double,
    normal,
    principal,
)
from ferrule_conformance.comparison import same_bits
from ferrule_conformance.derivative import gradients, precision, pull
from ferrule_conformance.failure import Failure
from ferrule_conformance.invariants import unique
from ferrule_conformance.twins import twins
from ferrule_plugins import Shape
from ferrule_plugins.dtypes import CONTINUOUS

_RESHAPING = {
    "transposed": layouts.transpose,
    "sliced": layouts.interleave,
    "reversed": layouts.reverse,
    "inside a buffer": layouts.begin_inside,
}
"""Layouts of operands and of the gradient that enters."""

_REPEATING = {
    "one slice in the place of all": (layouts.stretch, layouts.constant_along_first),
    "one element in the place of all": (layouts.fill, layouts.constant),
}
"""Layouts of the gradient that enters, as that of a sum is, and what they can lay out. The operands
stay: equal elements are kinks of some ops."""


def _has_dims(case: Case) -> bool:
    return principal(case) and any(i is not None and i.shape for i in case.sample.inputs)


@check(each="call", level=(2, 3), when=_has_dims)
def strided_gradient(case: Case) -> None:
    """The gradient is the same where operands and the gradient that enters are transposed, sliced,
    reversed, begin inside a buffer, or repeat a slice or an element."""
    call, gs = case.call(), entering(case)
    want = gradients(call.widened(), gs, in_double(case))
    for name, layout in _RESHAPING.items():
        got = gradients(call, gs, case.device, leaves=layout, entering_layout=layout)
        _compare(case, got, want, [*call.arrays, *gs], name)
    for name, (layout, alike) in _REPEATING.items():
        gs = [alike(g) for g in entering(case)]
        want = gradients(call.widened(), gs, in_double(case))
        got = gradients(call, gs, case.device, entering_layout=layout)
        _compare(case, got, want, [*call.arrays, *gs], name)


def _compare(
    case: Case, got: list[Array], want: list[Array], parts: list[Array], name: str
) -> None:
    try:
        agree_with_float64(case, got, want, parts)
    except Failure as failure:
        raise Failure(f"{name}: {failure}") from None


def _first(case: Case) -> bool:
    return case.index == 0 and principal(case) and bool(case.outputs)


@check(each="call", level=(2, 3), when=lambda case: _first(case) and case.fact(sizes.has_zero_dim))
def zero_dim_gradient(case: Case) -> None:
    """Gradients of arrays without dims are right where the op takes them."""
    _of_shapes(case, sizes.every_shape(case, ()))


@check(each="call", level=(2, 3), when=lambda case: _first(case) and bool(case.fact(sizes.emptied)))
def empty_gradient(case: Case) -> None:
    """Gradients of arrays without elements are right where the op takes them."""
    for shapes in case.fact(sizes.emptied):
        _of_shapes(case, shapes)


def _of_shapes(case: Case, shapes: Sequence[Shape | None]) -> None:
    call = case.call(shapes=shapes)
    gs = _entering(case, call)
    want = gradients(call.widened(), gs, in_double(case))
    agree_with_float64(case, gradients(call, gs, case.device), want, [*call.arrays, *gs])


def _entering(case: Case, call: Call) -> list[Array]:
    """Random gradients of what is unique about a call that is not the case's own."""
    results = unique(call, call.on(case.device), case.device)
    ys = [y for y in results if y.dtype.category in CONTINUOUS]
    coarse = precision(call, [y.dtype for y in ys])
    rng = case.rng(stream=5)
    return [normal(rng, y.shape, y.dtype, coarse) for y in ys]


def _has_twins(case: Case) -> bool:
    return _first(case) and bool(twins(case))


@check(each="call", level=(2, 3), when=_has_twins)
def aliased_gradient(case: Case) -> None:
    """The gradients of one tensor that is given as several operands add up, and neither it nor the
    gradient that enters is written to."""
    for call, positions in twins(case):
        gs = _entering(case, call)
        one = [k for k, i in enumerate(call.continuous) if i in positions]
        if not one:
            continue
        xs, entered, got = pull(call, gs, case.device, shared=positions)
        each = gradients(call.widened(), gs, in_double(case))
        total = np.sum([each[k] for k in one], axis=0)
        want = [total if k in one else g for k, g in enumerate(each)]
        agree_with_float64(case, [host(g) for g in got], want, [*call.arrays, *gs, *each])
        for x, before in zip((*xs, *entered), (*(call.operands[i] for i in call.continuous), *gs)):
            same_bits(
                host(x), before.astype(x.dtype.numpy), "backward wrote to what it was given: "
            )
