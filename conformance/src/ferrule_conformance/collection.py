"""The suite as pytest sees it: one item for each test, and the scorecard at the end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferrule_conformance.history import subject
from ferrule_conformance.session import Session, SessionError
from ferrule_conformance.suite import Result, Trial

KEY = "ferrule_conformance"


class Collection:
    """The hooks of a run that names a backend.

    Args:
        session: the tests, and what becomes of them.
        folder: in its place pytest finds the suite.
    """

    def __init__(self, session: Session, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self.reports = True

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        # With pytest-xdist, workers run the tests and the controller gathers their reports.
        self.reports = not hasattr(session.config, "workerinput")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        if path != self.folder:
            return None
        return Suite.from_parent(parent, path=path, nodeid=KEY, tests=self.session)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            for key, value in report.user_properties:
                if key == KEY and isinstance(value, dict):
                    self.session.add(Result(**value["result"]))
                    self.session.bench.note(value["subject"], value["used"])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.reports or session.config.option.collectonly:
            return
        self.session.finish()
        try:
            self.session.write()
        except SessionError as error:
            self.session.notes.append(str(error))
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.session.scorecard.results:
            width = shutil.get_terminal_size().columns
            terminalreporter.write_line("")
            terminalreporter.write_line(self.session.scorecard.table(width))
        for note in self.session.notes:
            terminalreporter.write_line(note)

    def pytest_unconfigure(self) -> None:
        self.session.close()


class Suite(pytest.Directory):
    """All tests of the backend."""

    def __init__(self, *, tests: Session, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tests = tests

    def collect(self) -> Iterator[Item]:
        for trial in self.tests.trials:
            yield Item.from_parent(self, name=trial.id, trial=trial, tests=self.tests)


class Item(pytest.Item):
    """One test."""

    def __init__(self, *, trial: Trial, tests: Session, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trial = trial
        self.tests = tests

    def runtest(self) -> None:
        result = self.tests.judge(self.trial)
        # Reports travel from workers to the controller, and their properties with them.
        name = subject(self.trial)
        report = {
            "result": vars(result),
            "subject": name,
            "used": sorted(self.tests.bench.used[name]),
        }
        self.user_properties.append((KEY, report))
        match result.outcome:
            case "failed":
                raise Nonconformance(result.message)
            case "skipped":
                pytest.skip(result.message)
            case "waived":
                pytest.xfail(f"waived: {result.message}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Nonconformance):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class Nonconformance(Exception):
    """A test failed. The text is all that its reader needs."""
