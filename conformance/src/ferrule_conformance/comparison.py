"""Comparing what a backend gave with what is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ferrule_conformance.failure import Failure
from ferrule_conformance.tolerance import Allowance
from ferrule_plugins import DType, dtypes

Array = np.ndarray[Any, Any]

EXACT = Allowance(0.0)


def agree(
    got: Array, want: Array, within: Allowance = EXACT, *, what: str = "", signed_zero: bool = False
) -> None:
    """Raise `Failure` unless ``got`` is ``want``, up to ``within``.

    Args:
        got: in the dtype that the backend computes in, whose eps and range count.
        want: in float64 or complex128; bools and integers in any dtype, compared by value.
        what: which of several results this is, for the message.
        signed_zero: 0.0 and -0.0 are different.
    """
    if got.shape != want.shape:
        raise Failure(f"{what}the shape is {got.shape}, and {want.shape} is right")
    if DType.of(got.dtype).category in ("bool", "integer"):
        _exactly(got, want, what)
    else:
        _nearly(got, want, within, what, signed_zero)


def same_bits(got: Array, want: Array, what: str = "") -> None:
    """Raise `Failure` unless shape, dtype and every bit are equal."""
    if got.shape != want.shape or got.dtype != want.dtype:
        raise Failure(f"{what}got {_spec(got)}, and {_spec(want)} is right")
    different = _bytes(got) != _bytes(want)
    if different.any():
        place = int(np.argmax(different.reshape(got.size, -1).any(axis=1)))
        index = tuple(int(i) for i in np.unravel_index(place, got.shape))
        a, b = got[index], want[index]
        raise Failure(
            f"{what}element {index} is {_show(a)} with the bits {_hex(a)}, and {_show(b)} with "
            f"the bits {_hex(b)} is right"
        )


def nearest(got: Array, candidates: Sequence[Array]) -> Array:
    """Of arrays that may all be right, each element from the one in which it is nearest."""
    best, least = candidates[0], _distance(got, candidates[0])
    for other in candidates[1:]:
        distance = _distance(got, other)
        best = np.where(distance < least, other, best)
        least = np.minimum(least, distance)
    return best


def _distance(got: Array, want: Array) -> Array:
    if got.dtype == np.bool_:
        return (got != want).astype(np.float64)
    wide = np.complex128 if np.iscomplexobj(got) else np.float64
    with np.errstate(all="ignore"):
        rounded = want.astype(got.dtype)
        apart = np.abs(got.astype(wide) - want.astype(wide))
        same = (got == rounded) | (np.isnan(got.astype(wide)) & np.isnan(rounded.astype(wide)))
    return np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))


def _exactly(got: Array, want: Array, what: str) -> None:
    wrong = got.astype(want.dtype) != want if want.dtype != got.dtype else got != want
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise Failure(
            f"{what}{int(wrong.sum())} of {wrong.size} elements are wrong, the first at {index}: "
            f"got {_show(got[index])}, want {_show(want[index])}"
        )


def _nearly(got: Array, want: Array, within: Allowance, what: str, signed_zero: bool) -> None:
    dtype = DType.of(got.dtype)
    info = dtypes.finfo(dtype)
    wide = np.complex128 if dtype.is_complex else np.float64
    with np.errstate(all="ignore"):
        found, want = got.astype(wide), want.astype(wide)
        rounded = want.astype(got.dtype).astype(wide)
        exceptional = ~np.isfinite(rounded) | ~np.isfinite(found)
        alike = (_kind(found) == _kind(rounded)) if exceptional.any() else np.True_
        size = np.abs(want)
        largest = size[np.isfinite(size)].max(initial=0.0)
        floor = largest if within.floor is None else max(within.floor, 0.0)
        if within.floor:  # what takes part in the computation includes the result
            floor = max(floor, min(largest, float(info.max)))
        unit = float(info.eps) * np.maximum(size, floor) + float(info.smallest_subnormal)
        error = np.where(exceptional, np.where(alike, 0.0, np.inf), np.abs(found - want))
        excess = np.where(exceptional, error, error / unit)
    if signed_zero and not dtype.is_complex:
        flipped = (rounded == 0) & (found == 0) & (np.signbit(rounded) != np.signbit(found))
        excess = np.where(flipped, np.inf, excess)
    wrong = excess > within.units
    if not wrong.any():
        return
    worst = int(np.argmax(excess))
    index = tuple(int(i) for i in np.unravel_index(worst, got.shape))
    if np.isinf(excess[index]):
        far = "which no rounding explains"
    else:
        binade = 2.0 ** math.floor(math.log2(size[index])) if size[index] else 0.0
        ulp = max(float(info.eps) * binade, float(info.smallest_subnormal))
        ulps = float(error[index]) / ulp
        far = (
            f"off by {ulps:.3g} ULPs of {dtype.name} ({excess[index]:.3g} units of error, and "
            f"{within.units:.3g} are allowed)"
        )
    raise Failure(
        f"{what}{int(wrong.sum())} of {wrong.size} elements are wrong, the worst at {index}: got "
        f"{_show(got[index])}, want {_show(rounded[index])}, {far}"
    )


def _kind(x: Array) -> Array:
    """Tells NaN, both infinities and finite numbers apart. A complex number with a NaN is NaN."""
    if np.iscomplexobj(x):
        return np.where(np.isnan(x), 3, 10 * _kind(x.real) + _kind(x.imag))
    return np.where(np.isnan(x), 3, np.where(np.isinf(x), np.sign(x), 0))


def _bytes(x: Array) -> Array:
    return np.frombuffer(np.ascontiguousarray(x).tobytes(), dtype=np.uint8)


def _hex(x: Any) -> str:
    return "0x" + np.asarray(x).tobytes()[::-1].hex()


def _show(x: Any) -> str:
    return (
        f"{x:.9g}" if isinstance(x, (float, np.floating, complex, np.complexfloating)) else str(x)
    )


def _spec(x: Array) -> str:
    return f"{x.dtype}{list(x.shape)}"
