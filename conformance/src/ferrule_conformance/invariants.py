"""What of a call's results is compared and differentiated: they themselves, or, where they are not
unique, what their op declares to be."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np

import ferrule as fe
from ferrule.promotion import complex_of, real_of
from ferrule_conformance import reference_backend
from ferrule_conformance.call import Array, Call, host, place, several, widen
from ferrule_conformance.failure import Failure
from ferrule_plugins import Device, DType
from ferrule_plugins.dtypes import CONTINUOUS


def unique(call: Call, results: Sequence[fe.Tensor], device: Device) -> tuple[fe.Tensor, ...]:
    """What is unique about results of the call.

    Raises:
        Failure: the op's declaration names a function that does not exist.
    """
    path = call.op.invariants
    if path is None:
        return tuple(results)
    module, _, name = path.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise Failure(
            f"{call.op.name} is declared with invariants={path!r}, which cannot be found: {error}"
        ) from error
    return several(function(*results, **call.canonical(device)))


def unique_arrays(call: Call, arrays: Sequence[Array]) -> list[Array]:
    """The same of results as arrays, worked out in double precision and rounded to the precision
    of the first floating or complex one."""
    if call.op.invariants is None:
        return list(arrays)
    there = reference_backend.device()
    with fe.no_grad():
        found = unique(call, [place(widen(x), there) for x in arrays], there)
    given = [d for x in arrays if (d := DType.of(x.dtype)).category in CONTINUOUS]
    real = real_of(given[0])
    with np.errstate(all="ignore"):
        return [
            host(y).astype((complex_of(real) if y.dtype.is_complex else real).numpy) for y in found
        ]
