"""The command ``ferrule conformance``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ferrule_conformance import cli

APP = typer.Typer()
cli.ferrule_cli(APP)


@APP.callback()
def _has_commands() -> None:
    """With a callback, typer keeps the name of a single command."""


def call(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(APP, ["conformance", *arguments], catch_exceptions=False)
    return done.exit_code, done.output


def test_it_passes(tmp_path: Path) -> None:
    card, table = tmp_path / "card.json", tmp_path / "card.md"
    code, output = call(
        "sound:backend", "--ops", "add,narrow", "--level", "1,3", "--dtypes", "float32",
        "--json", str(card), "--markdown", str(table),
    )  # fmt: skip
    assert code == 0, output
    assert "2 ops: 1 native, 1 decomposed" in output
    found = json.loads(card.read_text())
    assert found["schema"] == 1 and found["tests"]["failed"] == 0
    assert set(found["by_op"]) == {"add", "narrow"}
    assert table.read_text().startswith("# Conformance of `sound`")


def test_it_fails() -> None:
    test = "softmax_off-softmax-0-float32-forward"
    code, output = call("broken_backend:backend", "--only", test, "--seed", "3")
    assert code == 1
    assert f"{test}: softmax(float32[3,4], dim=-1)" in output
    assert "seed: 3" in output and "1 failed" in output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-such"], "backend 'no-such' is not installed"),
        (["no_such_module:backend"], "No module named 'no_such_module'"),
        (["sound:backend", "--ops", "soft"], "there is no op 'soft'"),
        (["sound:backend", "--waivers", "none.toml"], "the waivers cannot be read"),
        (["sound:backend", "--only", "x", "--seed", "1"], "there is no test 'x'"),
    ],
)
def test_it_cannot_run(arguments: list[str], says: str) -> None:
    code, output = call(*arguments)
    assert code == 2
    assert says in output and "Traceback" not in output


def test_a_scorecard_that_cannot_be_written() -> None:
    code, output = call("sound:backend", "--ops", "narrow", "--json", "/no/such/folder/card.json")
    assert code == 2
    assert "cannot be written" in output


def test_loading_the_plugin_imports_nothing_of_weight() -> None:
    code = (
        "import sys, ferrule_conformance.cli\n"
        "assert not {'ferrule', 'rich', 'typer', 'pytest'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
