"""In which dtypes the samples of ops are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ferrule as fe
from ferrule.op import Op
from ferrule_plugins import DType, dtypes

if TYPE_CHECKING:
    from ferrule_conformance.case import Target

PRINCIPAL = (fe.float32, fe.float64, fe.int32, fe.int64, fe.complex64, fe.bool)
"""Every sample is tried in the first two of these that an op and a backend have, and the first
sample in all dtypes."""


def sweep(target: Target, op: Op, index: int) -> tuple[DType, ...]:
    """The dtypes in which a sample is tried on a backend; none where it lacks one that is fixed."""
    sample = op.samples[index]
    fixed = [i.dtype for i in sample.inputs if i is not None and i.dtype is not None]
    fixed += [v for v in sample.attrs.values() if isinstance(v, DType)]
    if not set(fixed) <= set(target.dtypes):
        return ()
    roles = [op.schema.role(i) for i in range(len(sample.inputs))]
    free = any(
        role == "value" and i is not None and i.dtype is None
        for role, i in zip(roles, sample.inputs)
    )
    if not free:
        return (fixed[0] if fixed else dtypes.int64,)
    if index:
        return principal(target, op)
    return tuple(d for d in target.dtypes if d in op.dtypes)


def principal(target: Target, op: Op) -> tuple[DType, ...]:
    """The dtypes in which all of an op's samples are tried."""
    return tuple(d for d in PRINCIPAL if d in op.dtypes and d in target.dtypes)[:2]
