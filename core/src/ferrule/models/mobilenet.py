"""MobileNetV2: convolutions taken apart into depthwise and pointwise ones, for small devices.

Source: Sandler, Howard, Zhu, Zhmoginov, Chen, arXiv:1801.04381. Layers and keys are torchvision's.
"""

from __future__ import annotations

from typing import Any

from ferrule import nn
from ferrule.tensor import Tensor

# Table 2 of the paper: expansion, channels, how many blocks, stride of the first.
_SETTING = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of ``divisor`` that is not more than a tenth smaller."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def _conv(inside: int, outside: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Any:
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """Channels are expanded, convolved one by one, and projected to few. The input is added where
    it has the shape of the output."""

    def __init__(self, inside: int, outside: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        width = inside * expand_ratio
        self.use_res_connect = stride == 1 and inside == outside
        self.conv = nn.Sequential()
        if expand_ratio != 1:
            self.conv.append(_conv(inside, width, kernel=1))
        self.conv.append(_conv(width, width, stride=stride, groups=width))
        self.conv.append(nn.Conv2d(width, outside, 1, bias=False))
        self.conv.append(nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """``(N, in_channels, H, W)`` to ``(N, num_classes)``.

    Args:
        num_classes: how many classes.
        width_mult: how many times the channels of the paper.
        dropout: the probability before the last layer.
        in_channels: channels of the images.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        dropout: float = 0.2,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        channels = _divisible(32 * width_mult)
        self.features = nn.Sequential(_conv(in_channels, channels, stride=2))
        for expansion, width, count, stride in _SETTING:
            outside = _divisible(width * width_mult)
            for i in range(count):
                step = stride if i == 0 else 1
                self.features.append(InvertedResidual(channels, outside, step, expansion))
                channels = outside
        self.last_channel = _divisible(1280 * max(1.0, width_mult))
        self.features.append(_conv(channels, self.last_channel, kernel=1))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial values: convolutions by He et al., arXiv:1502.01852."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


def mobilenet_v2(**options: Any) -> MobileNetV2:
    """MobileNetV2; 3,504,872 parameters."""
    return MobileNetV2(**options)
