"""Level 3: layers and losses are held against themselves in float64 on the reference backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import ferrule as fe
from ferrule_conformance import reference_backend, tolerance
from ferrule_conformance.call import Array, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import agree
from ferrule_conformance.failure import Failure
from ferrule_conformance.modules.run import Run, State, initial_state

STEPS = 2


@dataclass(frozen=True)
class Truth:
    """What a module gives in float64.

    Attributes:
        start: parameters and buffers before the first call.
        outputs: of the first call.
        gradients: of that.
        state: parameters and buffers after some steps.
        evaluation: what the trained module gives when it is not training.
        parts: the arrays that took part in the first call.
    """

    start: State
    outputs: list[Array]
    gradients: dict[str, Array]
    state: State
    evaluation: list[Array]
    parts: list[Array]


@lru_cache(maxsize=1)  # the checks of one case follow on each other
def _truth(case: Case) -> Truth:
    start = initial_state(case)

    def run() -> Run:
        return Run(case, reference_backend.device(), fe.float64, start)

    first, trained = run(), run()
    outputs = [host(y) for y in first.forward()]
    parts = first.parts
    gradients = run().gradients()
    state = trained.train(STEPS)
    evaluation = [host(y) for y in trained.forward(training=False)]
    return Truth(start, outputs, gradients, state, evaluation, parts)


def _run(case: Case, truth: Truth) -> Run:
    return Run(case, case.device, case.stored, truth.start)


@check(each="module", level=3)
def module_forward(case: Case) -> None:
    """In training mode, the module gives what it gives in float64 on the reference backend."""
    truth = _truth(case)
    outputs = _run(case, truth).forward()
    _agree_all(case, _numbered(outputs), _counted(truth.outputs), truth.parts, order=0)


@check(each="module", level=3)
def module_gradient(case: Case) -> None:
    """The gradients of its inputs and parameters are those of float64."""
    truth = _truth(case)
    _agree_all(case, _run(case, truth).gradients(), truth.gradients, truth.parts, order=1)


@check(each="module", level=3)
def module_training(case: Case) -> None:
    """After two steps of gradient descent its parameters and buffers are those of float64, and so
    is what it then gives in evaluation mode."""
    truth = _truth(case)
    trained = _run(case, truth)
    state = trained.train(STEPS)
    _agree_all(case, state, truth.state, truth.parts, order=1)
    outputs = trained.forward(training=False)
    _agree_all(case, _numbered(outputs), _counted(truth.evaluation), truth.parts, order=1)


def _numbered(outputs: list[fe.Tensor]) -> dict[str, Array]:
    return _counted([host(y) for y in outputs])


def _counted(outputs: list[Array]) -> dict[str, Array]:
    return {f"output {i}": y for i, y in enumerate(outputs)}


def _agree_all(
    case: Case,
    got: Mapping[str, Array],
    want: Mapping[str, Array],
    parts: list[Array],
    *,
    order: int,
) -> None:
    if list(got) != list(want):
        raise Failure(f"there are {', '.join(got) or 'none'}, not {', '.join(want) or 'none'}")
    for name, x in want.items():
        within = tolerance.of_module(case.stored, [*parts, x], order=order)
        agree(got[name], x, within, what=f"{name}: ")
