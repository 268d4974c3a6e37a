"""A run that is killed at random moments, and goes on each time. Run by test_resume.py.

Usage: killed_run.py FOLDER KILLS SEED. Prints how often a checkpoint could be loaded.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
from pathlib import Path
from typing import Any

import ferrule as fe
from ferrule import data, nn
from ferrule.train import Callback, Checkpoint, JSONLog, Trainer

EPOCHS = 3


class Noisy(data.Dataset[Any]):
    """Draws from ferrule's and Python's random numbers for each item."""

    def __init__(self) -> None:
        self.rows = fe.arange(24, dtype=fe.float32).reshape(12, 2) / 24

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        row = self.rows[index] + fe.rand(2) * 0.1 + random.random() * 0.1
        return row, fe.tensor(index % 2)


class Tell(Callback):
    """Writes a byte to a pipe after each step."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def on_step(self, trainer: Trainer) -> None:
        os.write(self.pipe, b".")


def train(folder: Path, *callbacks: Callback) -> None:
    """Train to the end, from the last checkpoint if there is one."""
    fe.manual_seed(0)
    random.seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    folder.mkdir(exist_ok=True)
    keep = Checkpoint(folder, monitor="loss", every_steps=1)
    trainer = Trainer(
        model,
        fe.optim.Adam(model.parameters(), lr=0.01),
        nn.CrossEntropyLoss(),
        callbacks=[keep, JSONLog(folder / "log.jsonl", every_steps=1), *callbacks],
    )
    trainer.load(keep.last, missing_ok=True)
    order = fe.Generator(seed=5)
    trainer.fit(data.DataLoader(Noisy(), 2, shuffle=True, generator=order), epochs=EPOCHS)


def main(folder: Path, kills: int, seed: int) -> None:
    moments = random.Random(seed)
    loaded = 0
    train(folder / "straight")
    for _ in range(kills):
        ready, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ready)
            try:
                train(folder / "killed", Tell(tell))
            finally:
                os._exit(0)
        os.close(tell)
        for _ in range(moments.randrange(4)):
            os.read(ready, 1)  # the pipe ends with the child: one that is done is not waited for
        select.select([], [], [], moments.uniform(0.0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        last = folder / "killed" / "last.safetensors"
        if last.exists():
            fe.load(last)
            loaded += 1
    train(folder / "killed")
    print(loaded)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
