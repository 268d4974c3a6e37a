"""Loading with 0, 1 and 2 workers: items per second of a data set that computes, and bytes per
second of one that only has large items.

    python benchmarks/data_loading.py [--smoke] [--start-method fork]

The first data set unpacks an image (zlib), turns it and adds noise, some milliseconds an item; the
second gives arrays of 150,528 float32 (3x224x224). Workers are started before the clock is.
PyTorch's loader is measured beside ferrule's, in turn, where it is installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import multiprocessing
import statistics
import time
import zlib
from typing import Any

import numpy as np


class Computed:
    """Items that take some milliseconds of one core each."""

    def __init__(self, items: int) -> None:
        rng = np.random.default_rng(0)
        self.items = items
        self.packed = [
            zlib.compress(rng.integers(0, 32, (96, 96, 3)).astype(np.uint8).tobytes(), 6)
            for _ in range(8)
        ]

    def __len__(self) -> int:
        return self.items

    def __getitem__(self, index: int) -> tuple[np.ndarray[Any, Any], int]:
        pixels = np.frombuffer(zlib.decompress(self.packed[index % 8]), np.uint8)
        image = np.rot90(pixels.reshape(96, 96, 3), index % 4).astype(np.float64)
        noise = np.random.default_rng(index).standard_normal(image.shape)
        return np.tanh(image + noise).transpose(2, 0, 1).astype(np.float32), index % 10


class Large:
    """Items that cost nothing but their size."""

    def __init__(self, items: int) -> None:
        self.items = items
        self.image = np.random.default_rng(0).random((3, 224, 224), np.float32)

    def __len__(self) -> int:
        return self.items

    def __getitem__(self, index: int) -> np.ndarray[Any, Any]:
        return self.image


def loaders(peer: str) -> Any:
    return importlib.import_module({"ferrule": "ferrule.data", "torch": "torch.utils.data"}[peer])


def rate(peer: str, dataset: Any, workers: int, method: str) -> float:
    """Items per second of one epoch, from the time its first batch is there."""
    more: dict[str, Any] = {"multiprocessing_context": method} if workers else {}
    loader = loaders(peer).DataLoader(dataset, 32, num_workers=workers, **more)
    batches = iter(loader)
    next(batches)
    start = time.perf_counter()
    rest = sum(1 for _ in batches)
    return rest * 32 / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a moment's run, to see that it works")
    parser.add_argument("--start-method", default=multiprocessing.get_start_method())
    options = parser.parse_args()
    rounds, items = (1, 128) if options.smoke else (5, 2048)
    peers = ["ferrule"] + ["torch"] * (importlib.util.find_spec("torch") is not None)
    for dataset, unit, scale in (
        (Computed(items), "items/s", 1.0),
        (Large(items), "MB/s", 3 * 224 * 224 * 4 / 1e6),
    ):
        print(f"{type(dataset).__name__.lower()}, {unit}, median of {rounds} in turn")
        for workers in (0, 1, 2):
            found: dict[str, list[float]] = {peer: [] for peer in peers}
            for _ in range(rounds):
                for peer in peers:
                    found[peer].append(rate(peer, dataset, workers, options.start_method))
            cells = "   ".join(
                f"{peer} {statistics.median(rates) * scale:9,.0f}" for peer, rates in found.items()
            )
            print(f"  {workers} workers   {cells}")


if __name__ == "__main__":
    main()
