"""One run of the suite, as pytest and the command line ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ferrule import runtime
from ferrule_conformance import suite, waivers
from ferrule_conformance.case import Target
from ferrule_conformance.scorecard import Scorecard
from ferrule_conformance.suite import LEVELS, Result, Selection, Trial
from ferrule_conformance.waivers import Waiver, WaiverError
from ferrule_plugins import FerruleError


class SessionError(ValueError):
    """The run cannot begin. The text says why and what mends it."""


@dataclass(frozen=True)
class Request:
    """What the user asks for, as text; None where nothing was said.

    Attributes:
        backend: a backend's name, or ``module:attribute``.
        levels: ``0-2``, ``1,3``.
        ops, dtypes, only: names between commas.
        seed: what inputs are drawn from.
        waivers, json, markdown: files.
        fallback: what becomes of primitives without a kernel.
    """

    backend: str
    levels: str | None = None
    ops: str | None = None
    dtypes: str | None = None
    only: str | None = None
    seed: int = 0
    waivers: str | None = None
    fallback: runtime.Fallback = "allow"
    json: str | None = None
    markdown: str | None = None


class Session:
    """The tests of a request, and what becomes of them.

    Attributes:
        trials: the tests to run.
        scorecard: the outcomes so far.

    Raises:
        SessionError: the backend cannot be used, or something is asked for that does not exist.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._stack = ExitStack()
        try:
            backend = suite.locate(request.backend)
            target = Target(backend, request.seed, request.backend)
            self._stack.enter_context(suite.engaged(backend, request.fallback))
            everything = list(suite.trials(target))
            selection = Selection(
                _levels(request.levels),
                _names(request.ops),
                _names(request.dtypes),
                only=_names(request.only),
            )
            selection.refuse_unknown(everything)
            self._waivers: list[Waiver] = (
                waivers.read(request.waivers) if request.waivers is not None else []
            )
            waivers.refuse_unused(self._waivers, [trial.id for trial in everything])
        except (FerruleError, WaiverError, LookupError) as error:
            self._stack.close()
            raise SessionError(str(error)) from error
        self.trials = [trial for trial in everything if trial in selection]
        self.scorecard = Scorecard(target, self._waivers)

    def judge(self, trial: Trial) -> Result:
        """Run one test."""
        return suite.judge(trial, waivers.waiver_of(trial.id, self._waivers))

    def run(self) -> Iterator[Result]:
        """Run all tests, one after the other, and count them."""
        for trial in self.trials:
            result = self.judge(trial)
            self.scorecard.add(result)
            yield result

    def write(self) -> None:
        """Write the scorecard to the files that were asked for."""
        if self.request.json is not None:
            text = json.dumps(self.scorecard.as_dict(), indent=1) + "\n"
            Path(self.request.json).write_text(text)
        if self.request.markdown is not None:
            Path(self.request.markdown).write_text(self.scorecard.markdown())

    def close(self) -> None:
        """Leave the backend as it was."""
        self._stack.close()


def _names(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(filter(None, map(str.strip, text.split(","))))


def _levels(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(LEVELS)
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise LookupError(f"levels are written 2, 0-2 or 1,3, not {text!r}")
        found |= set(range(int(first), int(last or first) + 1))
    return frozenset(found)
