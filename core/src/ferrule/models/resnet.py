"""Residual networks.

Source: He, Zhang, Ren, Sun, arXiv:1512.03385; ResNeXt: Xie et al., arXiv:1611.05431; wide ones:
Zagoruyko, Komodakis, arXiv:1605.07146. Layers and keys are torchvision's, which strides in the 3x3
convolution of a bottleneck (the form known as V1.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule import nn
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor


def _conv3x3(inside: int, outside: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 3, stride, padding=1, groups=groups, bias=False)


def _conv1x1(inside: int, outside: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 1, stride, bias=False)


class _Block(nn.Module):
    """What the two kinds of blocks share: the input, or a projection of it, is added at the end.

    Attributes:
        expansion: channels of the output per ``planes``.
    """

    expansion: int = 1
    last_norm: str
    downsample: nn.Sequential | None

    def shortcut(self, x: Tensor) -> Tensor:
        """The input, as large as the output."""
        return x if self.downsample is None else self.downsample(x)


class BasicBlock(_Block):
    """Two 3x3 convolutions."""

    last_norm = "bn2"

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Sequential | None = None,
        groups: int = 1,
        base_width: int = 64,
    ) -> None:
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ArgumentError("BasicBlock: groups and widths belong to Bottleneck")
        self.conv1 = _conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class Bottleneck(_Block):
    """A 3x3 convolution between two of 1x1, the last of which has four times as many channels."""

    expansion = 4
    last_norm = "bn3"

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Sequential | None = None,
        groups: int = 1,
        base_width: int = 64,
    ) -> None:
        super().__init__()
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = _conv1x1(inplanes, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv3x3(width, width, stride, groups)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv1x1(width, planes * self.expansion)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + self.shortcut(x))


class ResNet(nn.Module):
    """``(N, in_channels, H, W)`` to ``(N, num_classes)``.

    Args:
        block: `BasicBlock` or `Bottleneck`.
        layers: how many blocks at each of the four resolutions.
        num_classes: how many classes.
        zero_init_residual: whether every block begins as the identity (Goyal et al.,
            arXiv:1706.02677).
        groups: groups of the 3x3 convolutions.
        width_per_group: channels of each group in the first blocks.
        in_channels: channels of the images.
        small_images: begin with a 3x3 convolution of stride 1 and without pooling, as the paper
            does for images of 32x32 pixels; otherwise with a 7x7 one of stride 2 and pooling.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        *,
        in_channels: int = 3,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        self.inplanes = 64
        self.groups = groups
        self.base_width = width_per_group
        if small_images:
            self.conv1 = _conv3x3(in_channels, 64)
        else:
            self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small_images else nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._layer(block, 64, layers[0])
        self.layer2 = self._layer(block, 128, layers[1], stride=2)
        self.layer3 = self._layer(block, 256, layers[2], stride=2)
        self.layer4 = self._layer(block, 512, layers[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self.reset_parameters(zero_init_residual)

    def _layer(
        self, block: type[BasicBlock | Bottleneck], planes: int, count: int, stride: int = 1
    ) -> nn.Sequential:
        outplanes = planes * block.expansion
        downsample = None
        if stride != 1 or self.inplanes != outplanes:
            downsample = nn.Sequential(
                _conv1x1(self.inplanes, outplanes, stride), nn.BatchNorm2d(outplanes)
            )
        wide = self.groups, self.base_width
        blocks = [block(self.inplanes, planes, stride, downsample, *wide)]
        self.inplanes = outplanes
        blocks += [block(outplanes, planes, 1, None, *wide) for _ in range(1, count)]
        return nn.Sequential(*blocks)

    def reset_parameters(self, zero_init_residual: bool = False) -> None:
        """Draw initial values of the convolutions by He et al., arXiv:1502.01852."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, _Block) and zero_init_residual:
                nn.init.zeros_(getattr(module, module.last_norm).weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def resnet18(**options: Any) -> ResNet:
    """18 layers; 11,689,512 parameters."""
    return ResNet(BasicBlock, (2, 2, 2, 2), **options)


def resnet34(**options: Any) -> ResNet:
    """34 layers; 21,797,672 parameters."""
    return ResNet(BasicBlock, (3, 4, 6, 3), **options)


def resnet50(**options: Any) -> ResNet:
    """50 layers; 25,557,032 parameters."""
    return ResNet(Bottleneck, (3, 4, 6, 3), **options)


def resnet101(**options: Any) -> ResNet:
    """101 layers; 44,549,160 parameters."""
    return ResNet(Bottleneck, (3, 4, 23, 3), **options)


def resnet152(**options: Any) -> ResNet:
    """152 layers; 60,192,808 parameters."""
    return ResNet(Bottleneck, (3, 8, 36, 3), **options)


def resnext50_32x4d(**options: Any) -> ResNet:
    """50 layers in 32 groups of 4 channels; 25,028,904 parameters."""
    return ResNet(Bottleneck, (3, 4, 6, 3), groups=32, width_per_group=4, **options)


def wide_resnet50_2(**options: Any) -> ResNet:
    """50 layers, the 3x3 convolutions twice as wide; 68,883,240 parameters."""
    return ResNet(Bottleneck, (3, 4, 6, 3), width_per_group=128, **options)
