"""What an image is: one of Pillow's, or a tensor of shape (..., C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule import random
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor


def is_pillow(img: Any) -> bool:
    """Whether it is one of Pillow's images. Pillow need not be installed to ask."""
    return hasattr(img, "getbands") and hasattr(img, "crop")


def height_and_width(name: str, img: Any) -> tuple[int, int]:
    """The size of an image; ``name`` is the transform.

    Raises:
        ArgumentError: it is none.
        ShapeError: it is a tensor of less than two dims.
    """
    if is_pillow(img):
        return img.height, img.width
    if not isinstance(img, Tensor):
        raise ArgumentError(
            f"{name} takes a tensor or one of Pillow's images, not {type(img).__name__}; "
            "ToTensor() makes a tensor of an array"
        )
    if img.ndim < 2:
        raise ShapeError(f"{name}: an image has the shape (..., C, H, W), and this is {img._type}")
    return img.shape[-2], img.shape[-1]


def two(name: str, what: str, size: Any) -> tuple[int, int]:
    """Height and width, of a number for both or a sequence of one or two.

    Raises:
        ArgumentError: it is something else.
    """
    values = (size,) if isinstance(size, (int, float)) else tuple(size)
    if len(values) == 1:
        values *= 2
    if len(values) != 2 or any(v != int(v) or v < 1 for v in values):
        raise ArgumentError(f"{name}: {what} is one or two positive ints, not {size!r}")
    return int(values[0]), int(values[1])


def pixel(name: str, fill: Any, channels: int) -> list[float]:
    """A value for each channel, of a number for all or a sequence.

    Raises:
        ArgumentError: it has another number of values.
    """
    values: Sequence[float] = fill if isinstance(fill, (list, tuple)) else [fill]
    if len(values) not in (1, channels):
        raise ArgumentError(f"{name}: fill has {len(values)} values for {channels} channels")
    return list(values) * (channels // len(values) if channels else 1)


def uniform(low: float, high: float) -> float:
    """A random number from ``low`` to below ``high``."""
    return low + (high - low) * random.rand(()).item()


def whole(high: int) -> int:
    """A random int from 0 to below ``high``."""
    return random.randint(high, ()).item()
