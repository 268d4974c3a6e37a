"""One array in the place of several operands."""

from __future__ import annotations

import numpy as np

import ferrule as fe
from ferrule import runtime
from ferrule_conformance.case import Case, Target
from ferrule_conformance.twins import twins


def case(op: str) -> Case:
    return Case(Target(runtime.locate("cpu")), fe.ops.__dict__[op], 0, fe.float32)


def test_operands_of_one_shape_are_equal_and_within_both_domains() -> None:
    ((call, positions),) = twins(case("pow"))
    a, b = call.operands
    assert positions == (0, 1) and a is b
    assert a.min() >= 0.5 and a.max() <= 2.0


def test_domains_that_do_not_meet_leave_nothing() -> None:
    one, two = case("pow").sample.inputs
    assert one is not None and two is not None
    assert (one.low, one.high, two.low, two.high) == (0.5, 2.0, 0, 3)
    assert twins(case("exp")) == []


def test_shapes_that_differ_are_made_alike_where_the_op_takes_that() -> None:
    calls = twins(case("cat"))
    assert {tuple(x.shape for x in call.operands) for call, _ in calls} == {
        ((2, 3), (2, 3)),
        ((1, 3), (1, 3)),
    }
    (call, positions), *_ = twins(case("index_add"))
    assert positions == (0, 2) and call.operands[1].dtype == np.int64
