"""The scorecard adds up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sound import KIT, SoundBackend

from ferrule import runtime
from ferrule.op import OPS
from ferrule_conformance.case import Target
from ferrule_conformance.scorecard import Scorecard
from ferrule_conformance.suite import Result
from ferrule_conformance.waivers import Waiver


def result(op: str | None, check: str, outcome: Any) -> Result:
    return Result(f"carded-{op}-{check}", op, check, 1, "float32", outcome, f"why {op}", 0.5)


@pytest.fixture
def card() -> Scorecard:
    backend = SoundBackend("carded")
    backend.kernels = {op: kernel for op, kernel in KIT.items() if op != "cos"}
    runtime.install(backend)
    card = Scorecard(Target(backend), [Waiver("carded-sin-forward", "reason", "link")])
    for op, check, outcome in [
        (None, "probe", "passed"),
        ("softmax", "forward", "passed"),
        ("exp", "gradient", "passed"),
        ("exp", "forward", "passed"),
        ("sin", "forward", "waived"),
        ("sin", "gradient", "passed"),
        ("cos", "kernel", "skipped"),
        ("add", "forward", "waived"),
        ("add", "gradient", "failed"),
    ]:
        card.add(result(op, check, outcome))
    return card


def test_states(card: Scorecard) -> None:
    states = {op: card.state(op) for op in card.by_op()}
    assert states == {
        "add": "failed", "exp": "native", "sin": "waived", "cos": "host", "softmax": "decomposed",
    }  # fmt: skip
    assert list(states) == [op for op in OPS if op in states]  # the order of declaration


def test_counts(card: Scorecard) -> None:
    assert card.counts() == {"passed": 5, "failed": 1, "waived": 2, "skipped": 1}
    assert card.summary() == (
        "5 ops: 1 native, 1 decomposed, 1 host, 1 waived, 1 failed. "
        "9 tests: 5 passed, 1 failed, 2 waived, 1 skipped."
    )


def test_json(card: Scorecard) -> None:
    found = card.as_dict()
    assert found["by_op"]["add"] == {
        "kind": "primitive", "state": "failed", "passed": 0, "failed": 1, "waived": 1,
        "skipped": 0, "failed_checks": ["gradient"], "runs": "native", "seconds": 1.0,
        "dtypes": {"float32": {"passed": 0, "failed": 1, "waived": 1, "skipped": 0}},
    }  # fmt: skip
    assert found["by_check"]["forward"] == {"passed": 2, "failed": 0, "waived": 2, "skipped": 0}
    about = {"op": "add", "check": "gradient", "dtype": "float32", "level": 1}
    assert found["failures"] == [{"id": "carded-add-gradient", **about, "message": "why add"}]
    about = {"op": "sin", "check": "forward", "dtype": "float32", "level": 1}
    assert found["waivers"] == [
        {
            "id": "carded-sin-forward", "reason": "reason", "link": "link", **about,
            "tests": [{"id": "carded-sin-forward", **about}],
        }
    ]  # fmt: skip
    assert found["skips"] == {"why cos": ["carded-cos-kernel"]}
    assert found["ran"]["gradient"] == "add exp sin"
    assert (found["device"], found["levels"], found["fallback"]) == ("carded:0", [1], "error")
    assert datetime.fromisoformat(found["date"]).utcoffset() == timedelta()
    assert found["complete"] is False
    assert found["backend"]["undeclared"] == ["bfloat16"]
    assert found["seconds"] == 4.5


def test_modules_are_counted_apart(card: Scorecard) -> None:
    card.add(result("nn.Linear", "forward", "passed"))
    card.add(result("optim.Adam", "forward", "failed"))
    found = card.as_dict()
    assert found["ops"]["total"] == 5
    assert list(found["by_module"]) == ["nn.Linear", "optim.Adam"]
    assert [m["state"] for m in found["by_module"].values()] == ["passed", "failed"]
    assert "nn.Linear" in card.table() and "| optim.Adam | failed |" in card.markdown()


def test_a_waiver_of_several_tests_says_what_they_share(card: Scorecard) -> None:
    card.waivers = [Waiver("carded-*", "reason", "link")]
    (waiver,) = card.as_dict()["waivers"]
    assert (waiver["op"], waiver["check"], waiver["level"]) == (None, "forward", 1)
    assert [t["op"] for t in waiver["tests"]] == ["add", "sin"]


def test_what_was_not_run_is_said(card: Scorecard) -> None:
    card.not_run, card.left_out = 7, "the budget of 1 s was spent"
    assert "7 tests were not run: the budget of 1 s was spent." in card.summary()
    assert card.as_dict()["not_run"] == 7


def test_tables(card: Scorecard) -> None:
    assert "| add | failed | 0 | 1 | 1 | 0 | gradient |" in card.markdown()
    assert "why add" in card.markdown()
    table = card.table(width=80)
    assert "carded" in table and max(map(len, table.splitlines())) <= 80
