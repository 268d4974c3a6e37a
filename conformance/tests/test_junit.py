"""JUnit XML, as the servers that read it expect it."""

from __future__ import annotations

from xml.etree import ElementTree

from ferrule_conformance.junit import render
from ferrule_conformance.suite import Result

DOCUMENT = {
    "backend": {"name": "cpu"},
    "date": "2026-01-02T03:04:05+00:00",
    "versions": {"ferrule": "0.1.0"},
    "device": "cpu:0",
    "seed": 3,
}
BELL = chr(7)
RESULTS = [
    Result("cpu-contract-probe", None, "probe", 0, None, "passed", "", 0.5),
    Result("cpu-exp-0-f-forward", "exp", "forward", 1, "f", "passed", "", 0.25),
    Result(
        "cpu-exp-0-f-ties", "exp", "ties", 1, "f", "failed", f"x\nfound: 1 < 2{BELL} & ]]>\ny", 1.0
    ),
    Result("cpu-exp-0-f-large", "exp", "large", 1, "f", "skipped", "no kernel", 0.0),
    Result("cpu-exp-0-f-empty", "exp", "empty", 1, "f", "waived", "slow (http://x)", 0.0),
]


def test_suites_cases_and_counts() -> None:
    root = ElementTree.fromstring(render(DOCUMENT, RESULTS))
    assert root.tag == "testsuites"
    assert (root.attrib["tests"], root.attrib["failures"]) == ("5", "1")
    contract, primitives = root.findall("testsuite")
    assert contract.attrib["name"] == "cpu level 0"
    assert {k: primitives.attrib[k] for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "0", "skipped": "2",
    }  # fmt: skip
    assert primitives.attrib["timestamp"] == "2026-01-02T03:04:05"
    assert primitives.attrib["time"] == "1.250"
    properties = {p.attrib["name"]: p.attrib["value"] for p in contract.iter("property")}
    assert properties == {"ferrule": "0.1.0", "device": "cpu:0", "seed": "3"}
    cases = list(primitives.iter("testcase"))
    assert [c.attrib["classname"] for c in cases] == ["cpu.exp"] * 4
    assert [len(c) for c in cases] == [0, 1, 1, 1]


def test_a_failure_has_its_reason_and_what_xml_cannot_hold_is_escaped() -> None:
    root = ElementTree.fromstring(render(DOCUMENT, RESULTS))
    (failure,) = root.iter("failure")
    assert failure.attrib == {"message": "1 < 2\\x07 & ]]>", "type": "ties"}
    assert failure.text == "x\nfound: 1 < 2\\x07 & ]]>\ny"
    skipped = [s.attrib["message"] for s in root.iter("skipped")]
    assert skipped == ["no kernel", "waived: slow (http://x)"]
