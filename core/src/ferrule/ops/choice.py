"""Choosing between elements, and converting them."""

from __future__ import annotations

from ferrule.declare import everything, primitive
from ferrule.ops.inference import broadcast
from ferrule.samples import of, sample
from ferrule.schema import Mask
from ferrule_plugins import DType, Shaped, Spec


@primitive(
    dtypes=everything,
    ref="numpy:where",
    samples=[
        (of(3, 4, dtype="bool"), of(3, 4), of(3, 4)),
        (of(3, 1, dtype="bool"), of(4), of()),
        (of(0, dtype="bool"), of(0), of(1)),
    ],
)
def where(condition: Mask[Shaped], a: Shaped, b: Shaped) -> Spec:
    """``a`` where ``condition`` holds, ``b`` elsewhere."""
    return Spec(broadcast(condition, a, b).shape, a.dtype)


@where.vjp
def _(g, condition):
    return lambda: where(condition, g, 0.0), lambda: where(condition, 0.0, g)


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:cast",
    samples=[
        sample(of(3, 4), dtype=DType.of("float32")),
        sample(of(3, low=0, high=9), dtype=DType.of("int64")),
        sample(of(2, 2), dtype=DType.of("bool")),
        sample(of(0), dtype=DType.of("float64")),
    ],
)
def cast(x: Shaped, *, dtype: DType) -> Spec:
    """The elements converted to ``dtype``. Floats lose their fraction when they become integers;
    values that do not fit are undefined, as in C."""
    return Spec(x.shape, dtype)


@cast.vjp
def _(g, x: Shaped):
    return cast(g, dtype=x.dtype)
