"""The command ``ferrule conformance``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

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
        (["sound:backend", "--ops", "neg", "--level", "0"], "no test is left by these options"),
        (["sound:backend", "--level", "6"], "there is no level '6' in this suite"),
        (["sound:backend", "--device", "cpu:0"], "is of another backend than 'sound'"),
        (["sound:backend", "--device", "1"], "it has only 1 device; choose sound:0"),
        (["sound:backend", "--device", ":"], "--device: ':' is not a device"),
        (["sound:backend", "-n", "0"], "-n is a number of processes"),
        (["sound:backend", "--budget", "0"], "--budget is a time in seconds"),
        (["sound:backend", "--certificate", "c.json"], "a certificate is of a distribution"),
        (["cpu", "--certificate", "c.json", "--ops", "add"], "leave out --ops"),
        (["cpu", "--certificate", "c.json", "--level", "1"], "leave out --level"),
        (["sound:backend", "--json", "c.x", "--html", "c.x"], "two options name this file"),
        (["diff", "none.json", "none.json"], "none.json cannot be read: No such file"),
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


def test_a_failure_is_printed_as_junit_and_as_a_page_too(tmp_path: Path) -> None:
    xml, page = tmp_path / "junit.xml", tmp_path / "page.html"
    code, output = call(
        "broken_backend:backend", "--ops", "softmax", "--dtypes", "float32", "--level", "3",
        "--first-failure", "--verbose", "--junit", str(xml), "--html", str(page),
    )  # fmt: skip
    assert code == 1
    assert "passed  softmax_off-softmax-0-float32-inferred_spec" in output
    assert "a test failed, and --first-failure stopped the run there" in " ".join(output.split())
    (failure,) = ElementTree.parse(xml).getroot().iter("failure")
    assert failure.attrib["type"] == "forward"
    assert "softmax_off-softmax-0-float32-forward" in page.read_text()


def test_a_budget_that_is_spent_is_said(tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    code, output = call(
        "sound:backend", "--ops", "softmax", "--budget", "1e-9", "--json", str(card)
    )
    assert code == 0 and "the budget of 1e-09 s was spent" in " ".join(output.split())
    found = json.loads(card.read_text())
    assert not found["complete"] and found["not_run"] > 20 and found["tests"]["passed"] == 0


def test_what_was_found_until_an_interruption_is_kept(tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    code, output = call(
        "interrupting_backend:backend", "--ops", "exp,neg", "--level", "1", "--json", str(card)
    )
    assert code == 130 and "the run was interrupted" in " ".join(output.split())
    found = json.loads(card.read_text())
    assert found["tests"]["passed"] > 5 and found["not_run"] > 5 and not found["complete"]
    assert found["by_op"]["exp"]["passed"] > found["by_op"]["neg"]["passed"]


def test_speed_is_a_level() -> None:
    code, output = call("sound:backend", "--level", "5", "--ops", "neg", "--budget", "2")
    assert code == 0
    assert "Speed on sound:0" in output


def test_a_name_that_is_a_subcommand() -> None:
    assert "backend 'diff' is not installed" in call("run", "diff")[1]
    code, output = call("diff")
    assert code == 2 and "ferrule conformance run diff" in output


def test_help_names_the_options_and_the_subcommand() -> None:
    for arguments in ([], ["--help"]):
        code, output = call(*arguments)
        assert code == 0
        assert "--first-failure" in output and "ferrule conformance diff A.json B.json" in output


def test_diff(tmp_path: Path) -> None:
    cards = [str(tmp_path / name) for name in ("sound.json", "broken.json")]
    arguments = ("--ops", "softmax", "--dtypes", "float32", "--level", "3")
    call("sound:backend", *arguments, "--json", cards[0])
    call("broken_backend:backend", *arguments, "--json", cards[1])
    code, output = call("diff", *cards)
    assert code == 1
    assert "softmax-0-float32-forward  (" in output and output.endswith("worse\n")
    code, output = call("diff", *reversed(cards), "--json")
    found = json.loads(output)
    assert (found["worse"], found["failing"]) == (True, [])
    assert "softmax-0-float32-forward" in found["passing"]
    assert found["lost"] == {"softmax": ["native", "decomposed"]}
    code, output = call("diff", cards[0], cards[0])
    assert code == 0 and output.endswith("nothing got worse\n")


def test_loading_the_plugin_imports_nothing_of_weight() -> None:
    code = (
        "import sys, ferrule_conformance.cli\n"
        "assert not {'ferrule', 'rich', 'typer', 'pytest'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
