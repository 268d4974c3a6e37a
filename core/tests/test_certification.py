"""Where certificates are, and when they no longer hold."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ferrule import certification
from ferrule.op import OPS
from ferrule_plugins import BackendNotInstalled, Device, hookimpl, plugin_manager

Certificate = dict[str, Any]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("FERRULE_STATE", str(folder))
    return folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The import package of an installed backend, ``lettered``. Nothing imports it."""
    site = tmp_path / "site"
    package, info = site / "lettered", site / "lettered_backend-2.0.dist-info"
    for folder in (package / "deep", info):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('it is looked at, and not imported')")
    (package / "deep" / "table.bin").write_bytes(b"\0\1")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lettered-backend\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[ferrule.backends]\nlettered = lettered:backend\n")
    monkeypatch.syspath_prepend(site)
    return package


@pytest.fixture
def certificate(package: Path) -> Certificate:
    return {
        "format": certification.FORMAT,
        "schema": certification.SCHEMA,
        "backend": "lettered",
        "device": "lettered:0",
        "date": "2026-01-02T03:04:05+00:00",
        "levels": [0, 1, 2, 3, 4],
        "seeds": [0],
        "tests": {"passed": 9, "failed": 0, "waived": 1, "skipped": 2},
        "ops": {"total": 3, "native": 2, "host": 1},
        "versions": {"ferrule": version("ferrule")},
        "code": certification.code_of("lettered"),
        "covers": sorted(OPS),
    }


def judged() -> certification.Certification:
    return certification.certification("lettered")


def test_without_a_certificate(package: Path) -> None:
    found = judged()
    assert (found.state, found.certificate) == ("uncertified", None)
    assert found.reason == "no complete run is known: ferrule conformance lettered"


def test_a_certificate_that_is_kept_and_revoked(certificate: Certificate, state: Path) -> None:
    file = certification.keep(certificate, Device("lettered:1"))
    assert file == state / "certificates" / "lettered" / "1.json"
    found = judged()
    assert (found.state, found.reason, found.source) == ("certified", "", str(file))
    assert found.as_dict()["certificate"] == certificate
    assert certification.revoke(Device("lettered:1")) is True
    assert certification.revoke(Device("lettered:1")) is False
    assert judged().state == "uncertified"


def test_a_certificate_that_comes_with_the_backend(certificate: Certificate, package: Path) -> None:
    (package / certification.RESOURCE).write_text(json.dumps(certificate))
    found = judged()
    assert found.state == "certified"  # its own file does not count among those that are hashed
    assert found.source == str(package / certification.RESOURCE)


def test_the_best_certificate_counts(certificate: Certificate, package: Path) -> None:
    old = {**certificate, "versions": {"ferrule": "0.0.1"}, "date": "2027-01-01T00:00:00+00:00"}
    certification.keep(old, Device("lettered:0"))
    assert judged().state == "stale"
    later = {**certificate, "date": "2026-02-02T00:00:00+00:00"}
    (package / certification.RESOURCE).write_text(json.dumps(certificate))
    certification.keep(later, Device("lettered:1"))
    assert (judged().state, judged().certificate) == ("certified", later)


@pytest.mark.parametrize(
    "change",
    [
        lambda package: (package / "__init__.py").write_text("x = 1"),
        lambda package: (package / "deep" / "table.bin").write_bytes(b"\0\2"),
        lambda package: (package / "deep" / "table.bin").rename(package / "table.bin"),
        lambda package: (package / "more.txt").write_text(""),
    ],
)
def test_other_files_make_it_stale(
    certificate: Certificate, package: Path, change: Callable[[Path], Any]
) -> None:
    certification.keep(certificate, Device("lettered"))
    change(package)
    found = judged()
    assert (found.state, found.certificate) == ("stale", certificate)
    assert found.reason == (
        "files of lettered-backend have changed since; to renew it: ferrule conformance lettered"
    )


def test_what_python_compiles_does_not_count(certificate: Certificate, package: Path) -> None:
    certification.keep(certificate, Device("lettered"))
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "deep.cpython-311.pyc").write_bytes(b"1")
    assert judged().state == "certified"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c["versions"].update(ferrule="0.0.1"), "it was made with ferrule 0.0.1, and"),
        (lambda c: c["covers"].remove("exp"), "it does not cover the op 'exp', which is new"),
        (
            lambda c: c["code"]["lettered-backend"].update(version="1.9"),
            "it is for lettered-backend 1.9, and 2.0 is installed",
        ),
        (
            lambda c: c["code"].update(pack={"version": "1", "sha256": "0"}),
            "pack had kernels for it, and has none now",
        ),
    ],
)
def test_other_code_makes_it_stale(
    certificate: Certificate, change: Callable[[Certificate], Any], says: str
) -> None:
    change(certificate)
    certification.keep(certificate, Device("lettered"))
    found = judged()
    assert found.state == "stale"
    assert found.reason.startswith(says)
    assert found.reason.endswith("; to renew it: ferrule conformance lettered")


class Pack:
    @hookimpl
    def ferrule_doctor(self) -> None:
        return None


def test_a_kernel_pack_makes_it_stale(certificate: Certificate) -> None:
    certification.keep(certificate, Device("lettered"))
    plugin_manager.manager().register(Pack(), "fast")
    try:
        found = certification.certification("lettered", {"exp": "fast", "sin": "fast"})
    finally:
        plugin_manager.manager().unregister(name="fast")
    assert found.state == "stale"
    assert "plugin fast of one process has kernels for it, and was not there" in found.reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "it cannot be read"),
        ("[]", "it is no certificate"),
        ('{"format": "ferrule-certificate", "schema": 2}', "it is of schema 2, and this ferrule"),
        ('{"format": "ferrule-certificate", "schema": 1}', "it is damaged: 'backend' is missing"),
    ],
)
def test_damaged_files_are_named(package: Path, state: Path, text: str, says: str) -> None:
    file = state / "certificates" / "lettered" / "0.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    found = judged()
    assert found.state == "uncertified"
    assert found.reason.startswith(f"{file}: {says}")
    assert found.reason.endswith("remove it and run: ferrule conformance lettered")


def test_a_certificate_of_another_backend(certificate: Certificate) -> None:
    certification.keep({**certificate, "backend": "other"}, Device("lettered"))
    assert "it is a certificate of 'other'" in judged().reason


def test_a_package_in_a_namespace_and_a_module(tmp_path: Path, package: Path) -> None:
    site = package.parent
    (site / "company" / "ours").mkdir(parents=True)
    (site / "company" / "theirs.py").write_text("")
    (site / "company" / "ours" / "__init__.py").write_text("")
    (site / "single.py").write_text("backend = 1")
    try:
        files = certification.package_files("company.ours.deep:backend")
        assert [name for name, _ in files] == ["__init__.py"]
        before = certification.fingerprint("company.ours:backend")
        (site / "company" / "theirs.py").write_text("x = 1")
        assert certification.fingerprint("company.ours:backend") == before != ""
        assert [name for name, _ in certification.package_files("single:backend")] == ["single.py"]
        assert certification.fingerprint("no_such_package:backend") == ""
    finally:
        sys.modules.pop("company", None)


def test_code_of_what_is_not_installed() -> None:
    with pytest.raises(BackendNotInstalled):
        certification.code_of("no-such")


def test_the_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert certification.state_folder() == tmp_path / "state"
    monkeypatch.delenv("FERRULE_STATE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert certification.state_folder() == tmp_path / "xdg" / "ferrule"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert certification.state_folder() == Path.home() / ".local" / "state" / "ferrule"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert certification.state_folder().parent == Path.home() / "Library" / "Application Support"
