"""Which matrices of a batch an op could not do its work on, and the errors that say so.

Ops do not raise on account of values: they give NaN. Looking at values waits for the device.
"""

from __future__ import annotations

import numpy as np

from ferrule import ops
from ferrule.errors import LinAlgError
from ferrule.ops.linalg.matrices import (
    diagonal,
    hermitian_from_lower,
    real_part,
    values,
)
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_, int32


def any_of(failed: Tensor) -> bool:
    """Whether a matrix failed; False where there are no values to be looked at."""
    found = values(failed)
    return found is not None and bool(found.any())


def _none_of(failed: Tensor) -> bool:
    found = values(failed)
    return found is not None and not found.any()


def refuse(call: str, failed: Tensor, reason: str, remedy: str) -> None:
    """Raise for the first matrix that failed.

    Raises:
        LinAlgError: there is one; its text names call, batch element, reason and remedy.
    """
    found = values(failed)
    if found is not None and found.any():
        place = tuple(int(i) for i in np.argwhere(found)[0])
        which = f" (batch element {place[0] if len(place) == 1 else place})" if place else ""
        raise LinAlgError(f"{call}{which}: {reason}; {remedy}")


def first(x: Tensor) -> Tensor:
    """Whether the first element of each matrix is NaN, as all are where an op failed; False for
    matrices without elements."""
    if not x.shape[-1] or not x.shape[-2]:
        return ops.full(shape=x.shape[:-2], value=False, dtype=bool_, device=x.device)
    lead = x.shape[:-2]
    zeros, ones = (0,) * len(lead), (1,) * len(lead)
    place = {"starts": (*zeros, 0, 0), "stops": (*lead, 1, 1), "steps": (*ones, 1, 1)}
    corner = ops.reshape(ops.slice(x.detach(), **place), shape=lead)
    return ops.ne(corner, corner)


def finite(x: Tensor) -> Tensor:
    """Whether all elements of each matrix are finite."""
    x = x.detach()
    return ops.all(ops.eq(x - x, 0), dim=(-2, -1))


def none(like: Tensor) -> Tensor:
    """An ``info`` that says that all is well."""
    return ops.full(shape=like.shape, value=0, dtype=int32, device=like.device)


def not_positive(x: Tensor, failed: Tensor) -> Tensor:
    """For each Hermitian matrix that failed to be positive definite, the order of the first leading
    minor that is not positive, as int32; 0 for the others."""
    if not x.shape[-1] or _none_of(failed):
        return none(failed)
    # the pivots of an elimination without exchanges are the ratios of these minors
    pivots = real_part(diagonal(ops.lu_factor(hermitian_from_lower(x.detach()), pivot=False)[0]))
    bad = ops.cast(ops.logical_not(ops.gt(pivots, 0)), dtype=int32)
    order = ops.where(ops.any(bad, dim=-1), ops.argmax(bad, dim=-1) + 1, x.shape[-1])
    return ops.cast(ops.where(failed, order, 0), dtype=int32)


def singular(x: Tensor, failed: Tensor) -> Tensor:
    """For each matrix that failed to be regular, which pivot of its elimination is 0, from 1 on, as
    int32; 0 for the others."""
    if not x.shape[-1] or _none_of(failed):
        return none(failed)
    pivots = ops.abs(diagonal(ops.lu_factor(x.detach())[0]))
    return ops.cast(ops.where(failed, ops.argmin(pivots, dim=-1) + 1, 0), dtype=int32)


def zero_pivot(factors: Tensor) -> Tensor:
    """The first 0 on the diagonal of each ``U``, from 1 on, as int32; 0 where there is none."""
    zero = ops.cast(ops.eq(diagonal(factors.detach()), 0), dtype=int32)
    if not zero.shape[-1]:
        return ops.cast(ops.sum(zero, dim=-1), dtype=int32)
    place = ops.where(ops.any(zero, dim=-1), ops.argmax(zero, dim=-1) + 1, 0)
    return ops.cast(place, dtype=int32)


def refuse_info(call: str, info: Tensor, reason: str, remedy: str) -> None:
    """As `refuse`, for matrices whose ``info`` is not 0; ``{}`` in the reason becomes it."""
    found = values(info)
    if found is not None and found.any():
        reason = reason.format(int(found[tuple(np.argwhere(found)[0])]))
        refuse(call, ops.ne(info, 0), reason, remedy)
