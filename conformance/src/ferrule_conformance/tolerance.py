"""How far a result may be from the truth. The only place that says so.

The allowed error of an element is ``units * eps * max(|want|, floor)``, where ``eps`` is the
distance from 1 to the next number of the result's dtype, and ``units`` is

    the dtype's entry in the table  x  the op's factor  x  sqrt(reduction length).

The square root is how rounding errors of random sign add up. The reduction length is 1 for an
elementwise primitive, and otherwise the number of elements of the largest operand, which is the
most that one output can depend on. Where nothing is added up the floor is 0, so the error is
relative; otherwise terms may cancel, and the floor is the largest magnitude that takes part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferrule.op import Op
from ferrule_plugins import DType, dtypes

Array = np.ndarray[Any, Any]

UNITS = {
    dtypes.float16: 2.0,
    dtypes.bfloat16: 2.0,
    dtypes.float32: 3.0,
    dtypes.float64: 4.0,  # the reference is rounded to float64 too
    dtypes.complex64: 6.0,
    dtypes.complex128: 8.0,
}
"""What one rounding step may cost, in units of eps. Integers and bools are exact."""

GRADIENT = 4.0
"""A rule is several ops one after the other."""

SECOND_GRADIENT = 16.0
"""And so is the rule of each of them."""

COARSE = {
    "optim.Muon": 4 * float(dtypes.finfo(dtypes.bfloat16).eps),  # its iteration is in bfloat16
    "optim.LBFGS": 1e-4,  # it divides by differences of gradients, which cancel
}
"""How far some optimizers may be off in float32 and less, relative to how far they have gone."""

CURVE = 16.0
"""All of the rounding in a step of training, over that of its parameters at the end."""

TRUNCATION = 50.0
"""The third derivative of a sample's function, about, by which central differences are off."""


@dataclass(frozen=True)
class Allowance:
    """``units * eps * max(|want|, floor)``; a floor of None is the largest ``|want|``."""

    units: float
    floor: float | None = 0.0

    def relaxed(self, factor: float) -> Allowance:
        return Allowance(self.units * factor, self.floor)


def of_result(op: Op, dtype: DType, operands: Sequence[Array], *, elementwise: bool) -> Allowance:
    """What a forward result of that dtype is allowed."""
    units = UNITS.get(dtype, 0.0) * op.tolerance
    if elementwise and op.primitive:
        return Allowance(units)
    return Allowance(units * math.sqrt(_longest(operands)), _largest(operands))


def of_gradient(op: Op, dtype: DType, operands: Sequence[Array], *, order: int = 1) -> Allowance:
    """What a gradient is allowed that was computed in that dtype, against one in float64."""
    units = UNITS[dtype] * op.tolerance * (GRADIENT if order == 1 else SECOND_GRADIENT)
    return Allowance(units * math.sqrt(_longest(operands)), max(1.0, _largest(operands)))


def of_module(dtype: DType, parts: Sequence[Array], *, order: int = 0) -> Allowance:
    """What a module that computes in that dtype is allowed, against itself in float64.

    Args:
        parts: inputs, parameters, and what is right.
        order: 0 for results, 1 for gradients and what follows from them.
    """
    units = UNITS[dtype] * (GRADIENT if order else 1.0)
    return Allowance(units * math.sqrt(_longest(parts)), max(1.0, _largest(parts)))


def of_steps(name: str, dtype: DType, steps: int, want: Array, moved: Array) -> Allowance:
    """What a parameter is allowed after some steps of an optimizer, against float64.

    Args:
        name: the optimizer's, of those that are `COARSE`.
        want: the parameter as it should be.
        moved: by how much it has changed.
    """
    floor = max(1.0, _largest([want]))
    units = UNITS[dtype] * GRADIENT * steps
    if name in COARSE:
        coarse = COARSE[name] * _largest([moved]) / floor
        units += coarse / float(dtypes.finfo(dtype).eps)
    return Allowance(units, floor)


def of_curve(dtype: DType, losses: Array, spread: Array) -> list[Allowance]:
    """What the loss before each step of a training in that dtype is allowed, against one in
    float64.

    Args:
        losses: the recorded ones.
        spread: what rounding parameters to float32 after each step makes of them.
    """
    eps = float(dtypes.finfo(dtype).eps)
    own = UNITS[dtype] * GRADIENT
    coarser = 1.0 / float(dtypes.finfo(dtypes.float32).eps)  # times eps: float32 counts as 1
    found = []
    for loss, moved in zip(losses.tolist(), spread.tolist()):
        largest = max(abs(loss), eps)
        found.append(Allowance(own + CURVE * moved * coarser / largest, largest))
    return found


def step(precision: DType) -> float:
    """Half the width of a central difference: where rounding and truncation are equal."""
    return float(dtypes.finfo(precision).eps) ** (1 / 3)


def of_differences(op: Op, precision: DType, operands: Sequence[Array]) -> Allowance:
    """What a float64 gradient is allowed against central differences with `step`.

    Args:
        precision: the least precise dtype on the way from input to output.
    """
    error = TRUNCATION * step(precision) ** 2 * op.tolerance * math.sqrt(_longest(operands))
    return Allowance(error / float(dtypes.finfo(dtypes.float64).eps), max(1.0, _largest(operands)))


def _longest(operands: Sequence[Array]) -> int:
    return max((x.size for x in operands), default=1) or 1


def _largest(operands: Sequence[Array]) -> float:
    """The largest finite magnitude among the operands that are numbers with rounding errors."""
    found = 0.0
    for x in operands:
        if x.dtype in _ROUNDED:
            wide = np.abs(x.astype(np.complex128))
            found = max(found, float(wide[np.isfinite(wide)].max(initial=0.0)))
    return found


_ROUNDED = frozenset(d.numpy for d in dtypes.ALL if d.category in ("floating", "complex"))
