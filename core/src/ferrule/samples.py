"""Sample inputs of an op, written next to its declaration. Conformance makes tests of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ferrule_plugins import DType, Shape

Matrix = Literal["regular", "hermitian", "positive"]


@dataclass(frozen=True)
class Input:
    """A description of one operand.

    Attributes:
        shape: its shape.
        dtype: its dtype; without one, every dtype of the op is tried.
        low, high: bounds of its values, within the op's domain; integers exclude ``high``.
        distinct: no two values are equal or close: for ops with kinks at ties.
        matrix: what kind of matrices the last two dims are, all well-conditioned: ``"regular"``
            (of any two sizes), ``"hermitian"`` or ``"positive"`` (Hermitian, and positive
            definite). Their singular values or eigenvalues lie apart. Gradients by a Hermitian
            operand are those along Hermitian changes.
        rising: the values are in order along the last dim.
    """

    shape: Shape
    dtype: DType | None = None
    low: float | None = None
    high: float | None = None
    distinct: bool = False
    matrix: Matrix | None = None
    rising: bool = False


def of(
    *shape: int,
    dtype: DType | str | None = None,
    low: float | None = None,
    high: float | None = None,
    distinct: bool = False,
    matrix: Matrix | None = None,
    rising: bool = False,
) -> Input:
    """An operand of that shape: ``of(2, 3)``, ``of(4, low=0.1)``, ``of(5, dtype="int64")``."""
    found = None if dtype is None else DType.of(dtype)
    return Input(shape, found, low, high, distinct, matrix, rising)


class Sample:
    """One call: operands and attributes."""

    __slots__ = ("attrs", "inputs")

    def __init__(self, inputs: tuple[Input | None, ...], attrs: dict[str, Any]) -> None:
        self.inputs = inputs
        self.attrs = attrs

    def __repr__(self) -> str:
        parts = [repr(i) for i in self.inputs] + [f"{k}={v!r}" for k, v in self.attrs.items()]
        return f"sample({', '.join(parts)})"


def sample(*inputs: Input | None, **attrs: Any) -> Sample:
    """A call with attributes: ``sample(of(3, 4), dim=1)``. A bare tuple is a call without any."""
    return Sample(inputs, attrs)
