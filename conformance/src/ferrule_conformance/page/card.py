"""What the page shows, read from a scorecard's document. Keys that older documents lack are done
without."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ferrule_plugins import dtypes

STATES = ("native", "decomposed", "host", "waived", "failed")
OUTCOMES = ("passed", "failed", "waived", "skipped")
DTYPES = tuple(d.name for d in dtypes.ALL)


@dataclass(frozen=True)
class Cell:
    """An op in one dtype.

    Attributes:
        state: of the op in that dtype; ``"skipped"`` if no test had anything to say.
        counts: tests by outcome.
    """

    state: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """An op, or a module, optimizer or training.

    Attributes:
        kind: ``"primitive"`` or ``"composite"`` of an op, else ``"module"``.
        cells: by dtype; empty in a document that does not tell dtypes apart.
        failures: where they are in the document's list.
        waivers: where they are in its list, and which dtypes each is about; None for all.
        seconds: spent in its tests, where the document says so.
    """

    name: str
    kind: str
    state: str
    counts: Mapping[str, int]
    failed_checks: tuple[str, ...]
    cells: Mapping[str, Cell]
    failures: tuple[int, ...]
    waivers: tuple[tuple[int, list[str] | None], ...]
    seconds: float | None


@dataclass
class Card:
    """A scorecard's document.

    Attributes:
        document: as `Scorecard.as_dict` makes it.
    """

    document: Mapping[str, Any]
    failures: list[Mapping[str, Any]] = field(init=False)
    waivers: list[Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.failures = [
            {**f, "dtype": f.get("dtype") or _dtype_in(str(f.get("id", "")))}
            for f in self.document.get("failures", ())
        ]
        self.waivers = list(self.document.get("waivers", ()))

    @property
    def backend(self) -> Mapping[str, Any]:
        return self.document.get("backend", {})

    @property
    def name(self) -> str:
        return str(self.backend.get("name", "unnamed"))

    @cached_property
    def tests(self) -> dict[str, int]:
        return _counts(self.document.get("tests", {}))

    @cached_property
    def rows(self) -> list[Row]:
        modules = self.document.get("by_module") or {}
        return [
            *(self._row(str(name), found) for name, found in self._by_op.items()),
            *(self._row(str(name), {"kind": "module", **found}) for name, found in modules.items()),
        ]

    @property
    def ops(self) -> list[Row]:
        """The rows without modules."""
        return [row for row in self.rows if row.kind != "module"]

    @cached_property
    def states(self) -> dict[str, int]:
        """How many rows are in each state."""
        found = Counter(row.state for row in self.rows)
        return {s: found[s] for s in (*STATES, "passed") if found[s] or s != "passed"}

    @cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The columns: those in which anything was tested."""
        found = {dtype for row in self.rows for dtype in row.cells}
        return tuple(d for d in DTYPES if d in found) + tuple(sorted(found - set(DTYPES)))

    @property
    def verdict(self) -> tuple[str, str]:
        """A state, and the sentence that it stands for."""
        failed = self.tests["failed"]
        if failed:
            return "failed", f"{failed} {'test fails' if failed == 1 else 'tests fail'}"
        if not sum(self.tests.values()):
            return "waived", "Nothing was tested"
        if self.document.get("complete") is False:
            why = self.document.get("left_out")
            return "waived", f"No test fails, but not all were run{f': {why}' if why else ''}"
        if self.tests["waived"]:
            return "waived", "No test fails, but for those that are waived"
        return "native", "No test fails"

    @property
    def speed(self) -> Mapping[str, Any] | None:
        return self.document.get("speed") or None

    @cached_property
    def _by_op(self) -> Mapping[str, Any]:
        return self.document.get("by_op", {})

    @cached_property
    def elsewhere(self) -> tuple[int, ...]:
        """Failures that are of no op in the matrix."""
        names = {row.name for row in self.rows}
        return tuple(i for i, f in enumerate(self.failures) if f.get("op") not in names)

    def _row(self, name: str, found: Mapping[str, Any]) -> Row:
        state = str(found.get("state", "failed" if found.get("failed") else "passed"))
        runs_as = found.get("runs") or (state if state not in ("waived", "failed") else "passed")
        cells = {
            str(dtype): Cell(_cell_state(counts, str(runs_as)), _counts(counts))
            for dtype, counts in (found.get("dtypes") or {}).items()
        }
        return Row(
            name,
            str(found.get("kind", "")),
            state,
            _counts(found),
            tuple(map(str, found.get("failed_checks", ()))),
            cells,
            tuple(i for i, f in enumerate(self.failures) if f.get("op") == name),
            tuple(self._waivers_of(name)),
            found.get("seconds"),
        )

    def _waivers_of(self, name: str) -> Iterator[tuple[int, list[str] | None]]:
        for i, waiver in enumerate(self.waivers):
            tests = waiver.get("tests")
            if tests is not None:
                dtypes = [t.get("dtype") for t in tests if t.get("op") == name]
                if dtypes:
                    yield i, sorted({d for d in dtypes if d}) if all(dtypes) else None
            elif self._concerns(str(waiver.get("id", "")), name):
                dtype = _dtype_in(str(waiver.get("id", "")))
                yield i, [dtype] if dtype else None

    def _concerns(self, pattern: str, name: str) -> bool:
        """A waiver is written for a test's id, or for the beginning of many."""
        subject = f"{self.name}-{name}-"
        if not pattern.endswith("*"):
            return pattern.startswith(subject)
        beginning = pattern[:-1]
        return subject.startswith(beginning) or beginning.startswith(subject)


def _cell_state(counts: Mapping[str, Any], runs_as: str) -> str:
    for state in ("failed", "waived"):
        if counts.get(state):
            return state
    return runs_as if counts.get("passed") else "skipped"


def _counts(found: Mapping[str, Any]) -> dict[str, int]:
    return {outcome: int(found.get(outcome) or 0) for outcome in OUTCOMES}


def _dtype_in(test: str) -> str | None:
    """The dtype that a test's id names, after the number of its sample."""
    found = re.search(r"-(?:\d+|storage)-([a-z0-9]+)(?:-|$)", test)
    return found[1] if found and found[1] in DTYPES else None
