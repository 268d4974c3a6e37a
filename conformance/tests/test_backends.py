"""Backends that conform: NumPy's, and the bare kit on a library that has the standard alone."""

from __future__ import annotations

import pytest

from ferrule_conformance.suite import LEVELS, run

STRICT = "strict_backend:backend"

FEWEST = {0: 70, 1: 10_000, 2: 1_500, 3: 12_000, 4: 14}
"""How many tests a level has at the least."""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("backend", ["cpu", STRICT])
def test_backend_conforms(backend: str, level: int) -> None:
    results = run(backend, levels=[level])
    assert [r.message for r in results if r.outcome == "failed"] == []
    assert sum(r.outcome == "passed" for r in results) >= FEWEST[level]


def test_the_kit_needs_no_kernels_besides_its_own() -> None:
    results = run(STRICT, levels=[1], checks=["kernel"], fallback="error")
    assert {r.outcome for r in results} == {"passed"}
    assert len(results) >= 60


def test_a_small_library_declares_what_it_has() -> None:
    results = run(STRICT, checks=["undeclared_dtype"])
    assert {(r.dtype, r.outcome) for r in results} == {
        ("float16", "passed"),
        ("bfloat16", "passed"),
    }
