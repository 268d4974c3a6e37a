"""``ferrule backends``: the doctor, whatever is installed."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ferrule as fe
from ferrule import certification
from ferrule.cli.backends import examine
from ferrule.op import OPS
from ferrule_plugins import BackendStatus, DeviceInfo, hookimpl, plugin_manager

DOCTOR = "from ferrule.cli import main; raise SystemExit(main(['backends'{}]))"


@pytest.mark.usefixtures("on_cpu")
def test_the_table(ferrule: Callable[..., Any]) -> None:
    code, out, err = ferrule("backends")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"ferrule {fe.__version__}, Python 3.")
    assert lines[1] == "selected: cpu:0"
    assert lines[3].split() == [
        "backend", "state", "version", "from", "certified", "devices",
    ]  # fmt: skip
    (cpu,) = [line for line in lines if line.startswith("cpu ")]
    assert cpu.split()[1:4] == ["ready", "0.1.0", "ferrule-cpu"]
    assert "\x1b" not in out


@pytest.mark.usefixtures("on_cpu")
def test_json(ferrule: Callable[..., Any]) -> None:
    code, out, _ = ferrule("backends", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["selected"] == "cpu:0"
    cpu = next(b for b in report["backends"] if b["name"] == "cpu")
    assert (cpu["state"], cpu["devices"][0]["kind"]) == ("ready", "cpu")


def test_every_broken_backend_is_shown_with_its_remedy(
    plugin_site: Path, run_python: Callable[..., str]
) -> None:
    report = json.loads(run_python(DOCTOR.format(", '--json'"), plugin_site))
    by_name = {b["name"]: b for b in report["backends"]}
    states = {name: b["state"] for name, b in by_name.items()}
    assert states["cpu"] == states["good"] == "ready"
    assert states["noimport"] == states["exits"] == states["proberaises"] == "broken"
    assert states["newer"] == "incompatible"
    assert states["saysno"] == "unavailable"
    assert states["twin"] == "conflict"
    for backend in by_name.values():
        assert (backend["state"] == "ready") == (backend["reason"] == "")
        assert (backend["state"] == "ready") == (backend["remedy"] == "")

    text = run_python(DOCTOR.format(""), plugin_site)
    for name, backend in by_name.items():
        assert f"\n{name} " in text
        if backend["reason"]:
            assert f"{name} is {backend['state']}: {backend['reason']}\n" in text
            assert f"to mend it: {backend['remedy']}\n" in text


def test_a_selection_that_cannot_be_used_is_said(
    run_python: Callable[..., str],
) -> None:
    text = run_python(DOCTOR.format(""), FERRULE_BACKEND="nowhere")
    assert "\nselected: backend 'nowhere' is not installed" in text


def test_certificates_are_shown(
    ferrule: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRULE_STATE", str(tmp_path))

    def cpu() -> tuple[str, str, dict[str, Any]]:
        out = ferrule("backends").out
        (row,) = [line for line in out.splitlines() if line.startswith("cpu ")][:1]
        (how,) = [line for line in out.splitlines() if re.match("cpu: (un)?certified", line)]
        found = json.loads(ferrule("backends", "--json").out)["backends"]
        return row.split()[4], how, next(b for b in found if b["name"] == "cpu")["certification"]

    row, how, found = cpu()
    assert (row, found["state"]) == ("uncertified", "uncertified")
    assert how == "cpu: uncertified: no complete run is known: ferrule conformance cpu"

    made = {
        "format": certification.FORMAT, "schema": certification.SCHEMA, "backend": "cpu",
        "device": "cpu:0", "date": "2026-01-02T03:04:05+00:00", "levels": [0, 1, 2, 3, 4],
        "seeds": [7], "tests": {"passed": 9, "failed": 0, "waived": 1, "skipped": 2},
        "ops": {"total": 3, "native": 2, "host": 1}, "versions": {"ferrule": fe.__version__},
        "code": certification.code_of("cpu"), "covers": sorted(OPS),
    }  # fmt: skip
    certification.keep(made, fe.Device("cpu"))
    row, how, found = cpu()
    assert (row, found["state"], found["certificate"]) == ("2026-01-02", "certified", made)
    assert how == (
        "cpu: certified since 2026-01-02T03:04:05+00:00 (levels 0, 1, 2, 3, 4; 9 tests passed, "
        "1 waived, 2 skipped; 3 ops, 2 native, 1 on the host; seed 7; on cpu:0)"
    )

    made["code"]["ferrule-cpu"]["sha256"] = "0"
    certification.keep(made, fe.Device("cpu"))
    row, how, found = cpu()
    assert (row, found["state"]) == ("stale", "stale")
    assert how.endswith(
        ", but that is stale: files of ferrule-cpu have changed since; to renew it: ferrule "
        "conformance cpu"
    )


class Rows:
    @hookimpl
    def ferrule_doctor(self) -> dict[str, str]:
        return {"licence server": "reachable [bold]:smile:[/bold]"}


class Mumbles:
    @hookimpl
    def ferrule_doctor(self) -> Any:
        return 7


class Raises:
    @hookimpl
    def ferrule_doctor(self) -> Any:
        raise ZeroDivisionError("while the doctor asked")


@pytest.fixture
def plugins() -> Any:
    found = {"rows": Rows(), "mumbles": Mumbles(), "raises": Raises()}
    for name, plugin in found.items():
        plugin_manager.manager().register(plugin, name)
    yield found
    for name in found:
        plugin_manager.manager().unregister(name=name)
    plugin_manager._failures.pop(("raises", "ferrule_doctor"), None)


def test_plugins_add_rows_and_their_failures_are_shown(
    plugins: dict[str, Any], ferrule: Callable[..., Any]
) -> None:
    code, out, _ = ferrule("backends")
    assert code == 0
    assert "\nlicence server: reachable [bold]:smile:[/bold]\n" in out
    assert "\nmalformed answer: int, not a mapping" in out
    assert "failed: plugin 'raises': ferrule_doctor: ZeroDivisionError: while the" in out


def test_a_report_that_holds_nonsense_is_a_broken_backend(
    monkeypatch: pytest.MonkeyPatch, ferrule: Callable[..., Any]
) -> None:
    nonsense: Any = 5
    status = BackendStatus("odd", "ready", "ferrule-odd", "1.0", details=nonsense)
    strange = BackendStatus(
        "strange", "ready", "ferrule-strange", "1.0", devices=(DeviceInfo(nonsense, "gpu", None),)
    )
    monkeypatch.setattr(fe, "backends", lambda: [status, strange])
    odd = examine()["backends"][0]
    assert odd["state"] == "broken"
    assert "its probe's report is malformed" in odd["reason"]
    code, out, _ = ferrule("backends")
    assert code == 0
    assert "5 (gpu)" in out
    assert ferrule("backends", "--json").code == 0
