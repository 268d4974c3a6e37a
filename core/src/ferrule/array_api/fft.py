"""The standard's ``fft`` extension. It needs a backend with the feature ``"fft"``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ferrule as fe
from ferrule.array_api.arguments import Array, inexact

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfftn", "rfft", "rfftfreq", "rfftn",
]  # fmt: skip

rfftfreq = fe.fft.rfftfreq
fftfreq = fe.fft.fftfreq


def _one(name: str) -> Callable[..., Array]:
    transform = getattr(fe.fft, name)

    def along_one(
        x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
    ) -> Array:
        return transform(inexact(name, x), n, axis, norm)

    return _named(along_one, name, transform)


def _several(name: str) -> Callable[..., Array]:
    transform = getattr(fe.fft, name)

    def along_several(
        x: Array,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: str = "backward",
    ) -> Array:
        return transform(inexact(name, x), s, axes, norm)

    return _named(along_several, name, transform)


def _named(function: Any, name: str, transform: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = transform.__doc__
    return function


fft, ifft, rfft, irfft, hfft, ihfft = map(_one, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"))
fftn, ifftn, rfftn, irfftn = map(_several, ("fftn", "ifftn", "rfftn", "irfftn"))


def fftshift(x: Array, /, *, axes: Any = None) -> Array:
    """The frequency 0 moved to the middle."""
    return fe.fft.fftshift(x, axes)


def ifftshift(x: Array, /, *, axes: Any = None) -> Array:
    """The inverse of `fftshift`."""
    return fe.fft.ifftshift(x, axes)
