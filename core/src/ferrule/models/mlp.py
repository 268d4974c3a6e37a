"""Multilayer perceptrons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ferrule import nn
from ferrule.errors import ArgumentError


class MLP(nn.Sequential):
    """Linear layers with an activation between each two: ``(..., in_features)`` to ``(...,
    out_features)``.

    Args:
        in_features, out_features: sizes of input and output.
        hidden: sizes of the layers between; none for a linear model.
        activation: makes the layer that follows each hidden one.
        dropout: the probability of the dropout behind each activation; no such layer if 0.

    The layers are numbered as they follow on each other, so that keys are those of an
    ``nn.Sequential`` written by hand: ``0.weight``, ``2.weight`` without dropout, ``0.weight``,
    ``3.weight`` with it. ``MLP(784, [256, 128], 10)`` has 235,146 parameters.

    Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
    Nature 323 (1986).
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        out_features: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        dropout: float = 0.0,
    ) -> None:
        if isinstance(hidden, int):
            raise ArgumentError(f"MLP: hidden is a list of sizes; write [{hidden}]")
        super().__init__()
        for size in hidden:
            self.extend([nn.Linear(in_features, size), activation()])
            if dropout:
                self.append(nn.Dropout(dropout))
            in_features = size
        self.append(nn.Linear(in_features, out_features))
