"""LeNet-5."""

from __future__ import annotations

from ferrule import nn
from ferrule.tensor import Tensor


class LeNet5(nn.Module):
    """``(N, in_channels, 28, 28)`` to ``(N, num_classes)``; 61,706 parameters with one channel and
    ten classes.

    The image is padded to the 32x32 pixels of the paper. As everyone has it today, every map of the
    second convolution sees all of the first, pooling has no weights, and the last layer is linear.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998).
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5, padding=2),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            nn.Tanh(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))
