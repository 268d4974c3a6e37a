"""Several processes come to the results of one, and outlive a backend that dies."""

from __future__ import annotations

from typing import Any

import pytest

from ferrule_conformance import workers
from ferrule_conformance.request import Request
from ferrule_conformance.session import Session
from ferrule_conformance.workers import DEATHS, count_of


def outcome(request: Request, processes: int) -> dict[str, Any]:
    session = Session(request)
    try:
        for _ in session.run(processes=processes):
            pass
        found = session.scorecard.as_dict()
        found["used"] = {name: sorted(ops) for name, ops in session.bench.used.items()}
    finally:
        session.close()
    for part in (found, *found["by_op"].values()):
        del part["seconds"]
    del found["date"]
    return found


def test_two_processes_come_to_the_results_of_one() -> None:
    request = Request("broken_backend:backend", ops="softmax,neg", dtypes="float32")
    one, two = (outcome(request, n) for n in (1, 2))
    assert one == two
    assert one["tests"]["failed"] and one["tests"]["passed"]
    assert {"softmax", "exp"} <= set(one["used"]["softmax"])


def test_a_process_that_dies_fails_its_test_and_no_other() -> None:
    request = Request(
        "dying_backend:backend", ops="neg,sin", levels="1", dtypes="int8,float32"
    )  # fmt: skip
    found = outcome(request, 2)
    failed = {f["id"]: f["message"] for f in found["failures"]}
    assert failed and all("dying-neg-" in id for id in failed)
    died = [m for m in failed.values() if "the process that ran it died of SIGSEGV" in m]
    rest = [m for m in failed.values() if f"it was not run: {DEATHS} tests of neg took" in m]
    assert len(died) == DEATHS and len(died) + len(rest) == len(failed)
    assert all("\nreproduce: " in m and "\nclaim: " in m for m in failed.values())
    assert found["by_op"]["sin"]["failed"] == 0 and found["not_run"] == 0


def test_processes_that_cannot_begin_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(Request("sound:backend", ops="neg", levels="1", dtypes="float32"))
    monkeypatch.setattr(
        Session, "_settings", property(lambda self: {"locator": "no_such_module:backend"})
    )
    try:
        with pytest.raises(workers.WorkerError, match=r"cannot begin: .*no_such_module"):
            list(session.run(processes=1 + 1))
    finally:
        session.close()


def test_the_number_of_processes() -> None:
    assert count_of("3") == 3
    assert count_of("auto") >= 1
    for wrong in ("0", "-1", "many", "1.5"):
        with pytest.raises(LookupError, match="-n is a number"):
            count_of(wrong)
