"""What comes of a batch, for better or worse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ferrule.tensor import Tensor
from ferrule_plugins import FerruleError


@dataclass(frozen=True)
class Result:
    """What came of one batch.

    Attributes:
        loss: a tensor of one element, the mean over the items.
        items: how many there are.
        figures: what else is to be reported; see `Figures.add`.
    """

    loss: Tensor
    items: int
    figures: Mapping[str, Any] = field(default_factory=dict)


class Diverged(FerruleError, ArithmeticError):
    """The loss is no longer a finite number.

    Attributes:
        value: what it became.
        epoch: in which epoch, from 1.
        batch: at which of its batches, from 1; None in an evaluation.
    """

    value: float = math.nan
    epoch: int = 0
    batch: int | None = None
