"""The scorecard adds up."""

from __future__ import annotations

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
        "skipped": 0, "failed_checks": ["gradient"],
    }  # fmt: skip
    assert found["by_check"]["forward"] == {"passed": 2, "failed": 0, "waived": 2, "skipped": 0}
    assert found["failures"] == [
        {"id": "carded-add-gradient", "op": "add", "check": "gradient", "message": "why add"}
    ]
    assert found["waivers"] == [{"id": "carded-sin-forward", "reason": "reason", "link": "link"}]
    assert found["backend"]["undeclared"] == ["bfloat16"]
    assert found["seconds"] == 4.5


def test_tables(card: Scorecard) -> None:
    assert "| add | failed | 0 | 1 | 1 | 0 | gradient |" in card.markdown()
    assert "why add" in card.markdown()
    table = card.table(width=80)
    assert "carded" in table and max(map(len, table.splitlines())) <= 80
