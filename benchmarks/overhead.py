"""What dispatch costs: microseconds per op on 8x8 tensors, where arithmetic is next to nothing.

    python benchmarks/overhead.py [--smoke]

Measured are a forward op without a tape, a forward op that is recorded, and forward plus backward
per op in a chain. PyTorch is measured beside it where it is installed, the two in turn, so that a
machine whose speed drifts slows both; the ratio counts, not the microseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import ferrule as fe

CHAIN = 100


def cases(xp: Any, make: Callable[..., Any]) -> dict[str, tuple[Callable[[], Any], int]]:
    """For each measurement, what to run and how many ops that is."""
    a, b = make(requires_grad=False), make(requires_grad=False)
    leaf = make(requires_grad=True)

    def chain() -> None:
        x = leaf
        for _ in range(CHAIN):
            x = x + b
        x.sum().backward()
        leaf.grad = None

    def mixed() -> None:
        x = leaf
        for _ in range(CHAIN // 4):
            x = (x * b + a).tanh() @ b
        x.sum().backward()
        leaf.grad = None

    def row(function: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> None:
            for _ in range(CHAIN):
                function()

        return run

    return {
        "add": (row(lambda: a + b), CHAIN),
        "add, scalar": (row(lambda: a + 2.0), CHAIN),
        "exp": (row(a.exp), CHAIN),
        "sum over a dim": (row(lambda: a.sum(1)), CHAIN),
        "add, recorded": (row(lambda: leaf + b), CHAIN),
        "add chain, forward + backward": (chain, CHAIN),
        "mul add tanh matmul, forward + backward": (mixed, CHAIN),
    }


def microseconds(function: Callable[[], Any], ops: int, repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - start) / (repeat * ops) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one short round, to see that it runs")
    options = parser.parse_args()
    rounds, repeat = (1, 1) if options.smoke else (15, 40)

    values = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32)
    peers = {"ferrule": cases(fe, lambda **kw: fe.tensor(values, **kw))}
    try:
        # a peer: it need not be installed
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("PyTorch is not installed: only ferrule is measured.")
    else:
        torch.set_num_threads(1)
        peers["torch"] = cases(torch, lambda **kw: torch.tensor(values, **kw))
    peers["numpy"] = {
        "add": (lambda: [values + values for _ in range(CHAIN)], CHAIN),
        "exp": (lambda: [np.exp(values) for _ in range(CHAIN)], CHAIN),
    }

    print(f"{'us per op, median of ' + str(rounds):44}" + "".join(f"{p:>10}" for p in peers))
    for case in peers["ferrule"]:
        times: dict[str, list[float]] = {p: [] for p in peers if case in peers[p]}
        for _ in range(rounds):
            for p in times:
                function, ops = peers[p][case]
                times[p].append(microseconds(function, ops, repeat))
        medians = {p: statistics.median(t) for p, t in times.items()}
        print(
            f"{case:44}"
            + "".join(f"{medians[p]:10.2f}" if p in medians else f"{'':10}" for p in peers)
        )


if __name__ == "__main__":
    main()
