"""VGG: deep stacks of 3x3 convolutions.

Source: Simonyan, Zisserman, arXiv:1409.1556. Layers and keys are torchvision's.
"""

from __future__ import annotations

from typing import Any

from ferrule import nn
from ferrule.tensor import Tensor

# Channels of the convolutions between each two poolings.
_LAYOUTS: dict[int, tuple[tuple[int, ...], ...]] = {
    11: ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    13: ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    16: ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    19: ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}


class VGG(nn.Module):
    """``(N, in_channels, H, W)`` with sides of at least 32 to ``(N, num_classes)``.

    Args:
        depth: 11, 13, 16 or 19 layers with weights.
        batch_norm: whether a batch normalisation follows each convolution.
        num_classes: how many classes.
        dropout: the probability in the classifier.
        in_channels: channels of the images.
    """

    def __init__(
        self,
        depth: int,
        batch_norm: bool = False,
        num_classes: int = 1000,
        dropout: float = 0.5,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        for block in _LAYOUTS[depth]:
            for channels in block:
                self.features.append(nn.Conv2d(in_channels, channels, 3, padding=1))
                if batch_norm:
                    self.features.append(nn.BatchNorm2d(channels))
                self.features.append(nn.ReLU(inplace=True))
                in_channels = channels
            self.features.append(nn.MaxPool2d(2))
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial values by He et al., arXiv:1502.01852."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def vgg11(**options: Any) -> VGG:
    """11 layers; 132,863,336 parameters."""
    return VGG(11, **options)


def vgg11_bn(**options: Any) -> VGG:
    """11 layers with batch normalisation; 132,868,840 parameters."""
    return VGG(11, batch_norm=True, **options)


def vgg13(**options: Any) -> VGG:
    """13 layers; 133,047,848 parameters."""
    return VGG(13, **options)


def vgg13_bn(**options: Any) -> VGG:
    """13 layers with batch normalisation; 133,053,736 parameters."""
    return VGG(13, batch_norm=True, **options)


def vgg16(**options: Any) -> VGG:
    """16 layers; 138,357,544 parameters."""
    return VGG(16, **options)


def vgg16_bn(**options: Any) -> VGG:
    """16 layers with batch normalisation; 138,365,992 parameters."""
    return VGG(16, batch_norm=True, **options)


def vgg19(**options: Any) -> VGG:
    """19 layers; 143,667,240 parameters."""
    return VGG(19, **options)


def vgg19_bn(**options: Any) -> VGG:
    """19 layers with batch normalisation; 143,678,248 parameters."""
    return VGG(19, batch_norm=True, **options)
