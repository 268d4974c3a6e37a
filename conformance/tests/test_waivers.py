"""Waivers are complete, and strict both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants import MUTANTS
from sound import SoundBackend

from ferrule_conformance.suite import run
from ferrule_conformance.waivers import Waiver, WaiverError, read, refuse_unused

WHOLE = """
[[waiver]]
id = "cpu-exp-0-float16-forward"
reason = "denormals are flushed"
link = "https://example.org/1"

[[waiver]]
id = "cpu-sin-*"
reason = "large angles"
link = "https://example.org/2"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "waivers.toml"
    file.write_text(text)
    return file


def test_exact_ids_and_beginnings(tmp_path: Path) -> None:
    exact, beginning = read(write(tmp_path, WHOLE))
    assert exact.matches("cpu-exp-0-float16-forward")
    assert not exact.matches("cpu-exp-0-float16-forward_more")
    assert beginning.matches("cpu-sin-1-float32-gradient")
    assert not beginning.matches("cpu-sinh-1-float32-gradient")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('reason = "large angles"\n', "", "needs 'reason'"),
        ('link = "https://example.org/2"\n', "", "needs 'link'"),
        ("large angles", " ", "needs 'reason'"),
        ("cpu-sin-*", "*", r"the id '\*'"),
        ("cpu-sin-*", "cpu-*-forward", "is not understood"),
        ('link = "https://example.org/2"', 'link = "x"\nuntil = "May"', "the key 'until'"),
        ("[[waiver]]", "[[waver]]", "nothing else"),
        ("[[waiver]]", "[[waiver]", "not TOML"),
    ],
)
def test_incomplete_waivers_are_refused(tmp_path: Path, before: str, after: str, says: str) -> None:
    with pytest.raises(WaiverError, match=says):
        read(write(tmp_path, WHOLE.replace(before, after)))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_a_waiver_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    waivers = read(write(tmp_path, WHOLE))
    refuse_unused(waivers, ["cpu-exp-0-float16-forward", "cpu-sin-0-float16-forward"])
    with pytest.raises(WaiverError, match="'cpu-sin-\\*' matches no test"):
        refuse_unused(waivers, ["cpu-exp-0-float16-forward"])


def test_a_waived_failure_is_no_failure() -> None:
    mutant = next(m for m in MUTANTS if m.name == "stale_buffer")
    waiver = Waiver("stale_buffer-exp-*", "one buffer for all", "https://example.org")
    results = run(mutant.backend(), ops=["exp"], checks=["fresh_output"], waivers=[waiver])
    waived = [r for r in results if r.outcome == "waived"]
    assert waived and all("one buffer for all (https://" in r.message for r in waived)
    assert [r.id for r in results if r.outcome == "passed"] == []


def test_an_unexpected_pass_fails() -> None:
    waiver = Waiver("punctual-exp-0-float32-forward", "was wrong once", "https://example.org")
    results = run(
        SoundBackend("punctual"), ops=["exp"], checks=["forward"], dtypes=["float32"],
        waivers=[waiver],
    )  # fmt: skip
    (failed,) = [r for r in results if r.outcome == "failed"]
    assert failed.id == waiver.pattern
    assert "unexpected pass" in failed.message and "remove the waiver" in failed.message
