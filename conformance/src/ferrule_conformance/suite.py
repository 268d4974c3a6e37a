"""The suite as a whole: which tests there are for a backend, and what became of them."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import ferrule_conformance.checks  # noqa: F401  declares them
from ferrule import runtime
from ferrule.op import OPS, forget_plans
from ferrule_conformance.case import Case, Target
from ferrule_conformance.check import CHECKS, Check
from ferrule_conformance.failure import Failure, NotApplicable
from ferrule_conformance.studies import STUDIES, dtypes_of
from ferrule_conformance.sweep import sweep
from ferrule_conformance.waivers import Waiver, waiver_of
from ferrule_plugins import Backend, DType, dtypes

LEVELS = (0, 1, 2, 3, 4)

Outcome = Literal["passed", "failed", "waived", "skipped"]


@dataclass(frozen=True)
class Trial:
    """One test: a check of a case."""

    check: Check
    case: Case

    @property
    def id(self) -> str:
        """``cpu-softmax-0-float32-gradient``, ``cpu-nn.Linear-0-float32-module_forward``"""
        case = self.case
        subject = case.name or ("contract" if case.dtype is None else "storage")
        parts = [case.target.name, subject]
        parts += [str(case.index)] if case.index is not None else []
        parts += [case.dtype.name] if case.dtype is not None else []
        return "-".join([*parts, self.check.name])

    @property
    def level(self) -> int:
        return self.check.level(self.case)


@dataclass(frozen=True)
class Result:
    """What became of one test.

    Attributes:
        id: the test's.
        op: the name of the op, or of the module, optimizer or training (``nn.Linear``); None for a
            test of the contract or of storage.
        check: the check's name.
        level: of the test.
        dtype: its dtype's name, if it has one.
        outcome: ``"waived"``: it failed, as a waiver says that it does.
        message: why it failed, was waived or skipped.
        seconds: that it took.
    """

    id: str
    op: str | None
    check: str
    level: int
    dtype: str | None
    outcome: Outcome
    message: str
    seconds: float


@dataclass(frozen=True)
class Selection:
    """Which tests to run. None takes all."""

    levels: Collection[int] = LEVELS
    ops: Collection[str] | None = None
    dtypes: Collection[str] | None = None
    checks: Collection[str] | None = None
    only: Collection[str] | None = None

    def __contains__(self, trial: Trial) -> bool:
        case = trial.case
        return (
            trial.level in self.levels
            and (self.ops is None or case.name in self.ops)
            and (self.dtypes is None or case.dtype is None or case.dtype.name in self.dtypes)
            and (self.checks is None or trial.check.name in self.checks)
            and (self.only is None or trial.id in self.only)
        )

    def refuse_unknown(self, trials: Sequence[Trial]) -> None:
        """Raise `LookupError` for a name that no test has."""
        known = {
            "level": (self.levels, {str(t.level) for t in trials}),
            "op": (self.ops, {t.case.name for t in trials if t.case.name is not None}),
            "dtype": (self.dtypes, {d.name for d in dtypes.ALL}),
            "check": (self.checks, set(CHECKS)),
            "test": (self.only, {t.id for t in trials}),
        }
        for kind, (wanted, there) in known.items():
            missing = sorted({str(w) for w in wanted or ()} - there)
            if missing:
                raise LookupError(f"there is no {kind} {missing[0]!r} in this suite")


def trials(
    target: Target, ops: Collection[str] | None = None, levels: Collection[int] = LEVELS
) -> Iterator[Trial]:
    """Every test of a backend, or those of some ops or levels alone, in a fixed order."""
    by_each: dict[str, list[Check]] = {}
    for check in CHECKS.values():
        by_each.setdefault(check.each, []).append(check)

    def of(each: str, cases: Iterable[Case]) -> Iterator[Trial]:
        for case in cases:
            for check in by_each.get(each, ()):
                if check.level(case) in levels and _applies(check, case):
                    yield Trial(check, case)

    undeclared: list[DType] = [d for d in dtypes.ALL if d not in target.dtypes]
    yield from of("backend", [Case(target)])
    yield from of("undeclared dtype", [Case(target, dtype=d) for d in undeclared])
    yield from of("dtype", [Case(target, dtype=d) for d in target.dtypes])
    for op in OPS.values():
        if ops is not None and op.name not in ops:
            continue
        yield from of("op", [Case(target, op)])
        for index in range(len(op.samples)):
            yield from of("call", [Case(target, op, index, d) for d in sweep(target, op, index)])
    for each, name, studies in STUDIES:
        if ops is not None and name not in ops:
            continue
        for index, study in enumerate(studies):
            cases = [
                Case(target, index=index, dtype=d, study=study)
                for d in dtypes_of(target, each, index)
            ]
            yield from of(each, cases)


def _applies(check: Check, case: Case) -> bool:
    """A declaration that is so wrong that nobody can tell has a test, which fails."""
    try:
        return check.when(case)
    except Exception:
        return True


@contextmanager
def engaged(backend: Backend, fallback: runtime.Fallback) -> Iterator[None]:
    """Within the block, this is what happens where the backend has no kernel."""
    active = runtime.active(backend.name)
    before, active.fallback = active.fallback, fallback
    forget_plans()
    try:
        yield
    finally:
        active.fallback = before
        forget_plans()


def judge(trial: Trial, waiver: Waiver | None = None) -> Result:
    """Run a test, and hold the outcome against its waiver."""
    start = perf_counter()
    outcome: Outcome = "passed"
    message = ""
    try:
        trial.check.run(trial.case)
    except NotApplicable as reason:
        outcome, message = "skipped", str(reason)
    except Exception as error:
        outcome, message = "failed", describe(trial, error)
    if waiver is not None and outcome == "failed":
        outcome, message = "waived", f"{waiver.reason} ({waiver.link})"
    elif waiver is not None:
        outcome = "failed"
        message = (
            f"{trial.id}: an unexpected pass. It is waived by {waiver.pattern!r} because "
            f"{waiver.reason!r}, and it passes: remove the waiver"
        )
    return Result(
        trial.id,
        trial.case.name,
        trial.check.name,
        trial.level,
        trial.case.dtype and trial.case.dtype.name,
        outcome,
        message,
        perf_counter() - start,
    )


def describe(trial: Trial, error: Exception) -> str:
    """All that one needs to mend what failed."""
    case, target = trial.case, trial.case.target
    subject = case.name or (case.dtype.name if case.dtype else "the contract")
    if case.study is not None:
        subject = str(case.study)
    elif case.index is not None:
        with suppress(Exception):  # which is then what failed
            subject = str(case.call())
    if isinstance(error, Failure):
        reason = str(error)
    else:
        reason = "it raised\n" + "".join(traceback.format_exception(error)).rstrip()
    return "\n".join(
        [
            f"{trial.id}: {subject}",
            f"claim: {trial.check.claim}",
            f"found: {reason}",
            f"seed: {target.seed}",
            f"reproduce: {reproduction(trial)}",
        ]
    )


def reproduction(trial: Trial) -> str:
    """The command that runs this test alone."""
    target = trial.case.target
    if target.locator is None:
        return f"ferrule_conformance.suite.run(backend, only=[{trial.id!r}], seed={target.seed})"
    further = f" --ferrule-device={target.device.index}" if target.device.index else ""
    further += f" --ferrule-fallback={target.fallback}" if target.fallback != "allow" else ""
    return (
        f"python -m pytest --pyargs ferrule_conformance --ferrule-backend={target.locator} "
        f"--ferrule-seed={target.seed}{further} --ferrule-only={trial.id}"
    )


def run(
    backend: Backend | str,
    *,
    levels: Collection[int] = LEVELS,
    ops: Collection[str] | None = None,
    dtypes: Collection[str] | None = None,
    checks: Collection[str] | None = None,
    only: Collection[str] | None = None,
    seed: int = 0,
    waivers: Sequence[Waiver] = (),
    fallback: runtime.Fallback = "allow",
) -> list[Result]:
    """Test a backend in this process.

    Args:
        backend: its name, ``module:attribute``, or the object itself.
        levels, ops, dtypes, checks, only: which tests to run; by default all.
        seed: what inputs are drawn from.
        waivers: tests that are known to fail.
        fallback: ``"allow"``: primitives without a kernel run on the host; ``"error"``: they fail.
    """
    if isinstance(backend, str):
        target = Target(runtime.locate(backend), seed, backend)
    else:
        runtime.install(backend)
        target = Target(backend, seed)
    selection = Selection(levels, ops, dtypes, checks, only)
    with engaged(target.backend, fallback):
        return [
            judge(trial, waiver_of(trial.id, waivers))
            for trial in trials(target, ops, levels)
            if trial in selection
        ]


def assert_conforms(backend: Backend | str, **selection: Any) -> None:
    """Test a backend with `run`, whose arguments these are: for a test of the backend's own.

    Raises:
        AssertionError: tests failed. Says how many, and all about the first ones.
    """
    failed = [result for result in run(backend, **selection) if result.outcome == "failed"]
    if failed:
        first = "\n\n".join(result.message for result in failed[:_SHOWN])
        raise AssertionError(f"{len(failed)} conformance tests failed, the first ones:\n\n{first}")


_SHOWN = 5
