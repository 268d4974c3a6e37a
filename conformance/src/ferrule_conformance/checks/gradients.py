"""Levels 2 and 3: gradients of first and second order.

In float64 they are held against central differences of the backend's own results. In another
precision, and on a backend without float64, they are held against the float64 gradients of the
same call, which are computed on the backend if it has float64, and otherwise on the suite's own
reference backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import ferrule as fe
from ferrule_conformance import reference_backend, tolerance
from ferrule_conformance.call import Array, Call
from ferrule_conformance.case import Case, check
from ferrule_conformance.checks import layouts
from ferrule_conformance.comparison import agree
from ferrule_conformance.derivative import (
    Scalar,
    differences,
    gradients,
    precision,
    second_gradients,
    weighted_gradients,
    weighted_result,
)
from ferrule_plugins import Device


def _differentiable(case: Case) -> bool:
    return case.dtype is not None and case.differentiable


def _principal(case: Case) -> bool:
    return _differentiable(case) and case.stored in (fe.float32, fe.float64)


def entering(case: Case, *, stream: int = 5) -> list[Array]:
    """Random gradients of the floating outputs, which the coarsest dtype on the way can hold."""
    rng = case.rng(stream)
    coarse = precision(case.call(), [y.dtype for y in case.outputs]).numpy
    return [normal(rng, y.shape, coarse) for y in case.outputs if y.dtype.is_floating_point]


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Normal float64 numbers that ``dtype`` can hold."""
    return np.asarray(rng.standard_normal(shape)).astype(dtype).astype(np.float64)


def _precise(case: Case) -> Device:
    """Where float64 is."""
    return case.device if fe.float64 in case.target.dtypes else reference_backend.device()


def _operands(call: Call) -> list[Array]:
    return [call.operands[i] for i in call.continuous]


@check(each="call", level=(2, 3), when=_differentiable)
def gradient(case: Case) -> None:
    """The gradient is that of central differences, or of float64."""
    call, gs = case.call(), entering(case)
    got = gradients(call, gs, case.device)
    if case.stored is fe.float64:
        value = weighted_result(call, gs, case.device)
        _agree_with_differences(case, got, value, _operands(call))
    else:
        want = gradients(call.widened(), gs, _precise(case))
        _agree_with_float64(case, got, want, [*call.arrays, *gs])


@check(each="call", level=(2, 3), when=_principal)
def second_gradient(case: Case) -> None:
    """The gradient of the gradient is that of central differences, or of float64."""
    call, gs = case.call(), entering(case)
    rng = case.rng(stream=6)
    weights = [normal(rng, x.shape, x.dtype) for x in _operands(call)]
    got = second_gradients(call, gs, weights, case.device)
    if case.stored is fe.float64:
        value = weighted_gradients(call, weights, case.device)
        _agree_with_differences(case, got, value, [*_operands(call), *gs])
    else:
        want = second_gradients(call.widened(), gs, weights, _precise(case))
        _agree_with_float64(case, got, want, [*call.arrays, *gs, *weights], order=2)


def _agree_with_differences(
    case: Case, got: Sequence[Array], value: Scalar, arrays: Sequence[Array]
) -> None:
    call = case.call()
    coarse = precision(call, [y.dtype for y in case.outputs])
    within = tolerance.of_differences(case.subject, coarse, arrays)
    rng = case.rng(stream=7)
    for k, gradient in enumerate(got):
        directions, slopes = differences(value, arrays, k, tolerance.step(coarse), rng)
        along = directions @ gradient.ravel().astype(np.float64)
        agree(along, slopes, within, what=f"{_name(call, k)} against central differences: ")


def _agree_with_float64(
    case: Case, got: Sequence[Array], want: Sequence[Array], parts: Sequence[Array], order: int = 1
) -> None:
    call = case.call()
    coarse = precision(call, [y.dtype for y in case.outputs])
    within = tolerance.of_gradient(case.subject, coarse, parts, order=order)
    for k, (a, b) in enumerate(zip(got, want)):
        agree(a, b, within, what=f"{_name(call, k)} against float64: ")


def _name(call: Call, k: int) -> str:
    """What the ``k``-th of the arrays is that are differentiated by."""
    if k < len(call.continuous):
        return f"the gradient by operand {call.continuous[k]}"
    return f"the gradient by the gradient {k - len(call.continuous)} that enters"


def _has_dims(case: Case) -> bool:
    return _principal(case) and any(i is not None and i.shape for i in case.sample.inputs)


@check(each="call", level=(2, 3), when=_has_dims)
def strided_gradient(case: Case) -> None:
    """The gradient is the same where operands and the gradient that enters are transposed, sliced,
    reversed or broadcast."""
    for layout in (layouts.transpose, layouts.interleave, layouts.reverse, layouts.stretch):
        call, gs = case.call(), entering(case)
        if layout is layouts.stretch:
            # A sum's gradient is one number everywhere. The operands stay: equal elements are
            # kinks of some ops.
            gs = [layouts.constant_along_first(g) for g in gs]
            got = gradients(call, gs, case.device, entering_layout=layout)
        else:
            got = gradients(call, gs, case.device, leaves=layout, entering_layout=layout)
        want = gradients(call.widened(), gs, _precise(case))
        _agree_with_float64(case, got, want, [*call.arrays, *gs])
