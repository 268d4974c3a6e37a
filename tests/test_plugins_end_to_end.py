"""Real plugin distributions, right and wrong ones installed at once, as the user of ferrule meets
them: ``import ferrule``, the doctor, selection, and computing on the one that works."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

RunPython = Callable[..., str]

# name: error, distribution, version, words of the reason, words of the remedy, cause
REFUSED: dict[str, tuple[str, str | None, str | None, str, str, str | None]] = {
    "noimport": (
        "BackendBroken", "ferrule-noimport", "0.3", "No module named 'a_library_that_nobody_has'",
        "pip install --force-reinstall ferrule-noimport", "ModuleNotFoundError",
    ),
    "exits": (
        "BackendBroken", "ferrule-exits", "1.2.3", "raised SystemExit: 3",
        "pip install --upgrade ferrule-exits", "SystemExit",
    ),
    "noattribute": (
        "BackendBroken", "ferrule-noattribute", "1.2.3", "has no attribute 'backend'",
        "pip install --upgrade ferrule-noattribute", "AttributeError",
    ),
    "notbackend": (
        "BackendBroken", "ferrule-notbackend", "1.2.3", "not a ferrule_plugins.Backend: it lacks",
        "pip install --upgrade ferrule-notbackend", None,
    ),
    "newer": (
        "BackendIncompatible", "ferrule-newer", "9.0", "requires ferrule-plugins>=99",
        'pip install --upgrade "ferrule-plugins>=99"', None,
    ),
    "newercode": (
        "BackendIncompatible", "ferrule-newercode", "1.2.3", "written to contract 1.1000",
        "pip install --upgrade ferrule-plugins", None,
    ),
    "saysno": (
        "BackendUnavailable", "ferrule-saysno", "1.2.3", "no such chip in this machine",
        "buy one", None,
    ),
    "proberaises": (
        "BackendBroken", "ferrule-proberaises", "1.2.3", "a probe must never raise",
        "pip install --upgrade ferrule-proberaises", "ZeroDivisionError",
    ),
    "twin": (
        "BackendBroken", None, None, "ferrule-twin-a 1.0 and ferrule-twin-b 2.0",
        "FERRULE_PLUGINS=", None,
    ),
    "nonesuch": (
        "BackendNotInstalled", None, None, "no installed distribution announces it",
        "choose an installed one", None,
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def crowded_site(
    plugin_distributions: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Every little backend and every little hook plugin, all at once."""
    everything = (*plugin_distributions.BACKENDS, *plugin_distributions.HOOK_PLUGINS)
    return plugin_distributions.install(everything, tmp_path_factory.mktemp("crowd") / "site")


@pytest.fixture(scope="session")
def whole_site(plugin_distributions: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backend with every primitive, one without some, and a plugin that adds kernels and ops."""
    make, source = plugin_distributions.PluginDistribution, plugin_distributions.numpy_backend
    kit = """\
        from ferrule_plugins.kits import array_namespace
        backend.kernels = array_namespace.kernels(np, dtype_of=lambda d: d.numpy)
        """
    pack = """\
        import numpy as np
        from ferrule_plugins import hookimpl

        @hookimpl
        def ferrule_register_kernels(backend):
            record("asked for " + backend.name)
            if backend.name == "whole":
                return {"tanh": lambda x: np.full_like(x, 42.0), "sigmoid": lambda x: x * 0 + 7}

        @hookimpl
        def ferrule_register_ops():
            record("ops")
            import ferrule as fe

            @fe.composite(dtypes=fe.exp.dtypes, samples=[])
            def pack_cube(x: fe.Tensor) -> fe.Tensor:
                "``x ** 3``"
                return x * x * x

            return [pack_cube]

        import sys
        plugin = sys.modules[__name__]
        """
    distributions = [
        make("ferrule-whole", "whole", source("whole", kit)),
        make("ferrule-pack", "pack", pack, attribute="plugin", group="ferrule.plugins"),
    ]
    target = tmp_path_factory.mktemp("whole") / "site"
    return plugin_distributions.install(distributions, target)


def test_import_ferrule_imports_no_backend_and_no_plugin(
    run_python: RunPython, crowded_site: Path, tmp_path: Path
) -> None:
    log = tmp_path / "imports"
    code = """\
        import sys, ferrule
        print([m for m in sys.modules if m.startswith("ferrule_") and m != "ferrule_plugins"
               and not m.startswith("ferrule_plugins.")])
        """
    found = run_python(dedent(code), crowded_site, PLUGIN_IMPORT_LOG=str(log))
    assert found == "[]\n"
    assert not log.exists()


def test_import_ferrule_survives_settings_that_make_no_sense(run_python: RunPython) -> None:
    settings = {
        "FERRULE_BACKEND": "nonesuch:x:y",
        "FERRULE_PLUGINS": "@@@",
        "FERRULE_PLUGIN_AUTOLOAD": "perhaps",
    }
    code = "import ferrule as fe; print(all(s.reason for s in fe.backends()))"
    assert run_python(code, **settings) == "True\n"


def test_the_doctor_lists_all_of_them_with_what_mends_each(
    run_python: RunPython, crowded_site: Path
) -> None:
    code = """\
        import json, ferrule as fe
        print(json.dumps([s.as_dict() for s in fe.backends()]))
        """
    rows = {row["name"]: row for row in json.loads(run_python(dedent(code), crowded_site))}
    ready = {name for name, row in rows.items() if row["state"] == "ready"}
    assert {"cpu", "good", "factory", "preferred", "twogpus", "zaccelerator"} <= ready
    for name, (_, distribution, version, reason, remedy, _) in REFUSED.items():
        if name == "nonesuch":
            assert name not in rows
            continue
        row = rows[name]
        assert row["state"] not in ("ready", "")
        assert reason in row["reason"]
        assert remedy in row["remedy"]
        if distribution is not None:
            assert (row["distribution"], row["version"]) == (distribution, version)
    assert rows["twin"]["state"] == "conflict"
    assert rows["twin"]["distribution"] == "ferrule-twin-a, ferrule-twin-b"


def test_the_command_line_survives_them_too(run_python: RunPython, crowded_site: Path) -> None:
    code = """\
        from ferrule.cli import main
        assert main(["backends"]) == 0
        print("JSON:")
        assert main(["backends", "--json"]) == 0
        """
    text, _, report = run_python(dedent(code), crowded_site).partition("JSON:\n")
    found = json.loads(report)
    states = {row["name"]: row["state"] for row in found["backends"]}
    for name in REFUSED.keys() - {"nonesuch"}:
        assert name in text
        assert states[name] != "ready"
    assert states["good"] == states["cpu"] == "ready"
    assert found["selected"] == "cpu:0"
    assert "weather" in text  # the sound hook plugin has its say beside the broken ones
    failures = " ".join(found["failures"])
    for plugin in ("hookraises", "hooksbroken", "hooksnewer", "hooksunknown"):
        assert repr(plugin) in failures


def test_each_selection_raises_its_own_error_whichever_way_it_is_made(
    run_python: RunPython, crowded_site: Path
) -> None:
    code = """\
        import json, ferrule as fe

        def used(name):
            with fe.use_backend(name):
                raise AssertionError("entered")

        ways = {
            "set_backend": fe.set_backend,
            "use_backend": used,
            "device": lambda name: fe.zeros(2, device=name),
            "to": lambda name: fe.ones(2).to(name),
            "synchronize": fe.synchronize,
        }
        found = {}
        for name in json.loads(sys.argv[1]):
            for way, call in ways.items():
                try:
                    call(name)
                except fe.BackendError as e:
                    cause = None if e.__cause__ is None else type(e.__cause__).__name__
                    found[f"{name} {way}"] = [
                        type(e).__name__, e.distribution, e.version, e.reason, e.remedy, cause,
                        str(e),
                    ]
            assert fe.get_backend() == "cpu"
            assert (fe.ones(2) + 1).tolist() == [2, 2]
        print(json.dumps(found))
        """
    code = dedent(code).replace("sys.argv[1]", repr(json.dumps(list(REFUSED))))
    found: dict[str, list[Any]] = json.loads(run_python(code, crowded_site))
    assert len(found) == 5 * len(REFUSED)
    for key, (kind, distribution, version, reason, remedy, cause, text) in found.items():
        expected = REFUSED[key.split()[0]]
        assert (kind, distribution, version) == expected[:3], key
        assert expected[3] in reason, key
        assert expected[4] in remedy, key
        assert cause == expected[5], key
        for word in filter(None, (repr(key.split()[0]), distribution, version, reason, remedy)):
            assert word in text, key


def test_the_good_one_computes_forward_and_backward_amid_the_others(
    run_python: RunPython, crowded_site: Path
) -> None:
    code = """\
        import ferrule as fe

        fe.set_backend("good")
        x = fe.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = x * x + x
        y.backward(fe.tensor([1.0, 10.0, 100.0]))
        print(y.device, y.tolist(), x.grad.device, x.grad.tolist())

        # its three kernels are not enough for more, unless the host may help
        try:
            x.exp()
        except fe.MissingKernel as e:
            print("'exp'" in str(e), "fallback=" in str(e))
        fe.set_backend("good", fallback="allow")
        x.grad = None
        (x.exp() * x).sum().backward()
        print([round(v, 3) for v in x.grad.tolist()], "exp" in {e.op for e in fe.fallbacks()})
        """
    assert run_python(dedent(code), crowded_site).splitlines() == [
        "good:0 [2.0, 6.0, 12.0] good:0 [3.0, 50.0, 700.0]",
        "True True",
        "[5.437, 22.167, 80.342] True",
    ]


def test_a_backend_that_is_the_kit_alone_trains(run_python: RunPython, whole_site: Path) -> None:
    code = """\
        import ferrule as fe

        fe.manual_seed(0)
        with fe.use_backend("whole"):
            x, w = fe.randn(64, 3), fe.zeros(3, 1, requires_grad=True)
            target = x @ fe.tensor([[1.0], [-2.0], [0.5]])
            for _ in range(200):
                loss = ((x @ w - target) ** 2).mean()
                w.grad = None
                loss.backward()
                with fe.no_grad():
                    w -= 0.1 * w.grad
        print(w.device, [round(v, 3) for v in w.detach().reshape(-1).tolist()])
        """
    assert run_python(dedent(code), whole_site) == "whole:0 [1.0, -2.0, 0.5]\n"


def test_kernel_packs_and_ops_come_from_installed_plugins(
    run_python: RunPython, whole_site: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    code = """\
        import ferrule as fe

        assert "pack_cube" not in fe.OPS
        here, there = fe.tensor([2.0]), fe.tensor([2.0], device="whole")
        print(there.tanh().tolist(), there.sigmoid().tolist(), round(here.tanh().item(), 3))
        x = fe.tensor([2.0], requires_grad=True)
        fe.OPS["pack_cube"](x).sum().backward()
        print(x.grad.tolist())
        print(fe.runtime.active("whole").packs, fe.runtime.active("cpu").packs)
        """
    assert run_python(dedent(code), whole_site, PLUGIN_IMPORT_LOG=str(log)).splitlines() == [
        "[42.0] [7.0] 0.964",
        "[12.0]",
        "{'tanh': 'pack', 'sigmoid': 'pack'} {}",
    ]
    events = log.read_text().split("\n")
    assert events.count("ops") == 1
    assert [e for e in events if e.startswith("asked")] == ["asked for cpu", "asked for whole"]


def test_the_environment_chooses_the_backend(run_python: RunPython, whole_site: Path) -> None:
    code = "import ferrule as fe; print(fe.get_backend(), fe.zeros(1).device)"
    assert run_python(code, whole_site) == "cpu cpu:0\n"
    assert run_python(code, whole_site, FERRULE_BACKEND="whole") == "whole whole:0\n"
    overruled = (
        "import ferrule as fe\n"
        "fe.set_backend('cpu'); print(fe.zeros(1).device)\n"
        "with fe.use_backend('whole'): print(fe.zeros(1).device)\n"
    )
    assert run_python(overruled, whole_site, FERRULE_BACKEND="whole") == "cpu:0\nwhole:0\n"


def test_a_choice_of_the_environment_that_fails_says_where_it_came_from(
    run_python: RunPython, crowded_site: Path
) -> None:
    code = """\
        import ferrule as fe
        try:
            fe.zeros(1)
        except fe.BackendError as e:
            print(type(e).__name__, e.__notes__)
        print(fe.zeros(1, device="cpu").tolist())
        """
    found = run_python(dedent(code), crowded_site, FERRULE_BACKEND="saysno")
    assert found.splitlines() == [
        """BackendUnavailable ["FERRULE_BACKEND='saysno' asks for it"]""",
        "[0.0]",
    ]


def test_auto_takes_the_fastest_that_works(run_python: RunPython, crowded_site: Path) -> None:
    code = "import ferrule as fe; fe.set_backend('auto'); print(fe.get_backend())"
    assert run_python(code, crowded_site) == "zaccelerator\n"
    only = {"FERRULE_PLUGINS": "cpu,good,twogpus,saysno,noimport"}
    assert run_python(code, crowded_site, **only) == "twogpus\n"


def test_with_autoload_off_only_what_is_named_is_used(
    run_python: RunPython, whole_site: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    code = """\
        import ferrule as fe
        for name in ("cpu", "whole"):
            try:
                print(fe.zeros(1, device=name).tolist())
            except fe.BackendNotInstalled as e:
                print(name, e.distribution, "FERRULE_PLUGINS=" in e.remedy)
        print(sorted(s.name for s in fe.backends() if s.state == "ready"), "pack_cube" in fe.OPS)
        """
    environ = {"FERRULE_PLUGIN_AUTOLOAD": "0", "PLUGIN_IMPORT_LOG": str(log)}
    assert run_python(dedent(code), whole_site, **environ).splitlines() == [
        "cpu ferrule-cpu True",
        "whole ferrule-whole True",
        "[] False",
    ]
    assert not log.exists()
    environ["FERRULE_PLUGINS"] = "cpu,whole@ferrule-whole"
    assert run_python(dedent(code), whole_site, **environ).splitlines() == [
        "[0.0]",
        "[0.0]",
        "['cpu', 'whole'] False",
    ]
    assert log.read_text() == "ferrule_whole\n"


def test_an_allow_list_settles_a_conflict_and_shuts_out_the_rest(
    run_python: RunPython, crowded_site: Path
) -> None:
    code = """\
        import ferrule as fe
        x = fe.tensor([1.0, 2.0], device="twin")
        print((x + x).tolist())
        for name in ("cpu", "good"):
            try:
                fe.zeros(1, device=name)
            except fe.BackendNotInstalled as e:
                print(name, "FERRULE_PLUGINS does not name it" in e.reason)
        """
    found = run_python(dedent(code), crowded_site, FERRULE_PLUGINS="twin@ferrule-twin-b")
    assert found.splitlines() == ["[2.0, 4.0]", "cpu True", "good True"]


def test_a_backend_is_imported_once_and_only_when_it_is_chosen(
    run_python: RunPython, whole_site: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    code = """\
        import ferrule as fe
        fe.zeros(3) + 1
        fe.zeros(3, device="whole") + 1
        fe.set_backend("whole")
        fe.zeros(3)
        """
    run_python(dedent(code), whole_site, PLUGIN_IMPORT_LOG=str(log))
    events = log.read_text().split()
    assert events.count("ferrule_whole") == 1
