"""Complex numbers: taking them apart and putting them together.

Gradients of complex tensors follow PyTorch's convention: the gradient of a real ``L`` by ``z = a +
ib`` is ``dL/da + i dL/db``, which is what steepest descent wants. So the rule of a holomorphic
``f`` multiplies by the conjugate of its derivative, which `conjugate` gives.
"""

from __future__ import annotations

import builtins
from typing import Any

from ferrule import promotion
from ferrule.declare import complexes, composite, primitive
from ferrule.ops.creation import full
from ferrule.ops.inference import broadcast
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import float32, float64

_UNARY = [(of(3, 4),), (of(),), (of(0, 2),)]


@primitive(dtypes=complexes, ref="numpy:real", samples=_UNARY)
def real(x: Shaped) -> Spec:
    """The real part of each element."""
    return Spec(x.shape, promotion.real_of(x.dtype))


@real.vjp
def _(g):
    return g


@primitive(dtypes=complexes, ref="numpy:imag", samples=_UNARY)
def imag(x: Shaped) -> Spec:
    """The imaginary part of each element."""
    return Spec(x.shape, promotion.real_of(x.dtype))


@imag.vjp
def _(g):
    return complex(_zero(g), g)


@primitive(
    dtypes={float32, float64},
    ref="ferrule_conformance.references:complex",
    samples=[(of(3, 4), of(3, 4)), (of(2, 1), of(3)), (of(0), of(1))],
)
def complex(real: Shaped, imag: Shaped) -> Spec:
    """Elementwise ``real + 1j * imag``, of the complex dtype twice as wide."""
    common = broadcast(real, imag)
    return Spec(common.shape, promotion.complex_of(common.dtype))


@complex.vjp
def _(g):
    return lambda: real(g), lambda: imag(g)


@composite(dtypes=complexes, ref="numpy:conj", samples=_UNARY)
def conj(x: Tensor) -> Tensor:
    """The complex conjugate of each element."""
    return complex(real(x), -imag(x))


@conj.vjp
def _(g):
    return conj(g)


def conjugate(x: Any) -> Any:
    """The conjugate of a tensor or a number. What is real is returned as it is: for rules."""
    if x.__class__ is builtins.complex:
        return x.conjugate()
    return conj(x) if isinstance(x, Tensor) and x._type.dtype.category == "complex" else x


def _zero(x: Tensor) -> Tensor:
    return full(shape=(), value=0, dtype=x.dtype, device=x.device)
