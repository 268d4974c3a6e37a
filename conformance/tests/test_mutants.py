"""The suite is itself tested: wrong backends must fail, each on the check that names its fault."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from mutants import EVERYTHING, MUTANTS, Mutant, flushes
from sound import KIT, SoundBackend
from training_mutants import TRAINING

from ferrule.declare import composite, floating
from ferrule.op import OPS, Op
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_conformance.check import CHECKS
from ferrule_conformance.suite import Result, run
from ferrule_plugins import Capabilities, dtypes


def failures(results: list[Result]) -> dict[str, list[str]]:
    """The messages of failed tests, by check."""
    found: dict[str, list[str]] = {}
    for result in results:
        if result.outcome == "failed":
            found.setdefault(result.check, []).append(result.message)
    return found


def run_as(mutant: Mutant, backend: Any) -> list[Result]:
    """What concerns the mutant's fault."""
    if mutant.ops:
        return run(backend, ops=mutant.ops)
    return run(backend, levels=[0])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(mutant: Mutant) -> None:
    found = failures(run_as(mutant, mutant.backend()))
    assert set(mutant.caught_by) <= set(found), f"only {sorted(found)} failed"
    messages = found[mutant.caught_by[0]]
    assert any(mutant.says in message for message in messages), messages[0]


def test_names_of_mutants_are_unique() -> None:
    every = (*MUTANTS, *TRAINING)
    assert len({mutant.name for mutant in every}) == len(every)


def test_sound_backend_passes_all_that_mutants_fail() -> None:
    backend = SoundBackend("sound")
    ops = {op for mutant in MUTANTS for op in mutant.ops}
    results = [*run(backend, ops=ops), *run(backend, levels=[0])]
    assert failures(results) == {}
    assert len(results) > 1000


@pytest.fixture
def misdeclared() -> Iterator[Op]:
    """An op whose reference does not exist."""

    def doubled(x: Tensor) -> Tensor:
        """Twice ``x``."""
        return x + x

    yield composite(dtypes=floating, samples=[(of(3),)], ref="numpy:dubled")(doubled)
    del OPS["doubled"]


def test_missing_reference_is_a_failure_and_no_skip(misdeclared: Op) -> None:
    found = failures(run(SoundBackend("misdeclared"), ops=["doubled"]))
    assert {"declaration", "forward"} <= set(found)
    assert "numpy:dubled" in found["declaration"][0]


def test_missing_kernel_runs_on_the_host_or_fails() -> None:
    backend = SoundBackend("incomplete")
    backend.kernels = {op: kernel for op, kernel in KIT.items() if op != "exp"}
    allowed = run(backend, ops=["exp"])
    assert failures(allowed) == {}
    assert [r.message for r in allowed if r.outcome == "skipped"] == [
        "there is no kernel: the op runs on the host"
    ]
    refused = failures(run(backend, ops=["exp"], fallback="error"))
    assert {"kernel", "forward", "gradient"} <= set(refused) | {"gradient"}
    assert "no kernel for the primitive 'exp'" in refused["forward"][0]


def test_every_check_has_a_mutant_that_it_catches() -> None:
    caught = {name for mutant in (*MUTANTS, *TRAINING) for name in mutant.caught_by}
    # the two tests above, and one of asynchronous backends in test_training_mutants.py
    elsewhere = {"declaration", "kernel", "errors_in_training"}
    assert set(CHECKS) - caught == elsewhere


# Backends that are unlike the sound one, and right.


def _sums_from_the_end(x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    return KIT["sum"](np.flip(x, dim), dim=dim, keepdim=keepdim)


def _sums_one_by_one(x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    kept = [d for d in range(x.ndim) if d not in dim]
    count = math.prod(x.shape[d] for d in dim)
    rows = np.transpose(x, (*dim, *kept)).reshape(count, *(x.shape[d] for d in kept))
    total = np.zeros(rows.shape[1:], np.int64 if x.dtype.kind in "biu" else x.dtype)
    for row in rows:
        total = total + row
    shape = [1 if d in dim else n for d, n in enumerate(x.shape)] if keepdim else total.shape
    return np.asarray(total).astype(total.dtype).reshape(shape)


@pytest.mark.parametrize("order", [_sums_from_the_end, _sums_one_by_one])
def test_another_order_of_summation_is_fine(order: Any) -> None:
    backend = SoundBackend("other_order", {"sum": order})
    results = run(backend, ops=["sum", "mean", "softmax", "var", "logsumexp"])
    assert failures(results) == {}


def test_declared_nondeterminism_is_fine() -> None:
    mutant = next(m for m in MUTANTS if m.name == "at_whim")
    backend = mutant.backend()
    backend.capabilities = Capabilities(EVERYTHING, nondeterministic=frozenset({"exp"}))
    results = run(backend, ops=["exp"])
    assert failures(results) == {}
    skipped = {r.check for r in results if r.outcome == "skipped"}
    assert skipped == {"determinism"}


def test_declared_flushing_is_fine() -> None:
    names = ["neg", "add", "sub", "mul", "div", "exp", "sqrt", "maximum", "eq", "lt"]
    flushing = {op: flushes(KIT[op]) for op in names}
    declared = Capabilities(EVERYTHING, flushes_denormals=frozenset({dtypes.float32}))
    checks = ["forward", "special_values", "denormals"]
    sound = SoundBackend("flushing_and_saying_so", flushing, capabilities=declared)
    assert failures(run(sound, ops=names, checks=checks)) == {}
    other = SoundBackend("flushing_elsewhere", flushing, capabilities=Capabilities(EVERYTHING))
    assert {"special_values", "denormals"} <= set(failures(run(other, ops=names, checks=checks)))


def test_backend_without_float64_is_held_against_the_reference_backend() -> None:
    few = Capabilities(EVERYTHING - {dtypes.float64, dtypes.complex128})
    sound = SoundBackend("single", capabilities=few)
    results = run(sound, ops=["sin", "index_select", "softmax"])
    assert failures(results) == {}
    assert {"gradient", "second_gradient"} <= {r.check for r in results}
    wrong = SoundBackend("single_wrong", {"cos": lambda x: -np.cos(x)}, capabilities=few)
    assert {"gradient", "second_gradient"} <= set(failures(run(wrong, ops=["sin"])))
