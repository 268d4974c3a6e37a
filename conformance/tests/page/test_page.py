"""What the page holds, without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from ferrule_conformance.page import render
from ferrule_conformance.page.markup import Markup, data, element

NASTY = "</script><img src=x onerror=alert(1)> \u2028 & \"quoted\" 'single' ${x} {{matrix}} <!--"


def document(**changes: Any) -> dict[str, Any]:
    """A scorecard with one op in each state."""
    states = {
        "exp": "native",
        "narrow": "decomposed",
        "cos": "host",
        "sin": "waived",
        "add": "failed",
    }
    failure = {
        "id": "chip-add-0-float32-forward", "op": "add", "check": "forward", "dtype": "float32",
        "level": 1, "message": "wrong by far\nreproduce: pytest --only this",
    }  # fmt: skip
    by_op = {
        op: {
            "kind": "composite" if state == "decomposed" else "primitive", "state": state,
            "passed": 3, "failed": int(state == "failed"), "waived": int(state == "waived"),
            "skipped": 0, "failed_checks": ["forward"] if state == "failed" else [],
            "seconds": 0.25,
            "dtypes": {
                "float32": {
                    "passed": 1, "failed": int(state == "failed"),
                    "waived": int(state == "waived"), "skipped": 0,
                },
                "float64": {"passed": 2, "failed": 0, "waived": 0, "skipped": 0},
            },
        }
        for op, state in states.items()
    }  # fmt: skip
    whole = {
        "schema": 1,
        "versions": {"ferrule": "1.2.3"},
        "backend": {
            "name": "chip", "contract": [1, 0], "dtypes": ["float32", "float64"],
            "undeclared": ["bool"], "features": ["fft"],
        },
        "seed": 7,
        "tests": {"passed": 15, "failed": 1, "waived": 1, "skipped": 0},
        "ops": {"total": 5, **dict.fromkeys(states.values(), 1)},
        "seconds": 1.25,
        "by_check": {"forward": {"passed": 15, "failed": 1, "waived": 1, "skipped": 0}},
        "by_op": by_op,
        "failures": [failure],
        "waivers": [{"id": "chip-sin-*", "reason": "flushes denormals", "link": "https://example.org/1"}],
    }  # fmt: skip
    return {**whole, **changes}


class Reader(HTMLParser):
    """Elements with their attributes, scripts with their text, and all text that is seen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.seen: list[str] = []
        self._within: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self._within[-1:]:
            self.scripts[-1] += data
        elif "style" not in self._within[-1:]:
            self.seen.append(data)

    def cells(self, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attributes
            for tag, attributes in self.elements
            if tag == "td" and all(attributes.get(f"data-{k}") == v for k, v in wanted.items())
        ]


def test_a_cell_for_each_op_and_dtype() -> None:
    page = Reader(render(document()))
    states = [c["data-state"] for c in page.cells(dtype="float32")]
    assert states == ["native", "decomposed", "host", "waived", "failed"]
    # An older document does not say how an op runs of which a test fails.
    assert [c["data-state"] for c in page.cells(dtype="float64")] == [
        "native", "decomposed", "host", "passed", "passed",
    ]  # fmt: skip
    assert not page.cells(dtype="bool")


def test_how_an_op_runs_where_it_does_not_fail() -> None:
    new = document()
    new["by_op"]["add"]["runs"] = "native"
    page = Reader(render(new))
    assert [c["data-state"] for c in page.cells(dtype="float64")][-1] == "native"


def test_modules_have_rows_too() -> None:
    found = {"state": "passed", "passed": 4, "dtypes": {"float32": {"passed": 4}}}
    page = Reader(render(document(by_module={"nn.Linear": found})))
    rows = [a for tag, a in page.elements if tag == "tr" and "data-op" in a]
    assert rows[-1]["data-op"] == "nn.Linear" and rows[-1]["data-kind"] == "module"
    assert "Ops and modules" in page.seen


def test_the_head() -> None:
    seen = "".join(Reader(render(document())).seen)
    for part in ("Conformance of chip", "1 test fails", "ferrule 1.2.3", "seed", "7", "fft"):
        assert part in seen


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"tests": {"passed": 3, "failed": 2}}, "2 tests fail"),
        ({"tests": {"passed": 3, "waived": 1}}, "No test fails, but for those that are waived"),
        ({"tests": {"passed": 3}}, "No test fails"),
        ({"tests": {"passed": 3}, "complete": False}, "No test fails, but not all were run"),
        (
            {"tests": {"passed": 3}, "complete": False, "left_out": "--ops chose"},
            "No test fails, but not all were run: --ops chose",
        ),
        ({"tests": {}}, "Nothing was tested"),
    ],
)
def test_the_verdict(changes: dict[str, Any], verdict: str) -> None:
    found = re.search(r'class="verdict[^>]*>(.*?)</p>', render(document(**changes)))
    assert found and found[1].split(" ", 1)[1] == verdict


def test_text_of_the_document_stays_text() -> None:
    evil = document(
        failures=[{"id": NASTY, "op": "add", "check": NASTY, "message": NASTY}],
        waivers=[{"id": NASTY, "reason": NASTY, "link": "javascript:alert(1)"}],
        versions={NASTY: NASTY},
        platform=NASTY,
    )
    evil["backend"]["name"] = NASTY
    evil["by_op"][NASTY] = evil["by_op"]["add"] | {"kind": NASTY, "state": NASTY}
    evil["by_check"][NASTY] = {"passed": 1}
    plain, page = Reader(render(document())), Reader(render(evil))
    assert not {"img", "a"} & {tag for tag, _ in page.elements}
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert page.scripts[1:] == plain.scripts[1:]  # the data ended where it should
    shown = json.loads(page.scripts[0])
    assert shown["failures"][0]["message"] == NASTY and NASTY in shown["ops"]
    assert sum(text.count(NASTY) for text in page.seen) > 5


def test_it_fetches_nothing() -> None:
    page = render(document())
    reader = Reader(page)
    for tag, attributes in reader.elements:
        assert tag not in {"link", "img", "iframe"}
        assert not {"src", "srcset", "action"} & attributes.keys()
        assert tag == "a" or "href" not in attributes
    assert "url(" not in page and "@import" not in page
    policy = next(a["content"] for t, a in reader.elements if a.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(reader.scripts[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_numbers_that_json_lacks() -> None:
    assert json.loads(data({"a": [float("nan"), float("inf"), 1.5]})) == {"a": [None, None, 1.5]}


def test_elements_escape_what_is_not_markup() -> None:
    assert element("p", "<b>", Markup("<i>"), title='"', hidden=True, class_=None) == (
        '<p title="&quot;" hidden>&lt;b&gt;<i></p>'
    )


def test_a_document_of_an_older_version() -> None:
    old = document()
    for found in old["by_op"].values():
        del found["dtypes"], found["seconds"]
    del old["failures"][0]["dtype"]
    page = Reader(render(old))
    assert "does not tell dtypes apart" in "".join(page.seen)
    assert not [a for _, a in page.elements if "data-dtype" in a]
    assert json.loads(page.scripts[0])["failures"][0]["dtype"] == "float32"  # as its id says


def test_a_document_without_anything() -> None:
    seen = "".join(Reader(render({})).seen)
    assert "Nothing was tested" in seen and "The run tested no op" in seen


def test_failures_of_no_op_are_shown() -> None:
    outside = {"id": "chip-contract-probe", "op": None, "check": "probe", "message": "no device"}
    page = Reader(render(document(failures=[outside])))
    assert "no device" in page.seen and "chip-contract-probe" in page.seen


@pytest.mark.parametrize(
    ("pattern", "ops"),
    [
        ("chip-sin-0-float32-forward", ["sin"]),
        ("chip-*", ["exp", "narrow", "cos", "sin", "add"]),
        ("chip-add-0-*", ["add"]),
        ("chip-si*", ["sin"]),
        ("chip-contract-probe", []),
    ],
)
def test_a_waiver_is_shown_with_the_ops_that_it_concerns(pattern: str, ops: list[str]) -> None:
    waiver = {"id": pattern, "reason": "r", "link": "l"}
    page = Reader(render(document(waivers=[waiver])))
    shown = json.loads(page.scripts[0])["ops"]
    assert [op for op, found in shown.items() if found["waivers"]] == ops


def test_a_waiver_knows_its_tests() -> None:
    tests = [{"op": "sin", "dtype": "float32"}, {"op": "add", "dtype": None}]
    waiver = {"id": "chip-*", "reason": "r", "link": "l", "tests": tests}
    shown = json.loads(Reader(render(document(waivers=[waiver]))).scripts[0])["ops"]
    assert {op: found["waivers"] for op, found in shown.items() if found["waivers"]} == {
        "sin": [[0, ["float32"]]],
        "add": [[0, None]],
    }


def test_the_speed_report() -> None:
    row = {
        "call": "exp(float32[4])", "dtype": "float32", "seconds": 0.002, "bytes_per_second": 3e9,
        "operations_per_second": 1e9, "bound": "memory", "fraction": 0.25, "ratio": 2.0, "note": "",
    }  # fmt: skip
    speed = {
        "device": "chip:0", "reference": "NumPy",
        "roofline": {"bytes_per_second": 12e9, "operations_per_second": None, "dtype": None},
        "ops": {"exp": row, "permute": row | {"fraction": 400.0, "note": "a view"}},
        "left_out": {"svd": "no kernel"},
    }  # fmt: skip
    page = Reader(render(document(speed=speed)))
    seen = "".join(page.seen)
    for part in ("12 GB/s", "2 ms", "3 GB/s", "25 %", "moves less", "no kernel", "unknown number"):
        assert part in seen
    points = [a for tag, a in page.elements if tag == "circle"]
    assert [p["data-op"] for p in points] == ["exp"]  # a view has no place on the chart
