"""Mirror images."""

from __future__ import annotations

from typing import Any

from ferrule import arrangement
from ferrule.data.transforms.image import height_and_width, is_pillow, uniform
from ferrule.errors import ArgumentError

_LEFT_RIGHT, _TOP_BOTTOM = 0, 1  # Pillow's numbers for them


class _RandomFlip:
    _dim: int
    _pillow: int

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ArgumentError(f"{type(self).__name__}: p is a probability, not {p!r}")
        self.p = p

    def __call__(self, img: Any) -> Any:
        height_and_width(type(self).__name__, img)
        if uniform(0, 1) >= self.p:
            return img
        if is_pillow(img):
            return img.transpose(self._pillow)
        return arrangement.flip(img, [self._dim])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(_RandomFlip):
    """With probability ``p``, the image with left and right exchanged."""

    _dim, _pillow = -1, _LEFT_RIGHT


class RandomVerticalFlip(_RandomFlip):
    """With probability ``p``, the image with top and bottom exchanged."""

    _dim, _pillow = -2, _TOP_BOTTOM
