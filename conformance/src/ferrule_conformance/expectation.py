"""What a call should give, by the op's reference or, for a composite without one, by its body."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ferrule.op import Op
from ferrule_conformance import reference_backend
from ferrule_conformance.call import Call, host, several, widen
from ferrule_conformance.case import Case
from ferrule_conformance.comparison import agree, nearest
from ferrule_conformance.failure import Failure
from ferrule_conformance.invariants import unique_arrays
from ferrule_conformance.special import flushed
from ferrule_plugins import DType, dtypes

Array = np.ndarray[Any, Any]

_NUMPY_NAMES = {"dim": "axis", "dims": "axes", "keepdim": "keepdims"}


def expected(call: Call) -> list[Array]:
    """The right results: floats and complexes in double precision, the others exactly.

    Python scalars among the operands take the dtype of the first array.

    Raises:
        Failure: the op's declaration names a reference that does not exist or does not fit.
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy warns of means of nothing
        if call.op.ref is None:
            return [host(y) for y in call.widened().on(reference_backend.device())]
        attrs = call.canonical(reference_backend.device())
        attrs.pop("device", None)  # a reference knows of none
        if call.op.ref.startswith("numpy:"):
            attrs = {_NUMPY_NAMES.get(name, name): value for name, value in attrs.items()}
        function = reference(call.op)
        operands = _as_arrays(call)
        if not getattr(function, "in_own_dtype", False):
            operands = [widen(x) if isinstance(x, np.ndarray) else x for x in operands]
        found = function(*operands, **attrs)
    return [np.asarray(y) for y in (found if isinstance(found, tuple) else (found,))]


def matches_reference(
    case: Case, call: Call, operands: tuple[Any, ...] | None = None, *, signed_zero: bool = False
) -> None:
    """Raise `Failure` unless the backend's results are those of the reference.

    Where the backend may flush denormals, either is right.

    Args:
        operands: the call's operands as tensors, where their memory layout matters.
        signed_zero: 0.0 and -0.0 are different.
    """
    placed = call.tensors(case.device) if operands is None else operands
    results = [host(y) for y in call.of(placed, case.device)]
    wanted = expected(call)
    if len(results) != len(wanted):
        raise Failure(f"there are {len(results)} results, and the reference gives {len(wanted)}")
    results, wanted = unique_arrays(call, results), unique_arrays(call, wanted)
    if case.backend.capabilities.flushes_denormals:
        wanted = _or_flushed(case, call, results, wanted)
    for i, (y, want) in enumerate(zip(results, wanted)):
        within = case.allowance(DType.of(y.dtype), [*call.operands, *wanted])
        what = f"output {i}: " if len(results) > 1 else ""
        agree(y, want, within, what=what, signed_zero=signed_zero)


def _or_flushed(case: Case, call: Call, results: list[Array], wanted: list[Array]) -> list[Array]:
    """What is right, or what is right of a backend that takes denormals for zeros, where that is
    nearer to the result."""
    flushing = case.backend.capabilities.flushes_denormals
    others = unique_arrays(call, expected(call.map(lambda x: flushed(x, flushing))))
    return [
        nearest(y, [a, b, *(_small_as_zero(x, DType.of(y.dtype), flushing) for x in (a, b))])
        for y, a, b in zip(results, wanted, others)
    ]


def _small_as_zero(want: Array, dtype: DType, flushing: frozenset[DType]) -> Array:
    """What is too small for a normal number of that dtype as zero, if the dtype is flushed."""
    if dtype not in flushing:
        return want
    least = float(dtypes.finfo(dtype).smallest_normal)
    return np.where(np.abs(want) < least, np.copysign(0.0, want), want)


def matches_body(case: Case, call: Call) -> None:
    """Raise `Failure` unless a composite's kernel gives what its body gives on the backend."""
    tensors = call.tensors(case.device)
    bodily = several(case.subject.body(*tensors, **call.canonical(case.device)))
    got = unique_arrays(call, [host(y) for y in call.of(tensors, case.device)])
    want = unique_arrays(call, [host(y) for y in bodily])
    for i, (y, right) in enumerate(zip(got, want)):
        within = case.allowance(DType.of(y.dtype), [*call.operands, right])
        within = within.relaxed(2)  # both are rounded
        agree(y, right, within, what=f"output {i} against the body's: ")


def reference(op: Op) -> Callable[..., Any]:
    """The function that ``op.ref`` names.

    Raises:
        Failure: it does not exist.
    """
    module, _, name = (op.ref or "").partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise Failure(
            f"{op.name} is declared with ref={op.ref!r}, which cannot be found: {error}"
        ) from error


def _as_arrays(call: Call) -> list[Any]:
    """The operands, with arrays in the places of Python scalars."""
    first = next((x.dtype for x in call.arrays), None)
    operands: list[Any] = []
    for x in call.operands:
        if isinstance(x, (bool, int, float, complex)):
            x = np.asarray(x, dtype=first)
        operands.append(x)
    return operands
