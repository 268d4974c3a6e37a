"""From a backend's name to a backend that works, or to the error that says why there is none.

Listing reads metadata. A backend's code is imported when `load` or `status` asks for it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ferrule_plugins import activation, environment, listing
from ferrule_plugins.backend import Backend, DeviceInfo, Report
from ferrule_plugins.environment import InvalidSetting
from ferrule_plugins.errors import (
    BackendBroken,
    BackendError,
    BackendIncompatible,
    BackendNotInstalled,
    BackendUnavailable,
)
from ferrule_plugins.listing import Candidate

GROUP = "ferrule.backends"
"""The entry-point group in which distributions announce backends."""

FIRST_PARTY = ("cpu", "cuda", "opencl")
"""Backends that this project publishes, each as ``ferrule-<name>``."""

State = Literal["ready", "unavailable", "broken", "incompatible", "conflict", "blocked"]

_ready: dict[str, tuple[Backend, Report]] = {}
_adopted: dict[str, Backend] = {}


@dataclass(frozen=True)
class BackendStatus:
    """One row of the doctor's report.

    Attributes:
        name: the backend's name.
        state: ``"ready"``, or what keeps it from being selected: ``"unavailable"`` (its probe said
            no), ``"broken"``, ``"incompatible"`` (written to another contract), ``"conflict"``
            (several distributions claim the name) or ``"blocked"`` (by the environment).
        distribution: the distribution that supplies it; all that claim it in a conflict.
        version: that distribution's version.
        devices: what its probe found, in the order of their indices.
        reason: why it is not ready; empty if it is.
        remedy: what mends that; empty if it is ready.
        details: further rows of its probe's report.
    """

    name: str
    state: State
    distribution: str
    version: str
    devices: tuple[DeviceInfo, ...] = ()
    reason: str = ""
    remedy: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same in types that JSON has."""
        return {
            **vars(self),
            "devices": [asdict(device) for device in self.devices],
            "details": {str(title): str(text) for title, text in self.details.items()},
        }


def candidates() -> dict[str, tuple[Candidate, ...]]:
    """The installed backends by name, each with the distributions that claim it.

    Read from metadata: nothing is imported, and the environment's allow-list is not applied.
    """
    claims: dict[str, tuple[Candidate, ...]] = {}
    for candidate in listing.installed(GROUP).candidates:
        claims[candidate.name] = (*claims.get(candidate.name, ()), candidate)
    return claims


def candidate(name: str) -> Candidate:
    """The distribution's claim that `load` would follow. Nothing is imported.

    Raises:
        BackendNotInstalled: nothing that is installed and allowed supplies it.
        BackendBroken: two distributions claim the name.
        InvalidSetting: ``FERRULE_PLUGINS`` or ``FERRULE_PLUGIN_AUTOLOAD`` cannot be understood.
    """
    return _choose(name, candidates().get(name, ()))


def load(name: str) -> Backend:
    """The backend called ``name``: imported, held against the contract, and willing to run here.

    Every backend is loaded once per process, whichever thread asks first. Failures are not kept.

    Raises:
        BackendNotInstalled: nothing that is installed and allowed supplies it.
        BackendIncompatible: it was written to another contract.
        BackendBroken: importing it failed, it is no backend, or two distributions claim the name.
        BackendUnavailable: its probe says that it cannot run here.
        InvalidSetting: ``FERRULE_PLUGINS`` or ``FERRULE_PLUGIN_AUTOLOAD`` cannot be understood.
    """
    found = _ready.get(name)
    if found is None and name in _adopted:
        return _adopted[name]
    return _load(name)[0] if found is None else found[0]


def imported(name: str) -> Backend:
    """The backend called ``name``, imported and held against the contract, whether or not it can
    run here: to ask it for what it declares.

    Raises:
        BackendError: as `load`, but for `BackendUnavailable`.
    """
    with activation.lock:
        if name in _adopted:
            return _adopted[name]
        if name in _ready:
            return _ready[name][0]
        return activation.activate(_choose(name, candidates().get(name, ())))


def devices(name: str) -> tuple[DeviceInfo, ...]:
    """What the backend called ``name`` runs on, as its probe said. Raises as `load` does."""
    return _load(name)[1].devices


def adopt(backend: Backend) -> None:
    """Let a backend object of this process be loaded by its name, before any installed one of that
    name: for tests, and for a backend in the making. Its probe is asked when its devices are."""
    with activation.lock:
        _adopted[backend.name] = backend
        _ready.pop(backend.name, None)


def status() -> list[BackendStatus]:
    """The state of every installed backend, by name. Imports and probes them; never raises."""
    return [_status(name, claims) for name, claims in sorted(candidates().items())]


def _load(name: str) -> tuple[Backend, Report]:
    with activation.lock:
        if name in _adopted:
            return _adopted[name], _adopted[name].probe()
        if name not in _ready:
            candidate = _choose(name, candidates().get(name, ()))
            backend = activation.activate(candidate)
            report = activation.probe(candidate, backend)
            if not report.ok:
                reason = report.reason or "its probe said no and gave no reason"
                raise activation.blame(BackendUnavailable, candidate, reason, remedy=report.remedy)
            _ready[name] = backend, report
        return _ready[name]


def _status(name: str, claims: tuple[Candidate, ...]) -> BackendStatus:
    distribution = ", ".join(claim.distribution for claim in claims)
    version = ", ".join(claim.version for claim in claims)
    try:
        candidate = _choose(name, claims)
        distribution, version = candidate.distribution, candidate.version
        report = activation.probe(candidate, activation.activate(candidate))
    except (BackendError, InvalidSetting) as error:
        return BackendStatus(
            name, _state(error), distribution, version, reason=error.reason, remedy=error.remedy
        )
    return BackendStatus(
        name,
        "ready" if report.ok else "unavailable",
        distribution,
        version,
        devices=report.devices,
        reason=report.reason,
        remedy=report.remedy,
        details=report.details,
    )


def _state(error: BackendError | InvalidSetting) -> State:
    match error:
        case BackendIncompatible():
            return "incompatible"
        case BackendBroken(distribution=None):
            # The one breakage that no single distribution is to blame for.
            return "conflict"
        case BackendBroken():
            return "broken"
        case _:
            return "blocked"


def _choose(name: str, claims: tuple[Candidate, ...]) -> Candidate:
    """The one claim to a name that the environment allows."""
    if not claims:
        raise _not_installed(name)
    allowed = environment.allowed()
    if allowed is not None and name not in allowed:
        raise _blocked(name, claims[0], allowed)
    wanted = allowed[name] if allowed else None
    chosen = tuple(c for c in claims if wanted in (None, c.distribution))
    match chosen:
        case (only,):
            return only
        case ():
            raise BackendNotInstalled(
                name,
                f"{environment.PLUGINS} wants it from {wanted}, "
                f"and it is supplied by {' and '.join(map(str, claims))}",
                remedy=f"pip install {wanted}, or change {environment.PLUGINS}",
            )
        case _:
            raise _conflict(name, chosen, allowed)


def _not_installed(name: str) -> BackendNotInstalled:
    reason = f"no installed distribution announces it in the entry-point group {GROUP!r}"
    unreadable = listing.installed(GROUP).unreadable
    if unreadable:
        reason += f"; metadata that could not be read: {'; '.join(unreadable)}"
    if name in FIRST_PARTY:
        return BackendNotInstalled(name, reason, remedy=f"pip install ferrule-{name}")
    found = sorted(candidates())
    advice = f"choose an installed one ({', '.join(found)})" if found else "pip install ferrule-cpu"
    for close in difflib.get_close_matches(name.lower(), {*found, *FIRST_PARTY}, n=1, cutoff=0.7):
        how = "write that" if close in found else f"pip install ferrule-{close}"
        advice = f"did you mean {close!r}? Then {how}; else {advice}"
    return BackendNotInstalled(name, reason, remedy=advice)


def _blocked(name: str, claim: Candidate, allowed: Mapping[str, str | None]) -> BackendNotInstalled:
    verdict = (
        f"{environment.PLUGINS} does not name it"
        if allowed
        else f"{environment.AUTOLOAD} turns discovery off"
    )
    return activation.blame(
        BackendNotInstalled,
        claim,
        f"{claim} supplies it, but {verdict}",
        remedy=f"set {environment.PLUGINS}={_allow_list(allowed, name, None)}",
    )


def _conflict(
    name: str, claims: tuple[Candidate, ...], allowed: Mapping[str, str | None] | None
) -> BackendBroken:
    # An allow-list shuts out what it does not name, so the one to copy keeps the others.
    others = dict.fromkeys(candidates()) if allowed is None else allowed
    settings = (
        f"{environment.PLUGINS}={_allow_list(others, name, claim.distribution)}" for claim in claims
    )
    return BackendBroken(
        name,
        f"more than one distribution claims its name: {' and '.join(map(str, claims))}",
        remedy=f"uninstall all but one of them, or set {' or '.join(settings)}",
    )


def _allow_list(allowed: Mapping[str, str | None], name: str, distribution: str | None) -> str:
    merged = {**allowed, name: distribution}
    return ",".join(f"{key}@{source}" if source else key for key, source in merged.items())
