"""Stopping early, checkpoints, logs and the bar."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import ferrule as fe
from ferrule import nn
from ferrule.train import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    JSONLog,
    ProgressBar,
    Result,
    TensorBoard,
    Trainer,
)
from ferrule_plugins import FerruleError


class Scripted(Trainer):
    """Its losses are given: the batch itself. So are those of the evaluation."""

    def compute(self, batch: Any) -> Result:
        weight = next(self.model.parameters())
        return Result((weight * 0).sum() + batch, 1, {})


def scripted(*callbacks: Callback) -> Scripted:
    fe.manual_seed(0)
    model = nn.Linear(1, 1)
    return Scripted(model, fe.optim.SGD(model.parameters(), lr=0.5), callbacks=callbacks)


class Losses:
    """The losses of evaluations, one epoch after the other."""

    def __init__(self, *losses: float) -> None:
        self.losses = list(losses)

    def __iter__(self) -> Any:
        return iter([self.losses.pop(0)])


class TestEarlyStopping:
    @pytest.mark.parametrize(
        ("options", "losses", "epochs"),
        [
            ({"patience": 2}, [3, 2, 2, 2.5, 1, 1], 4),
            ({"patience": 2}, [3, 2, 2, 1, 1, 1], 6),
            ({"patience": 1, "min_delta": 0.5}, [3, 2.6, 1], 2),
            ({"patience": 1, "mode": "max"}, [1, 2, 3, 3], 4),
        ],
    )
    def test_when(self, options: dict[str, Any], losses: list[float], epochs: int) -> None:
        trainer = scripted(EarlyStopping(**options))
        trainer.fit([1.0], Losses(*losses, 0), epochs=len(losses) + 1)
        assert trainer.epoch == epochs
        assert trainer.stopped is not None
        assert trainer.stopped.startswith("val_loss has not become better than")

    def test_a_run_that_had_ended_is_not_resumed(self, tmp_path: Path) -> None:
        trainer = scripted(EarlyStopping(patience=1), Checkpoint(tmp_path))
        trainer.fit([1.0], Losses(1, 2, 0), epochs=3)
        again = scripted(EarlyStopping(patience=1), Checkpoint(tmp_path))
        again.load(tmp_path / "last.safetensors")
        assert len(again.fit([1.0], Losses(0), epochs=3)) == 2

    def test_refusals(self) -> None:
        with pytest.raises(fe.ArgumentError, match="patience is an int of 1 or more"):
            EarlyStopping(patience=0)
        with pytest.raises(fe.ArgumentError, match='mode is "min" or "max"'):
            EarlyStopping(mode="low")  # pyright: ignore[reportArgumentType]
        with pytest.raises(fe.ArgumentError, match=r"no figure 'val_loss'; .*a val_loader"):
            scripted(EarlyStopping()).fit([1.0], epochs=1)


class TestCheckpoint:
    def test_the_best_and_the_last(self, tmp_path: Path) -> None:
        keep = Checkpoint(tmp_path / "new" / "run", monitor="val_loss")
        scripted(keep).fit([1.0], Losses(3, 1, 2), epochs=3)
        assert [fe.load(path)["epoch"] for path in (keep.best, keep.last)] == [2, 3]

    def test_steps(self, tmp_path: Path) -> None:
        keep = Checkpoint(tmp_path, every_steps=2)
        places: list[tuple[int, int]] = []

        class Look(Callback):
            late = True

            def on_step(self, trainer: Trainer) -> None:
                if keep.last.exists():
                    state = fe.load(keep.last)
                    places.append((state["step"], state["batch"]))

        scripted(keep, Look()).fit([1.0] * 5, epochs=1)
        assert places == [(2, 2), (2, 2), (4, 4), (4, 4)]
        assert not keep.best.exists()

    def test_what_killed_runs_left_is_removed(self, tmp_path: Path) -> None:
        ours = tmp_path / ".last.safetensors.0123abcd.tmp"
        other = tmp_path / ".notes.0123abcd.tmp"
        for path in (ours, other):
            path.mkdir()
            (path / "part").write_text("x")
        scripted(Checkpoint(tmp_path)).fit([1.0], epochs=1)
        assert not ours.exists()
        assert other.exists()

    def test_places_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(fe.CheckpointError, match="Checkpoint: "):
            scripted(Checkpoint(tmp_path / "file")).fit([1.0], epochs=1)


class TestLogs:
    def test_csv(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        scripted(CSVLog(path)).fit([1.0, 2.0], Losses(3, 4), epochs=2)
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows == [
            {"epoch": "1", "step": "2", "loss": "1.5", "val_loss": "3.0", "lr": "0.5"},
            {"epoch": "2", "step": "4", "loss": "1.5", "val_loss": "4.0", "lr": "0.5"},
        ]

    def test_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "log.jsonl"
        scripted(JSONLog(path, every_steps=2)).fit([1.0, 2.0, 3.0], epochs=1)
        assert [json.loads(line) for line in path.read_text().splitlines()] == [
            {"event": "step", "epoch": 1, "step": 2, "loss": 1.5, "lr": 0.5},
            {"event": "epoch", "epoch": 1, "step": 3, "loss": 2.0, "lr": 0.5},
        ]

    def test_lines_beyond_the_checkpoint_are_dropped(self, tmp_path: Path) -> None:
        path, saved = tmp_path / "log.jsonl", tmp_path / "saved"
        trainer = scripted(JSONLog(path, 1))
        trainer.fit([1.0], epochs=2)
        trainer.save(saved)
        whole = path.read_text()
        trainer.fit([1.0], epochs=4)
        path.write_text(path.read_text() + '{"event": "ste')  # killed while writing
        again = scripted(JSONLog(path, 1))
        again.load(saved)
        again.fit([1.0], epochs=3)
        lines = path.read_text().splitlines()
        assert path.read_text().startswith(whole)
        assert [json.loads(line)["step"] for line in lines] == [1, 1, 2, 2, 3, 3]

    def test_tensorboard(self, tmp_path: Path) -> None:
        from tensorboardX.proto import event_pb2

        kind: Any = event_pb2.Event  # pyright: ignore[reportAttributeAccessIssue]

        scripted(TensorBoard(tmp_path)).fit([1.0, 2.0], Losses(3), epochs=1)
        (file,) = tmp_path.glob("events.*")
        content, found = file.read_bytes(), []
        while content:  # a record is its length (8 bytes), a checksum (4), the event, a checksum
            length = int.from_bytes(content[:8], "little")
            event = kind.FromString(content[12 : 12 + length])
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
            content = content[16 + length :]
        assert found == [
            ("step/loss", 1, 1.0), ("step/lr", 1, 0.5), ("step/loss", 2, 1.5), ("step/lr", 2, 0.5),
            ("epoch/loss", 2, 1.5), ("epoch/val_loss", 2, 3.0), ("epoch/lr", 2, 0.5),
        ]  # fmt: skip

    def test_tensorboard_without_tensorboardx(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "tensorboardX", None)
        with pytest.raises(fe.ArgumentError, match=r'pip install "ferrule\[tensorboard\]"'):
            TensorBoard("anywhere")

    @pytest.mark.parametrize("kind", [JSONLog, TensorBoard, Checkpoint])
    def test_every_steps(self, kind: Any, tmp_path: Path) -> None:
        with pytest.raises(fe.ArgumentError, match=f"{kind.__name__}: every_steps is an int"):
            kind(tmp_path / "x", every_steps=0)

    def test_unwritable_places_are_found_before_the_first_step(self, tmp_path: Path) -> None:
        for log in (CSVLog, JSONLog):
            trainer = scripted(log(tmp_path / "none" / "log"))
            with pytest.raises(FerruleError, match="cannot be written"):
                trainer.fit([1.0], epochs=1)
            assert trainer.step == 0


class TestProgressBar:
    @pytest.mark.parametrize("terminal", [False, True])
    def test_lines(self, terminal: bool) -> None:
        out = io.StringIO()
        console = Console(file=out, force_terminal=terminal, width=100)
        trainer = scripted(EarlyStopping(patience=1), ProgressBar(console))
        trainer.fit([1.0, 2.0], Losses(3, 4), epochs=5)
        text = out.getvalue()
        assert "epoch 1/5  loss 1.5  val_loss 3  lr 0.5" in text
        assert "stopped: val_loss has not become better than 3.0 for 1 epoch\n" in text
        assert ("\x1b" in text) == terminal

    def test_the_bar_ends_with_an_error(self) -> None:
        console = Console(file=io.StringIO(), force_terminal=True)
        with pytest.raises(fe.train.Diverged):
            scripted(ProgressBar(console)).fit([1.0, float("nan")], epochs=1)
        assert console._live_stack == []
