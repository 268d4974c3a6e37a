"""How pixels between pixels are found."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ferrule.errors import ArgumentError


class InterpolationMode(Enum):
    """Ways to find pixels. Tensors have the first four."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"

    @property
    def pillow(self) -> int:
        """Pillow's number for it."""
        return _PILLOW[self]


_PILLOW = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
}
_OF_TENSORS = {
    InterpolationMode.NEAREST,
    InterpolationMode.NEAREST_EXACT,
    InterpolationMode.BILINEAR,
    InterpolationMode.BICUBIC,
}


def mode_of(name: str, given: Any) -> InterpolationMode:
    """A mode, from one, its name, or Pillow's number.

    Raises:
        ArgumentError: there is no such mode.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        given = next((mode for mode, number in _PILLOW.items() if number == given), given)
    try:
        return InterpolationMode(given)
    except ValueError:
        known = ", ".join(mode.value for mode in InterpolationMode)
        raise ArgumentError(f"{name}: interpolation is one of {known}, not {given!r}") from None


def for_tensors(name: str, mode: InterpolationMode) -> str:
    """What ``interpolate`` calls it.

    Raises:
        ArgumentError: only Pillow has it.
    """
    if mode not in _OF_TENSORS:
        raise ArgumentError(
            f"{name}: {mode.value!r} is for Pillow's images; for tensors there are "
            f"{', '.join(sorted(m.value for m in _OF_TENSORS))}"
        )
    return mode.value
