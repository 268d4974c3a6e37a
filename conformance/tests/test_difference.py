"""Comparing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sound import KIT, SoundBackend

from ferrule import runtime
from ferrule_conformance.case import Target
from ferrule_conformance.difference import Difference, ScorecardError, compare, read
from ferrule_conformance.scorecard import Scorecard
from ferrule_conformance.suite import Result
from ferrule_conformance.waivers import Waiver

BEFORE = {
    "exp-0-float32-forward": "passed",
    "exp-0-float64-forward": "passed",
    "exp-0-float32-determinism": "passed",
    "sin-0-float32-forward": "failed",
    "cos-0-float32-forward": "waived",
    "neg-0-float32-forward": "passed",
}


def card(
    folder: Path, name: str, outcomes: dict[str, Any], complete: bool = True, **document: Any
) -> Any:
    """A file with the scorecard of a run that came to these outcomes."""
    without = document.pop("without", ())
    backend = SoundBackend(name)
    backend.kernels = {op: kernel for op, kernel in KIT.items() if op not in without}
    runtime.install(backend)
    found = Scorecard(Target(backend), [Waiver(f"{name}-cos-*", "reason", "link")])
    for test, outcome in outcomes.items():
        op, _, dtype, check = test.split("-")
        message = f"{test}\nfound: wrong by 7" if outcome == "failed" else "a reason"
        found.add(Result(f"{name}-{test}", op, check, 1, dtype, outcome, message, 0.1))
    found.left_out = "" if complete else "--ops chose among the tests"
    file = folder / f"{name}.json"
    file.write_text(json.dumps({**found.as_dict(), **document}))
    return read(str(file))


def difference(folder: Path, after: dict[str, Any], **asked: Any) -> Difference:
    return compare(card(folder, "before", BEFORE), card(folder, "after", after, **asked))


def test_the_same_is_no_worse(tmp_path: Path) -> None:
    found = difference(tmp_path, BEFORE)
    assert not found.worse
    assert found.text().endswith("\n\nnothing got worse")
    assert found.as_dict()["failing"] == []


@pytest.mark.parametrize(
    ("change", "kind", "worse"),
    [
        ({"exp-0-float32-forward": "failed"}, "failing", True),
        ({"cos-0-float32-forward": "failed"}, "failing", True),
        ({"tan-0-float32-forward": "failed"}, "failing", True),
        ({"sin-0-float32-forward": "passed"}, "passing", False),
        ({"cos-0-float32-forward": "passed"}, "passing", False),
        ({"exp-0-float32-determinism": "skipped"}, "silent", True),
        ({"tan-0-float32-forward": "passed"}, "new", False),
    ],
)
def test_one_test_changed(tmp_path: Path, change: dict[str, str], kind: str, worse: bool) -> None:
    found = difference(tmp_path, {**BEFORE, **change})
    lists = ("failing", "passing", "waived", "silent", "missing", "not_run", "new")
    assert {k: getattr(found, k) for k in lists if getattr(found, k)} == {kind: list(change)}
    assert found.worse is worse
    assert next(iter(change)) in found.text()


def test_a_failure_is_shown_with_its_reason(tmp_path: Path) -> None:
    found = difference(tmp_path, {**BEFORE, "exp-0-float32-forward": "failed"})
    assert "newly failing: 1\n  exp-0-float32-forward  (wrong by 7)\n" in found.text()


def test_a_new_waiver_is_worse(tmp_path: Path) -> None:
    before = card(tmp_path, "before", {**BEFORE, "cos-0-float32-forward": "passed"})
    found = compare(before, card(tmp_path, "after", BEFORE))
    assert found.waived == ["cos-0-float32-forward"] and found.worse


def test_what_is_gone_is_missing_unless_the_run_was_not_complete(tmp_path: Path) -> None:
    after = {k: v for k, v in BEFORE.items() if not k.startswith("neg")}
    found = difference(tmp_path, after)
    assert found.missing == ["neg-0-float32-forward"] and found.worse
    found = difference(tmp_path, after, complete=False)
    assert found.not_run == ["neg-0-float32-forward"] and not found.worse
    assert "not judged: 1 tests" in found.text() and "not complete: --ops" in found.text()


def test_ops_that_run_in_another_way(tmp_path: Path) -> None:
    found = difference(tmp_path, BEFORE, without=["exp"])
    assert found.lost == {"exp": ("native", "host")} and found.worse
    assert "runs worse: exp: native -> host" in found.text()
    found = compare(found.after, found.before)
    assert found.gained == {"exp": ("host", "native")} and not found.worse


def test_speeds_are_compared_and_not_judged(tmp_path: Path) -> None:
    def speed(**seconds: float) -> dict[str, Any]:
        return {"ops": {op: {"seconds": s, "call": f"{op}(big)"} for op, s in seconds.items()}}

    before = card(tmp_path, "before", BEFORE, speed=speed(exp=1.0, sin=1.0, cos=1.0))
    after = card(tmp_path, "after", BEFORE, speed=speed(exp=0.5, sin=2.0, tan=1.0))
    found = compare(before, after)
    assert found.speed == {"exp": 2.0, "sin": 0.5} and not found.worse
    assert "speed: 2 ops were measured in both, 1.25 x (median)" in found.text()
    assert "  sin: 0.50 x as fast" in found.text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is damaged, or no JSON"),
        ("[]", "is no scorecard"),
        ('{"schema": 9, "by_op": {}}', "is of schema 9, and this ferrule-conformance reads 1"),
        ('{"schema": 1, "by_op": {}}', "is damaged or old: it has no 'backend'"),
    ],
)
def test_files_that_cannot_be_compared(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(ScorecardError, match=f"bad.json {says}.*ferrule conformance NAME"):
        read(str(file))


def test_a_scorecard_with_holes_is_refused(tmp_path: Path) -> None:
    document = dict(card(tmp_path, "before", BEFORE).document)
    del document["by_op"]["exp"]["runs"]
    (tmp_path / "holes.json").write_text(json.dumps(document))
    with pytest.raises(ScorecardError, match=r"holes\.json is damaged"):
        read(str(tmp_path / "holes.json"))
