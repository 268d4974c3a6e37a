"""One array in the place of several operands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ferrule.samples import Input
from ferrule_conformance.call import Call
from ferrule_conformance.case import Case
from ferrule_plugins import Shape

_STRICTNESS = (None, "regular", "hermitian", "positive")


def twins(case: Case) -> list[tuple[Call, tuple[int, ...]]]:
    """Calls in which operands of one role, shape and dtype, which those that follow the tuple name,
    are equal. Where the sample has no such operands, others of its shapes are tried."""
    shapes = [i and i.shape for i in case.sample.inputs]
    found = _with_shapes(case, shapes)
    if found or case.index != 0:
        return found
    for shape in dict.fromkeys(s for s in shapes if s is not None):
        alike = [s and shape for s in shapes]
        if alike != shapes and any(y.spec.size for y in case.outputs_for(alike)):
            found += _with_shapes(case, alike)
    return found


def shared(operands: tuple[Any, ...], positions: Sequence[int]) -> tuple[Any, ...]:
    """The operands with the first of those positions in the place of the others."""
    return tuple(operands[positions[0]] if i in positions else x for i, x in enumerate(operands))


def _with_shapes(case: Case, shapes: list[Shape | None]) -> list[tuple[Call, tuple[int, ...]]]:
    groups: dict[Any, list[int]] = {}
    for i, (described, shape) in enumerate(zip(case.sample.inputs, shapes)):
        if described is not None and shape is not None and 0 not in shape:
            key = case.subject.schema.role(i), case.operand_dtypes[i], shape
            groups.setdefault(key, []).append(i)
    found = []
    for positions in groups.values():
        one = _both([case.sample.inputs[i] for i in positions])
        if len(positions) > 1 and one is not None:
            inputs = list(case.sample.inputs)
            for i in positions:
                inputs[i] = one
            call = case.call(shapes=shapes, inputs=inputs)
            found.append((call.with_operands(shared(call.operands, positions)), tuple(positions)))
    return found


def _both(described: Sequence[Input | None]) -> Input | None:
    """What satisfies all of the descriptions; None if nothing does."""
    inputs = [i for i in described if i is not None]
    low = max((i.low for i in inputs if i.low is not None), default=None)
    high = min((i.high for i in inputs if i.high is not None), default=None)
    if low is not None and high is not None and low >= high:
        return None
    return replace(
        inputs[0],
        low=low,
        high=high,
        distinct=any(i.distinct for i in inputs),
        rising=any(i.rising for i in inputs),
        matrix=max((i.matrix for i in inputs), key=_STRICTNESS.index),
    )
