"""Images turned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ferrule import factories, joining, ops
from ferrule.data.transforms.image import height_and_width, is_pillow, pixel, uniform
from ferrule.data.transforms.interpolation import InterpolationMode, mode_of
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes

_TINY = 1e-4
"""A pixel's part that is taken for an error of rounding."""


class RandomRotation:
    """An image turned by a random angle.

    Args:
        degrees: the least and the greatest angle, counter-clockwise; a number stands for the range
            from its negative to itself.
        interpolation: ``"nearest"`` or ``"bilinear"``, for Pillow's images ``"bicubic"`` too.
        expand: make the image as large as the turned one needs, instead of cutting its corners.
        center: what stays in its place, as (x, y) from the upper left; by default the middle.
        fill: the value of what comes from outside the image, or one for each channel.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        if isinstance(degrees, (int, float)):
            if degrees < 0:
                raise ArgumentError(
                    f"RandomRotation: one number of degrees must not be negative, and is {degrees}"
                )
            degrees = (-degrees, degrees)
        if len(degrees) != 2:
            raise ArgumentError(f"RandomRotation: degrees are one or two numbers, not {degrees!r}")
        if center is not None and len(center) != 2:
            raise ArgumentError(f"RandomRotation: center is (x, y), not {center!r}")
        self.degrees = degrees
        self.interpolation = mode_of("RandomRotation", interpolation)
        self.expand = expand
        self.center = center
        self.fill = fill

    def __call__(self, img: Any) -> Any:
        height_and_width("RandomRotation", img)
        angle = uniform(float(self.degrees[0]), float(self.degrees[1]))
        return rotated(img, angle, self.interpolation, self.expand, self.center, self.fill)

    def __repr__(self) -> str:
        return (
            f"RandomRotation(degrees={list(self.degrees)}, "
            f"interpolation={self.interpolation.value}, expand={self.expand}, fill={self.fill})"
        )


def rotated(
    img: Any,
    angle: float,
    interpolation: InterpolationMode,
    expand: bool,
    center: Sequence[float] | None,
    fill: Any,
) -> Any:
    """An image turned by ``angle`` degrees counter-clockwise."""
    if is_pillow(img):
        bands = len(img.getbands())
        values = tuple(pixel("RandomRotation", fill, bands))
        colour = values[0] if bands == 1 else values
        return img.rotate(
            angle, interpolation.pillow, expand=expand, center=center, fillcolor=colour
        )
    if interpolation not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ArgumentError(
            f"RandomRotation: tensors are turned by 'nearest' or 'bilinear', not "
            f"{interpolation.value!r}"
        )
    return _sampled(img, math.radians(angle), interpolation.value, expand, center, fill)


def _sampled(
    x: Tensor, angle: float, mode: str, expand: bool, center: Sequence[float] | None, fill: Any
) -> Tensor:
    from ferrule.nn.functional import grid_sample

    height, width = x.shape[-2:]
    lead, dtype = x.shape[:-2], x.dtype
    middle = (0.0, 0.0) if center is None else (center[0] - width / 2, center[1] - height / 2)
    size = _expanded(height, width, angle) if expand else (height, width)
    grid = factories.tensor(_grid(size, (height, width), angle, middle), device=x.device)
    images = x.reshape(-1, *x.shape[-3:]) if x.ndim > 2 else x.reshape(1, 1, height, width)
    images = images if dtype.is_floating_point else images.to(dtypes.float32)
    n, channels = images.shape[:2]
    # a further channel of ones tells how much of each new pixel comes from inside the image
    ones = factories.ones(n, 1, height, width, dtype=images.dtype, device=x.device)
    grid = grid.to(images.dtype).expand(n, *grid.shape[1:])
    y = grid_sample(
        joining.cat([images, ones], 1), grid, mode=mode, padding_mode="zeros", align_corners=False
    )
    y, inside = y[:, :channels], y[:, channels:]
    colour = factories.tensor(
        pixel("RandomRotation", fill, channels), dtype=y.dtype, device=x.device
    ).reshape(-1, 1, 1)
    if mode == "nearest":
        y = ops.where(inside < 0.5, colour, y)
    else:
        y = y * inside + (1.0 - inside) * colour
    y = y.reshape(*lead, *size)
    return y if dtype.is_floating_point else y.round().to(dtype)


def _grid(
    size: tuple[int, int], source: tuple[int, int], angle: float, middle: tuple[float, float]
) -> np.ndarray[Any, Any]:
    """Where each new pixel comes from, as ``grid_sample`` has it: shape (1, height, width, 2)."""
    (height, width), (old_height, old_width) = size, source
    c, s = math.cos(angle), math.sin(angle)
    cx, cy = middle
    # In float32, as torchvision has it: pixels that lie between two others go to the same one.
    turn = np.array([[c, -s, cx - c * cx + s * cy], [s, c, cy - s * cx - c * cy]], np.float32)
    turn /= np.array([[0.5 * old_width], [0.5 * old_height]], np.float32)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    return np.stack([x * row[0] + y * row[1] + row[2] for row in turn], axis=-1)[None]


def _expanded(height: int, width: int, angle: float) -> tuple[int, int]:
    """The size of the upright box around a turned image, from the pixel in which it begins to the
    one in which it ends. In float32, as torchvision has it, which rounds where the box ends at the
    edge of a pixel."""
    half = np.array([[-width, -height], [width, -height]], np.float32) / 2
    c, s = math.cos(angle), math.sin(angle)
    corners = np.abs(half @ np.array([[c, -s], [s, c]], np.float32).T).max(0)
    middle = np.array([width / 2, height / 2], np.float32)
    first, last = (
        np.trunc((middle + side) / np.float32(_TINY)) * np.float32(_TINY)
        for side in (-corners, corners)
    )
    new_width, new_height = np.ceil(last) - np.floor(first)
    return int(new_height), int(new_width)
