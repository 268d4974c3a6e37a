"""What passed, and with which code: the memory between runs, in the user's state folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferrule import certification
from ferrule.atomic import replacing
from ferrule_conformance.changes import Code
from ferrule_conformance.suite import Result, Trial
from ferrule_plugins import Device

SCHEMA = 1
CONTRACT = "contract"
"""The subject of what concerns no op: the contract and storage."""


@dataclass
class Entry:
    """What is known about one subject.

    Attributes:
        used: the ops that core looked up for its tests, each with the digest of its kernel then;
            empty where it had none.
        passed: ids of tests that did not fail with those kernels.
    """

    used: dict[str, str] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)


class History:
    """The outcomes of earlier runs on one device.

    Attributes:
        path: where it is kept.
        base: the digest of all code that is no kernel.
        entries: by subject.
        failed: ids of tests that failed when they were last run.
    """

    def __init__(self, device: Device) -> None:
        folder = certification.state_folder() / "history" / device.backend
        self.path: Path = folder / f"{device.index}.json"
        self.base = ""
        self.entries: dict[str, Entry] = {}
        self.failed: set[str] = set()
        self._read()

    def __bool__(self) -> bool:
        return bool(self.base)

    def _read(self) -> None:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            if found["schema"] != SCHEMA:
                return
            entries = {
                str(name): Entry(dict(entry["used"]), set(entry["passed"]))
                for name, entry in found["subjects"].items()
            }
            self.base, self.entries, self.failed = found["base"], entries, set(found["failed"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # none, or a damaged one, which is as good as none: everything is run

    def needless(self, trials: Iterable[Trial], code: Code) -> set[str]:
        """The ids of the tests that passed, and on which nothing bears that changed since."""
        if self.base != code.base:
            return set()
        same = {name for name, entry in self.entries.items() if _is_same(entry, code)}
        return {
            trial.id
            for trial in trials
            if (name := subject(trial)) in same and trial.id in self.entries[name].passed
        }

    def learn(
        self, results: Iterable[Result], used: Mapping[str, Collection[str]], code: Code
    ) -> None:
        """Take in a run.

        Args:
            results: its outcomes.
            used: subject to the ops that were looked up for its tests.
            code: what was run.
        """
        if self.base != code.base:
            self.entries, self.base = {}, code.base
        for name, ops in used.items():
            entry = self.entries.get(name)
            if entry is None or not _is_same(entry, code):
                entry = self.entries[name] = Entry()
            entry.used.update((op, code.kernels.get(op, "")) for op in ops)
        for result in results:
            name = result.op or CONTRACT
            if result.outcome == "failed":
                self.failed.add(result.id)
                if name in self.entries:
                    self.entries[name].passed.discard(result.id)
            else:
                self.failed.discard(result.id)
                if name in used:  # or else nobody knows what it depends on
                    self.entries[name].passed.add(result.id)

    def write(self) -> None:
        """Keep it.

        Raises:
            OSError: it cannot be written.
        """
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "base": self.base,
            "failed": sorted(self.failed),
            "subjects": {
                name: {"used": entry.used, "passed": sorted(entry.passed)}
                for name, entry in self.entries.items()
            },
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as file:
            file.write_text(json.dumps(found), encoding="utf-8")


def subject(trial: Trial) -> str:
    """What a test is about: an op, a module, an optimizer, a training, or the contract."""
    return trial.case.name or CONTRACT


def _is_same(entry: Entry, code: Code) -> bool:
    return all(code.kernels.get(op, "") == digest for op, digest in entry.used.items())
