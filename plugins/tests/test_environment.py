"""The environment variables: what they mean, and how a bad value is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins import FerruleError, InvalidSetting, environment

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True)
DISTRIBUTIONS = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (environment.AUTOLOAD, environment.PLUGINS, environment.BACKEND):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("0", False), ("", True), (" off ", False), ("True", True), ("false", False)],
)
def test_the_switch(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv(environment.AUTOLOAD, value)
    assert environment.autoload() is expected
    assert environment.allowed() == (None if expected else {})


def test_unset_variables_allow_everything() -> None:
    assert environment.autoload() is True
    assert environment.allowed() is None


@given(st.dictionaries(NAMES, st.none() | DISTRIBUTIONS, min_size=1), st.sampled_from(",  ,,"))
def test_any_allow_list_is_read_back(named: dict[str, str | None], space: str) -> None:
    value = f",{space}".join(
        name + (f"@{source}" if source else "") for name, source in named.items()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(environment.PLUGINS, value)
        assert environment.allowed() == named


def test_an_allow_list_stands_when_discovery_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.AUTOLOAD, "0")
    monkeypatch.setenv(environment.PLUGINS, "cpu, cuda@Ferrule_CUDA")
    assert environment.allowed() == {"cpu": None, "cuda": "ferrule-cuda"}


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        (environment.AUTOLOAD, "maybe", "it is a switch"),
        (environment.PLUGINS, "cpu,cuda:1", "'cuda:1' is neither"),
        (environment.PLUGINS, "cpu@", "'cpu@' is neither"),
        (environment.PLUGINS, "@ferrule-cpu", "'@ferrule-cpu' is neither"),
        (environment.PLUGINS, "cpu@a@b", "'cpu@a@b' is neither"),
        (environment.PLUGINS, "cpu cuda", "'cpu cuda' is neither"),
        (environment.PLUGINS, "cpu@a,cpu@b", "'cpu' more than once"),
        (environment.PLUGINS, "cpu,cpu@b", "'cpu' more than once"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSetting) as caught:
        environment.allowed()
    error = caught.value
    assert (error.variable, error.value) == (variable, value)
    assert reason in error.reason
    assert f"{variable}={value!r}" in str(error)
    assert error.remedy in str(error)
    assert isinstance(error, FerruleError)
