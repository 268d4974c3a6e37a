"""Hook plugins: loaded on first use, each on its own, and none able to break the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]

REPORT = """
import json
from ferrule_plugins import plugin_manager
print(json.dumps({
    "doctor": plugin_manager.call_hook("ferrule_doctor"),
    "kernels": plugin_manager.call_hook("ferrule_register_kernels", backend="good"),
    "others": plugin_manager.call_hook("ferrule_register_kernels", backend="other"),
    "failures": {f.name: [f.distribution, f.version, f.doing, str(f)]
                 for f in plugin_manager.failures()},
}))
"""

OURS = ("hooks", "hookraises", "hooksbroken", "hooksnewer", "hooksunknown")


@pytest.fixture
def site(install_plugins: Callable[..., Path]) -> Path:
    return install_plugins(*(f"ferrule-{name}" for name in OURS))


def test_broken_plugins_are_recorded_and_the_others_answer(site: Path, run_python: Run) -> None:
    report = json.loads(run_python(REPORT, site))
    assert ["hooks", {"weather": "fine"}] in report["doctor"]
    assert not {"hookraises", "hooksunknown"} & {name for name, _ in report["doctor"]}
    assert report["kernels"] == [["hooks", {"add": "good"}]]
    assert report["others"] == []
    failures = {name: row for name, row in report["failures"].items() if name in OURS}
    assert {name: row[:3] for name, row in failures.items()} == {
        "hookraises": ["ferrule-hookraises", "1.2.3", "ferrule_doctor"],
        "hooksbroken": ["ferrule-hooksbroken", "1.2.3", "import"],
        "hooksnewer": ["ferrule-hooksnewer", "1.2.3", "import"],
        "hooksunknown": ["ferrule-hooksunknown", "1.2.3", "import"],
    }
    assert "SystemExit: the hook exits" in failures["hookraises"][3]
    assert "No module named 'a_library_that_nobody_has'" in failures["hooksbroken"][3]
    assert 'pip install --upgrade "ferrule-plugins>=99"' in failures["hooksnewer"][3]
    assert "there is no hook 'ferrule_not_a_hook'" in failures["hooksunknown"][3]


def test_nothing_is_imported_before_the_first_use_and_each_once_by_threads(
    site: Path, run_python: Run, tmp_path: Path
) -> None:
    log = tmp_path / "imports.log"
    environ = {"PLUGIN_IMPORT_LOG": str(log)}
    run_python("import ferrule_plugins.plugin_manager", site, **environ)
    assert not log.exists()
    code = """
import threading
from concurrent.futures import ThreadPoolExecutor
from ferrule_plugins import plugin_manager
barrier = threading.Barrier(8)
def ask(_):
    barrier.wait()
    return dict(plugin_manager.call_hook("ferrule_doctor"))["hooks"]["weather"]
with ThreadPoolExecutor(8) as pool:
    print(set(pool.map(ask, range(8))))
"""
    assert run_python(code, site, **environ) == "{'fine'}\n"
    expected = sorted(f"ferrule_{name}" for name in OURS if name != "hooksnewer")
    assert sorted(log.read_text().split()) == expected


def test_the_switch_keeps_them_out(site: Path, run_python: Run, tmp_path: Path) -> None:
    log = tmp_path / "imports.log"
    environ = {"FERRULE_PLUGIN_AUTOLOAD": "0", "PLUGIN_IMPORT_LOG": str(log)}
    report = json.loads(run_python(REPORT, site, **environ))
    assert report == {"doctor": [], "kernels": [], "others": [], "failures": {}}
    assert not log.exists()


def test_a_bad_switch_is_recorded_and_keeps_them_out(site: Path, run_python: Run) -> None:
    report = json.loads(run_python(REPORT, site, FERRULE_PLUGIN_AUTOLOAD="perhaps"))
    assert report["doctor"] == []
    assert list(report["failures"]) == ["FERRULE_PLUGIN_AUTOLOAD"]
    assert "FERRULE_PLUGIN_AUTOLOAD='perhaps'" in report["failures"]["FERRULE_PLUGIN_AUTOLOAD"][3]


def test_plugins_of_ones_own_process_join_and_are_guarded_likewise(
    run_python: Run,
) -> None:
    code = """
from ferrule_plugins import hookimpl, plugin_manager

class Moody:
    angry = True
    @hookimpl
    def ferrule_doctor(self):
        if self.angry:
            raise ValueError("not now")
        return {"mood": "good"}

class Wrapper:
    @hookimpl(wrapper=True)
    def ferrule_doctor(self):
        return (yield)

moody = Moody()
plugin_manager.manager().register(moody, "moody")
assert plugin_manager.call_hook("ferrule_doctor") == []
(failure,) = plugin_manager.failures()
print(failure)
moody.angry = False
assert plugin_manager.call_hook("ferrule_doctor") == [("moody", {"mood": "good"})]
assert plugin_manager.failures() == []
plugin_manager.manager().register(Wrapper(), "wrapper")
assert plugin_manager.call_hook("ferrule_doctor") == [("moody", {"mood": "good"})]
(failure,) = plugin_manager.failures()
print(failure)
"""
    told = run_python(code, FERRULE_PLUGIN_AUTOLOAD="0").splitlines()
    assert told[0] == "plugin 'moody': ferrule_doctor: ValueError: not now"
    assert told[1].startswith("plugin 'wrapper': ferrule_doctor: TypeError: a wrapper has nothing")
