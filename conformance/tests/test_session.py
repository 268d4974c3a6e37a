"""What of a run is done in which order, until when, and on which device."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from sound import SoundBackend

from ferrule import runtime
from ferrule_conformance.order import telling
from ferrule_conformance.request import Request
from ferrule_conformance.session import Session
from ferrule_plugins import Device, DeviceInfo, Report


def session_of(**asked: Any) -> Session:
    return Session(Request("sound:backend", **asked))


def test_a_budget_runs_what_fits() -> None:
    session = session_of(ops="softmax,neg", budget=10.0)
    try:
        ticks = itertools.count()
        done = list(session.run(clock=lambda: next(ticks)))
        assert len(done) == 9  # the first tick is the start
        assert session.scorecard.not_run == len(session.trials) - 9
        assert session.scorecard.left_out == "the budget of 10 s was spent"
        assert {r.op for r in done} == {"softmax", "neg"}
        assert len({r.check for r in done}) > 3  # and not one check in all dtypes
    finally:
        session.close()


def test_the_most_telling_tests_come_first() -> None:
    session = session_of(ops="softmax,neg")
    try:
        last = session.trials[-1].id
        found = telling(session.trials, {last})
        assert sorted(t.id for t in found) == sorted(t.id for t in session.trials)
        assert found[0].id == last
        assert [t.check.name for t in found[1:4]] == ["forward", "forward", "gradient"]
        pairs = [(t.case.name, t.check.name) for t in found[1:]]
        first = pairs.index(pairs[0], 1)
        assert set(pairs[:first]) == set(pairs)  # each check of each op, before any again
    finally:
        session.close()


def test_results_are_in_the_order_of_the_suite_whatever_that_of_the_run() -> None:
    session = session_of(ops="neg", levels="1", dtypes="float32", budget=1e9)
    try:
        ran = [r.id for r in session.run()]
        assert sorted(ran) == sorted(t.id for t in session.trials)
        assert [r.id for r in session.scorecard.results] == [t.id for t in session.trials]
        assert session.scorecard.left_out == "--ops chose among the tests"
    finally:
        session.close()


class TwoDevices(SoundBackend):
    """Keeps note of where arrays are made."""

    def __init__(self) -> None:
        super().__init__("pair")
        self.seen: set[Device] = set()

    def probe(self) -> Report:
        return Report(True, (DeviceInfo("first", "cpu"), DeviceInfo("second", "cpu")))

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> Any:
        self.seen.add(device)
        return super().from_host(array, device)


pair = TwoDevices()


def test_another_device_is_tested() -> None:
    runtime.install(pair)
    session = Session(
        Request("pair", device="1", ops="exp,full,softmax", dtypes="float32", levels="1-3")
    )
    try:
        failed = [r for r in session.run() if r.outcome == "failed"]
        assert not failed
        assert pair.seen == {Device("pair:1")}
        found = session.scorecard.as_dict()
        assert found["device"] == "pair:1"
    finally:
        session.close()
