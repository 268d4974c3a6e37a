"""Python's numbers as those of a dtype: floats rounded, integers wrapped around.

Kernels compute with Python's own numbers, which are wider: floats are double, integers have no end.
What a kernel returns is brought to its dtype once, when it is stored.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ferrule_plugins import DType, dtypes

Buffer = Any
"""An ``array.array``, or a list where it has no such type."""


@dataclass(frozen=True)
class Format:
    """A binary floating-point format that is narrower than double.

    Attributes:
        precision: bits of the significand, the hidden one included.
        least: the exponent of the smallest subnormal number.
        largest: the largest finite number.
    """

    precision: int
    least: int
    largest: float

    def exponent(self, x: float) -> int:
        """That of the last bit of a number which is not 0."""
        return max(math.frexp(x)[1] - self.precision, self.least)

    def rounded(self, x: float) -> float:
        """The nearest number of the format, the even one of two."""
        if x == 0 or not math.isfinite(x):
            return x
        if abs(x) > 2 * self.largest:  # so far that the steps below would overflow
            return math.copysign(math.inf, x)
        last = self.exponent(x)
        size = math.ldexp(round(math.ldexp(abs(x), -last)), last)
        return math.copysign(size if size <= self.largest else math.inf, x)

    def after(self, a: float, b: float) -> float:
        """The next number of the format after ``a`` towards ``b``."""
        if a != a or b != b:
            return math.nan
        if a == b:
            return b
        if a == 0:
            return math.copysign(math.ldexp(1, self.least), b)
        if math.isinf(a):
            return math.copysign(self.largest, a)
        outwards = (b > a) == (a > 0)
        last = self.exponent(a)
        if not outwards and abs(math.frexp(a)[0]) == 0.5 and last > self.least:
            last -= 1  # below a power of two numbers are twice as dense
        size = abs(a) + math.ldexp(1 if outwards else -1, last)
        return math.copysign(size if size <= self.largest else math.inf, a)


FORMATS = {
    dtypes.float16: Format(11, -24, 65504.0),
    dtypes.bfloat16: Format(8, -133, math.ldexp(255, 120)),
    dtypes.float32: Format(24, -149, math.ldexp(2**24 - 1, 104)),
}

CODES = {
    dtypes.bool_: "B",
    dtypes.uint8: "B",
    dtypes.int8: "b",
    dtypes.int16: "h",
    dtypes.int32: "i",
    dtypes.int64: "q",
    dtypes.float16: "f",  # every one of its numbers is a float32
    dtypes.bfloat16: "f",
    dtypes.float32: "f",
    dtypes.float64: "d",
}
"""The type codes of ``array.array``, which has no complex numbers."""


def _wrapped(dtype: DType) -> Callable[[int], int]:
    bits = 8 * dtype.itemsize
    low = -(1 << bits - 1) if dtype.is_signed else 0
    return lambda x: (x - low) % (1 << bits) + low


def _number(dtype: DType) -> Callable[[Any], Any]:
    match dtype.category:
        case "bool":
            return bool
        case "integer":
            return _wrapped(dtype)
        case "floating":
            return FORMATS[dtype].rounded if dtype in FORMATS else float
    if dtype is dtypes.complex128:
        return complex
    part = FORMATS[dtypes.float32].rounded
    return lambda z: complex(part(z.real), part(z.imag))


NUMBER = {dtype: _number(dtype) for dtype in dtypes.ALL}
"""What makes a number of the dtype of a Python number: of an int for integers."""


# The dtypes of results by that of the operands, where they differ.

DTypes = Mapping[DType, DType]
SAME: DTypes = MappingProxyType({})
BOOL: DTypes = dict.fromkeys(dtypes.ALL, dtypes.bool_)
INDEX: DTypes = dict.fromkeys(dtypes.ALL, dtypes.int64)
SUM: DTypes = {d: dtypes.int64 for d in dtypes.ALL if d.category in ("bool", "integer")}
PART: DTypes = {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}
WHOLE: DTypes = {part: whole for whole, part in PART.items()}


def stored(dtype: DType, numbers: Iterable[Any]) -> Buffer:
    """A buffer of Python numbers, each brought to the dtype."""
    if dtype in (dtypes.float32, dtypes.float64):
        return array(CODES[dtype], numbers)  # which rounds as C does, to infinity too
    if dtype.category != "integer":
        numbers = map(NUMBER[dtype], numbers)
        return array(CODES[dtype], numbers) if dtype in CODES else list(numbers)
    numbers = list(numbers)
    try:
        return array(CODES[dtype], numbers)
    except OverflowError:
        return array(CODES[dtype], map(NUMBER[dtype], numbers))
