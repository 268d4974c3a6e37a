"""Level 1: results are right where arithmetic has corners."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ferrule_conformance.call import Array, Call, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import agree
from ferrule_conformance.expectation import expected, matches_reference
from ferrule_conformance.failure import Failure
from ferrule_conformance.invariants import unique_arrays
from ferrule_conformance.special import denormal_numbers, special_numbers
from ferrule_plugins import DType, Shape

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
    # Of transforms and factorisations `nonfinite_in_batch` says what is.
    return case.subject.name != "cast" and case.subject.feature is None


def _is_free(case: Case, i: int) -> bool:
    """An operand of values that may be any."""
    described = case.sample.inputs[i]
    bounds = described and (described.low, described.high)
    return _is_value(case, i) and bounds == (None, None)


def _into_every_dtype(case: Case, *categories: str) -> Iterator[Call]:
    """The call; where the op is told a dtype, one for each dtype of those categories."""
    call = case.call()
    told = [n for n, a in case.subject.schema.attributes.items() if a.kind == "dtype"]
    if not told:
        yield call
        return
    for dtype in case.target.dtypes:
        if dtype.category in categories:
            yield Call(call.op, call.operands, {**call.attrs, told[0]: dtype})


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
    when=lambda case: _first_sample(case, "floating") and case.subject.feature is None,
)
def denormals(case: Case) -> None:
    """Operands and results below the smallest normal number are not lost, unless the capabilities
    say that they may be."""
    for call in _into_every_dtype(case, "floating"):
        free = [i for i in range(len(call.operands)) if _is_free(case, i)]
        for small in dict.fromkeys([tuple(free), *((i,) for i in free)]):
            rng = case.rng(stream=10)
            operands = [
                denormal_numbers(case.stored, x.shape, rng) if i in small else x
                for i, x in enumerate(call.operands)
            ]
            matches_reference(case, call.with_operands(operands))


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


def _mixes_a_batch(case: Case) -> bool:
    """A factorisation, or a transform that leaves the first dim alone."""
    return (
        case.index == 0
        and case.subject.primitive
        and case.subject.feature is not None
        and 0 not in case.attrs.get("dims", (1,))
        and len(_for_a_batch(case)[0] or ()) > 1
    )


def _for_a_batch(case: Case) -> list[Shape | None]:
    """The sample's shapes, with several matrices where it has one."""
    described = case.sample.inputs
    matrices = any(i is not None and i.matrix for i in described)
    return [i and ((3, *i.shape) if matrices else i.shape) for i in described]


@check(each="call", level=1, when=_mixes_a_batch)
def nonfinite_in_batch(case: Case) -> None:
    """A matrix with a NaN or an infinity, or a row with a NaN that is transformed, has results that
    are NaN throughout, and leaves those of its neighbours in the batch alone."""
    call, first = case.call(shapes=_for_a_batch(case)), case.sample.inputs[0]
    matrices = first is not None and first.matrix is not None
    neighbours = [0, 2]
    rest = call.map(lambda x: x[neighbours])
    wanted = unique_arrays(rest, expected(rest))
    for number in (np.nan, np.inf, -np.inf) if matrices else (np.nan,):
        x = call.operands[0].copy()
        place = tuple(int(n) for n in case.rng(stream=11).integers(0, x.shape[1:]))
        x[1][place] = number * (1 + 1j) if number != number and case.stored.is_complex else number
        if first is not None and first.matrix in ("hermitian", "positive"):
            x[1][place[::-1]] = x[1][place]
        struck = call.with_operands([x, *call.operands[1:]])
        results = [host(y) for y in struck.on(case.device)]
        for i, y in enumerate(results):
            if not np.isnan(y[1]).all():
                raise Failure(f"output {i} of what has {number} at {place} is not NaN throughout")
        left = unique_arrays(rest, [y[neighbours] for y in results])
        for i, (y, want) in enumerate(zip(left, wanted)):
            within = case.allowance(DType.of(y.dtype), [*rest.arrays, *wanted])
            agree(y, want, within, what=f"output {i}, beside what has {number}: ")


def _of_integers(case: Case) -> bool:
    return (
        case.index == 0
        and case.dtype is not None
        and case.dtype.category == "integer"
        and any(_is_value(case, i) for i in range(len(case.sample.inputs)))
    )


@check(each="call", level=(1, 3), when=_of_integers)
def extremes(case: Case) -> None:
    """The largest and smallest integers give what the reference does; what overflows wraps, and so
    does what becomes an integer of fewer bits."""
    info = np.iinfo(case.stored.numpy)
    numbers = special_numbers(case.stored)
    for call in _into_every_dtype(case, "bool", "integer", "floating", "complex"):
        rng = case.rng(stream=3)
        for choice in (numbers, [info.max], [info.min]):
            operands = [
                rng.choice(np.array(choice, x.dtype), x.shape) if _is_free(case, i) else x
                for i, x in enumerate(call.operands)
            ]
            matches_reference(case, call.with_operands(operands))


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
