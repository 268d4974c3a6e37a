"""Which tests there are, and what a run makes of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sound import SoundBackend, backend

import ferrule as fe
from ferrule import runtime
from ferrule.declare import composite, floating
from ferrule.op import OPS, Op
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_conformance.case import Target
from ferrule_conformance.check import CHECKS
from ferrule_conformance.suite import Selection, Trial, run, trials
from ferrule_conformance.sweep import PRINCIPAL, sweep


@pytest.fixture(scope="module")
def all_trials() -> list[Trial]:
    runtime.install(backend)
    return list(trials(Target(backend)))


def test_ids_are_unique_and_in_a_fixed_order(all_trials: list[Trial]) -> None:
    ids = [trial.id for trial in all_trials]
    assert len(set(ids)) == len(ids)
    assert ids == [trial.id for trial in trials(Target(backend))]
    assert "sound-softmax-0-float32-gradient" in ids
    assert all(re.fullmatch(r"[\w.-]+", id) for id in ids)


def test_every_op_is_called_in_every_dtype_that_it_and_the_backend_have(
    all_trials: list[Trial],
) -> None:
    forward = {(t.case.name, t.case.dtype) for t in all_trials if t.check.name == "forward"}
    for op in OPS.values():
        first = op.samples[0]
        free = any(
            i is not None and i.dtype is None and op.schema.role(k) == "value"
            for k, i in enumerate(first.inputs)
        )
        for dtype in op.dtypes & backend.capabilities.dtypes if free else ():
            assert (op.name, dtype) in forward


def test_every_sample_is_called(all_trials: list[Trial]) -> None:
    called = {(t.case.subject.name, t.case.index) for t in all_trials if t.check.name == "forward"}
    assert called == {(op.name, i) for op in OPS.values() for i in range(len(op.samples))}


def test_every_differentiable_op_has_its_gradients_checked(all_trials: list[Trial]) -> None:
    checked = Counter(
        t.case.subject.name
        for t in all_trials
        if t.check.name in ("gradient", "second_gradient") and t.case.dtype is fe.float64
    )
    for name in ("add", "matmul", "softmax", "sort", "index_select", "conv", "cross_entropy"):
        assert checked[name] >= 2
    assert not checked["argmax"]


def test_later_samples_are_tried_in_two_dtypes() -> None:
    target = Target(backend)
    assert sweep(target, OPS["add"], 1) == PRINCIPAL[:2]
    assert len(sweep(target, OPS["add"], 0)) == 11


def test_checks_say_what_they_claim() -> None:
    for check in CHECKS.values():
        assert check.claim.endswith(".")


def test_every_check_and_option_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()
    options = [f"--ferrule-{option}" for option in ("level", "ops", "only", "waivers", "fallback")]
    assert [name for name in [*CHECKS, *options] if f"`{name}`" not in text] == []


def test_seed_changes_the_inputs_and_nothing_else(all_trials: list[Trial]) -> None:
    trial = next(t for t in all_trials if t.id == "sound-add-0-float32-forward")
    again = next(t for t in trials(Target(backend)) if t.id == trial.id)
    other = next(t for t in trials(Target(backend, seed=1)) if t.id == trial.id)
    values = [t.case.call().operands[0].tolist() for t in (trial, again, other)]
    assert values[0] == values[1] != values[2]
    results = run(backend, ops=["add", "softmax", "amax"], seed=1)
    assert {r.outcome for r in results} == {"passed"}


@pytest.mark.parametrize(
    ("selection", "kind"),
    [
        (Selection(ops=["ad"]), "op 'ad'"),
        (Selection(dtypes=["float31"]), "dtype 'float31'"),
        (Selection(levels=[9]), "level '9'"),
        (Selection(checks=["foward"]), "check 'foward'"),
        (Selection(only=["sound-add"]), "test 'sound-add'"),
    ],
)
def test_what_does_not_exist_is_refused(
    selection: Selection, kind: str, all_trials: list[Trial]
) -> None:
    with pytest.raises(LookupError, match=kind):
        selection.refuse_unknown(all_trials)


def test_fallback_is_restored_after_a_run() -> None:
    run(SoundBackend("restored"), levels=[0], fallback="allow")
    assert runtime.active("restored").fallback == "error"


@pytest.fixture
def ill_sampled() -> Iterator[Op]:
    """An op whose sample it refuses."""

    def halved(x: Tensor, *, by: int) -> Tensor:
        """Half of ``x``."""
        return x / by

    yield composite(dtypes=floating, samples=[sample(of(3), times=2)], ref="numpy:divide")(halved)
    del OPS["halved"]


def test_a_sample_that_its_op_refuses_fails_and_ends_nothing(ill_sampled: Op) -> None:
    results = run(SoundBackend("ill_sampled"), ops=["halved", "neg"])
    failed = {r.check for r in results if r.op == "halved" and r.outcome == "failed"}
    assert failed == {"inferred_spec", "forward"}
    assert {r.outcome for r in results if r.op == "neg"} == {"passed"}
    (message,) = {r.message for r in results if r.id == "ill_sampled-halved-0-float32-forward"}
    assert message.startswith("ill_sampled-halved-0-float32-forward: halved\n")
    assert "has no argument 'times'" in message or "needs 'by'" in message
