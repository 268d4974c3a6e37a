"""Certificates of backends: where they are kept, and whether they still hold.

``ferrule conformance NAME`` writes one after a complete run without failures. It says which code
was tested, and holds as long as that code is what is installed. One lies in the user's
`state_folder`, or comes with the backend: its distribution may ship the file `RESOURCE` in its
import package.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any, Literal

from ferrule.atomic import replacing
from ferrule_plugins import (
    BackendError,
    Candidate,
    Device,
    InvalidSetting,
    discovery,
    plugin_manager,
)

FORMAT = "ferrule-certificate"
SCHEMA = 1

RESOURCE = "ferrule-certificate.json"
"""The file in a backend's import package that is the certificate it is published with."""

STATE = "FERRULE_STATE"
"""The environment variable that names another `state_folder`."""

State = Literal["certified", "stale", "uncertified"]


@dataclass(frozen=True)
class Certification:
    """What is known about one backend.

    Attributes:
        state: ``"stale"``: there is a certificate, and it is for other code than is installed.
        reason: why it is not certified; empty if it is.
        certificate: the certificate, if there is one.
        source: the file that holds it.
    """

    state: State
    reason: str = ""
    certificate: Mapping[str, Any] | None = None
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same in types that JSON has."""
        return {**vars(self), "certificate": self.certificate and dict(self.certificate)}


def state_folder() -> Path:
    """Where ferrule keeps what it finds out about this machine: ``$FERRULE_STATE``, or ``ferrule``
    in the place that the system has for such things. It need not exist."""
    chosen = os.environ.get(STATE)
    if chosen:
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:  # https://specifications.freedesktop.org/basedir-spec
        base = os.environ.get("XDG_STATE_HOME") or home / ".local" / "state"
    return Path(base) / "ferrule"


def code_of(backend: str, packs: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
    """The code that runs when the backend's kernels do: distribution to ``version`` and ``sha256``.

    Args:
        backend: an installed backend's name.
        packs: op to the plugin that supplies its kernel, as in `ferrule.runtime.ActiveBackend`.

    Raises:
        BackendError: no distribution supplies it.
        InvalidSetting: the environment's choice of plugins cannot be understood.
    """
    candidate = discovery.candidate(backend)
    sources: dict[str, Candidate | None] = {candidate.distribution: candidate}
    for plugin in sorted(set((packs or {}).values())):
        source = plugin_manager.source(plugin)
        sources[source.distribution if source else f"plugin {plugin} of one process"] = source
    return {
        name: {"version": c.version, "sha256": fingerprint(c.target)}
        if c
        else {"version": "", "sha256": ""}
        for name, c in sources.items()
    }


def fingerprint(target: str) -> str:
    """A hash of all files of the import package that ``module:attribute`` is in; empty if it cannot
    be found. What Python compiles, and the certificate in it, do not count."""
    found = hashlib.sha256()
    files = package_files(target)
    for name, file in files:
        content = file.read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest() if files else ""


def package_files(target: str) -> list[tuple[str, Path]]:
    """The files of the import package that ``module:attribute`` is in, each with its path there."""
    parts = target.partition(":")[0].split(".")
    for depth in range(1, len(parts) + 1):  # what is above may be a namespace that others share
        name = ".".join(parts[:depth])
        spec = util.find_spec(name)
        if spec is None:
            return []
        if spec.origin is None and depth < len(parts):
            continue
        folders = sorted(map(Path, spec.submodule_search_locations or ()))
        if folders:
            return sorted(
                (file.relative_to(folder).as_posix(), file)
                for folder in folders
                for file in _sources(folder)
            )
        return [(f"{parts[-1]}.py", Path(spec.origin))] if spec.origin else []
    return []


def _sources(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        left_out = "__pycache__" in file.parts or file.suffix == ".pyc" or file.name == RESOURCE
        if file.is_file() and not left_out:
            yield file


def certification(backend: str, packs: Mapping[str, str] | None = None) -> Certification:
    """Whether an installed backend is certified, by the best certificate that there is.

    Args:
        backend: its name.
        packs: as in `code_of`.
    """
    found = [_judged(file, backend, packs) for file in _files(backend)]
    found.sort(key=lambda c: (_ORDER[c.state], (c.certificate or {}).get("date", "")))
    if found:
        return found[-1]
    return Certification("uncertified", f"no complete run is known: ferrule conformance {backend}")


_ORDER = {"uncertified": 0, "stale": 1, "certified": 2}


def path_of(device: Device) -> Path:
    """Where the certificate of a device lies in the `state_folder`."""
    return state_folder() / "certificates" / device.backend / f"{device.index}.json"


def keep(certificate: Mapping[str, Any], device: Device) -> Path:
    """Put a certificate into the `state_folder`.

    Raises:
        OSError: it cannot be written.
    """
    path = path_of(device)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write_text(json.dumps(certificate, indent=1) + "\n", encoding="utf-8")
    return path


def revoke(device: Device) -> bool:
    """Remove the device's certificate from the `state_folder`. True if there was one.

    Raises:
        OSError: it cannot be removed.
    """
    path = path_of(device)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def _files(backend: str) -> Iterator[Path]:
    yield from sorted((state_folder() / "certificates" / backend).glob("*.json"))
    try:
        files = package_files(discovery.candidate(backend).target)
    except (BackendError, InvalidSetting, ImportError, ValueError):
        return
    for folder in {file.parent for name, file in files if "/" not in name}:
        if (folder / RESOURCE).is_file():
            yield folder / RESOURCE


def _judged(file: Path, backend: str, packs: Mapping[str, str] | None) -> Certification:
    def refused(reason: str) -> Certification:
        remedy = f"remove it and run: ferrule conformance {backend}"
        return Certification("uncertified", f"{file}: {reason}; {remedy}", None, str(file))

    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return refused(f"it cannot be read ({error})")
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return refused("it is no certificate")
    if found.get("schema") != SCHEMA:
        return refused(f"it is of schema {found.get('schema')!r}, and this ferrule reads {SCHEMA}")
    fault = _fault(found)
    if fault:
        return refused(fault)
    if found["backend"] != backend:
        return refused(f"it is a certificate of {found['backend']!r}")
    reason = _outdated(found, backend, packs)
    return Certification("stale" if reason else "certified", reason, found, str(file))


_KEYS: dict[str, type] = {
    "backend": str, "device": str, "date": str, "levels": list, "seeds": list, "tests": dict,
    "ops": dict, "versions": dict, "code": dict, "covers": list,
}  # fmt: skip


def _fault(found: Mapping[str, Any]) -> str:
    wrong = [key for key, kind in _KEYS.items() if not isinstance(found.get(key), kind)]
    if not wrong and not all(isinstance(c, dict) for c in found["code"].values()):
        wrong = ["code"]
    return f"it is damaged: {wrong[0]!r} is missing or malformed" if wrong else ""


def _outdated(found: Mapping[str, Any], backend: str, packs: Mapping[str, str] | None) -> str:
    """Why a certificate is for other code than is installed; empty if it is not."""
    from ferrule.op import OPS

    try:
        now = code_of(backend, packs)
    except (BackendError, InvalidSetting, ImportError, ValueError, OSError) as error:
        return f"the code that is installed cannot be read ({error})"
    before = found["code"]
    renew = f"ferrule conformance {backend}"
    for name in sorted({*before, *now}):
        was, is_ = before.get(name), now.get(name)
        if was is None:
            return f"{name} has kernels for it, and was not there; to renew it: {renew}"
        if is_ is None:
            return f"{name} had kernels for it, and has none now; to renew it: {renew}"
        if was.get("version") != is_["version"]:
            versions = f"{was.get('version')}, and {is_['version']} is installed"
            return f"it is for {name} {versions}; to renew it: {renew}"
        if was.get("sha256") != is_["sha256"] or not is_["sha256"]:
            return f"files of {name} have changed since; to renew it: {renew}"
    made, here = found["versions"].get("ferrule"), metadata.version("ferrule")
    if made != here:
        return f"it was made with ferrule {made}, and this is {here}; to renew it: {renew}"
    new = sorted(OPS.keys() - set(found["covers"]))
    if new:
        return f"it does not cover the op {new[0]!r}, which is new; to renew it: {renew}"
    return ""
