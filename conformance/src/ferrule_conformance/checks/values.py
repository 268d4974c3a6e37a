"""Level 1: results are right where arithmetic has corners."""

from __future__ import annotations

import numpy as np

from ferrule_conformance.call import Array, Call
from ferrule_conformance.case import Case, check
from ferrule_conformance.expectation import matches_reference
from ferrule_conformance.special import special_numbers
from ferrule_plugins import DType

UNSIGNED_ZERO = {
    "maximum": "IEEE 754 lets either zero win",
    "minimum": "IEEE 754 lets either zero win",
    "sign": "libraries differ, and nothing is lost",
    "remainder": "a zero has the sign of either operand, by library",
    "floor_divide": "a zero has the sign of the quotient or none, by library",
}
"""Elementwise primitives of which no standard fixes the sign of a zero result."""


def _is_value(case: Case, i: int) -> bool:
    described = case.sample.inputs[i]
    return case.subject.schema.role(i) == "value" and described is not None and not described.dtype


def _first_sample(case: Case, category: str) -> bool:
    return (
        case.subject.primitive
        and case.index == 0
        and bool(case.sample.inputs)
        and case.dtype is not None
        and case.dtype.category == category
        and any(_is_value(case, i) for i in range(len(case.sample.inputs)))
    )


def _defined_on_specials(case: Case) -> bool:
    # What a cast makes of numbers that do not fit is not defined; `conversions` checks the others.
    # Transforms and factorisations mix all elements, each library in an order of its own, so which
    # parts of a result an infinity reaches, and whether as infinity or NaN, is not defined either.
    return case.subject.name != "cast" and case.subject.feature is None


@check(
    each="call",
    level=1,
    when=lambda case: (
        _first_sample(case, "floating") and case.elementwise and _defined_on_specials(case)
    ),
)
def special_values(case: Case) -> None:
    """NaN, infinities, signed zeros, denormals and the largest numbers, each with each, give what
    IEEE 754 and the reference say."""
    numbers = special_numbers(case.stored)
    call = case.call()
    values = [i for i in range(len(call.operands)) if _is_value(case, i)]
    grids = np.meshgrid(*[numbers] * len(values), indexing="ij")
    shape = grids[0].shape
    operands = [
        grids[values.index(i)].copy() if i in values else np.resize(x, shape)
        for i, x in enumerate(call.operands)
    ]
    signed = case.subject.name not in UNSIGNED_ZERO
    matches_reference(case, call.with_operands(operands), signed_zero=signed)


@check(
    each="call",
    level=1,
    when=lambda case: (
        _first_sample(case, "floating") and not case.elementwise and _defined_on_specials(case)
    ),
)
def nonfinite(case: Case) -> None:
    """NaN and infinities among the elements are neither swallowed nor invented."""
    for numbers in ([np.nan], [np.inf], [-np.inf], [np.inf, -np.inf, np.nan]):
        call, rng = case.call(), case.rng(stream=2)
        operands = [
            _struck(x, numbers, rng) if isinstance(x, np.ndarray) and _is_value(case, i) else x
            for i, x in enumerate(call.operands)
        ]
        matches_reference(case, call.with_operands(operands))


def _struck(x: Array, numbers: list[float], rng: np.random.Generator) -> Array:
    """``x`` with these numbers at places drawn at random."""
    x = x.copy()
    for number in numbers if x.size else ():
        x[tuple(rng.integers(0, n) for n in x.shape)] = number
    return x


def _takes_extremes(case: Case) -> bool:
    return _first_sample(case, "integer") and _defined_on_specials(case)


@check(each="call", level=1, when=_takes_extremes)
def extremes(case: Case) -> None:
    """The largest and smallest integers give what the reference does; what overflows wraps."""
    call, rng = case.call(), case.rng(stream=3)
    operands = []
    for i, (described, x) in enumerate(zip(case.sample.inputs, call.operands)):
        bounded = described is not None and (described.low, described.high) != (None, None)
        if bounded or not _is_value(case, i):
            operands.append(x)
        else:
            operands.append(rng.choice(special_numbers(case.stored), x.shape))
    matches_reference(case, call.with_operands(operands))
    largest = call.with_operands(
        np.full_like(x, np.iinfo(x.dtype).max) if y is not x else x
        for x, y in zip(call.operands, operands)
    )
    matches_reference(case, largest)


def _is_about_order(case: Case) -> bool:
    """The op's sample asks for distinct values, so what it does with equal ones is a matter of its
    own."""
    first = next(iter(case.sample.inputs), None)
    computed = case.subject.primitive or (case.native and case.subject.ref is not None)
    return computed and first is not None and first.distinct


@check(each="call", level=(1, 3), when=_is_about_order)
def ties(case: Case) -> None:
    """Among equal elements, the one that the op's definition names is taken."""
    rng = case.rng(stream=4)
    call = case.call()
    for _ in range(3):
        matches_reference(case, _among_two(call, rng, case.stored))


def _among_two(call: Call, rng: np.random.Generator, dtype: DType) -> Call:
    return call.map(
        lambda x: rng.integers(1, 3, x.shape).astype(x.dtype) if x.dtype == dtype.numpy else x
    )
