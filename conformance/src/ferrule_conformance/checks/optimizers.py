"""Level 3: optimizers are held against themselves in float64 on the reference backend."""

from __future__ import annotations

import ferrule as fe
from ferrule_conformance import reference_backend, tolerance
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import agree
from ferrule_conformance.optimizers.run import STEPS, steps


@check(each="optimizer", level=3)
def optimizer_step(case: Case) -> None:
    """Five steps lead to where they lead in float64."""
    assert case.study is not None
    _, got = steps(case, case.device, case.stored)
    start, want = steps(case, reference_backend.device(), fe.float64)
    for i, (a, b, before) in enumerate(zip(got, want, start)):
        within = tolerance.of_steps(case.study.name, case.stored, STEPS, b, b - before)
        agree(a, b, within, what=f"parameter {i}: ")
