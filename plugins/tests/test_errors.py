"""The errors: their texts, and what a program can read from them."""

from __future__ import annotations

import pytest

from ferrule_plugins import (
    BackendBroken,
    BackendError,
    BackendIncompatible,
    BackendNotInstalled,
    BackendUnavailable,
    FerruleError,
)

KINDS = (BackendNotInstalled, BackendBroken, BackendIncompatible, BackendUnavailable)


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_names_the_culprit_the_reason_and_the_remedy(kind: type[BackendError]) -> None:
    error = kind("tpu", "it rains", remedy="wait", distribution="ferrule-tpu", version="1.2")
    assert str(error) == (
        f"backend 'tpu' (from ferrule-tpu 1.2) {kind.state}: it rains. To mend it: wait"
    )
    assert (error.backend, error.reason, error.remedy) == ("tpu", "it rains", "wait")
    assert (error.distribution, error.version) == ("ferrule-tpu", "1.2")


def test_without_a_distribution_none_is_mentioned() -> None:
    error = BackendNotInstalled("tpu", "it rains", remedy="wait")
    assert str(error) == "backend 'tpu' is not installed: it rains. To mend it: wait"
    assert error.distribution is None


def test_the_kinds_are_told_apart_by_text_and_class() -> None:
    assert len({kind.state for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert issubclass(kind, BackendError)
        assert issubclass(kind, FerruleError)
        assert issubclass(kind, RuntimeError)
        assert [k for k in KINDS if issubclass(kind, k)] == [kind]
