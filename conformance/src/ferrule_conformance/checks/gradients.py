"""Levels 2 and 3: gradients of first and second order.

In float64 and complex128 they are held against central differences of the backend's own results.
In another precision, and on a backend without those, they are held against the gradients of the
same call in double precision, which are computed on the backend if it has that, and otherwise on
the suite's own reference backend.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import ferrule as fe
from ferrule.promotion import real_of
from ferrule_conformance import reference_backend, tolerance
from ferrule_conformance.call import Array, Call, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import agree, same_bits
from ferrule_conformance.derivative import (
    Scalar,
    coordinates,
    differences,
    gradients,
    precision,
    pull,
    second_gradients,
    weighted_gradients,
    weighted_result,
)
from ferrule_plugins import Device, DType
from ferrule_plugins.dtypes import CONTINUOUS


def differentiable(case: Case) -> bool:
    return case.dtype is not None and case.differentiable


def principal(case: Case) -> bool:
    """There are gradients, and the dtype is one of those in which all of them are looked at."""
    return differentiable(case) and case.stored in _PRINCIPAL


_PRECISE = (fe.float64, fe.complex128)
_PRINCIPAL = (fe.float32, *_PRECISE)


def entering(case: Case, *, stream: int = 5) -> list[Array]:
    """Random gradients of what is unique about the continuous outputs, which the coarsest dtype on
    the way can hold."""
    rng = case.rng(stream)
    coarse = precision(case.call(), [y.dtype for y in case.outputs])
    return [
        normal(rng, y.shape, y.dtype, coarse)
        for y in case.unique_outputs
        if y.dtype.category in CONTINUOUS
    ]


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: DType, coarse: DType) -> Array:
    """Normal numbers in double precision, complex if ``dtype`` is, that ``coarse`` can hold."""
    parts = np.dtype(real_of(coarse).numpy)
    values = np.asarray(rng.standard_normal(shape)).astype(parts).astype(np.float64)
    if not dtype.is_complex:
        return values
    imaginary = np.asarray(rng.standard_normal(shape)).astype(parts)
    return np.asarray(values + 1j * imaginary)


def in_double(case: Case) -> Device:
    """Where double precision is."""
    wide = fe.complex128 if case.stored.is_complex else fe.float64
    return case.device if wide in case.target.dtypes else reference_backend.device()


def _operands(call: Call) -> list[Array]:
    return [call.operands[i] for i in call.continuous]


@check(each="call", level=(2, 3), when=differentiable)
def gradient(case: Case) -> None:
    """The gradient is that of central differences, or of float64, and neither operands nor the
    gradient that enters are written to."""
    call, gs = case.call(), entering(case)
    xs, entered, found = pull(call, gs, case.device)
    got = [host(g) for g in found]
    for k, (x, before) in enumerate(zip((*xs, *entered), (*_operands(call), *gs))):
        what = f"operand {call.continuous[k]}" if k < len(xs) else f"gradient {k - len(xs)}"
        same_bits(host(x), before.astype(x.dtype.numpy), f"{what} was written to: ")
    if case.stored in _PRECISE:
        value = weighted_result(call, gs, case.device)
        _agree_with_differences(case, got, value, _operands(call))
    else:
        want = gradients(call.widened(), gs, in_double(case))
        agree_with_float64(case, got, want, [*call.arrays, *gs])


@check(each="call", level=(2, 3), when=principal)
def second_gradient(case: Case) -> None:
    """The gradient of the gradient is that of central differences, or of float64."""
    call, gs = case.call(), entering(case)
    rng = case.rng(stream=6)
    weights = [normal(rng, x.shape, found := DType.of(x.dtype), found) for x in _operands(call)]
    got = second_gradients(call, gs, weights, case.device)
    if case.stored in _PRECISE:
        value = weighted_gradients(call, weights, case.device)
        _agree_with_differences(case, got, value, [*_operands(call), *gs], order=2)
    else:
        want = second_gradients(call.widened(), gs, weights, in_double(case))
        agree_with_float64(case, got, want, [*call.arrays, *gs, *weights], order=2)


def _agree_with_differences(
    case: Case, got: Sequence[Array], value: Scalar, arrays: Sequence[Array], order: int = 1
) -> None:
    call = case.call()
    coarse = precision(call, [y.dtype for y in case.outputs])
    within = tolerance.of_differences(case.subject, coarse, arrays)
    rng = case.rng(stream=7)
    for k, gradient in enumerate(got):
        described = case.sample.inputs[call.continuous[k]] if k < len(call.continuous) else None
        hermitian = described is not None and described.matrix in ("hermitian", "positive")
        directions, slopes = differences(
            value, arrays, k, tolerance.step(coarse), rng, order=order, hermitian=hermitian
        )
        along = directions @ coordinates(gradient)
        agree(along, slopes, within, what=f"{_name(call, k)} against central differences: ")


def agree_with_float64(
    case: Case, got: Sequence[Array], want: Sequence[Array], parts: Sequence[Array], order: int = 1
) -> None:
    """Raise `Failure` unless gradients are those in double precision.

    Args:
        parts: what takes part in the computation.
    """
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
