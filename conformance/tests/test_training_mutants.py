"""Levels 3 and 4 are themselves tested: faults in modules, optimizers and training are caught."""

from __future__ import annotations

import pytest
from asynchronous_backend import AsynchronousBackend
from mutants import EVERYTHING, Mutant
from sound import SoundBackend
from training_mutants import RIGHT_ADAM, RIGHT_NORM, TRAINING, deaf, impatient

from ferrule_conformance.suite import Result, run
from ferrule_plugins import Capabilities

WHOLE = ("threads", "errors_in_training")


def failed(results: list[Result]) -> dict[str, str]:
    return {r.check: r.message for r in results if r.outcome == "failed"}


@pytest.mark.parametrize("mutant", TRAINING, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(mutant: Mutant) -> None:
    results = run(mutant.backend(), ops=mutant.ops or None, checks=mutant.caught_by)
    assert results
    found = failed(results)
    assert set(found) == set(mutant.caught_by)
    assert mutant.says in found[mutant.caught_by[0]], found


def test_the_sound_backend_passes_what_they_fail() -> None:
    backend = SoundBackend("sound_in_training")
    for subjects, checks in sorted({(m.ops, m.caught_by) for m in TRAINING}):
        results = run(backend, ops=subjects or None, checks=checks)
        assert results and [r.message for r in results if r.outcome != "passed"] == []


def test_the_kernels_of_mutants_are_right_but_for_their_fault() -> None:
    results = run(RIGHT_ADAM, ops=["optim.Adam", "training.CNN"])
    results += run(RIGHT_NORM, ops=["nn.BatchNorm1d"])
    assert [r.message for r in results if r.outcome != "passed"] == []


def test_a_fault_in_the_gradient_alone_does_not_show_in_the_results() -> None:
    mutant = next(m for m in TRAINING if m.name == "rough_rows")
    found = failed(run(mutant.backend(), ops=["nn.Embedding"]))
    assert set(found) == {"module_gradient", "module_training"}
    mutant = next(m for m in TRAINING if m.name == "no_eps")
    assert set(failed(run(mutant.backend(), ops=["nn.BatchNorm2d"]))) == {"module_training"}


def test_declared_nondeterminism_is_skipped_with_its_reason() -> None:
    mutant = next(m for m in TRAINING if m.name == "now_and_then")
    backend = mutant.backend()
    backend.capabilities = Capabilities(EVERYTHING, nondeterministic=frozenset({"exp", "fft"}))
    results = run(backend, ops=["training.MLP"], checks=["training_determinism"])
    results += run(backend, checks=["threads"])
    assert {r.outcome for r in results} == {"skipped"}
    assert {r.message for r in results} == {"exp: declared to be nondeterministic"}
    backend.capabilities = Capabilities(EVERYTHING, nondeterministic=frozenset({"fft"}))
    results = run(backend, ops=["training.MLP"], checks=["training_determinism"])
    assert {r.outcome for r in results} == {"failed"}


def test_an_asynchronous_backend_reports_when_it_is_waited_for() -> None:
    results = run(AsynchronousBackend("patient"), checks=WHOLE)
    assert [r.message for r in results if r.outcome != "passed"] == []


def test_an_asynchronous_backend_that_reports_too_early_or_never_is_caught() -> None:
    found = failed(run(impatient(), checks=["errors_in_training"]))
    assert "was raised before the synchronisation" in found["errors_in_training"]
    found = failed(run(deaf(), checks=["errors_in_training"]))
    assert "the token 12 of 12 was not refused" in found["errors_in_training"]
