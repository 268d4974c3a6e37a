"""Level 3: a composite's kernel and rule are held against its body, which is its definition."""

from __future__ import annotations

import numpy as np

from ferrule_conformance import tolerance
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.checks.gradients import entering
from ferrule_conformance.comparison import agree
from ferrule_conformance.derivative import gradients, precision
from ferrule_conformance.expectation import matches_body


def _native_composite(case: Case) -> bool:
    return not case.subject.primitive and case.native


def _shortcut(case: Case) -> bool:
    """Something else than the body supplies the gradient."""
    composite = not case.subject.primitive
    faster = case.native or case.subject.rule is not None
    return composite and faster and case.dtype is not None and case.differentiable


@check(each="call", level=3, when=_native_composite)
def kernel_is_body(case: Case) -> None:
    """The composite's kernel gives what its body gives."""
    matches_body(case, case.call())


@check(
    each="call",
    level=3,
    when=lambda case: (
        _native_composite(case) and case.dtype is not None and case.dtype.is_floating_point
    ),
)
def kernel_is_body_nonfinite(case: Case) -> None:
    """And it does so where NaN is among the elements."""
    call = case.call()
    for i in call.continuous:
        if call.operands[i].size:
            operands = list(call.operands)
            operands[i] = operands[i].copy()
            described = case.sample.inputs[i]
            rising = described is not None and described.rising  # NaN is largest, and so last
            operands[i].flat[-1 if rising else 0] = np.nan
            matches_body(case, call.with_operands(operands))


@check(each="call", level=3, when=_shortcut)
def gradient_is_body(case: Case) -> None:
    """The composite's gradient is that of its body."""
    call, gs = case.call(), entering(case)
    attrs = call.canonical(case.device)
    got = gradients(call, gs, case.device)
    want = gradients(call, gs, case.device, function=lambda *xs: case.subject.body(*xs, **attrs))
    coarse = precision(call, [y.dtype for y in case.outputs])
    within = tolerance.of_gradient(case.subject, coarse, [*call.arrays, *gs]).relaxed(2)
    for k, (a, b) in enumerate(zip(got, want)):
        agree(a, b, within, what=f"operand {call.continuous[k]} against the body's: ")
