"""Level 4: models are trained, and must get where the recorded runs got."""

from __future__ import annotations

import numpy as np

import ferrule as fe
from ferrule_conformance import tolerance
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import agree, same_bits
from ferrule_conformance.failure import Failure, NotApplicable
from ferrule_conformance.training import STEPS, Training
from ferrule_conformance.training.curves import recorded
from ferrule_conformance.training.loop import Loop
from ferrule_plugins import DType

REPEATED = 10
"""Steps that are taken twice."""


def loop(case: Case) -> Loop:
    """The training that a case is about, from its beginning."""
    assert isinstance(case.study, Training)
    return Loop(case.study, case.device, case.stored)


def excuse_nondeterminism(case: Case, *loops: Loop) -> None:
    """Raise `NotApplicable` if a step of one of them runs a kernel that is declared to be
    nondeterministic."""
    declared = case.backend.capabilities.nondeterministic
    if declared:
        with fe.profiler.count_ops() as ops:
            for one in loops:
                one.losses(1)
        if named := sorted(declared & set(ops.counts)):
            raise NotApplicable(f"{', '.join(named)}: declared to be nondeterministic")


@check(each="training", level=4)
def training_curve(case: Case) -> None:
    """In 50 steps the loss falls along the curve that was recorded in float64."""
    assert isinstance(case.study, Training)
    curve = recorded()[case.study.model]
    got = loop(case).losses(STEPS)
    within = tolerance.of_curve(DType.of(got.dtype), curve.losses, curve.spread)
    for i, allowance in enumerate(within):
        agree(got[i : i + 1], curve.losses[i : i + 1], allowance, what=f"loss of step {i}: ")
    if not got[-1] < got[0] / 2:
        raise Failure(f"the loss has not fallen: it was {got[0]:.4g}, and is {got[-1]:.4g}")


@check(each="training", level=4)
def training_determinism(case: Case) -> None:
    """Training twice gives the same bits, unless an op on the way is declared otherwise."""
    excuse_nondeterminism(case, loop(case))
    runs = []
    for _ in range(2):
        one = loop(case)
        runs.append({"losses": one.losses(REPEATED), **one.state()})
    for name, first in runs[0].items():
        same_bits(np.asarray(runs[1][name]), np.asarray(first), what=f"{name} of a second run: ")
