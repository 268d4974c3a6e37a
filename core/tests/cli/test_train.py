"""``ferrule train``: what it prints, writes and refuses."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import ferrule as fe
from ferrule.cli.progress import Display
from ferrule.train import job as training
from ferrule.train.job import Epoch, Run
from ferrule.train.job.run import Step

Write = Callable[..., Path]

FAST = ("train", "digits", "--model", "mlp", "--batch-size", "96")
MAIN = "from ferrule.cli import main; raise SystemExit(main())"
ROW = re.compile(r" +(\d+)/\d+ +[\d.]+ +[\d.]+% +[\d.]+ +[\d.]+% +[\d,]+ +[\d.]+")


def rows(out: str) -> list[int]:
    return [int(m[1]) for m in map(ROW.fullmatch, out.splitlines()) if m]


class TestRuns:
    @pytest.mark.usefixtures("on_cpu")
    def test_what_is_printed(self, ferrule: Callable[..., Any]) -> None:
        code, out, err = ferrule(*FAST, "--epochs", "3")
        assert (code, err) == (0, "")
        first, *_, last = out.splitlines()
        assert first == (
            "digits: 1,440 images to train with, 357 to test with; mlp of 17,226 parameters; adam, "
            "lr 0.002, batches of 96, seed 0; on cpu:0"
        )
        assert rows(out) == [1, 2, 3]
        assert re.fullmatch(r"test accuracy \d\d\.\d\d% after 3 epochs, [\d.]+ s", last)
        assert "\x1b" not in out
        assert "\r" not in out

    def test_equal_seeds_print_and_save_the_same(
        self, ferrule: Callable[..., Any], tmp_path: Path
    ) -> None:
        def run(seed: int, name: str) -> bytes:
            ferrule(*FAST, "--epochs", 1, "--seed", seed, "--save", tmp_path / name)
            return (tmp_path / name).read_bytes()

        assert run(5, "a") == run(5, "b") != run(6, "c")

    def test_a_resumed_run_is_the_same_to_the_bit(
        self, ferrule: Callable[..., Any], tmp_path: Path
    ) -> None:
        straight, half = tmp_path / "straight", tmp_path / "half"
        cnn = ("train", "digits", "--batch-size", "96", "--seed", "2")
        ferrule(*cnn, "--epochs", 4, "--save", straight)
        ferrule(*cnn, "--epochs", 2, "--save", half)
        code, out, _ = ferrule("train", "digits", "--resume", half, "--epochs", 4, "--save", half)
        assert code == 0
        assert rows(out) == [3, 4]
        assert half.read_bytes() == straight.read_bytes()

    def test_a_run_without_save_writes_nothing(
        self, ferrule: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        saved = tmp_path / "saved"
        monkeypatch.chdir(tmp_path)
        ferrule(*FAST, "--epochs", 1, "--save", "saved")
        before = saved.read_bytes()
        assert ferrule(*FAST, "--resume", saved, "--epochs", 2).code == 0
        assert saved.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["saved"]

    def test_the_picture(self, ferrule: Callable[..., Any], tmp_path: Path) -> None:
        path = tmp_path / "run.png"
        code, out, _ = ferrule(*FAST, "--epochs", 1, "--plot", path)
        assert code == 0
        assert out.splitlines()[-1] == f"plot: {path}"
        assert path.read_bytes().startswith(b"\x89PNG")

    def test_idx_folders(
        self, ferrule: Callable[..., Any], write_mnist: Write, tmp_path: Path
    ) -> None:
        folder = write_mnist(tmp_path / "data", 30)
        code, out, _ = ferrule(
            "train", "mnist", "--data", folder, "--epochs", 1, "--optimizer", "sgd"
        )
        assert code == 0
        assert out.startswith("mnist: 30 images to train with, 30 to test with; cnn of ")

    def test_the_backend_is_chosen_for_this_run_only(self, ferrule: Callable[..., Any]) -> None:
        before = fe.get_backend()
        assert "on cpu:0" in ferrule(*FAST, "--epochs", 1, "--backend", "auto").out
        assert fe.get_backend() == before


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--epochs", 0], "--epochs is 0; a run has at least 1 epoch"),
            (["--batch-size", 0], "--batch-size is 0"),
            (["--lr", -1], "--lr is -1.0; a learning rate is above 0"),
            (["--lr", "nan"], "--lr is nan"),
            (["--seed", -1], "--seed is -1"),
            (["--optimizer", "adm"], r"--optimizer 'adm' is unknown \(did you mean adam\?\)"),
            (["--model", "rnn"], "--model 'rnn' is unknown"),
            (["--backend", "nowhere"], "backend 'nowhere' is not installed: .* To mend it: "),
            (["--backend", "cpu:7"], "cpu:7 is asked for.* To mend it: choose cpu:0"),
            (["--backend", "a b"], "--backend: 'a b' is not a device; write a backend's name"),
            (["--plot", "run.jpg"], "'run.jpg': the file's name must end in .png"),
            (["--resume", "absent"], "'absent' does not exist"),
        ],
    )
    def test_options(
        self, options: list[object], message: str, refused: Callable[..., str]
    ) -> None:
        assert re.search(message, refused("train", "digits", *options))

    def test_an_unknown_data_set(self, refused: Callable[..., str]) -> None:
        assert "did you mean digits?" in refused("train", "digit")

    def test_a_folder_that_is_missing(self, refused: Callable[..., str], tmp_path: Path) -> None:
        text = refused("train", "fashion-mnist", "--data", tmp_path / "none")
        assert f"there is no folder {tmp_path / 'none'}" in text
        assert "apt-get install dataset-fashion-mnist" in text

    def test_a_truncated_data_file(
        self, refused: Callable[..., str], write_mnist: Write, tmp_path: Path
    ) -> None:
        path = write_mnist(tmp_path) / "train-images-idx3-ubyte"
        path.write_bytes(path.read_bytes()[:777])
        text = refused("train", "mnist", "--data", tmp_path)
        assert f"{path} is damaged" in text
        assert "15,696 bytes with the header, and 777 were found; download" in text

    @pytest.mark.parametrize("option", ["--save", "--plot"])
    def test_an_unwritable_place(
        self, option: str, refused: Callable[..., str], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        text = refused(*FAST, option, tmp_path / "file" / "run.png")
        assert "cannot be written: there is no folder" in text

    def test_a_file_that_is_no_checkpoint_is_not_overwritten(
        self, refused: Callable[..., str], tmp_path: Path
    ) -> None:
        thesis = tmp_path / "thesis.tex"
        thesis.write_text("three years of work")
        assert "the file exists and is no checkpoint" in refused(*FAST, "--save", thesis)
        assert thesis.read_text() == "three years of work"

    def test_one_file_for_two_purposes(self, refused: Callable[..., str], tmp_path: Path) -> None:
        both = tmp_path / "run.png"
        assert "the same file" in refused(*FAST, "--save", both, "--plot", both)

    def test_matplotlib_is_missing(
        self, refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        text = refused(*FAST, "--plot", tmp_path / "run.png")
        assert 'pip install "ferrule[plot]"' in text


class TestCheckpoints:
    @pytest.fixture
    def saved(self, ferrule: Callable[..., Any], tmp_path: Path) -> Path:
        path = tmp_path / "run.safetensors"
        assert ferrule(*FAST, "--epochs", 1, "--save", path).code == 0
        return path

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("mnist",), "with the data set digits, and the data set mnist is asked for"),
            (("digits", "--model", "cnn"), "the model mlp, and the model cnn is asked for"),
            (("digits", "--optimizer", "sgd"), "the optimizer adam, and the optimizer sgd"),
            (("digits", "--seed", "4"), "the seed 0, and the seed 4"),
            (("digits",), "holds 1 epoch already, and --epochs counts"),
            (("digits", "--epochs", "0"), "--epochs is 0"),
        ],
    )
    def test_a_checkpoint_of_something_else(
        self, arguments: tuple[str, ...], message: str, saved: Path, refused: Callable[..., str]
    ) -> None:
        before = saved.read_bytes()
        assert message in refused("train", *arguments, "--resume", saved, "--save", saved)
        assert saved.read_bytes() == before

    @pytest.mark.parametrize("content", [b"", b"no checkpoint at all", None])
    def test_a_damaged_checkpoint(
        self, content: bytes | None, saved: Path, refused: Callable[..., str]
    ) -> None:
        whole = saved.read_bytes()
        saved.write_bytes(whole[:-100] if content is None else content)
        before = saved.read_bytes()
        assert "is damaged" in refused("train", "digits", "--resume", saved, "--epochs", 2)
        assert saved.read_bytes() == before

    def test_a_checkpoint_of_another_program(
        self, saved: Path, refused: Callable[..., str]
    ) -> None:
        fe.save({"weight": fe.ones(2)}, saved)
        text = refused("train", "digits", "--resume", saved)
        assert "is not a checkpoint of `ferrule train`" in text

    def test_a_loss_that_is_not_a_number(self, saved: Path, refused: Callable[..., str]) -> None:
        before = saved.read_bytes()
        text = refused(*FAST, "--lr", "1e30", "--optimizer", "sgd", "--save", saved)
        assert re.search(r"the loss became (nan|inf) in epoch 1, at step \d+; start again", text)
        assert "--lr 0.01" in text
        assert saved.read_bytes() == before

    def test_a_disk_that_fills_up(
        self, saved: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = saved.read_bytes()

        def full(fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        assert "No space left on device" in refused(*FAST, "--epochs", 1, "--save", saved)
        assert saved.read_bytes() == before
        assert [p.name for p in saved.parent.iterdir()] == [saved.name]


class TestInterruption:
    @pytest.mark.parametrize("save", [False, True])
    def test_it_ends_with_a_message(
        self,
        save: bool,
        ferrule: Callable[..., Any],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        train_epoch = Run.train_epoch

        def interrupted(run: Run, on_step: Any) -> Epoch:
            if len(run.epochs) == 1:
                raise KeyboardInterrupt
            return train_epoch(run, on_step)

        monkeypatch.setattr(training.Run, "train_epoch", interrupted)
        path = tmp_path / "f"
        options = ("--save", path) if save else ()
        code, _, err = ferrule(*FAST, "--epochs", 3, *options)
        assert code == 130
        kept = (
            f"{path} holds 1 epoch. To go on: ferrule train digits --resume {path} --save {path}"
            if save
            else "nothing was saved (--save FILE keeps each epoch)"
        )
        assert err == f"interrupted after 1 of 3 epochs; {kept}\n"

    def test_the_checkpoint_that_was_resumed_is_named(
        self, ferrule: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(run: Run, on_step: Any) -> Epoch:
            raise KeyboardInterrupt

        ferrule(*FAST, "--epochs", 1, "--save", tmp_path / "f")
        monkeypatch.setattr(training.Run, "train_epoch", interrupted)
        resume = ("--resume", tmp_path / "f", "--save", tmp_path / "g")
        code, _, err = ferrule("train", "digits", *resume, "--epochs", 3)
        assert code == 130
        assert f"{tmp_path / 'f'} holds 1 epoch. To go on: ferrule train digits --resume" in err

    def test_an_epoch_that_is_being_saved_is_not_lost(
        self, ferrule: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save, calls = fe.save, []

        def interrupted(obj: Any, path: Path) -> None:
            calls.append(path)
            if len(calls) == 2:
                raise KeyboardInterrupt
            save(obj, path)

        monkeypatch.setattr(fe, "save", interrupted)
        code, _, err = ferrule(*FAST, "--epochs", 3, "--save", tmp_path / "f")
        assert code == 130
        assert err.startswith(f"interrupted after 2 of 3 epochs; {tmp_path / 'f'} holds 2 epochs.")
        assert len(fe.load(tmp_path / "f")["epochs"]) == 2

    def test_a_real_signal(self, ferrule: Callable[..., Any], tmp_path: Path) -> None:
        path = tmp_path / "f"
        command = (*FAST, "--epochs", "100000", "--save", str(path))
        with subprocess.Popen(
            [sys.executable, "-c", MAIN, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            while not ROW.fullmatch(process.stdout.readline().rstrip("\n")):
                assert process.poll() is None
            process.stdout.readline()  # the second: so the first is saved by now
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        assert process.returncode == 130
        found = re.search(r"^interrupted after (\d+) of 100000 epochs; .* holds (\d+) epoch", err)
        assert found, err
        assert found[1] == found[2]
        assert "Traceback" not in err
        state = fe.load(path)
        assert len(state["epochs"]) == int(found[2])
        assert [p.name for p in tmp_path.iterdir()] == ["f"]
        assert ferrule(*FAST, "--resume", path, "--epochs", int(found[2]) + 1).code == 0


class TestDisplay:
    def show(self, terminal: bool) -> str:
        console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
        display = Display(console, 2, 100)
        with display.epoch(1) as on_step:
            on_step(Step(50, 1.25, 0.5))
        display.row(Epoch(1, 1.0, 0.75, 0.5, 0.875))
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    def test_a_terminal_has_a_bar(self) -> None:
        out = self.show(terminal=True)
        assert "epoch 1/2" in out
        assert re.search(r"loss 1\.2500 +accuracy 50\.00% +[\d,]+ images/s", out)

    def test_elsewhere_there_are_rows_only(self) -> None:
        header, row = self.show(terminal=False).splitlines()
        assert header.split()[:3] == ["epoch", "loss", "accuracy"]
        assert row.split()[:5] == ["1/2", "1.0000", "75.00%", "0.5000", "87.50%"]
        assert len(header) == len(row)


def test_the_loss_curve_goes_down(ferrule: Callable[..., Any], tmp_path: Path) -> None:
    ferrule(*FAST, "--epochs", 5, "--save", tmp_path / "f")
    losses = fe.load(tmp_path / "f")["losses"].numpy()
    assert len(losses) == 75
    assert np.mean(losses[-15:]) < np.mean(losses[:15]) / 2
