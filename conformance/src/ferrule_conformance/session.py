"""One run of the suite, as pytest and the command line ask for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from ferrule import certification, runtime
from ferrule.atomic import OutputError, check_writable, replacing
from ferrule.op import OPS
from ferrule_conformance import certificate, changes, junit, order, waivers, workers
from ferrule_conformance.bench import Bench
from ferrule_conformance.history import CONTRACT, History
from ferrule_conformance.request import SPEED, Request, levels_in, names_in
from ferrule_conformance.scorecard import Scorecard
from ferrule_conformance.studies import STUDIES
from ferrule_conformance.suite import LEVELS, Result, Selection, Trial
from ferrule_conformance.waivers import WaiverError
from ferrule_plugins import FerruleError, activation, discovery


class SessionError(ValueError):
    """The run cannot begin, or cannot give what was asked for. The text says why and what mends
    it."""


class Session:
    """The tests of a request, and what becomes of them.

    Args:
        request: what the user asks for.
        worker: this process runs tests for another one, which reads and writes files.

    Attributes:
        trials: the tests to run.
        scorecard: the outcomes so far.
        notes: what the user should know besides.

    Raises:
        SessionError: the backend cannot be used, or something is asked for that does not exist.
    """

    def __init__(self, request: Request, *, worker: bool = False) -> None:
        self.request = request
        self.notes: list[str] = []
        try:
            levels = levels_in(request.levels)
            self.wants_speed = SPEED in levels
            self.bench = Bench(**self._settings)
        except (FerruleError, WaiverError, LookupError) as error:
            raise SessionError(str(error)) from error
        self.target = self.bench.target
        try:
            self._check_files()
            self._code = self._certified_code()
            self._select(levels)
            self.scorecard = Scorecard(self.target, self.bench.waivers)
            self._digests: changes.Code | None = None
            self.history = History(self.target.device)
            if not worker or request.changed:
                self._recall()
        except (FerruleError, WaiverError, LookupError, OSError) as error:
            self.close()
            raise SessionError(str(error)) from error
        except BaseException:
            self.close()
            raise

    @property
    def _settings(self) -> dict[str, Any]:
        """How other processes make a bench like this session's."""
        request = self.request
        return {
            "locator": request.backend,
            "device": request.device,
            "seed": request.seed,
            "waivers_file": request.waivers,
            "fallback": request.fallback,
        }

    @cached_property
    def _installed(self) -> bool:
        """A distribution supplies the backend that is tested."""
        try:
            candidate = discovery.candidate(self.target.name)
            return activation.activate(candidate) is self.target.backend
        except (FerruleError, ValueError):
            return False

    def _check_files(self) -> None:
        files = list(self.request.files.values())
        for kind, file in self.request.files.items():
            try:
                check_writable(file)
            except OutputError as error:
                raise LookupError(f"--{kind}: the scorecard cannot be written: {error}") from None
            if files.count(file) > 1:
                raise LookupError(f"--{kind} {file}: two options name this file; name two files")

    def _certified_code(self) -> dict[str, dict[str, str]] | None:
        """What a certificate of this run would be of; None if none can come of it."""
        reason = ""
        if not self._installed:
            reason = certificate.NO_DISTRIBUTION
        elif self.request.selective:
            reason = f"a certificate is of all tests: leave out {self.request.selective}"
        elif not set(LEVELS) <= levels_in(self.request.levels):
            reason = "a certificate is of all levels: leave out --level"
        if reason and self.request.certificate is not None:
            raise LookupError(f"--certificate: {reason}")
        if reason:
            return None
        packs = runtime.active(self.target.name).packs
        return certification.code_of(self.target.name, packs)

    def _select(self, levels: frozenset[int]) -> None:
        request = self.request
        ops, only = names_in(request.ops), names_in(request.only)
        selection = Selection(levels - {SPEED}, ops, names_in(request.dtypes), only=only)
        # waivers and tests may be named that these levels leave out
        everything = self.bench.waivers or only is not None
        listed = self.bench.trials(
            self._subjects(ops, only), LEVELS if everything else selection.levels
        )
        replace(selection, levels=(), ops=ops if everything else None).refuse_unknown(listed)
        waivers.refuse_unused(self.bench.waivers, [trial.id for trial in listed])
        self.trials = [trial for trial in listed if trial in selection]

    def _subjects(
        self, ops: frozenset[str] | None, only: frozenset[str] | None
    ) -> frozenset[str] | None:
        """What must be listed. Listing everything takes seconds."""
        if self.bench.waivers:
            return None
        names = {*OPS, *(name for _, name, _ in STUDIES)}
        if ops is not None:
            if not ops <= names:
                raise LookupError(f"there is no op {min(ops - names)!r} in this suite")
            return ops
        if only is None:
            return None
        found: set[str] = set()
        for id in only:
            rest = id.removeprefix(f"{self.target.name}-")
            found |= {name for name in names if rest.startswith(f"{name}-")} or {CONTRACT}
        return frozenset(found)

    def _recall(self) -> None:
        """Leave out what need not be run, as earlier runs tell."""
        module = self.request.backend.partition(":")[0] if ":" in self.request.backend else ""
        if self._installed:
            module = discovery.candidate(self.target.name).target.partition(":")[0]
        waived = [str(w) for w in self.bench.waivers]
        settings = [str(self.target.device), str(self.target.seed), self.target.fallback, *waived]
        self._digests = changes.Code(self.target, module, settings)
        if not self.request.changed:
            return
        if not self.history:
            self.notes.append("--changed: no earlier run is known, so all is run")
        needless = self.history.needless(self.trials, self._digests)
        if needless:
            self.notes.append(f"--changed: {len(needless)} tests passed, and nothing changed since")
        self.trials = [trial for trial in self.trials if trial.id not in needless]

    def judge(self, trial: Trial) -> Result:
        """Run one test in this process."""
        return self.bench.judge(trial)

    def add(self, result: Result) -> None:
        """Count an outcome."""
        self.scorecard.add(result)

    def run(
        self,
        *,
        processes: int = 1,
        first_failure: bool = False,
        clock: Callable[[], float] = perf_counter,
    ) -> Iterator[Result]:
        """Run the tests and count them, until they are done, or the budget is spent.

        Args:
            processes: 1: in this one.
            first_failure: stop behind the first test that fails.
            clock: what tells the time.

        Raises:
            WorkerError: other processes cannot begin.
        """
        budget = self.request.budget
        trials, end = self.trials, None
        if budget is not None:
            trials, end = order.telling(trials, self.history.failed), clock() + budget
        done, stopped = 0, ""
        results = (
            self._here(trials)
            if processes == 1
            else workers.run(self.bench, self._settings, trials, processes)
        )
        try:
            while done < len(trials):
                if end is not None and clock() >= end:
                    stopped = f"the budget of {budget:g} s was spent"
                    break
                result = next(results)
                done += 1
                self.add(result)
                yield result
                if first_failure and result.outcome == "failed" and done < len(trials):
                    stopped = "a test failed, and --first-failure stopped the run there"
                    break
        finally:
            results.close()
        self.finish(stopped)

    def _here(self, trials: Iterable[Trial]) -> Generator[Result]:
        for trial in trials:
            yield self.judge(trial)

    def finish(self, stopped: str = "") -> None:
        """The run is over.

        Args:
            stopped: why it ended before all tests were run; empty if it did not.
        """
        card = self.scorecard
        place = {trial.id: i for i, trial in enumerate(self.trials)}
        card.results.sort(key=lambda r: place.get(r.id, len(place)))
        card.not_run = len(self.trials) - len({r.id for r in card.results} & place.keys())
        selective = self.request.selective
        if not selective and not set(LEVELS) <= levels_in(self.request.levels):
            selective = "--level"
        if stopped or card.not_run:
            card.left_out = stopped or "the run was interrupted"
        elif selective:
            card.left_out = f"{selective} chose among the tests"
        else:
            card.left_out = ""

    def measure(self, seconds: float | None, progress: Callable[[str, int, int], None]) -> None:
        """Level 5: see how fast the ops are, within that time."""
        from ferrule_conformance import speed

        ops = names_in(self.request.ops)
        known = None if ops is None else sorted(ops & OPS.keys())
        limit = {} if seconds is None else {"seconds": seconds}
        measure: Callable[..., dict[str, Any]] = speed.measure
        self.scorecard.speed = measure(self.target, known, progress=progress, **limit)

    def write(self) -> None:
        """Write the files that were asked for, and remember the outcome for `--changed` and
        ``ferrule backends``.

        Raises:
            OSError: a file cannot be written.
            SessionError: a certificate was asked for, and the run does not earn one.
        """
        document = self.scorecard.as_dict()
        request = self.request
        if request.json is not None:
            _write(request.json, json.dumps(document, indent=1) + "\n")
        if request.markdown is not None:
            _write(request.markdown, self.scorecard.markdown())
        if request.html is not None:
            from ferrule_conformance.page import render

            page = {k: v for k, v in document.items() if k not in ("ran", "skips")}
            _write(request.html, render(page))
        if request.junit is not None:
            _write(request.junit, junit.render(document, self.scorecard.results))
        self._remember()
        self._certify(document)

    def _remember(self) -> None:
        if self._digests is None:
            return
        self.history.learn(self.scorecard.results, self.bench.used, self._digests)
        try:
            self.history.write()
        except OSError as error:
            self.notes.append(f"the outcome cannot be kept for --changed: {error}")

    def _certify(self, document: dict[str, Any]) -> None:
        if not self._installed:
            return
        device = self.target.device
        try:
            if document["tests"]["failed"] and certification.revoke(device):
                self.notes.append(f"the certificate of {device} is withdrawn: tests failed")
            if self._code is None:
                return
            report = self.target.backend.probe()
            made = certificate.make(document, self.target, self._code, report)
        except certificate.CertificateRefused as error:
            if self.request.certificate is not None:
                raise SessionError(f"no certificate is written: {error}") from None
            return
        except OSError as error:
            self.notes.append(f"the certificate of {device} cannot be withdrawn: {error}")
            return
        if self.request.certificate is not None:
            _write(self.request.certificate, json.dumps(made, indent=1) + "\n")
        try:
            certification.keep(made, device)
        except OSError as error:
            self.notes.append(f"the certificate cannot be kept for `ferrule backends`: {error}")
        else:
            self.notes.append(f"{device} is certified; `ferrule backends` shows it")

    def close(self) -> None:
        """Leave the backend as it was."""
        self.bench.close()


def _write(file: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    with replacing(file) as temporary:
        Path(temporary).write_bytes(data)
