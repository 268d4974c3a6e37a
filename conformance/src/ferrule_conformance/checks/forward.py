"""Levels 1 and 3: results are right, and calls have no effect but their results."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule_conformance.call import Array, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import same_bits
from ferrule_conformance.expectation import matches_reference, reference
from ferrule_conformance.failure import Failure, NotApplicable


@check(each="op", level=(1, 3))
def declaration(case: Case) -> None:
    """The op's declaration can be tested: it has samples that fit, a reference that exists, and a
    gradient rule where it needs one."""
    op = case.subject
    if op.ref is not None:
        reference(op)
    elif op.primitive:
        raise Failure(f"the primitive {op.name} names no reference")
    if not op.samples:
        raise Failure(f"{op.name} is declared without samples")
    floating = [d for d in op.dtypes if d.is_floating_point]
    if op.primitive and op.differentiable and floating and op.rule is None and op.schema.operands:
        raise Failure(f"{op.name} is differentiable, and there is no rule: @{op.name}.vjp")


@check(each="op", level=1, when=lambda case: case.subject.primitive)
def kernel(case: Case) -> None:
    """The primitive has a kernel on the backend, unless it belongs to a feature that the backend
    does not declare."""
    feature = case.subject.feature
    declared = feature is None or feature in case.backend.capabilities.features
    if not declared and case.native:
        raise Failure(f"there is a kernel, and the capabilities do not declare {feature!r}")
    if not declared:
        raise NotApplicable(f"the backend does not declare {feature!r}: the op runs on the host")
    if not case.native and feature is not None:
        raise Failure(f"the capabilities declare {feature!r}, and there is no kernel")
    if not case.native:
        if case.target.fallback == "error":
            raise Failure("there is no kernel, and running on the host is not allowed")
        raise NotApplicable("there is no kernel: the op runs on the host")


@check(each="call", level=(1, 3))
def inferred_spec(case: Case) -> None:
    """The backend's arrays have just the shape and dtype that core inferred."""
    for i, y in enumerate(case.call().on(case.device)):
        found = case.backend.spec(y._data)
        if found is not y._type.spec:
            raise Failure(f"output {i} is {found}, and {y._type.spec} was inferred")
        if y.device is not case.device:
            raise Failure(f"output {i} is on {y.device}, and the operands are on {case.device}")


@check(each="call", level=(1, 3))
def forward(case: Case) -> None:
    """The result is that of the reference."""
    matches_reference(case, case.call())


@check(each="call", level=(1, 3), when=lambda case: case.computed)
def inputs_unmodified(case: Case) -> None:
    """The operands are bit for bit what they were before the call."""
    call = case.call()
    tensors = call.tensors(case.device)
    call.of(tensors, case.device)
    for i, (x, before) in enumerate(zip(tensors, call.operands)):
        if isinstance(before, np.ndarray):
            same_bits(host(x), before, f"operand {i} was written to: ")


@check(each="call", level=(1, 3), when=lambda case: case.computed)
def determinism(case: Case) -> None:
    """The same call gives the same bits, unless the capabilities say that it may not."""
    if case.subject.name in case.backend.capabilities.nondeterministic:
        raise NotApplicable("declared nondeterministic")
    call = case.call()
    tensors = call.tensors(case.device)
    first = [host(y) for y in call.of(tensors, case.device)]
    for _ in range(3):
        for y, before in zip(call.of(tensors, case.device), first):
            same_bits(host(y), before, "a second run differs: ")


@check(each="call", level=(1, 3), when=lambda case: case.computed)
def fresh_output(case: Case) -> None:
    """A later call with other operands leaves an earlier result alone."""
    call, other = case.call(), case.call(stream=1)
    results = call.on(case.device)
    before = [host(y) for y in results]
    other.on(case.device)
    for y, want in zip(results, before):
        same_bits(host(y), want, "an earlier result changed: ")


def _is_binary(case: Case) -> bool:
    op = case.subject
    return (
        op.primitive
        and op.schema.roles == ("value", "value")
        and not op.schema.attributes
        and all(i is not None and 0 not in i.shape for i in case.sample.inputs)
        and case.elementwise
    )


@check(each="call", level=1, when=_is_binary)
def python_scalar(case: Case) -> None:
    """A binary elementwise kernel takes a Python scalar in either place."""
    call = case.call()
    for i, array in enumerate(call.arrays):
        for scalar in _scalars(case, array):
            operands = [scalar if j == i else x for j, x in enumerate(call.operands)]
            try:
                matches_reference(case, call.with_operands(operands))
            except Failure as failure:
                raise Failure(f"operand {i} is the Python scalar {scalar!r}: {failure}") from None


def _scalars(case: Case, array: Array) -> list[Any]:
    """One of the dtype's own kind, and those of lower kinds, which fit as well."""
    value = array.ravel()[0]
    match case.stored.category:
        case "bool":
            return [bool(value)]
        case "integer":
            return [int(value), True]
        case "floating":
            return [float(value), 1, True]
        case _:
            return [complex(value), 1.0, 1, True]
