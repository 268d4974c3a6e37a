"""A certificate is for a complete run without failures, and for the code that was tested."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ferrule import certification, runtime
from ferrule.op import OPS
from ferrule_conformance.bench import Bench
from ferrule_conformance.certificate import belongs_to, hash_of
from ferrule_conformance.request import Request
from ferrule_conformance.session import Session, SessionError
from ferrule_conformance.suite import LEVELS, Result, Trial
from ferrule_plugins import Device, discovery

PACKAGE = """
from sound import SoundBackend

backend = SoundBackend("attested")
"""


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The import package of an installed backend, ``attested``."""
    site = tmp_path / "site"
    package, info = site / "attested_backend", site / "attested_backend-1.2.dist-info"
    for folder in (package, info):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: attested-backend\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[ferrule.backends]\nattested = attested_backend:backend\n"
    )
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield package
    for table in (runtime._active, discovery._ready):
        table.pop("attested", None)
    sys.modules.pop("attested_backend", None)


@pytest.fixture
def one_test_of_each_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that is over soon."""
    every = Bench.trials

    def few(self: Bench, subjects: Any = None, levels: Any = LEVELS) -> list[Trial]:
        found: dict[int, Trial] = {}
        wanted = {"contract", "neg", "softmax", "training.MLP"} if subjects is None else subjects
        for trial in every(self, wanted, levels):
            if trial.level != 4 or trial.case.study is not None:
                found.setdefault(trial.level, trial)
        return [found[level] for level in sorted(found)]

    monkeypatch.setattr(Bench, "trials", few)


def certify(outcomes: dict[int, str] | None = None, **asked: Any) -> tuple[Session, Any]:
    """Run the suite, with other outcomes at some levels, and return the certificate too."""
    session = Session(Request("attested", **asked))
    try:
        for result in session.run():
            other: Any = (outcomes or {}).get(result.level)
            if other is not None:
                place = session.scorecard.results.index(result)
                message = "" if other == "skipped" else "why"
                changed: Result = replace(result, outcome=other, message=message)
                session.scorecard.results[place] = changed
        session.write()
    finally:
        session.close()
    file = certification.path_of(Device("attested"))
    return session, json.loads(file.read_text()) if file.exists() else None


def test_a_complete_run_is_certified(
    distribution: Path, one_test_of_each_level: None, tmp_path: Path
) -> None:
    file, report = tmp_path / "certificate.json", tmp_path / "report.json"
    session, kept = certify(certificate=str(file), json=str(report), seed=4)
    made = json.loads(file.read_text())
    assert made == kept
    assert made["format"] == "ferrule-certificate"
    assert made["levels"] == list(LEVELS) and made["seeds"] == [4]
    assert made["tests"] == {"passed": len(LEVELS), "failed": 0, "waived": 0, "skipped": 0}
    code = made["code"]["attested-backend"]
    assert code == {"version": "1.2", "sha256": certification.fingerprint("attested_backend")}
    assert (made["device"], made["device_kind"]) == ("attested:0", "cpu")
    assert made["covers"] == sorted(OPS)
    document = json.loads(report.read_text())
    assert belongs_to(made, document) and document["complete"]
    assert not belongs_to(made, {**document, "seed": 5})
    assert session.notes == ["attested:0 is certified; `ferrule backends` shows it"]
    assert certification.certification("attested").state == "certified"


def test_the_hash_does_not_depend_on_how_json_is_written() -> None:
    assert hash_of({"a": 1, "b": [2.5, "é"]}) == hash_of({"b": [2.5, "é"], "a": 1})
    assert hash_of({"a": 1}) != hash_of({"a": 2})


@pytest.mark.parametrize(
    ("outcomes", "says"),
    [({1: "failed"}, "1 tests failed"), ({2: "skipped"}, "was skipped without a reason")],
)
def test_what_earns_none(
    distribution: Path,
    one_test_of_each_level: None,
    tmp_path: Path,
    outcomes: dict[int, str],
    says: str,
) -> None:
    with pytest.raises(SessionError, match=f"no certificate is written: .*{says}"):
        certify(outcomes, certificate=str(tmp_path / "certificate.json"))
    assert not (tmp_path / "certificate.json").exists()
    assert certify(outcomes)[1] is None


def test_a_run_that_was_cut_short_earns_none(
    distribution: Path, one_test_of_each_level: None, tmp_path: Path
) -> None:
    with pytest.raises(SessionError, match="not complete: the budget of 1e-09 s was spent; run"):
        certify(certificate=str(tmp_path / "certificate.json"), budget=1e-9)


def test_code_that_changes_meanwhile_earns_none(
    distribution: Path, one_test_of_each_level: None, tmp_path: Path
) -> None:
    session = Session(Request("attested", certificate=str(tmp_path / "certificate.json")))
    try:
        list(session.run())
        (distribution / "more.py").write_text("")
        with pytest.raises(SessionError, match="files changed while it was tested"):
            session.write()
    finally:
        session.close()


def test_a_failure_withdraws_a_certificate(
    distribution: Path, one_test_of_each_level: None
) -> None:
    assert certify()[1] is not None
    session, kept = certify({1: "failed"}, levels="1")
    assert kept is None
    assert session.notes == ["the certificate of attested:0 is withdrawn: tests failed"]


def test_an_object_of_this_process_has_no_certificate(
    distribution: Path, one_test_of_each_level: None, tmp_path: Path
) -> None:
    from sound import SoundBackend

    runtime.install(SoundBackend("attested"))
    try:
        assert certify()[1] is None
        with pytest.raises(SessionError, match="is of a distribution"):
            certify(certificate=str(tmp_path / "certificate.json"))
    finally:
        discovery._adopted.pop("attested", None)
