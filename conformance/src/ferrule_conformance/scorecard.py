"""The outcome of a run: op by op and check by check, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from io import StringIO
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ferrule.op import OPS
from ferrule_conformance.case import CHECKS, Target
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
    """Counts results as they come, in any order."""

    def __init__(self, target: Target, waivers: Sequence[Waiver] = ()) -> None:
        self.target = target
        self.waivers = waivers
        self.results: list[Result] = []

    def add(self, result: Result) -> None:
        self.results.append(result)

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
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            if result.op is not None:
                groups.setdefault(result.op, []).append(result)
        return {name: groups[name] for name in OPS if name in groups}

    def by_check(self) -> dict[str, list[Result]]:
        """The results of each check, in the order of levels."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.check, []).append(result)
        return {name: groups[name] for name in CHECKS if name in groups}

    def state(self, op: str) -> State:
        """What an op is on the backend, by its results."""
        outcomes = {r.outcome for r in self.by_op().get(op, ())}
        if "failed" in outcomes:
            return "failed"
        if "waived" in outcomes:
            return "waived"
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
        return {
            "schema": SCHEMA,
            "versions": {name: version(name) for name in DISTRIBUTIONS},
            "backend": {
                "name": self.target.name,
                "contract": list(backend.contract),
                "dtypes": [d.name for d in self.target.dtypes],
                "undeclared": [d.name for d in dtypes.ALL if d not in self.target.dtypes],
                "features": sorted(backend.capabilities.features),
            },
            "seed": self.target.seed,
            "tests": self.counts(),
            "ops": {"total": len(self.by_op()), **self.states()},
            "seconds": round(sum(r.seconds for r in self.results), 3),
            "by_check": {name: self.counts(found) for name, found in self.by_check().items()},
            "by_op": {
                name: {
                    "kind": "primitive" if OPS[name].primitive else "composite",
                    "state": self.state(name),
                    **self.counts(found),
                    "failed_checks": _failing(found),
                }
                for name, found in self.by_op().items()
            },
            "failures": [
                {"id": r.id, "op": r.op, "check": r.check, "message": r.message}
                for r in self.failed
            ],
            "waivers": [
                {"id": w.pattern, "reason": w.reason, "link": w.link} for w in self.waivers
            ],
        }

    def markdown(self) -> str:
        """The same as tables."""
        lines = [f"# Conformance of `{self.target.name}`", "", self.summary(), ""]
        lines += _markdown_table(("op", *_OP_COLUMNS), self._op_rows())
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
        ops.title = f"Conformance of {self.target.name}"
        checks = _terminal_table(("check", *OUTCOMES), self._check_rows())
        for part in (ops, checks, self.summary()):
            console.print(part)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines())

    def summary(self) -> str:
        """One line."""
        states = ", ".join(f"{n} {state}" for state, n in self.states().items())
        tests = ", ".join(f"{n} {outcome}" for outcome, n in self.counts().items())
        return f"{len(self.by_op())} ops: {states}. {len(self.results)} tests: {tests}."

    def _op_rows(self) -> list[tuple[str, ...]]:
        rows = []
        for name, found in self.by_op().items():
            counts = self.counts(found)
            numbers = [str(counts[outcome]) for outcome in OUTCOMES]
            rows.append((name, self.state(name), *numbers, ", ".join(_failing(found))))
        return rows

    def _check_rows(self) -> list[tuple[str, ...]]:
        return [
            (name, *(str(n) for n in self.counts(found).values()))
            for name, found in self.by_check().items()
        ]


_OP_COLUMNS = ("state", *OUTCOMES, "failed checks")


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
