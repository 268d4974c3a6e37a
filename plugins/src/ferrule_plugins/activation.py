"""From an installed candidate to its backend object. The only place that runs backends' code.

Whatever that code raises, ``sys.exit`` included, becomes one `BackendBroken` that names its
distribution, so that a broken package harms nobody who did not ask for it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import Any, TypeVar

from ferrule_plugins.backend import CONTRACT, Backend, Capabilities, DeviceInfo, Report
from ferrule_plugins.errors import BackendBroken, BackendError, BackendIncompatible
from ferrule_plugins.listing import Candidate

_MEMBERS = tuple(member for member in vars(Backend) if not member.startswith("_"))
_METHODS = tuple(member for member in _MEMBERS if callable(vars(Backend)[member]))

# Reentrant, because a backend may load another one while it is imported.
lock = threading.RLock()
_activated: dict[tuple[str, str], Backend] = {}

_E = TypeVar("_E", bound=BackendError)


def activate(candidate: Candidate) -> Backend:
    """Import the candidate's backend and hold it against the contract. Done once per process.

    Raises:
        BackendIncompatible: it was written to another contract. Where its metadata says so, its
            code is not imported.
        BackendBroken: importing it failed, or what it gave is not a backend.
    """
    key = candidate.name, candidate.distribution
    with lock:
        if key not in _activated:
            gap = candidate.contract_gap()
            if gap is not None:
                raise blame(BackendIncompatible, candidate, gap[0], remedy=gap[1])
            backend = _import(candidate)
            _check_members(candidate, backend)
            _check_contract(candidate, backend)
            _activated[key] = backend
        return _activated[key]


def probe(candidate: Candidate, backend: Backend) -> Report:
    """Ask a backend whether it can run here.

    Raises:
        BackendBroken: it raised instead of answering, or its answer is not a `Report`.
    """
    try:
        report = backend.probe()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise blame(
            BackendBroken,
            candidate,
            f"its probe raised {_quote(error)}; a probe must never raise",
        ) from error
    if not isinstance(report, Report):
        reason = f"its probe returned {_describe(report)}, not a ferrule_plugins.Report"
        raise blame(BackendBroken, candidate, reason)
    devices = report.devices
    if not (isinstance(devices, tuple) and all(isinstance(d, DeviceInfo) for d in devices)):
        reason = "the devices in its probe's report are not a tuple of ferrule_plugins.DeviceInfo"
        raise blame(BackendBroken, candidate, reason)
    if not isinstance(report.details, Mapping):
        reason = f"the details in its probe's report are {_describe(report.details)}, not a mapping"
        raise blame(BackendBroken, candidate, reason)
    return report


def blame(kind: type[_E], candidate: Candidate, reason: str, *, remedy: str = "") -> _E:
    """An error of that kind with the candidate's distribution and version."""
    return kind(
        candidate.name,
        reason,
        remedy=remedy or f"pip install --upgrade {candidate.distribution}, or tell its authors",
        distribution=candidate.distribution,
        version=candidate.version,
    )


def _import(candidate: Candidate) -> Any:
    with _blaming(candidate, f"importing {candidate.target!r}"):
        found = EntryPoint(candidate.name, candidate.target, "").load()
    with _blaming(candidate, f"calling {candidate.target!r}"):
        if isinstance(found, type) or (callable(found) and _missing(found)):
            found = found()
    return found


def _check_members(candidate: Candidate, found: Any) -> None:
    with _blaming(candidate, "looking at its members"):
        missing = _missing(found)
        faults = [] if missing else list(_faults(candidate, found))
    if missing:
        faults = [f"it lacks {', '.join(missing)}"]
    if faults:
        raise blame(
            BackendBroken,
            candidate,
            f"{candidate.target!r} gives {_describe(found)}, which is not a "
            f"ferrule_plugins.Backend: {'; '.join(faults)}",
        )


def _check_contract(candidate: Candidate, backend: Backend) -> None:
    major, minor = backend.contract
    if major == CONTRACT[0] and minor <= CONTRACT[1]:
        return
    newer = (major, minor) > CONTRACT
    raise blame(
        BackendIncompatible,
        candidate,
        f"it is written to contract {major}.{minor}, and the installed ferrule-plugins serves "
        f"contract {CONTRACT[0]}.{CONTRACT[1]}",
        remedy=f"pip install --upgrade {'ferrule-plugins' if newer else candidate.distribution}",
    )


def _missing(found: Any) -> list[str]:
    return [member for member in _MEMBERS if not hasattr(found, member)]


def _faults(candidate: Candidate, found: Any) -> Iterator[str]:
    for method in _METHODS:
        if not callable(getattr(found, method)):
            yield f"its {method} cannot be called"
    if found.name != candidate.name:
        yield f"its name is {found.name!r}, its entry point's is {candidate.name!r}"
    match found.contract:
        case (int(), int()):
            pass
        case other:
            yield f"its contract is {other!r}, not a pair (major, minor)"
    if not isinstance(found.kernels, Mapping):
        yield f"its kernels are {_describe(found.kernels)}, not a mapping"
    if not isinstance(found.capabilities, Capabilities):
        kind = _describe(found.capabilities)
        yield f"its capabilities are {kind}, not ferrule_plugins.Capabilities"


@contextmanager
def _blaming(candidate: Candidate, doing: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # A module that cannot be found is most often a dependency that a reinstallation brings.
        reinstall = isinstance(error, ImportError)
        raise blame(
            BackendBroken,
            candidate,
            f"{doing} raised {_quote(error)}",
            remedy=f"pip install --force-reinstall {candidate.distribution}" if reinstall else "",
        ) from error


def _quote(error: BaseException) -> str:
    """Type and message on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _describe(value: Any) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__!r}"
