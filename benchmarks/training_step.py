"""One training step of a small CNN on images like MNIST's: milliseconds, and where they go.

    python benchmarks/training_step.py [--smoke] [--batch-size N]

Two convolutions (16 and 32 filters of 3x3, each with ReLU and 2x2 pooling), two linear layers,
cross-entropy, Adam. PyTorch is measured beside it, in turn, where it is installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def trainer(xp: Any, batch_size: int) -> Callable[[], tuple[float, float, float]]:
    """A function that takes one step and returns the seconds of forward, backward and update."""
    nn = xp.nn
    xp.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1568, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    optimizer = xp.optim.Adam(model.parameters())
    loss_fn = nn.CrossEntropyLoss()
    x, y = xp.randn(batch_size, 1, 28, 28), xp.randint(10, (batch_size,))

    def step() -> tuple[float, float, float]:
        start = time.perf_counter()
        loss = loss_fn(model(x), y)
        forward = time.perf_counter()
        optimizer.zero_grad()
        loss.backward()
        backward = time.perf_counter()
        optimizer.step()
        return forward - start, backward - forward, time.perf_counter() - backward

    return step


def measure(peer: str, batch_size: int, steps: int) -> list[tuple[float, float, float]]:
    step = trainer(importlib.import_module(peer), batch_size)
    step()
    return [step() for _ in range(steps)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="two steps, to see that it runs")
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()
    rounds, steps = (1, 1) if options.smoke else (5, 30)

    peers = ["ferrule"]
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: only ferrule is measured.")
    else:
        peers.append("torch")
    times: dict[str, list[tuple[float, ...]]] = {peer: [] for peer in peers}
    # In processes of their own: the threads of one library wait by spinning, at the other's cost.
    for _ in range(rounds):
        for peer in peers:
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                times[peer] += process.submit(measure, peer, options.batch_size, steps).result()
    print(f"{'ms, median':12}{'forward':>10}{'backward':>10}{'update':>10}{'sum':>10}")
    for peer, rows in times.items():
        medians = [statistics.median(column) * 1e3 for column in zip(*rows)]
        print(f"{peer:12}" + "".join(f"{m:10.2f}" for m in (*medians, sum(medians))))


if __name__ == "__main__":
    main()
