"""From losses to a step of the optimizer: scaling, accumulating, clipping."""

from __future__ import annotations

from typing import Any

from ferrule import amp
from ferrule.nn.utils import clip_grad_norm_, clip_grad_value_
from ferrule.tensor import Tensor


class GradientStep:
    """Steps an optimizer by the mean gradient of some batches; see `Trainer` for the arguments.

    Attributes:
        waiting: batches whose gradients wait for the step.
    """

    def __init__(
        self,
        optimizer: Any,
        scaler: amp.GradScaler | None,
        accumulate: int,
        clip_norm: float | None,
        clip_value: float | None,
    ) -> None:
        self.optimizer = optimizer
        self.scaler = scaler
        self.accumulate = accumulate
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.waiting = 0

    @property
    def due(self) -> bool:
        """Enough batches wait."""
        return self.waiting >= self.accumulate

    def prepare(self) -> None:
        """Forget the gradients of the last step, unless some wait for the next."""
        if not self.waiting:
            self.optimizer.zero_grad()

    def add(self, loss: Tensor) -> None:
        """Add the gradients of a batch."""
        part = loss if self.accumulate == 1 else loss / self.accumulate
        (part if self.scaler is None else self.scaler.scale(part)).backward()
        self.waiting += 1

    def take(self) -> bool:
        """Step by the gradients that wait. Returns False if the scaler left the step out."""
        params = [p for group in self.optimizer.param_groups for p in group["params"]]
        short = self.waiting < self.accumulate
        if self.scaler is not None and (short or self.clip_norm or self.clip_value):
            self.scaler.unscale_(self.optimizer)
        if short:  # the last batches of an epoch: they were divided by more than they are
            for p in params:
                if p.grad is not None:
                    p.grad = p.grad * (self.accumulate / self.waiting)
        if self.clip_value is not None:
            clip_grad_value_(params, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(params, self.clip_norm)
        self.waiting = 0
        if self.scaler is None:
            self.optimizer.step()
            return True
        self.scaler.step(self.optimizer)
        taken = not self.scaler.found_inf(self.optimizer)
        self.scaler.update()
        return taken
