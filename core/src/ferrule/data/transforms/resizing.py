"""Images at another size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule.data.transforms.image import height_and_width, is_pillow
from ferrule.data.transforms.interpolation import InterpolationMode, for_tensors, mode_of
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes


class Resize:
    """An image at another size.

    Args:
        size: height and width; or one number, for the shorter side, to which the other follows.
        interpolation: how pixels are found.
        max_size: with one number, how long the longer side may become. The shorter one then
            becomes shorter.
        antialias: for tensors, weigh all pixels that a new one stands for, as Pillow always does.

    Raises:
        ArgumentError: the sizes are no such numbers.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        sizes = [size] if isinstance(size, int) else list(size)
        if len(sizes) not in (1, 2) or min(sizes) < 1:
            raise ArgumentError(f"Resize: size is one or two positive ints, not {size!r}")
        if max_size is not None:
            if len(sizes) == 2:
                raise ArgumentError("Resize: max_size goes with one number as size, not with two")
            if max_size <= sizes[0]:
                raise ArgumentError(
                    f"Resize: max_size={max_size} must be more than the shorter side, {sizes[0]}"
                )
        self.size = size
        self.interpolation = mode_of("Resize", interpolation)
        self.max_size = max_size
        self.antialias = antialias
        self._sizes = sizes

    def __call__(self, img: Any) -> Any:
        old = height_and_width("Resize", img)
        return resized(img, self._target(*old), self.interpolation, bool(self.antialias))

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if len(self._sizes) == 2:
            return self._sizes[0], self._sizes[1]
        short, long = sorted((height, width))
        new_short, new_long = self._sizes[0], int(self._sizes[0] * long / short)
        if self.max_size is not None and new_long > self.max_size:
            new_short, new_long = int(self.max_size * new_short / new_long), self.max_size
        return (new_long, new_short) if width <= height else (new_short, new_long)

    def __repr__(self) -> str:
        return (
            f"Resize(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


def resized(
    img: Any, size: tuple[int, int], interpolation: InterpolationMode, antialias: bool
) -> Any:
    """An image at the size (height, width)."""
    if height_and_width("Resize", img) == size:
        return img
    if is_pillow(img):
        return img.resize(size[::-1], interpolation.pillow)
    return _interpolated(img, size, for_tensors("Resize", interpolation), antialias)


def _interpolated(x: Tensor, size: tuple[int, int], mode: str, antialias: bool) -> Tensor:
    from ferrule.nn.functional import interpolate

    antialias = antialias and mode in ("bilinear", "bicubic")
    dtype, lead = x.dtype, x.shape[:-2]
    images = x.reshape(1, -1, *x.shape[-2:])
    whole = not dtype.is_floating_point
    if whole:
        images = images.to(dtypes.float32)
    y = interpolate(images, size=size, mode=mode, antialias=antialias)
    if whole:
        y = y.round()
        if mode == "bicubic" and dtype is dtypes.uint8:  # which overshoots
            y = y.clamp(0, 255)
        y = y.to(dtype)
    return y.reshape(*lead, *size)
