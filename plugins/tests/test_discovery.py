"""Loading and the doctor, against little distributions that are installed for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferrule_plugins import CONTRACT, BackendNotInstalled, discovery

Run = Callable[..., str]

LOAD = """
import json, sys
from ferrule_plugins import BackendError, InvalidSetting, discovery
outcomes = {}
for name in sys.stdin.read().split() or NAMES:
    try:
        backend = discovery.load(name)
    except (BackendError, InvalidSetting) as error:
        cause = error.__cause__
        outcomes[name] = vars(error) | {
            "error": type(error).__name__,
            "text": str(error),
            "cause": cause and f"{type(cause).__name__}: {cause}",
        }
    else:
        assert isinstance(backend, discovery.Backend)
        assert backend is discovery.load(name)
        outcomes[name] = {"error": None, "devices": len(discovery.devices(name))}
print(json.dumps(outcomes))
"""

STATUS = """
import json
from ferrule_plugins import discovery
print(json.dumps({row.name: row.as_dict() for row in discovery.status()}))
"""

Outcome = dict[str, Any]


def load(run_python: Run, names: list[str], *sites: Path, **environ: str) -> dict[str, Outcome]:
    """What selecting each name does, all in one interpreter, in that order."""
    return json.loads(run_python(f"NAMES = {names}\n{LOAD}", *sites, **environ))


def status(run_python: Run, *sites: Path, **environ: str) -> dict[str, Outcome]:
    return json.loads(run_python(STATUS, *sites, **environ))


BROKEN = "BackendBroken"
INCOMPATIBLE = "BackendIncompatible"
ERRORS = {
    "noimport": (
        BROKEN,
        "ferrule-noimport",
        "0.3",
        "importing 'ferrule_noimport:backend' raised ModuleNotFoundError: "
        "No module named 'a_library_that_nobody_has'",
        "pip install --force-reinstall ferrule-noimport",
        "ModuleNotFoundError: No module named 'a_library_that_nobody_has'",
    ),
    "exits": (
        BROKEN,
        "ferrule-exits",
        "1.2.3",
        "importing 'ferrule_exits:backend' raised SystemExit: 3",
        "pip install --upgrade ferrule-exits, or tell its authors",
        "SystemExit: 3",
    ),
    "noattribute": (
        BROKEN,
        "ferrule-noattribute",
        "1.2.3",
        "raised AttributeError: module 'ferrule_noattribute' has no attribute 'backend'",
        "pip install --upgrade ferrule-noattribute",
        "AttributeError: module 'ferrule_noattribute' has no attribute 'backend'",
    ),
    "notbackend": (
        BROKEN,
        "ferrule-notbackend",
        "1.2.3",
        "gives an object of type 'Half', which is not a ferrule_plugins.Backend: it lacks "
        "capabilities, from_host, to_host, spec, synchronize, memory_stats",
        "pip install --upgrade ferrule-notbackend",
        None,
    ),
    "misshapen": (
        BROKEN,
        "ferrule-misshapen",
        "1.2.3",
        "its to_host cannot be called; its name is 'another', its entry point's is 'misshapen'; "
        "its contract is '1.0', not a pair (major, minor); its kernels are None, not a mapping; "
        "its capabilities are an object of type 'dict', not ferrule_plugins.Capabilities",
        "pip install --upgrade ferrule-misshapen",
        None,
    ),
    "proberaises": (
        BROKEN,
        "ferrule-proberaises",
        "1.2.3",
        "its probe raised ZeroDivisionError: integer division or modulo by zero; "
        "a probe must never raise",
        "pip install --upgrade ferrule-proberaises",
        "ZeroDivisionError: integer division or modulo by zero",
    ),
    "probemumbles": (
        BROKEN,
        "ferrule-probemumbles",
        "1.2.3",
        "its probe returned an object of type 'bool', not a ferrule_plugins.Report",
        "pip install --upgrade ferrule-probemumbles",
        None,
    ),
    "baddevices": (
        BROKEN,
        "ferrule-baddevices",
        "1.2.3",
        "the devices in its probe's report are not a tuple of ferrule_plugins.DeviceInfo",
        "pip install --upgrade ferrule-baddevices",
        None,
    ),
    "baddetails": (
        BROKEN,
        "ferrule-baddetails",
        "1.2.3",
        "the details in its probe's report are an object of type 'str', not a mapping",
        "pip install --upgrade ferrule-baddetails",
        None,
    ),
    "newer": (
        INCOMPATIBLE,
        "ferrule-newer",
        "9.0",
        "it requires ferrule-plugins>=99, and ferrule-plugins ",
        'pip install --upgrade "ferrule-plugins>=99"',
        None,
    ),
    "older": (
        INCOMPATIBLE,
        "ferrule-older",
        "1.2.3",
        "it requires ferrule-plugins<1, and ferrule-plugins ",
        "pip install --upgrade ferrule-older",
        None,
    ),
    "newercode": (
        INCOMPATIBLE,
        "ferrule-newercode",
        "1.2.3",
        f"written to contract 1.1000, and the installed ferrule-plugins serves contract "
        f"{CONTRACT[0]}.{CONTRACT[1]}",
        "pip install --upgrade ferrule-plugins",
        None,
    ),
    "oldercode": (
        INCOMPATIBLE,
        "ferrule-oldercode",
        "1.2.3",
        "written to contract 0.9",
        "pip install --upgrade ferrule-oldercode",
        None,
    ),
    "saysno": (
        "BackendUnavailable",
        "ferrule-saysno",
        "1.2.3",
        "no such chip in this machine",
        "buy one",
        None,
    ),
}
"""Name: error, distribution, version, in its reason, at the remedy's start, cause."""

STATES = {
    "BackendBroken": "broken",
    "BackendIncompatible": "incompatible",
    "BackendUnavailable": "unavailable",
}


@pytest.fixture(scope="module")
def outcomes(plugin_site: Path, run_python: Run) -> dict[str, Outcome]:
    """Every wrong backend selected, and the good ones after them, in one process."""
    return load(run_python, [*ERRORS, "twin", "good", "factory", "twogpus"], plugin_site)


@pytest.mark.parametrize("name", ERRORS)
def test_each_fault_has_its_own_error(outcomes: dict[str, Outcome], name: str) -> None:
    error, distribution, version, reason, remedy, cause = ERRORS[name]
    outcome = outcomes[name]
    assert outcome["error"] == error
    assert (outcome["distribution"], outcome["version"]) == (distribution, version)
    assert reason in outcome["reason"]
    assert outcome["remedy"].startswith(remedy)
    assert outcome["cause"] == cause
    for part in (name, distribution, version, outcome["reason"], outcome["remedy"]):
        assert part in outcome["text"]


def test_two_distributions_with_one_name(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["twin"]
    assert outcome["error"] == BROKEN
    assert "ferrule-twin-a 1.0 and ferrule-twin-b 2.0" in outcome["text"]
    for source in ("a", "b"):
        assert f"twin@ferrule-twin-{source}" in outcome["remedy"]


def test_the_remedy_for_two_with_one_name_works_as_it_is_written(
    outcomes: dict[str, Outcome], plugin_site: Path, run_python: Run
) -> None:
    for setting in outcomes["twin"]["remedy"].split("set ")[1].split(" or "):
        variable, value = setting.split("=")
        environ = {variable: value}
        again = load(run_python, ["twin", "good"], plugin_site, **environ)
        assert [again[name]["error"] for name in again] == [None, None]
        source = value.split("twin@")[1].split(",")[0]
        assert status(run_python, plugin_site, **environ)["twin"]["distribution"] == source


def test_broken_ones_do_not_harm_good_ones(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["good"] == {"error": None, "devices": 1}
    assert outcomes["factory"] == {"error": None, "devices": 1}
    assert outcomes["twogpus"] == {"error": None, "devices": 2}


def test_the_contract_in_the_metadata_is_checked_before_code_is_imported(
    plugin_site: Path, run_python: Run, tmp_path: Path
) -> None:
    log = tmp_path / "imports.log"
    load(run_python, ["newer", "older", "newercode"], plugin_site, PLUGIN_IMPORT_LOG=str(log))
    assert log.read_text() == "ferrule_newercode\n"


def test_the_doctor_shows_the_state_of_all(
    outcomes: dict[str, Outcome], plugin_site: Path, run_python: Run
) -> None:
    rows = status(run_python, plugin_site)
    for name in ERRORS:
        outcome, row = outcomes[name], rows[name]
        assert row["state"] == STATES[outcome["error"]]
        for part in ("distribution", "version", "reason", "remedy"):
            assert row[part] == outcome[part]
    assert rows["twin"]["state"] == "conflict"
    assert rows["twin"]["distribution"] == "ferrule-twin-a, ferrule-twin-b"
    assert rows["good"] == {
        "name": "good",
        "state": "ready",
        "distribution": "ferrule-good",
        "version": "1.2.3",
        "devices": [{"name": "NumPy", "kind": "cpu", "memory": None}],
        "reason": "",
        "remedy": "",
        "details": {"numpy": "here"},
    }
    assert [device["memory"] for device in rows["twogpus"]["devices"]] == [2**30, None]


def test_names_that_nothing_supplies(plugin_site: Path, run_python: Run) -> None:
    names = ["tensix", "god", "GOOD", "good:0", "cudda"]
    outcomes = load(run_python, names, plugin_site)
    assert {outcome["error"] for outcome in outcomes.values()} == {"BackendNotInstalled"}
    for name in ("god", "GOOD", "good:0"):
        assert outcomes[name]["remedy"].startswith("did you mean 'good'?")
    assert outcomes["cudda"]["remedy"].startswith("did you mean 'cuda'?")
    assert "did you mean" not in outcomes["tensix"]["remedy"]
    assert "exits, factory, good" in outcomes["tensix"]["remedy"]


@pytest.mark.parametrize("name", discovery.FIRST_PARTY)
def test_a_first_party_backend_that_is_missing_can_be_installed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(BackendNotInstalled) as caught:
        discovery._choose(name, ())
    assert caught.value.remedy == f"pip install ferrule-{name}"


@pytest.mark.parametrize(
    ("environ", "verdict", "remedy"),
    [
        (
            {"FERRULE_PLUGINS": "factory,twin@ferrule-twin-a"},
            "ferrule-good 1.2.3 supplies it, but FERRULE_PLUGINS does not name it",
            "set FERRULE_PLUGINS=factory,twin@ferrule-twin-a,good",
        ),
        (
            {"FERRULE_PLUGIN_AUTOLOAD": "0"},
            "ferrule-good 1.2.3 supplies it, but FERRULE_PLUGIN_AUTOLOAD turns discovery off",
            "set FERRULE_PLUGINS=good",
        ),
    ],
)
def test_a_backend_that_the_environment_blocks(
    plugin_site: Path, run_python: Run, environ: dict[str, str], verdict: str, remedy: str
) -> None:
    outcome = load(run_python, ["good"], plugin_site, **environ)["good"]
    assert outcome["error"] == "BackendNotInstalled"
    assert outcome["distribution"] == "ferrule-good"
    assert outcome["reason"] == verdict
    assert outcome["remedy"] == remedy
    row = status(run_python, plugin_site, **environ)["good"]
    assert (row["state"], row["reason"], row["remedy"]) == ("blocked", verdict, remedy)


def test_an_allow_list_opens_what_it_names_when_discovery_is_off(
    plugin_site: Path, run_python: Run, tmp_path: Path
) -> None:
    log = tmp_path / "imports.log"
    environ = {
        "FERRULE_PLUGIN_AUTOLOAD": "0",
        "FERRULE_PLUGINS": "good,twin@Ferrule_Twin_B",
        "PLUGIN_IMPORT_LOG": str(log),
    }
    assert load(run_python, ["good"], plugin_site, **environ)["good"]["error"] is None
    log.unlink()
    rows = status(run_python, plugin_site, **environ)
    ready = {name: row["version"] for name, row in rows.items() if row["state"] == "ready"}
    assert ready == {"good": "1.2.3", "twin": "2.0"}
    assert log.read_text().split() == ["ferrule_good", "ferrule_twin_b"]


def test_an_allow_list_that_wants_another_distribution(plugin_site: Path, run_python: Run) -> None:
    environ = {"FERRULE_PLUGINS": "good@ferrule-better"}
    outcome = load(run_python, ["good"], plugin_site, **environ)["good"]
    assert outcome["error"] == "BackendNotInstalled"
    assert "wants it from ferrule-better, and it is supplied by ferrule-good" in outcome["reason"]
    assert outcome["remedy"].startswith("pip install ferrule-better")


@pytest.mark.parametrize(
    ("variable", "value"), [("FERRULE_PLUGINS", "good;factory"), ("FERRULE_PLUGIN_AUTOLOAD", "nah")]
)
def test_a_bad_setting_waits_until_a_backend_is_selected(
    plugin_site: Path, run_python: Run, variable: str, value: str
) -> None:
    outcome = load(run_python, ["good"], plugin_site, **{variable: value})["good"]
    assert outcome["error"] == "InvalidSetting"
    assert f"{variable}={value!r}" in outcome["text"]
    row = status(run_python, plugin_site, **{variable: value})["good"]
    assert (row["state"], row["remedy"]) == ("blocked", outcome["remedy"])


def test_threads_that_race_import_build_and_probe_a_backend_once(
    plugin_site: Path, run_python: Run, tmp_path: Path
) -> None:
    code = """
import threading
from concurrent.futures import ThreadPoolExecutor
from ferrule_plugins import discovery
barrier = threading.Barrier(8)
def select(_):
    barrier.wait()
    return discovery.load("factory")
with ThreadPoolExecutor(8) as pool:
    print(len(set(map(id, pool.map(select, range(8))))))
"""
    log = tmp_path / "imports.log"
    assert run_python(code, plugin_site, PLUGIN_IMPORT_LOG=str(log)) == "1\n"
    assert log.read_text().split() == ["ferrule_factory", "made", "probed"]


def test_the_doctor_asks_the_backend_that_is_in_use(
    plugin_site: Path, run_python: Run, tmp_path: Path
) -> None:
    code = """
from ferrule_plugins import discovery
discovery.status(), discovery.load("factory"), discovery.status()
"""
    log = tmp_path / "imports.log"
    environ = {"PLUGIN_IMPORT_LOG": str(log), "FERRULE_PLUGINS": "factory"}
    run_python(code, plugin_site, **environ)
    assert log.read_text().split() == ["ferrule_factory", "made", "probed", "probed", "probed"]


def test_a_failure_is_forgotten_when_its_cause_is_gone(
    install_plugins: Callable[..., Path], run_python: Run
) -> None:
    site = install_plugins("ferrule-noimport")
    code = f"""
import importlib, pathlib
from ferrule_plugins import BackendBroken, discovery
try:
    discovery.load("noimport")
except BackendBroken:
    pathlib.Path({str(site)!r}, "a_library_that_nobody_has.py").touch()
    importlib.invalidate_caches()
    print(discovery.load("noimport").name)
"""
    assert run_python(code, site) == "noimport\n"


def test_an_interrupt_is_not_taken_for_a_fault(
    install_plugins: Callable[..., Path], run_python: Run
) -> None:
    code = """
from ferrule_plugins import discovery
try:
    discovery.load("interrupted")
except KeyboardInterrupt:
    print("interrupted")
"""
    assert run_python(code, install_plugins("ferrule-interrupted")) == "interrupted\n"


def test_a_good_backend_moves_arrays(plugin_site: Path, run_python: Run) -> None:
    code = """
import numpy as np
from ferrule_plugins import Device, Spec, discovery, dtypes
backend = discovery.load("good")
array = backend.from_host(np.ones((2, 3), np.float32), Device("good"))
assert backend.spec(array) is Spec((2, 3), dtypes.float32)
print(backend.to_host(backend.kernels["add"](array, 1)).sum())
"""
    assert run_python(code, plugin_site) == "12.0\n"
