"""Public elementwise functions whose PyTorch signature is not that of one op.

No mathematics lives here. Where PyTorch's signature is the op's own, the op is the function.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ferrule import ops, promotion
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_, complex128, float64


class MantissaExponent(NamedTuple):
    """A number is ``mantissa * 2**exponent``."""

    mantissa: Tensor
    exponent: Tensor


def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Elementwise ``input + alpha * other``."""
    return ops.add(input, other if alpha == 1 else _times(other, alpha, input))


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Elementwise ``input - alpha * other``. Bools cannot be subtracted."""
    return ops.sub(input, other if alpha == 1 else _times(other, alpha, input))


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Elementwise ``other - alpha * input``."""
    return ops.sub(other, input if alpha == 1 else _times(input, alpha, other))


def _times(x: Any, alpha: Any, partner: Any) -> Any:
    """``alpha * x``, which is to meet the partner as ``x`` would: a number stays one, and bools
    are of the partner's dtype, where by an integer they would become int64."""
    if isinstance(x, (int, float, complex)) and isinstance(alpha, (int, float, complex)):
        return x * alpha
    if isinstance(x, Tensor) and x.dtype is bool_:
        common = promotion.result_type(
            y._type if isinstance(y, Tensor) else y.__class__ for y in (x, partner)
        )
        if common is not None and common is not bool_:
            x = ops.cast(x, dtype=common)
    return ops.mul(x, alpha)


_DIVISIONS = {None: ops.div, "trunc": ops.trunc_divide, "floor": ops.floor_divide}


def div(
    input: Any, other: Any, *, rounding_mode: Literal["trunc", "floor"] | None = None
) -> Tensor:
    """Elementwise ``input / other``.

    Args:
        input, other: tensors or numbers.
        rounding_mode: None for the quotient, in which integers become floats; ``"trunc"`` for it
            without its fraction; ``"floor"`` for the integer below. Integers stay integers then.

    Raises:
        ArgumentError: the rounding mode is none of these.
    """
    try:
        divide = _DIVISIONS[rounding_mode]
    except KeyError:
        raise ArgumentError(
            f'div: rounding_mode must be None, "trunc" or "floor", not {rounding_mode!r}'
        ) from None
    return divide(input, other)


def float_power(input: Any, exponent: Any) -> Tensor:
    """Elementwise ``input ** exponent`` in double precision, complex if one of them is."""
    kinds = [x._type if isinstance(x, Tensor) else x.__class__ for x in (input, exponent)]
    found = promotion.result_type(kinds)
    wide = complex128 if found is not None and found.is_complex else float64
    widened = (x.to(wide) if isinstance(x, Tensor) else x for x in (input, exponent))
    return ops.pow(*widened)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest integer to each element, halves to even; or so many decimal places."""
    return ops.round_decimals(input, decimals=decimals) if decimals else ops.round(input)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Each element brought between ``min`` and ``max``, numbers or tensors; ``max`` wins where they
    cross."""
    return ops.clamp(input, min, max)


def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Each element, or ``min`` where it is smaller."""
    return ops.clamp(input, min, None)


def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Each element, or ``max`` where it is larger."""
    return ops.clamp(input, None, max)


def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """Each element, with numbers in the places of NaN (by default 0) and of the infinities (the
    largest and the smallest finite number of the dtype)."""
    return ops.nan_to_num(input, nan=nan or 0.0, posinf=posinf, neginf=neginf)


def frexp(input: Tensor) -> MantissaExponent:
    """Each element as ``mantissa * 2**exponent``, with a mantissa within [0.5, 1) but for its sign.
    Exponents are int32."""
    return MantissaExponent(*ops.frexp(input))


def ldexp(input: Any, other: Any) -> Tensor:
    """Elementwise ``input * 2**other``. Integers become floats."""
    if isinstance(other, Tensor) and other.dtype.category == "integer":
        if isinstance(input, Tensor) and input.dtype.category in ("floating", "complex"):
            return ops.ldexp(input, other)
        return ops.ldexp(ops.cast(input, dtype=promotion.default_float()), other)
    return ops.mul(input, ops.pow(2.0, other))


# Complex numbers.


def real(input: Tensor) -> Tensor:
    """The real part of each element; of a real tensor the same values."""
    return ops.real(input) if input.dtype.is_complex else input._apart()


def imag(input: Tensor) -> Tensor:
    """The imaginary part of each element.

    Raises:
        DTypeError: the tensor is real.
    """
    if not input.dtype.is_complex:
        raise DTypeError(
            f"imag: {input._type} is real, so it has no imaginary part; use fe.zeros_like(x)"
        )
    return ops.imag(input)


def conj(input: Tensor) -> Tensor:
    """The complex conjugate of each element; of a real tensor the same values."""
    return ops.conj(input) if input.dtype.is_complex else input._apart()


def resolve_conj(input: Tensor) -> Tensor:
    """The same values: conjugates are computed at once."""
    return input._apart()


def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers of these moduli and angles, in radians. Both are float32 or float64."""
    return ops.complex(ops.mul(abs, ops.cos(angle)), ops.mul(abs, ops.sin(angle)))


def view_as_real(input: Tensor) -> Tensor:
    """Real and imaginary parts along a new last dim, of size 2.

    Raises:
        DTypeError: the tensor is real.
    """
    if not input.dtype.is_complex:
        raise DTypeError(f"view_as_real: {input._type} is not complex")
    parts = (ops.reshape(p(input), shape=(*input.shape, 1)) for p in (ops.real, ops.imag))
    return ops.cat(*parts, dim=-1)


def view_as_complex(input: Tensor) -> Tensor:
    """Complex numbers from the real and imaginary parts along the last dim.

    Raises:
        ShapeError: the last size is not 2.
    """
    if not input.ndim or input.shape[-1] != 2:
        raise ShapeError(f"view_as_complex: the last size of {input._type} is not 2")
    parts = (
        ops.reshape(ops.narrow(input, dim=-1, start=i, length=1), shape=input.shape[:-1])
        for i in range(2)
    )
    return ops.complex(*parts)


# Answers in Python.


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are close, as `isclose` says."""
    return bool(ops.all(ops.isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    return input.shape == other.shape and bool(ops.all(ops.eq(input, other)))
