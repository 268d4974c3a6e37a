"""Which device is meant: precedence, scopes, ``auto``, and what happens on errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrule_plugins import (
    BackendBroken,
    BackendError,
    BackendNotInstalled,
    BackendUnavailable,
    Device,
    InvalidSetting,
    discovery,
    set_backend,
    use_backend,
)
from ferrule_plugins.selection import resolve, selected


@pytest.fixture(autouse=True)
def _little_backends(plugin_site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(plugin_site)
    # What is loaded stays loaded; forgotten here, so that each test's allow-list counts anew.
    monkeypatch.setattr(discovery, "_ready", {})
    monkeypatch.delenv("FERRULE_PLUGIN_AUTOLOAD", raising=False)
    monkeypatch.setenv("FERRULE_PLUGINS", "good,factory,twogpus,preferred,zaccelerator")
    monkeypatch.setenv("FERRULE_BACKEND", "good")
    yield
    set_backend(None)


def test_each_choice_is_stronger_than_the_one_before() -> None:
    assert selected() is Device("good")
    set_backend("factory")
    assert selected() is Device("factory")
    with use_backend("twogpus:1") as device:
        assert selected() is device is Device("twogpus:1")
        with use_backend("preferred"):
            assert selected() is Device("preferred")
        assert selected() is Device("twogpus:1")
    assert selected() is Device("factory")
    set_backend(None)
    assert selected() is Device("good")


def test_cpu_is_meant_where_nothing_was_chosen(
    install_plugins: Callable[..., Path], run_python: Callable[..., str]
) -> None:
    code = "from ferrule_plugins import selection; print(selection.selected())"
    site = install_plugins("ferrule-numpycpu")
    for default in ({}, {"FERRULE_BACKEND": ""}):
        environ = {"FERRULE_PLUGINS": "cpu@ferrule-numpycpu", **default}
        assert run_python(code, site, **environ) == "cpu:0\n"


def test_the_environment_is_followed_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        monkeypatch.setenv("FERRULE_BACKEND", "twogpus:1")
        assert selected() is Device("twogpus:1")
        monkeypatch.setenv("FERRULE_BACKEND", " factory ")
        assert selected() is Device("factory")


def test_a_choice_made_inside_a_block_takes_effect_after_it() -> None:
    with use_backend("factory"):
        set_backend("preferred")
        assert selected() is Device("factory")
    assert selected() is Device("preferred")


def test_a_block_is_left_by_an_exception_too() -> None:
    with pytest.raises(ZeroDivisionError), use_backend("factory"):
        raise ZeroDivisionError
    assert selected() is Device("good")


def test_it_decorates_functions() -> None:
    @use_backend("factory")
    def inside() -> Device:
        return selected()

    assert inside() is inside() is Device("factory")
    assert selected() is Device("good")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["good", "factory", "preferred", "twogpus:1"]))
    )
)
def test_any_sequence_of_choices_follows_the_precedence(choices: list[tuple[bool, str]]) -> None:
    set_backend(None)
    with ExitStack() as blocks:
        innermost = last_set = None
        for scoped, name in choices:
            if scoped:
                blocks.enter_context(use_backend(name))
                innermost = name
            else:
                set_backend(name)
                last_set = name
            assert selected() is Device(innermost or last_set or "good")
    assert selected() is Device(last_set or "good")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nowhere", BackendNotInstalled),
        ("saysno", BackendUnavailable),
        ("noimport", BackendBroken),
        ("twogpus:2", BackendUnavailable),
        ("good:1", BackendUnavailable),
        ("not a device", ValueError),
        ("auto:1", ValueError),
    ],
)
def test_a_choice_that_fails_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, error: type[Exception]
) -> None:
    monkeypatch.delenv("FERRULE_PLUGINS")
    set_backend("factory")
    with pytest.raises(error):
        set_backend(name)
    assert selected() is Device("factory")
    with pytest.raises(error), use_backend(name):
        pytest.fail("the block was entered")
    assert selected() is Device("factory")


def test_an_index_that_is_too_high_is_answered_with_those_that_exist() -> None:
    with pytest.raises(BackendUnavailable, match="twogpus:2 is asked for, but it has only 2 dev"):
        resolve("twogpus:2")
    with pytest.raises(BackendUnavailable) as caught:
        resolve("twogpus:9")
    assert caught.value.remedy == "choose twogpus:0 to twogpus:1"
    with pytest.raises(BackendUnavailable) as caught:
        resolve("good:1")
    assert caught.value.remedy == "choose good:0"


def test_threads_have_their_own_choice() -> None:
    seen: list[Device] = []

    def work() -> None:
        seen.append(selected())
        set_backend("preferred")
        seen.append(selected())

    set_backend("factory")
    with use_backend("twogpus"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [Device("good"), Device("preferred")]
    assert selected() is Device("factory")


def test_tasks_have_their_own_choice() -> None:
    async def work(name: str, arrived: asyncio.Barrier) -> list[Device]:
        seen = [selected()]
        with use_backend(name):
            await arrived.wait()
            seen.append(selected())
            await arrived.wait()
        set_backend(name)
        await arrived.wait()
        return [*seen, selected()]

    async def main() -> tuple[list[Device], list[Device]]:
        arrived = asyncio.Barrier(2)
        first, second = await asyncio.gather(work("twogpus", arrived), work("preferred", arrived))
        return first, second

    set_backend("factory")
    start, a, b = Device("factory"), Device("twogpus"), Device("preferred")
    assert asyncio.run(main()) == ([start, a, a], [start, b, b])
    assert selected() is start


@pytest.mark.parametrize(
    ("allowed", "fastest"),
    [
        ("good,factory", "factory"),
        ("good,factory,preferred", "preferred"),
        ("preferred,twogpus", "twogpus"),
        ("preferred,twogpus,zaccelerator", "zaccelerator"),
        ("good,saysno,noimport,exits,newer,proberaises,twin", "good"),
    ],
)
def test_auto_takes_the_fastest_kind_then_the_preferred_then_the_first_by_name(
    monkeypatch: pytest.MonkeyPatch, allowed: str, fastest: str
) -> None:
    monkeypatch.setenv("FERRULE_PLUGINS", allowed)
    assert resolve("auto") is Device(fastest)
    with use_backend("auto") as device:
        assert device is selected() is Device(fastest)


def test_auto_without_a_choice_says_why_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_PLUGINS", "saysno,exits")
    with pytest.raises(BackendUnavailable) as caught:
        set_backend("auto")
    assert "saysno is unavailable here (no such chip in this machine)" in caught.value.reason
    assert "exits is broken (importing 'ferrule_exits:backend'" in caught.value.reason
    assert caught.value.remedy


def test_auto_in_the_environment_is_resolved_once(
    plugin_site: Path, run_python: Callable[..., str]
) -> None:
    code = """
from ferrule_plugins import discovery, selection
first = selection.selected()
discovery.candidates = None
assert selection.selected() is first
print(first)
"""
    environ = {"FERRULE_BACKEND": "auto", "FERRULE_PLUGINS": "good,twogpus"}
    assert run_python(code, plugin_site, **environ) == "twogpus:0\n"


@pytest.mark.parametrize("value", ["no device", "cuda:", "auto:1"])
def test_a_bad_default_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("FERRULE_BACKEND", value)
    with pytest.raises(InvalidSetting) as caught:
        selected()
    assert f"FERRULE_BACKEND={value!r}" in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_default_that_cannot_be_used_is_traced_to_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FERRULE_BACKEND", "nowhere")
    with pytest.raises(BackendError) as caught:
        selected()
    assert caught.value.__notes__ == ["FERRULE_BACKEND='nowhere' asks for it"]
    set_backend("good")
    assert selected() is Device("good")
