"""A run that was interrupted ends with the bits of one that was not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import data, nn
from ferrule.optim import lr_scheduler
from ferrule.train import Accuracy, Callback, Checkpoint, EarlyStopping, Trainer

EPOCHS, STEPS = 3, 12  # steps of the whole run: batches of 4 of 26 rows, two for each step

ROWS = fe.tensor(np.random.default_rng(0).standard_normal((26, 3)), dtype=fe.float32)


class Augmented(data.Dataset[Any]):
    """Items that differ each time, by the random numbers of ferrule, Python and NumPy."""

    def __len__(self) -> int:
        return 26

    def __getitem__(self, index: int) -> Any:
        noise = fe.randn(3) + random.random() + float(np.random.standard_normal())
        row = fe.tensor(ROWS[index].numpy())  # in a worker, on the host
        return row + 0.01 * noise, fe.tensor(index % 2)


class Interruption(Callback):
    """Ends a run after a step, as Ctrl-C would."""

    late = True

    def __init__(self, step: int | None) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            raise KeyboardInterrupt


def build(folder: Path, kind: str, step: int | None = None) -> tuple[Trainer, data.DataLoader]:
    """A run that has a bit of everything, at its beginning."""
    fe.manual_seed(1)
    random.seed(2)
    np.random.seed(3)
    model = nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2)
    )
    optimizer = fe.optim.AdamW(model.parameters(), lr=0.01)
    generator = fe.Generator(seed=4) if kind != "shared" else None
    trainer = Trainer(
        model,
        optimizer,
        nn.CrossEntropyLoss(),
        metrics={"accuracy": Accuracy()},
        scheduler=lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=50),
        schedule_every="step",
        autocast=kind if kind in ("bfloat16", "float16") else None,
        accumulate=2,
        clip_norm=1.0,
        callbacks=[
            Checkpoint(folder, monitor="val_loss", every_steps=1),
            EarlyStopping(patience=3),
            Interruption(step),
        ],
        extra={"noise": fe.Generator(seed=9)},
    )
    return trainer, data.DataLoader(Augmented(), 4, shuffle=True, generator=generator)


def test_loader() -> data.DataLoader:
    return data.DataLoader(Augmented(), 9)


test_loader.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def states_after() -> Any:
    """Tests that follow find the random numbers as they were."""
    pythons, numpys = random.getstate(), np.random.get_state()
    with fe.fork_rng():
        yield
    random.setstate(pythons)
    np.random.set_state(numpys)


@pytest.mark.parametrize("kind", ["own", "shared", "bfloat16", "float16"])
def test_interrupted_again_and_again(kind: str, tmp_path: Path) -> None:
    trainer, loader = build(tmp_path / "straight", kind)
    trainer.fit(loader, test_loader(), epochs=EPOCHS)
    assert trainer.step == STEPS
    for step in range(1, STEPS + 1, 1 if kind == "own" else 4):
        trainer, loader = build(tmp_path / "parts", kind, step)
        if trainer.load(tmp_path / "parts" / "last.safetensors", missing_ok=True):
            random.seed(step)  # what is drawn between loading and going on does not matter
            fe.randn(step)
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(loader, test_loader(), epochs=EPOCHS)
    trainer, loader = build(tmp_path / "parts", kind)
    assert trainer.load(tmp_path / "parts" / "last.safetensors", missing_ok=True)
    trainer.fit(loader, test_loader(), epochs=EPOCHS)
    assert files(tmp_path / "parts") == files(tmp_path / "straight")


def test_with_workers(tmp_path: Path) -> None:
    def run(folder: Path, step: int | None) -> None:
        trainer, _ = build(folder, "shared", step)
        trainer.load(folder / "last.safetensors", missing_ok=True)
        loader = data.DataLoader(Augmented(), 4, shuffle=True, num_workers=2)
        trainer.fit(loader, test_loader(), epochs=2)

    run(tmp_path / "straight", None)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", 3)
    run(tmp_path / "parts", None)
    assert files(tmp_path / "parts") == files(tmp_path / "straight")


def test_killed_at_random_moments(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killed_run.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, "12", "7"],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    assert files(tmp_path / "killed") == files(tmp_path / "straight")


class TestRefusals:
    def test_checkpoints_of_something_else(self, tmp_path: Path) -> None:
        trainer, _ = build(tmp_path, "own")
        fe.save({"weight": fe.ones(2)}, tmp_path / "weights")
        with pytest.raises(fe.CheckpointError, match="not a checkpoint of a Trainer") as e:
            trainer.load(tmp_path / "weights")
        assert str(tmp_path / "weights") in "".join(e.value.__notes__)
        with pytest.raises(fe.CheckpointError, match="does not exist"):
            trainer.load(tmp_path / "absent")
        assert not trainer.load(tmp_path / "absent", missing_ok=True)

    def test_other_parts(self, tmp_path: Path) -> None:
        trainer, _ = build(tmp_path, "own")
        state = trainer.state_dict()
        other, _ = build(tmp_path, "float16")
        with pytest.raises(
            fe.CheckpointError, match="trainer has a part that the checkpoint lacks: scaler"
        ):
            other.load_state_dict(state)
        with pytest.raises(
            fe.CheckpointError, match="checkpoint has a part that the trainer lacks"
        ):
            trainer.load_state_dict(other.state_dict())

    def test_another_model(self, tmp_path: Path) -> None:
        trainer, _ = build(tmp_path, "own")
        state = trainer.state_dict()
        trainer.model = nn.Linear(3, 2)
        with pytest.raises(fe.CheckpointError, match="the checkpoint's model does not fit: "):
            trainer.load_state_dict(state)

    def test_another_loader(self, tmp_path: Path) -> None:
        trainer, loader = build(tmp_path, "own", step=2)
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(loader, epochs=EPOCHS)
        short = data.DataLoader(Augmented(), 26, shuffle=True, generator=fe.Generator())
        for other, message in (
            (data.DataLoader(Augmented(), 4), "the loader has 0 generators of its own, and that"),
            (short, "after batch 4 of epoch 1, and the loader has 1"),
        ):
            trainer, _ = build(tmp_path, "own")
            trainer.load(tmp_path / "last.safetensors")
            with pytest.raises(fe.FerruleError, match=message):
                trainer.fit(other, epochs=EPOCHS)
