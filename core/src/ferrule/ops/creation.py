"""Primitives that make tensors out of nothing."""

from __future__ import annotations

from ferrule.declare import everything, primitive
from ferrule.promotion import check_fits
from ferrule.samples import sample
from ferrule.schema import Scalar
from ferrule_plugins import Device, DType, Shape, Spec


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:full",
    samples=[
        sample(shape=(2, 3), value=1.5, dtype=DType.of("float32"), device=None),
        sample(shape=(), value=7, dtype=DType.of("int64"), device=None),
        sample(shape=(0,), value=True, dtype=DType.of("bool"), device=None),
    ],
)
def full(*, shape: Shape, value: Scalar, dtype: DType, device: Device) -> Spec:
    """Every element is ``value``."""
    check_fits(value, dtype)
    return Spec(shape, dtype)


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:arange",
    samples=[
        sample(start=0, step=1, length=5, dtype=DType.of("int64"), device=None),
        sample(start=1.0, step=-0.25, length=4, dtype=DType.of("float32"), device=None),
        sample(start=3, step=2, length=0, dtype=DType.of("int32"), device=None),
    ],
)
def arange(*, start: Scalar, step: Scalar, length: int, dtype: DType, device: Device) -> Spec:
    """``start + i * step`` for ``i`` from 0 to ``length - 1``."""
    return Spec((length,), dtype)
