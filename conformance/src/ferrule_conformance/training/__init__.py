"""Models to train: fixed sizes, fixed data, an optimizer each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ferrule as fe
from ferrule_conformance.training import data, networks

STEPS = 50
"""How many the recorded curves have."""


@dataclass(frozen=True, eq=False)
class Training:
    """A model, what it learns, and how.

    Attributes:
        model: what it is called.
        make: makes it, on the selected backend.
        loss: of the model, and of the data as tensors.
        data: the arrays that it learns from.
        optimizer: its name in ``fe.optim``.
        options: the optimizer's.
    """

    model: str
    make: Callable[[], fe.nn.Module]
    loss: Callable[..., fe.Tensor]
    data: Callable[[], tuple[data.Array, ...]]
    optimizer: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """What selects it."""
        return f"training.{self.model}"

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.options.items())
        return f"{self.model} with {self.optimizer}({options})"


MLP = Training(
    "MLP", networks.mlp, networks.classification, data.points,
    "SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3},
)  # fmt: skip
# With the usual eps Adam's steps do not depend on the size of gradients, and errors would not show.
CNN = Training(
    "CNN", networks.cnn, networks.classification, data.images,
    "Adam", {"lr": 2e-2, "eps": 1e-2},
)  # fmt: skip
LSTM = Training(
    "LSTM", networks.lstm, networks.language, data.text,
    "AdamW", {"lr": 5e-2, "eps": 1e-2, "amsgrad": True},
)  # fmt: skip
GPT = Training(
    "GPT", networks.gpt, networks.language, data.text,
    "AdamW", {"lr": 3e-2, "eps": 1e-2, "weight_decay": 0.1},
)  # fmt: skip

TRAININGS = [MLP, CNN, LSTM, GPT]

__all__ = ["CNN", "GPT", "LSTM", "MLP", "STEPS", "TRAININGS", "Training"]
