"""Fixtures of the tests of the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from ferrule.cli import main


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def ferrule(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """``ferrule("train", "digits")``: run a command in this process."""

    def run(*arguments: object) -> Outcome:
        code = main([str(a) for a in arguments])
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return run


@pytest.fixture
def refused(ferrule: Callable[..., Outcome]) -> Callable[..., str]:
    """``refused("train", ...)``: the message of a command that must fail as a command should: code
    2, one paragraph on stderr, no traceback."""

    def run(*arguments: object) -> str:
        outcome = ferrule(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.err.startswith("error: ")
        assert outcome.err.count("\n") == 1
        assert outcome.err.endswith("\n")
        return outcome.err

    return run
