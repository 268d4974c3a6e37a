"""The command line as a whole: help, versions, exit codes, errors."""

import re
from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule.cli import app, main


def test_version(ferrule: Callable[..., Any]) -> None:
    assert ferrule("--version") == (0, f"ferrule {fe.__version__}\n", "")


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_lists_the_commands(arguments: tuple[str, ...], ferrule: Callable[..., Any]) -> None:
    code, out, err = ferrule(*arguments)
    assert (code, err) == (0, "")
    for command in ("train", "backends", "ops"):
        assert f"\n  {command} " in out


@pytest.mark.parametrize("command", ["train", "backends", "ops"])
def test_every_command_has_help(command: str, ferrule: Callable[..., Any]) -> None:
    code, out, _ = ferrule(command, "--help")
    assert code == 0
    assert f"Usage: ferrule {command}" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "No such command 'trian'.*See: ferrule --help"),
        (["train"], "Missing argument.*See: ferrule train --help"),
        (["train", "digits", "--epochs", "many"], "'--epochs'.*See: ferrule train --help"),
        (["train", "digits", "--frobnicate"], "No such option: --frobnicate"),
        (["backends", "extra"], "unexpected extra argument"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, refused: Callable[..., str]) -> None:
    text = refused(*arguments)
    assert re.search(message, text)


def test_debug_shows_the_traceback(ferrule: Callable[..., Any]) -> None:
    code, _, err = ferrule("train", "digits", "--epochs", "0", "--debug")
    assert code == 2
    assert err.startswith("Traceback (most recent call last):")
    assert err.splitlines()[-1] == "error: --epochs is 0; a run has at least 1 epoch"


def test_notes_belong_to_the_message(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRULE_BACKEND", "nowhere")
    text = refused("ops")
    assert "backend 'nowhere' is not installed" in text
    assert "(FERRULE_BACKEND='nowhere' asks for it)" in text


def test_an_interruption_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fe, "backends", interrupt)
    assert main(["backends"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_is_not_dressed_up_as_a_users_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(fe, "backends", defect)
    with pytest.raises(ZeroDivisionError):
        main(["backends"])


def test_the_app_works_with_typers_own_runner() -> None:
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"ferrule {fe.__version__}\n")
