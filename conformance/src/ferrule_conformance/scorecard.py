"""The outcome of a run: op by op and check by check, for people and for programs."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from io import StringIO
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ferrule.op import OPS
from ferrule_conformance.case import Target
from ferrule_conformance.check import CHECKS
from ferrule_conformance.suite import Outcome, Result
from ferrule_conformance.waivers import Waiver
from ferrule_plugins import dtypes

SCHEMA = 1
DISTRIBUTIONS = ("ferrule", "ferrule-conformance", "ferrule-plugins")
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "waived", "skipped")

State = Literal["native", "decomposed", "host", "waived", "failed"]
STATES: tuple[State, ...] = ("native", "decomposed", "host", "waived", "failed")
"""What an op is on a backend: it has a kernel; it runs by its body; it runs on the host; one of its
tests is waived; one fails. The last that is true counts."""


class Scorecard:
    """Counts results as they come, in any order.

    Attributes:
        date: when the run began.
        left_out: what kept the run from being complete, in words; empty if it is.
        not_run: how many of the tests that were asked for were not run.
        speed: the report of level 5, if it was asked for.
    """

    def __init__(self, target: Target, waivers: Sequence[Waiver] = ()) -> None:
        self.target = target
        self.waivers = waivers
        self.results: list[Result] = []
        self._subjects: dict[str, list[Result]] = {}
        self.date = datetime.now(UTC)
        self.left_out = "it is not over"
        self.not_run = 0
        self.speed: dict[str, Any] | None = None

    def add(self, result: Result) -> None:
        self.results.append(result)
        if result.op is not None:
            self._subjects.setdefault(result.op, []).append(result)

    @property
    def failed(self) -> list[Result]:
        """In the order of their ids, so that a report does not depend on who finished first."""
        return sorted((r for r in self.results if r.outcome == "failed"), key=lambda r: r.id)

    def counts(self, results: Iterable[Result] | None = None) -> dict[str, int]:
        """How many tests came to each outcome."""
        found = Counter(r.outcome for r in (self.results if results is None else results))
        return {outcome: found[outcome] for outcome in OUTCOMES}

    def by_op(self) -> dict[str, list[Result]]:
        """The results of each op, in the order of declaration."""
        return {name: self._subjects[name] for name in OPS if name in self._subjects}

    def by_module(self) -> dict[str, list[Result]]:
        """The results of each module, optimizer and training, by name."""
        return {name: self._subjects[name] for name in sorted(self._subjects.keys() - OPS.keys())}

    def by_check(self) -> dict[str, list[Result]]:
        """The results of each check, in the order of levels."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.check, []).append(result)
        return {name: groups[name] for name in CHECKS if name in groups}

    def state(self, op: str) -> State:
        """What an op is on the backend, by its results."""
        return _worst(self._subjects.get(op, ())) or self.runs(op)

    def runs(self, op: str) -> State:
        """How an op runs on the backend, whatever comes of it."""
        if op in self.target.kernels:
            return "native"
        return "host" if OPS[op].primitive else "decomposed"

    def states(self) -> dict[str, int]:
        """How many ops are what."""
        found = Counter(self.state(op) for op in self.by_op())
        return {state: found[state] for state in STATES}

    def as_dict(self) -> dict[str, Any]:
        """The scorecard in types that JSON has; ``docs/conformance.md`` describes them."""
        backend = self.target.backend
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "date": self.date.isoformat(timespec="seconds"),
            "platform": f"{platform.platform()}, Python {platform.python_version()}",
            "versions": {name: version(name) for name in DISTRIBUTIONS},
            "backend": {
                "name": self.target.name,
                "contract": list(backend.contract),
                "dtypes": [d.name for d in self.target.dtypes],
                "undeclared": [d.name for d in dtypes.ALL if d not in self.target.dtypes],
                "features": sorted(backend.capabilities.features),
            },
            "device": str(self.target.device),
            "seed": self.target.seed,
            "fallback": self.target.fallback,
            "levels": self.levels,
            "complete": not self.left_out,
            "left_out": self.left_out,
            "not_run": self.not_run,
            "tests": self.counts(),
            "ops": {"total": len(self.by_op()), **self.states()},
            "seconds": _seconds(self.results),
            "by_check": {name: self.counts(found) for name, found in self.by_check().items()},
            "by_op": {
                name: {
                    "kind": "primitive" if OPS[name].primitive else "composite",
                    "state": self.state(name),
                    "runs": self.runs(name),
                    **self._numbers(found),
                }
                for name, found in self.by_op().items()
            },
            "by_module": {
                name: {"state": _worst(found) or "passed", **self._numbers(found)}
                for name, found in self.by_module().items()
            },
            "failures": [{**_about(r), "message": r.message} for r in self.failed],
            "waivers": [self._waiver(w) for w in self.waivers],
            "skips": self._skips(),
            "ran": self._ran(),
        }
        if self.speed is not None:
            found["speed"] = self.speed
        return found

    @property
    def levels(self) -> list[int]:
        """Those of which something was run."""
        return sorted({r.level for r in self.results} | ({5} if self.speed is not None else set()))

    def _numbers(self, results: Sequence[Result]) -> dict[str, Any]:
        by_dtype: dict[str, list[Result]] = {}
        for r in results:
            if r.dtype is not None:
                by_dtype.setdefault(r.dtype, []).append(r)
        names = [d.name for d in dtypes.ALL if d.name in by_dtype]
        return {
            **self.counts(results),
            "failed_checks": _failing(results),
            "dtypes": {name: self.counts(by_dtype[name]) for name in names},
            "seconds": _seconds(results),
        }

    def _waiver(self, waiver: Waiver) -> dict[str, Any]:
        found = [r for r in self.results if r.outcome == "waived" and waiver.matches(r.id)]
        tests = sorted((_about(r) for r in found), key=lambda r: r["id"])
        # What the tests have in common; None where they differ.
        common = {
            key: values.pop() if len(values := {t[key] for t in tests}) == 1 else None
            for key in ("op", "check", "dtype", "level")
        }
        text = {"id": waiver.pattern, "reason": waiver.reason, "link": waiver.link}
        return {**text, **common, "tests": tests}

    def _skips(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for r in self.results:
            if r.outcome == "skipped":
                found.setdefault(r.message, []).append(r.id)
        return {reason: sorted(found[reason]) for reason in sorted(found)}

    def _ran(self) -> dict[str, str]:
        """The tests, shortened: op, sample and dtype of each, by check."""
        before = len(self.target.name) + 1
        return {
            check: " ".join(sorted(r.id[before : -len(check) - 1] for r in found))
            for check, found in self.by_check().items()
        }

    def markdown(self) -> str:
        """The same as tables."""
        lines = [f"# Conformance of `{self.target.name}`", "", self.summary(), ""]
        lines += _markdown_table(("op", *_OP_COLUMNS), self._op_rows())
        if self.by_module():
            lines += ["", *_markdown_table(("module", *_OP_COLUMNS), self._module_rows())]
        lines += ["", *_markdown_table(("check", *OUTCOMES), self._check_rows())]
        if self.failed:
            lines += ["", "## Failures"]
            for result in self.failed:
                lines += ["", "```", result.message, "```"]
        return "\n".join(lines) + "\n"

    def table(self, width: int = 100) -> str:
        """The same for a terminal."""
        file = StringIO()
        console = Console(file=file, width=width, highlight=False)
        ops = _terminal_table(("op", *_OP_COLUMNS), self._op_rows())
        checks = _terminal_table(("check", *OUTCOMES), self._check_rows())
        parts: list[Any] = [ops] if self.by_op() else []
        if self.by_module():
            parts.append(_terminal_table(("module", *_OP_COLUMNS), self._module_rows()))
        title = f"Conformance of {self.target.name}"
        tables = (*parts, checks) if self.results else ()
        for part in (title, *tables, self.summary()):
            console.print(part, markup=False)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines())

    def summary(self) -> str:
        """One line."""
        states = ", ".join(f"{n} {state}" for state, n in self.states().items())
        tests = ", ".join(f"{n} {outcome}" for outcome, n in self.counts().items())
        text = f"{len(self.by_op())} ops: {states}. {len(self.results)} tests: {tests}."
        if self.not_run:
            text += f" {self.not_run} tests were not run: {self.left_out}."
        return text

    def _op_rows(self) -> list[tuple[str, ...]]:
        return [(name, self.state(name), *self._cells(r)) for name, r in self.by_op().items()]

    def _module_rows(self) -> list[tuple[str, ...]]:
        found = self.by_module().items()
        return [(name, _worst(r) or "passed", *self._cells(r)) for name, r in found]

    def _cells(self, results: Sequence[Result]) -> tuple[str, ...]:
        counts = self.counts(results)
        return *(str(counts[outcome]) for outcome in OUTCOMES), ", ".join(_failing(results))

    def _check_rows(self) -> list[tuple[str, ...]]:
        return [
            (name, *(str(n) for n in self.counts(found).values()))
            for name, found in self.by_check().items()
        ]


_OP_COLUMNS = ("state", *OUTCOMES, "failed checks")


def _worst(results: Iterable[Result]) -> State | None:
    outcomes = {r.outcome for r in results}
    if "failed" in outcomes:
        return "failed"
    return "waived" if "waived" in outcomes else None


def _about(r: Result) -> dict[str, Any]:
    return {"id": r.id, "op": r.op, "check": r.check, "dtype": r.dtype, "level": r.level}


def _seconds(results: Iterable[Result]) -> float:
    return round(sum(r.seconds for r in results), 3)


def _failing(results: Iterable[Result]) -> list[str]:
    return sorted({r.check for r in results if r.outcome == "failed"})


def _terminal_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in head:
        table.add_column(
            name,
            justify="right" if name in OUTCOMES else "left",
            no_wrap=name != _OP_COLUMNS[-1],
        )
    for row in rows:
        table.add_row(*row)
    return table


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = [":--" if name not in OUTCOMES else "--:" for name in head]
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]
