"""Parts of images, and images with a margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ferrule import factories, joining, selection
from ferrule.data.transforms.image import (
    height_and_width,
    is_pillow,
    pixel,
    two,
    uniform,
    whole,
)
from ferrule.data.transforms.interpolation import InterpolationMode, mode_of
from ferrule.data.transforms.resizing import resized
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor

_MODES = ("constant", "edge", "reflect", "symmetric")  # NumPy's words too


def cropped(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of an image that begins at ``top`` and ``left``."""
    if is_pillow(img):
        return img.crop((left, top, left + width, top + height))
    return img[..., top : top + height, left : left + width]


def padded(
    name: str, img: Any, margins: tuple[int, int, int, int], fill: Any = 0, mode: str = "constant"
) -> Any:
    """An image with margins at the left, the top, the right and the bottom."""
    if not any(margins):
        return img
    left, top, right, bottom = margins
    if is_pillow(img):
        return _padded_pillow(name, img, margins, fill, mode)
    if mode != "constant":
        for dim, before, after in ((-2, top, bottom), (-1, left, right)):
            places = np.pad(np.arange(img.shape[dim]), (before, after), mode=mode)  # pyright: ignore[reportCallIssue, reportArgumentType]  one of NumPy's modes
            img = selection.index_select(
                img, dim, factories.tensor(places.astype(np.int64), device=img.device)
            )
        return img
    channels = img.shape[-3] if img.ndim > 2 else 1
    values = pixel(name, fill, channels)
    shape = (*img.shape[:-2], img.shape[-2] + top + bottom, img.shape[-1] + left + right)
    colour = factories.tensor(values, dtype=img.dtype, device=img.device)
    canvas = colour.reshape(-1, 1, 1) if img.ndim > 2 else colour
    return _set_into(canvas.expand(shape), img, top, left)


def _set_into(canvas: Tensor, img: Tensor, top: int, left: int) -> Tensor:
    bottom, right = top + img.shape[-2], left + img.shape[-1]
    middle = [canvas[..., top:bottom, :left], img, canvas[..., top:bottom, right:]]
    rows = [canvas[..., :top, :], joining.cat(middle, -1), canvas[..., bottom:, :]]
    return joining.cat(rows, -2)


def _padded_pillow(
    name: str, img: Any, margins: tuple[int, int, int, int], fill: Any, mode: str
) -> Any:
    left, top, right, bottom = margins
    # by the image's own methods, so that Pillow is nothing that ferrule asks for
    canvas = img.resize((img.width + left + right, img.height + top + bottom), 0)
    bands = len(img.getbands())
    values = tuple(pixel(name, fill, bands))
    # (paste takes the lower byte of a pixel of 16 bits for both)
    if mode == "constant" and img.mode != "I;16":
        canvas.paste(values[0] if bands == 1 else values, (0, 0, *canvas.size))
        canvas.paste(img, (left, top))
        return canvas
    if img.mode == "1":  # whose bytes hold eight pixels each
        return _padded_pillow(name, img.convert("L"), margins, fill, mode).convert("1")
    array = np.asarray(img)
    sides = ((top, bottom), (left, right), (0, 0))[: array.ndim]
    more: Any = {"constant_values": values[0]} if mode == "constant" else {}
    canvas.frombytes(np.pad(array, sides, mode=mode, **more).tobytes())  # pyright: ignore[reportCallIssue, reportArgumentType]  one of NumPy's modes
    return canvas


def _margins(name: str, padding: Any) -> tuple[int, int, int, int]:
    values = (padding,) if isinstance(padding, int) else tuple(padding)
    if len(values) not in (1, 2, 4) or any(not isinstance(v, int) or v < 0 for v in values):
        raise ArgumentError(
            f"{name}: padding is one, two or four ints of 0 or more (all sides; left and right, "
            f"top and bottom; left, top, right, bottom), not {padding!r}"
        )
    left, top, right, bottom = (values * 4)[:4]
    return left, top, right, bottom


def _mode(name: str, mode: str) -> str:
    if mode not in _MODES:
        raise ArgumentError(f"{name}: padding_mode is one of {', '.join(_MODES)}, not {mode!r}")
    return mode


class Pad:
    """An image with a margin.

    Args:
        padding: its width: one for all sides; of left and right, and of top and bottom; or of left,
            top, right and bottom.
        fill: the margin's value, or one for each channel.
        padding_mode: ``"constant"``, or what repeats the image: its ``"edge"``, or a mirror image
            without (``"reflect"``) or with (``"symmetric"``) the edge.
    """

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.padding = padding
        self.fill = fill
        self.padding_mode = _mode("Pad", padding_mode)
        self._margins = _margins("Pad", padding)

    def __call__(self, img: Any) -> Any:
        height_and_width("Pad", img)
        return padded("Pad", img, self._margins, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class CenterCrop:
    """The middle of an image, with a margin of zeros where the image is smaller."""

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = two("CenterCrop", "size", size)

    def __call__(self, img: Any) -> Any:
        height, width = self.size
        h, w = height_and_width("CenterCrop", img)
        more = max(width - w, 0), max(height - h, 0)
        img = padded(
            "CenterCrop",
            img,
            (more[0] // 2, more[1] // 2, (more[0] + 1) // 2, (more[1] + 1) // 2),
        )
        h, w = h + more[1], w + more[0]
        return cropped(img, round((h - height) / 2), round((w - width) / 2), height, width)

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class RandomCrop:
    """A part of an image from anywhere in it.

    Args:
        size: height and width, or one number for both.
        padding, fill, padding_mode: a margin that the image is given before, as in `Pad`.
        pad_if_needed: give a smaller image as much of a margin as it needs.

    Raises:
        ShapeError: the image is smaller.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = two("RandomCrop", "size", size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = _mode("RandomCrop", padding_mode)
        self._margins = (0, 0, 0, 0) if padding is None else _margins("RandomCrop", padding)

    def __call__(self, img: Any) -> Any:
        height, width = self.size
        height_and_width("RandomCrop", img)
        img = padded("RandomCrop", img, self._margins, self.fill, self.padding_mode)
        h, w = height_and_width("RandomCrop", img)
        if self.pad_if_needed:
            aside, above = max(width - w, 0), max(height - h, 0)
            margins = aside, above, aside, above
            img = padded("RandomCrop", img, margins, self.fill, self.padding_mode)
            h, w = h + 2 * above, w + 2 * aside
        if h < height or w < width:
            raise ShapeError(
                f"RandomCrop: a part of {height}x{width} cannot be taken from an image of "
                f"{h}x{w}; pass pad_if_needed=True, or Resize it before"
            )
        if (h, w) == (height, width):
            return img
        return cropped(img, whole(h - height + 1), whole(w - width + 1), height, width)

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomResizedCrop:
    """A random part of an image, of random area and shape, brought to one size.

    Args:
        size: height and width, or one number for both.
        scale: the least and the greatest part of the area.
        ratio: the least and the greatest width as a multiple of the height; its logarithm is
            uniform.
        interpolation, antialias: as in `Resize`.

    Source: C. Szegedy et al., "Going deeper with convolutions", CVPR 2015.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        self.size = two("RandomResizedCrop", "size", size)
        for what, (low, high) in (("scale", scale), ("ratio", ratio)):
            if not 0 < low <= high:
                raise ArgumentError(
                    f"RandomResizedCrop: {what} is two positive numbers, the lesser first, not "
                    f"{(low, high)}"
                )
        self.scale = scale
        self.ratio = ratio
        self.interpolation = mode_of("RandomResizedCrop", interpolation)
        self.antialias = antialias

    def __call__(self, img: Any) -> Any:
        part = self._part(*height_and_width("RandomResizedCrop", img))
        return resized(cropped(img, *part), self.size, self.interpolation, bool(self.antialias))

    def _part(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Top, left, height and width of a part."""
        low, high = self.ratio
        for _ in range(10):
            area = height * width * uniform(*self.scale)
            shape = math.exp(uniform(math.log(low), math.log(high)))
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if 0 < w <= width and 0 < h <= height:
                return whole(height - h + 1), whole(width - w + 1), h, w
        # the image is much longer than wide: its middle, as far as the shape allows
        w = min(width, round(height * high))
        h = min(height, round(width / low))
        return (height - h) // 2, (width - w) // 2, h, w

    def __repr__(self) -> str:
        return f"RandomResizedCrop(size={self.size}, scale={self.scale}, ratio={self.ratio})"
