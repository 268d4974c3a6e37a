"""U-Net: a label for every pixel."""

from __future__ import annotations

import ferrule as fe
from ferrule import nn
from ferrule.errors import ShapeError
from ferrule.tensor import Tensor


class _TwoConvs(nn.Sequential):
    """Two 3x3 convolutions that keep the size, each followed by a normalisation, if wanted, and by
    ReLU."""

    def __init__(self, inside: int, outside: int, batch_norm: bool) -> None:
        super().__init__()
        for channels in (inside, outside):
            self.append(nn.Conv2d(channels, outside, 3, padding=1, bias=not batch_norm))
            if batch_norm:
                self.append(nn.BatchNorm2d(outside))
            self.append(nn.ReLU(inplace=True))


class UNet(nn.Module):
    """``(N, in_channels, H, W)`` to ``(N, num_classes, H, W)``: down to ever smaller and wider
    maps, and up again, each time together with what was there on the way down.

    Args:
        in_channels: channels of the images.
        num_classes: how many labels.
        features: channels at the full size; they double at each level.
        depth: how many times the size is halved. Sides must be multiples of ``2**depth``.
        batch_norm: whether a batch normalisation stands in the place of the convolutions' biases.

    31,030,658 parameters with one channel, two classes and without normalisation, which is the
    paper's network but for its convolutions: these are padded, so that the output is as large as
    the input.

    Keys: ``down.I`` and ``bottom`` and ``merge.I`` (two convolutions each), ``up.I`` (transposed
    convolutions), ``head``; level 0 is the one of the full size.

    Source: Ronneberger, Fischer, Brox, arXiv:1505.04597.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 2,
        features: int = 64,
        depth: int = 4,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        widths = [features << level for level in range(depth + 1)]
        before = [in_channels, *widths]
        self.depth = depth
        self.down = nn.ModuleList(_TwoConvs(before[i], widths[i], batch_norm) for i in range(depth))
        self.bottom = _TwoConvs(before[depth], widths[depth], batch_norm)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(widths[i + 1], widths[i], 2, stride=2) for i in range(depth)
        )
        self.merge = nn.ModuleList(
            _TwoConvs(2 * widths[i], widths[i], batch_norm) for i in range(depth)
        )
        self.head = nn.Conv2d(features, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        multiple = 2**self.depth
        if x.ndim != 4 or any(side % multiple for side in x.shape[2:]):
            raise ShapeError(
                f"UNet: images (N, C, H, W) with sides that are multiples of {multiple} are "
                f"wanted, not {list(x.shape)}; pad them"
            )
        passed: list[Tensor] = []
        for level in self.down:
            passed.append(level(x))
            x = self.pool(passed[-1])
        x = self.bottom(x)
        for i in reversed(range(self.depth)):
            x = self.merge[i](fe.cat([passed[i], self.up[i](x)], dim=1))
        return self.head(x)
