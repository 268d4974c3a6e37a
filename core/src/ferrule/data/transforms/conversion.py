"""Images as tensors, and tensors in other ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ferrule import factories, ops, promotion
from ferrule.data.transforms.image import is_pillow
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins import DType, dtypes

# Modes of Pillow in which a pixel is not made of bytes, and the dtypes torchvision gives them.
_WIDE = {"I": np.int32, "I;16": np.int16, "F": np.float32}


def _first_channel(name: str, array: np.ndarray[Any, Any]) -> Tensor:
    """A picture of shape (H, W) or (H, W, C) as a tensor of shape (C, H, W)."""
    if array.ndim not in (2, 3):
        raise ShapeError(f"{name}: a picture has the shape (H, W) or (H, W, C), not {array.shape}")
    if array.ndim == 2:
        array = array[:, :, None]
    return factories.tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))


class ToTensor:
    """A picture as a tensor of shape (C, H, W): one of Pillow's, or an array of shape (H, W, C) or
    (H, W). Bytes become floats from 0 to 1, of the default dtype; others keep their values."""

    def __call__(self, pic: Any) -> Tensor:
        if is_pillow(pic):
            array = np.array(pic).astype(_WIDE.get(pic.mode, np.uint8))
            array = array * np.uint8(255) if pic.mode == "1" else array
        elif isinstance(pic, np.ndarray):
            array = pic
        else:
            raise ArgumentError(
                f"ToTensor takes one of Pillow's images or a NumPy array, not {type(pic).__name__}"
            )
        x = _first_channel("ToTensor", array)
        return x.to(promotion.default_float()) / 255 if x.dtype is dtypes.uint8 else x

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor:
    """One of Pillow's images as a tensor of shape (C, H, W), in its own dtype and range; uint16
    becomes int32."""

    def __call__(self, pic: Any) -> Tensor:
        if not is_pillow(pic):
            raise ArgumentError(
                f"PILToTensor takes one of Pillow's images, not {type(pic).__name__}"
            )
        array = np.array(pic)
        if array.dtype == np.uint16:
            array = array.astype(np.int32)
        return _first_channel("PILToTensor", array)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ConvertImageDtype:
    """A tensor in another dtype and its range: floats go from 0 to 1, integers from 0 to the
    largest of their dtype.

    Raises:
        DTypeError: float32 would become int32 or int64, or float64 int64, which they cannot fill.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = factories.dtype_of("ConvertImageDtype", dtype)

    def __call__(self, image: Tensor) -> Tensor:
        source, target = image.dtype, self.dtype
        if source is target:
            return image
        if source.is_floating_point:
            return image.to(target) if target.is_floating_point else self._to_integers(image)
        if target.is_floating_point:
            return image.to(target) / _largest(source)
        largest, smallest = _largest(source), _largest(target)
        if largest > smallest:
            factor = (largest + 1) // (smallest + 1)
            return ops.floor_divide(image, factor).to(target)
        return image.to(target) * ((smallest + 1) // (largest + 1))

    def _to_integers(self, image: Tensor) -> Tensor:
        source, target = image.dtype, self.dtype
        if (source is dtypes.float32 and target in (dtypes.int32, dtypes.int64)) or (
            source is dtypes.float64 and target is dtypes.int64
        ):
            raise DTypeError(
                f"ConvertImageDtype: {source.name} is not precise enough for all of {target.name}; "
                "convert with .to(dtype) after scaling as you need"
            )
        # just below the next integer, so that 1.0 is the largest and no value wraps around
        return (image * (_largest(target) + 1.0 - 1e-3)).to(target)

    def __repr__(self) -> str:
        return f"ConvertImageDtype(dtype={self.dtype})"


def _largest(dtype: DType) -> int:
    return 1 if dtype is dtypes.bool_ else int(dtypes.iinfo(dtype).max)


class Normalize:
    """``(x - mean) / std``, channel by channel.

    Args:
        mean, std: a number for each channel.
        inplace: taken for torchvision's sake: tensors are values, and the one given stays as it is.

    Raises:
        ArgumentError: a ``std`` is zero, or the image is no tensor.
        DTypeError: the tensor is not floating.
        ShapeError: it has less than three dims.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        if not isinstance(tensor, Tensor):
            raise ArgumentError(
                f"Normalize takes a tensor, not {type(tensor).__name__}; put ToTensor() before it"
            )
        if not tensor.dtype.is_floating_point:
            raise DTypeError(
                f"Normalize: the image must be floating, not {tensor._type}; put ToTensor() or "
                "ConvertImageDtype(fe.float32) before it"
            )
        if tensor.ndim < 3:
            raise ShapeError(f"Normalize: an image is (..., C, H, W), and this is {tensor._type}")
        mean, std = (
            factories.as_tensor(values, dtype=tensor.dtype, device=tensor.device)
            for values in (self.mean, self.std)
        )
        if (std == 0).any().item():
            raise ArgumentError(f"Normalize: std is zero somewhere ({self.std}), and divides")
        mean, std = (v.reshape(-1, 1, 1) if v.ndim == 1 else v for v in (mean, std))
        return (tensor - mean) / std

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"
