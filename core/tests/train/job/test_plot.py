"""The picture of a run, and what is checked before the run."""

import sys
from pathlib import Path

import pytest

import ferrule as fe
from ferrule.atomic import OutputError
from ferrule.train.job import Recipe, Run, plot

SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-", "svg": b"<?xml"}


@pytest.fixture(scope="module")
def run() -> Run:
    made = Run(Recipe("digits", "mlp", "sgd", 2, 64, 0.05, 0))
    made.train_epoch()
    made.train_epoch()
    return made


@pytest.mark.parametrize("ending", SIGNATURES)
def test_the_ending_sets_the_format(ending: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / f"run.{ending}"
    plot.draw(run, path)
    content = path.read_bytes()
    assert content.startswith(SIGNATURES[ending])
    assert len(content) > 10_000
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_run_without_mistakes_can_be_drawn(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = list(run.test_set.tensors[1].split(500))
    monkeypatch.setattr(run, "predict", lambda images: labels[0])
    plot.draw(run, tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["run", "run.jpeg", "run.safetensors"])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(fe.ArgumentError, match=f"{name}': the file's name must end in .png"):
        plot.check(tmp_path / name)


def test_unwritable_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written: there is no folder"):
        plot.check(tmp_path / "file" / "run.png")


def test_matplotlib_is_asked_for_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(fe.ArgumentError, match=r'To mend it: pip install "ferrule\[plot\]"'):
        plot.check(tmp_path / "run.png")
