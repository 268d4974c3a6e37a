"""Images on their way from a data set to a model, under torchvision's names.

An image is a tensor of shape (..., C, H, W) or one of Pillow's; `ToTensor` makes the one of the
other. Random choices are drawn from ferrule's default generator.
"""

from ferrule.data.transforms.composition import Compose, Lambda
from ferrule.data.transforms.conversion import (
    ConvertImageDtype,
    Normalize,
    PILToTensor,
    ToTensor,
)
from ferrule.data.transforms.crops import CenterCrop, Pad, RandomCrop, RandomResizedCrop
from ferrule.data.transforms.flips import RandomHorizontalFlip, RandomVerticalFlip
from ferrule.data.transforms.interpolation import InterpolationMode
from ferrule.data.transforms.resizing import Resize
from ferrule.data.transforms.rotation import RandomRotation

__all__ = [
    "CenterCrop",
    "Compose",
    "ConvertImageDtype",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "ToTensor",
]
