"""The recorded curves of losses.

    python -m ferrule_conformance.training.curves

records them anew, which is needed when a model, its data or its optimizer changes. They are what
the reference backend gives in float64. Beside each stands its spread: how far it is from the curves
of some runs whose parameters are moved after each step by as much as rounding them to float32 does.
That is how much training makes of rounding errors, and what a backend's curve is allowed to be off.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import ferrule as fe
from ferrule_conformance import reference_backend
from ferrule_conformance.call import Array
from ferrule_conformance.training import STEPS, TRAININGS, Training
from ferrule_conformance.training.loop import Loop

FILE = Path(__file__).parent / "curves.json"
RUNS = 8
"""How many are moved."""


@dataclass(frozen=True)
class Curve:
    """A recorded curve.

    Attributes:
        losses: before each step.
        spread: how far off rounding in float32 may lead, up to that step.
    """

    losses: Array
    spread: Array


@cache
def recorded() -> dict[str, Curve]:
    """The curves, by the name of the model."""
    found = json.loads(FILE.read_text())
    return {
        name: Curve(np.array(curve["losses"]), np.array(curve["spread"]))
        for name, curve in found.items()
    }


class Shaken(Loop):
    """A loop on the reference backend whose parameters are moved after each step."""

    def __init__(self, training: Training, seed: int) -> None:
        super().__init__(training, reference_backend.device(), fe.float64)
        self._rng = np.random.default_rng(seed)

    def step(self) -> fe.Tensor:
        loss = super().step()
        unit = float(fe.finfo(fe.float32).eps) / 2
        with fe.no_grad():
            for p in self.model.parameters():
                by = 1.0 + unit * self._rng.uniform(-1.0, 1.0, p.shape)
                p *= fe.tensor(by, device=p.device)
        return loss


def truth(training: Training, steps: int = STEPS) -> Array:
    """The curve as the reference backend computes it now."""
    return Loop(training, reference_backend.device(), fe.float64).losses(steps)


def record(training: Training, steps: int = STEPS, runs: int = RUNS) -> Curve:
    """Train anew, with runs that are moved."""
    losses = truth(training, steps)
    moved = [Shaken(training, seed).losses(steps) for seed in range(runs)]
    spread = np.abs(np.array(moved) - losses).max(axis=0)
    return Curve(losses, np.maximum.accumulate(spread))


def main() -> None:
    found = {}
    for training in TRAININGS:
        curve = record(training)
        found[training.model] = {
            "losses": curve.losses.tolist(),
            "spread": [float(f"{x:.3g}") for x in curve.spread],
        }
        print(f"{training}: {curve.losses[0]:.3f} to {curve.losses[-1]:.3f}", end=", ")
        print(f"spread {curve.spread[-1]:.2g}")
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
