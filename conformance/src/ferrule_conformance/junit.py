"""The outcome of a run as JUnit XML, which Jenkins, GitLab and others read.

One test suite for each level. Schema: https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from ferrule_conformance.suite import Result

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(document: dict[str, Any], results: Sequence[Result]) -> bytes:
    """The file's content.

    Args:
        document: the scorecard as `Scorecard.as_dict` makes it.
        results: in the order of their ids or of the run.
    """
    name = document["backend"]["name"]
    root = ElementTree.Element("testsuites", {"name": f"conformance of {name}", **_counts(results)})
    for level in sorted({r.level for r in results}):
        found = [r for r in results if r.level == level]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            {
                "name": f"{name} level {level}",
                **_counts(found),
                "skipped": str(sum(r.outcome in ("skipped", "waived") for r in found)),
                "timestamp": document["date"].partition("+")[0],
                "hostname": platform.node(),
            },
        )
        properties = ElementTree.SubElement(suite, "properties")
        about = {**document["versions"], "device": document["device"], "seed": document["seed"]}
        for key, value in about.items():
            ElementTree.SubElement(properties, "property", {"name": key, "value": str(value)})
        for result in found:
            suite.append(_case(result, name))
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _counts(results: Sequence[Result]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(r.outcome == "failed" for r in results)),
        "errors": "0",
        "time": f"{sum(r.seconds for r in results):.3f}",
    }


def _case(result: Result, backend: str) -> ElementTree.Element:
    about = result.op or result.id.removeprefix(f"{backend}-").partition("-")[0]
    case = ElementTree.Element(
        "testcase",
        {"classname": f"{backend}.{about}", "name": result.id, "time": f"{result.seconds:.6f}"},
    )
    text = _NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", result.message)
    match result.outcome:
        case "failed":
            first = next((t for t in text.splitlines() if t.startswith("found: ")), text)
            attributes = {"message": first.removeprefix("found: "), "type": result.check}
            ElementTree.SubElement(case, "failure", attributes).text = text
        case "skipped":
            ElementTree.SubElement(case, "skipped", {"message": text})
        case "waived":
            ElementTree.SubElement(case, "skipped", {"message": f"waived: {text}"})
    return case
