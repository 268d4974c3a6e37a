"""What became better and what became worse from one run to another, read from their scorecards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from ferrule_conformance.scorecard import SCHEMA

NOTEWORTHY = 1.25
"""Times that a speed must have changed by to be listed. It is no matter of better or worse here."""

_SHOWN = 20


class ScorecardError(ValueError):
    """A file is no scorecard that can be compared. The text names it, and what mends it."""


@dataclass(frozen=True)
class Card:
    """A scorecard that was read.

    Attributes:
        file: its name.
        document: its content.
        outcomes: test to outcome; tests are named without their backend, so that two can be
            compared.
        messages: of those that failed.
    """

    file: str
    document: Mapping[str, Any]
    outcomes: Mapping[str, str]
    messages: Mapping[str, str]

    @property
    def title(self) -> str:
        """What was run, in one line."""
        tests = self.document["tests"]
        versions = ", ".join(f"{k} {v}" for k, v in self.document["versions"].items())
        counts = ", ".join(f"{n} {outcome}" for outcome, n in tests.items())
        whole = "" if self.document["complete"] else f"; not complete: {self.document['left_out']}"
        backend, device = self.document["backend"]["name"], self.document["device"]
        about = f"{backend} on {device}, {self.document['date']}, {versions}"
        return f"{self.file}: {about}: {counts}{whole}"

    @property
    def states(self) -> dict[str, str]:
        """How each op runs, whatever comes of it."""
        return {op: found["runs"] for op, found in self.document["by_op"].items()}


def read(file: str) -> Card:
    """A scorecard that ``--json`` wrote.

    Raises:
        ScorecardError: it cannot be read or compared.
    """
    write = "write it again: ferrule conformance NAME --json FILE"
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ScorecardError(f"{file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ScorecardError(f"{file} is damaged, or no JSON: {error}; {write}") from error
    if not isinstance(found, dict) or "by_op" not in found or "schema" not in found:
        raise ScorecardError(f"{file} is no scorecard of ferrule conformance; {write}")
    if found["schema"] != SCHEMA:
        raise ScorecardError(
            f"{file} is of schema {found['schema']!r}, and this ferrule-conformance reads "
            f"{SCHEMA}; {write}"
        )
    missing = [key for key, kind in _KEYS.items() if not isinstance(found.get(key), kind)]
    if missing:
        raise ScorecardError(f"{file} is damaged or old: it has no {missing[0]!r}; {write}")
    try:
        card = Card(file, found, *_outcomes(found))
        _ = card.title, card.states  # which must be there
    except (KeyError, TypeError, AttributeError) as error:
        raise ScorecardError(
            f"{file} is damaged ({type(error).__name__}: {error}); {write}"
        ) from error
    return card


_KEYS: dict[str, Any] = {
    "backend": dict, "date": str, "device": str, "versions": dict, "tests": dict, "by_op": dict,
    "failures": list, "waivers": list, "skips": dict, "ran": dict, "complete": bool,
    "left_out": str,
}  # fmt: skip


def _outcomes(document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    prefix = f"{document['backend']['name']}-"
    outcomes = {
        f"{middle}-{check}": "passed"
        for check, text in document["ran"].items()
        for middle in text.split()
    }
    for ids in document["skips"].values():
        outcomes.update((id.removeprefix(prefix), "skipped") for id in ids)
    for waiver in document["waivers"]:
        outcomes.update((test["id"].removeprefix(prefix), "waived") for test in waiver["tests"])
    messages = {f["id"].removeprefix(prefix): str(f["message"]) for f in document["failures"]}
    outcomes.update(dict.fromkeys(messages, "failed"))
    return outcomes, messages


@dataclass
class Difference:
    """From one run to another.

    Attributes:
        before, after: the runs.
        failing: fail now, and did not.
        passing: pass now, and did not.
        waived: are waived now, and were not.
        silent: are skipped now, and passed.
        missing: were run, and are not there any more.
        not_run: were run, and not now, since that run was not complete.
        new: are there now, and were not.
        lost: ops that run in a worse way than before: from, to.
        gained: ops that run in a better way than before: from, to.
        speed: op to how many times faster it is, where both runs measured.
    """

    before: Card
    after: Card
    failing: list[str] = field(default_factory=list)
    passing: list[str] = field(default_factory=list)
    waived: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    lost: dict[str, tuple[str, str]] = field(default_factory=dict)
    gained: dict[str, tuple[str, str]] = field(default_factory=dict)
    speed: dict[str, float] = field(default_factory=dict)

    @property
    def worse(self) -> bool:
        """A claim that held before does not hold now. Speed is no such claim."""
        return bool(self.failing or self.waived or self.silent or self.missing or self.lost)

    def as_dict(self) -> dict[str, Any]:
        """The same in types that JSON has."""
        found = {k: v for k, v in vars(self).items() if k not in ("before", "after")}
        return {
            "a": self.before.file,
            "b": self.after.file,
            "worse": self.worse,
            **found,
            "lost": {op: list(states) for op, states in self.lost.items()},
            "gained": {op: list(states) for op, states in self.gained.items()},
        }

    def text(self) -> str:
        """The same for people."""
        lines = [self.before.title, self.after.title, ""]
        for title, tests in (
            ("newly failing", self.failing),
            ("newly waived", self.waived),
            ("skipped, and passed before", self.silent),
            ("missing", self.missing),
            ("newly passing", self.passing),
            ("new", self.new),
        ):
            lines += _listed(title, tests, self.after.messages)
        for title, ops in (("runs worse", self.lost), ("runs better", self.gained)):
            lines += [f"{title}: {op}: {was} -> {is_}" for op, (was, is_) in ops.items()]
        if self.not_run:
            lines.append(f"not judged: {len(self.not_run)} tests that the second run left out")
        lines += _speeds(self.speed)
        return "\n".join([*lines, "worse" if self.worse else "nothing got worse"])


def compare(before: Card, after: Card) -> Difference:
    """What changed. A test that fails now and was not run before counts as newly failing."""
    found = Difference(before, after)
    for test, is_ in after.outcomes.items():
        was = before.outcomes.get(test)
        if is_ == was:
            continue
        if is_ == "failed":
            found.failing.append(test)
        elif was is None:
            found.new.append(test)
        elif is_ == "waived" and was != "failed":
            found.waived.append(test)
        elif is_ == "skipped" and was == "passed":
            found.silent.append(test)
        elif is_ == "passed":
            found.passing.append(test)
    gone = [test for test in before.outcomes if test not in after.outcomes]
    (found.missing if after.document["complete"] else found.not_run).extend(gone)
    for tests in (found.failing, found.passing, found.waived, found.silent, found.missing):
        tests.sort()
    _ways(found)
    _speed(found)
    return found


_RANK = {"host": 0, "decomposed": 1, "native": 2}


def _ways(found: Difference) -> None:
    now = found.after.states
    for op, was in found.before.states.items():
        is_ = now.get(op, was)
        if is_ != was:
            better = _RANK.get(is_, 0) > _RANK.get(was, 0)
            (found.gained if better else found.lost)[op] = was, is_


def _speed(found: Difference) -> None:
    runs = [card.document.get("speed") for card in (found.before, found.after)]
    if not all(isinstance(run, Mapping) for run in runs):
        return
    was, is_ = (run.get("ops", {}) for run in runs if run is not None)
    for op in was:
        same = op in is_ and was[op].get("call") == is_[op].get("call")
        if same and is_[op]["seconds"] > 0:
            found.speed[op] = round(was[op]["seconds"] / is_[op]["seconds"], 3)


def _listed(title: str, tests: list[str], messages: Mapping[str, str]) -> Iterable[str]:
    if not tests:
        return
    yield f"{title}: {len(tests)}"
    for test in tests[:_SHOWN]:
        lines = messages.get(test, "").splitlines()
        reason = next((t for t in lines if t.startswith("found: ")), "").removeprefix("found: ")
        yield f"  {test}  ({reason})" if reason else f"  {test}"
    if len(tests) > _SHOWN:
        yield f"  and {len(tests) - _SHOWN} more, which --json lists"


def _speeds(speed: Mapping[str, float]) -> Iterable[str]:
    if not speed:
        return
    yield f"speed: {len(speed)} ops were measured in both, {median(speed.values()):.2f} x (median)"
    ranked = sorted(speed.items(), key=lambda item: item[1])
    noteworthy = [item for item in ranked if not 1 / NOTEWORTHY < item[1] < NOTEWORTHY]
    for op, ratio in noteworthy[:_SHOWN]:
        yield f"  {op}: {ratio:.2f} x as fast"
