"""The certificate of a backend: that all tests were run, on which code, and what came of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ferrule import certification, runtime
from ferrule.op import OPS
from ferrule_conformance.case import Target
from ferrule_conformance.suite import LEVELS
from ferrule_plugins import Report

NO_DISTRIBUTION = (
    "a certificate is of a distribution, and the backend is an object of this process: install it "
    "(pip install -e .), and name it"
)


class CertificateRefused(ValueError):
    """The run proves too little. The text says what is missing."""


def make(
    document: Mapping[str, Any], target: Target, code: Mapping[str, Any], report: Report
) -> dict[str, Any]:
    """The certificate for a run.

    Args:
        document: the scorecard, as `Scorecard.as_dict` makes it.
        target: the backend.
        code: what was tested, as `ferrule.certification.code_of` read it before the run.
        report: of the backend's probe.

    Raises:
        CertificateRefused: the run was not complete, a test failed, one was skipped without a
            reason, or the code changed meanwhile.
    """
    tests = document["tests"]
    if tests["failed"]:
        raise CertificateRefused(f"{tests['failed']} tests failed: mend them, or waive them")
    if document["left_out"]:
        raise CertificateRefused(
            f"the run was not complete: {document['left_out']}; run all of it: "
            f"ferrule conformance {target.name}"
        )
    missing = sorted(set(LEVELS) - set(document["levels"]))
    if missing:
        raise CertificateRefused(f"there was no test of level {missing[0]}")
    unexplained = [id for reason, ids in document["skips"].items() if not reason for id in ids]
    if unexplained:
        raise CertificateRefused(f"{unexplained[0]} was skipped without a reason")
    if certification.code_of(target.name, runtime.active(target.name).packs) != code:
        raise CertificateRefused("the backend's files changed while it was tested: run it again")
    index = target.device.index
    device = report.devices[index] if index < len(report.devices) else None
    return {
        "format": certification.FORMAT,
        "schema": certification.SCHEMA,
        "backend": target.name,
        "contract": list(target.backend.contract),
        "code": dict(code),
        "versions": document["versions"],
        "beneath": dict(report.details),
        "device": document["device"],
        "device_name": device.name if device else "",
        "device_kind": device.kind if device else "",
        "platform": document["platform"],
        "date": document["date"],
        "levels": document["levels"],
        "seeds": [document["seed"]],
        "fallback": document["fallback"],
        "tests": tests,
        "ops": document["ops"],
        "waivers": [
            {"id": w["id"], "reason": w["reason"], "link": w["link"]} for w in document["waivers"]
        ],
        "covers": sorted(OPS),
        "report": hash_of(document),
    }


def hash_of(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a scorecard's JSON in its canonical form: keys in order, no blanks, ASCII."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def belongs_to(certificate: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a certificate was made from that scorecard, to the last digit."""
    return certificate.get("report") == hash_of(document)
