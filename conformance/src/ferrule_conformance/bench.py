"""A backend that is ready to be tested in this process, one test at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import ExitStack

from ferrule import runtime
from ferrule.op import Op, forget_plans
from ferrule_conformance import suite, waivers
from ferrule_conformance.case import Target
from ferrule_conformance.history import CONTRACT, subject
from ferrule_conformance.suite import Result, Trial
from ferrule_conformance.waivers import Waiver
from ferrule_plugins import Backend, BackendUnavailable, Device, Kernel, selection


class Bench:
    """Holds a backend, and notes which ops core looks up while it is tested.

    Args:
        locator: its name, or ``module:attribute``.
        device: which of its devices: a number, or ``name:number``; by default the first.
        seed: what inputs are drawn from.
        waivers: a TOML file of known failures.
        fallback: what becomes of primitives without a kernel.

    Attributes:
        target: the backend.
        waivers: the known failures.
        used: subject of tests to the ops that were looked up for them.

    Raises:
        FerruleError: the backend cannot be used.
        LookupError: it has no such device.
        WaiverError: the waivers cannot be followed.
    """

    def __init__(
        self,
        locator: str,
        device: str | None = None,
        seed: int = 0,
        waivers_file: str | None = None,
        fallback: runtime.Fallback = "allow",
    ) -> None:
        self._stack = ExitStack()
        try:
            backend = runtime.locate(locator)
            where = _device(backend, device)
            self._stack.enter_context(suite.engaged(backend, fallback))
            self.target = Target(backend, seed, locator, where)
            self.waivers: list[Waiver] = [] if waivers_file is None else waivers.read(waivers_file)
            self.used: dict[str, set[str]] = {}
            self._noted: set[str] = set()
            self._subject: str | None = None
            self._watch()
        except BaseException:
            self._stack.close()
            raise
        self._listed: dict[str, dict[str, Trial]] = {}

    def trials(
        self, subjects: Collection[str] | None = None, levels: Collection[int] = suite.LEVELS
    ) -> list[Trial]:
        """All tests, or those of some subjects or levels."""
        if subjects is None:
            return list(suite.trials(self.target, levels=levels))
        found = suite.trials(self.target, [s for s in subjects if s != CONTRACT], levels)
        return [trial for trial in found if subject(trial) in subjects]

    def find(self, name: str, ids: Iterable[str]) -> list[Trial]:
        """Tests of one subject, by id."""
        if name not in self._listed:
            self._listed[name] = {trial.id: trial for trial in self.trials([name])}
        return [self._listed[name][id] for id in ids]

    def judge(self, trial: Trial) -> Result:
        """Run one test."""
        name = subject(trial)
        if name != self._subject:
            # Core looks ops up once for each kind of call, and then remembers.
            forget_plans()
            self._subject = name
            self._noted = self.used.setdefault(name, set())
            if trial.case.op is not None:
                self._noted.add(trial.case.op.name)
        return suite.judge(trial, waivers.waiver_of(trial.id, self.waivers))

    def note(self, name: str, ops: Iterable[str]) -> None:
        """Take in what another process looked up for a subject's tests."""
        self.used.setdefault(name, set()).update(ops)

    def close(self) -> None:
        """Leave the backend as it was."""
        self._stack.close()

    def _watch(self) -> None:
        active = runtime.active(self.target.name)
        look_up = active.kernel

        def kernel(op: Op, device: Device) -> Kernel | None:
            self._noted.add(op.name)
            return look_up(op, device)

        vars(active)["kernel"] = kernel
        self._stack.callback(vars(active).pop, "kernel", None)


def _device(backend: Backend, asked: str | None) -> Device:
    if asked is None:
        return Device(backend.name)
    name = f"{backend.name}:{asked}" if asked.isdecimal() else asked
    try:
        device = Device(name)
    except ValueError as error:
        raise LookupError(f"--device: {error}") from None
    if device.backend != backend.name:
        raise LookupError(
            f"--device {asked} is of another backend than {backend.name!r}, which is tested; write "
            f"the number of a device: --device {device.index}"
        )
    try:
        return selection.resolve(device)
    except BackendUnavailable as error:
        raise LookupError(f"--device {asked}: {error.reason}; {error.remedy}") from None
