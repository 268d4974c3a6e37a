"""What a worker knows of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this is.

    Attributes:
        id: from 0.
        num_workers: how many there are.
        seed: where its random numbers start.
        dataset: its copy of the data set.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a loader this process is; None if it is none."""
    return _info


def set_worker_info(info: WorkerInfo) -> None:
    """Say which worker this process is."""
    global _info
    _info = info
