"""What is tested besides ops: that nothing is missing, and that recorded curves hold."""

from __future__ import annotations

import inspect
from types import ModuleType

import numpy as np
import pytest
from sound import SoundBackend, backend

import ferrule as fe
from ferrule import runtime
from ferrule_conformance import modules, optimizers
from ferrule_conformance.case import Case, Target
from ferrule_conformance.modules.run import Run, initial_state
from ferrule_conformance.studies import STUDIES, dtypes_of
from ferrule_conformance.suite import run, trials
from ferrule_conformance.training import STEPS, TRAININGS, Training, data
from ferrule_conformance.training.curves import record, recorded, truth
from ferrule_plugins import Capabilities, dtypes

WITHOUT_COMPUTATION = {
    "LazyModuleMixin", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList",
    "RNNBase", "RNNCellBase",
}  # fmt: skip
"""Base classes, and containers that have no ``forward``."""


def classes(namespace: ModuleType, base: type) -> set[str]:
    return {
        name
        for name in namespace.__all__
        if inspect.isclass(found := getattr(namespace, name)) and issubclass(found, base)
    }


def test_every_layer_and_loss_is_tested() -> None:
    there = classes(fe.nn, fe.nn.Module) - WITHOUT_COMPUTATION
    assert there == {c.module for c in modules.CONFIGURATIONS}


def test_every_optimizer_is_tested() -> None:
    there = classes(fe.optim, fe.optim.Optimizer) - {"Optimizer"}
    assert there == {c.optimizer for c in optimizers.CONFIGURATIONS}
    for name in there:  # the options of which no configuration has another value than the default
        parameters = inspect.signature(getattr(fe.optim, name).__init__).parameters
        varied = {o for c in optimizers.CONFIGURATIONS if c.optimizer == name for o in c.options}
        assert set(parameters) - varied <= NOT_VARIED.get(name, set()) | {
            "self", "params", "foreach", "fused", "capturable", "differentiable", "maximize",
        }, name  # fmt: skip


NOT_VARIED: dict[str, set[str]] = {
    "Muon": {"eps", "ns_coefficients"},
    "LBFGS": {"tolerance_grad", "tolerance_change"},
}


def test_names_and_dtypes_of_studies() -> None:
    names = [name for _, name, _ in STUDIES]
    assert len(set(names)) == len(names)
    assert {name.split(".")[0] for name in names} == {"nn", "optim", "training"}
    runtime.install(backend)
    target = Target(backend)
    assert dtypes_of(target, "module", 0) == (fe.float32, fe.float16)
    assert dtypes_of(target, "module", 1) == dtypes_of(target, "training", 0) == (fe.float32,)
    few = SoundBackend("double", capabilities=Capabilities(frozenset({dtypes.float64})))
    runtime.install(few)
    assert dtypes_of(Target(few), "module", 0) == (fe.float64,)


def test_they_are_selected_by_name() -> None:
    results = run(backend, ops=["nn.Linear", "optim.SGD"], checks=["module_forward"])
    ids = [r.id for r in results]
    assert ids[:2] == [
        "sound-nn.Linear-0-float32-module_forward",
        "sound-nn.Linear-0-float16-module_forward",
    ]
    assert {r.op for r in results} == {"nn.Linear"} and {r.level for r in results} == {3}
    levels = {t.level for t in trials(Target(backend), ["optim.SGD", "training.MLP"])}
    assert {0, 3, 4} == levels  # level 0 is about the backend as a whole


@pytest.mark.parametrize("subject", ["nn.Dropout", "nn.RReLU", "nn.LSTM", "nn.LazyBatchNorm1d"])
def test_modules_that_draw_or_are_lazy_meet_the_reference(subject: str) -> None:
    results = run(backend, ops=[subject])
    assert results and {r.outcome for r in results} == {"passed"}


def test_a_module_does_not_begin_with_zeros_and_ones() -> None:
    runtime.install(backend)
    (group,) = (g for _, name, g in STUDIES if name == "nn.BatchNorm1d")
    case = Case(Target(backend), index=0, dtype=fe.float32, study=group[0])
    state = initial_state(case)
    for name in ("weight", "bias", "running_mean", "running_var"):
        assert len(np.unique(state[name])) == 4 and not {0.0, 1.0} & set(state[name].tolist())
    here = Run(case, case.device, fe.float32, state).state()
    assert all(np.array_equal(here[n], x.astype(here[n].dtype)) for n, x in state.items())


@pytest.mark.parametrize("training", TRAININGS, ids=lambda training: training.model)
def test_recorded_curves_are_not_stale(training: Training) -> None:
    curve = recorded()[training.model]
    assert curve.losses.shape == curve.spread.shape == (STEPS,)
    np.testing.assert_allclose(truth(training, 4), curve.losses[:4], rtol=1e-12)
    again = record(training, steps=4, runs=2)  # of fewer runs, so it is smaller
    assert (again.spread <= curve.spread[:4] * 1.01 + 1e-14).all()
    assert (curve.spread[1:4] <= again.spread[1:] * 20).all()


@pytest.mark.parametrize("training", TRAININGS, ids=lambda training: training.model)
def test_models_learn_and_rounding_does_not_lead_them_astray(training: Training) -> None:
    curve = recorded()[training.model]
    assert curve.losses[-1] < curve.losses[0] / 4
    assert (np.diff(curve.spread) >= 0).all()
    assert curve.spread[-1] < 1e-6


def test_data_never_change() -> None:
    points, classes_of = data.points()
    assert points.dtype == np.float32 and points[0, :3].tolist() == POINTS
    assert np.bincount(classes_of, minlength=data.CLASSES).min() > 0
    (tokens,) = data.text()
    assert tokens[0].tolist() == TOKENS
    assert tokens.min() >= 0 and tokens.max() < data.TOKENS


POINTS = [-0.62353515625, 0.597686767578125, 0.36962890625]
TOKENS = [0, 10, 11, 8, 7, 0, 3, 4, 11, 8]
