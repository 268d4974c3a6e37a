"""``fe.profiler.count_ops`` counts the kernels that run, and nothing else."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ferrule as fe
from ferrule.profiler import count_ops


def test_kernels_are_counted_by_op() -> None:
    x = fe.ones(2, 3)
    with count_ops() as ops:
        (x + x + 1).exp().sum(0)
    assert dict(ops.counts) == {"add": 2, "exp": 1, "sum": 1}
    x + x
    assert ops.counts["add"] == 2


def test_calls_seen_before_and_new_ones_count_alike() -> None:
    x = fe.ones(3)
    for _ in range(2):
        with count_ops() as ops:
            x * x
        assert dict(ops.counts) == {"mul": 1}


def test_backward_counts_too() -> None:
    x = fe.ones(3).requires_grad_()
    with count_ops() as forward:
        y = (x * x).sum()
    with count_ops() as backward:
        y.backward()
    assert dict(forward.counts) == {"mul": 1, "sum": 1}
    # one for the seed; sum stretches; mul multiplies by each operand; both shares are added
    assert dict(backward.counts) == {"full": 1, "reshape": 1, "expand": 1, "mul": 2, "add": 1}


def test_conversions_that_promotion_makes_are_counted() -> None:
    with count_ops() as ops:
        fe.ones(2, dtype=fe.int32) + fe.ones(2)
    assert ops.counts["cast"] == 1
    assert ops.counts["add"] == 1


def test_a_composite_without_a_kernel_counts_as_decomposed_and_its_ops_as_kernels(
    add_backend: Any,
) -> None:
    add_backend("kit")
    with fe.use_backend("kit"):
        x = fe.ones(2, 3)
        with count_ops() as ops:
            fe.softmax(x, 1)
    assert dict(ops.decomposed) == {"softmax": 1}
    assert ops.counts["exp"] == 1
    assert ops.counts["sum"] == 1
    assert "softmax" not in ops.counts


def test_a_composite_with_a_kernel_counts_as_one(give_kernel: Any) -> None:
    give_kernel("sigmoid", lambda x: x)
    with count_ops() as ops:
        fe.sigmoid(fe.ones(2))
    assert dict(ops.counts) == {"full": 1, "sigmoid": 1}
    assert not ops.decomposed


def test_blocks_nest_and_both_count() -> None:
    x = fe.ones(2)
    with count_ops() as outer:
        x + 1
        with count_ops() as inner:
            x * 2
            fe.rsqrt(x)
        x - 1
    assert inner.counts["mul"] == 1
    assert inner.decomposed["rsqrt"] == 1
    assert outer.counts["add"] == outer.counts["sub"] == 1
    assert outer.counts["mul"] == 1
    assert outer.counts["div"] == inner.counts["div"] == 1


def test_one_counter_may_be_entered_twice_in_turn_and_goes_on_counting() -> None:
    x, counter = fe.ones(2), count_ops()
    for _ in range(2):
        with counter:
            x + 1
    assert counter.counts["add"] == 2


def test_as_a_decorator() -> None:
    counter = count_ops()

    @counter
    def function(x: fe.Tensor) -> fe.Tensor:
        return x * x

    function(fe.ones(2))
    fe.ones(2) * 2
    function(fe.ones(2))
    assert counter.counts["mul"] == 2


def test_other_threads_are_not_counted() -> None:
    x = fe.ones(2)
    with count_ops() as ops:
        thread = threading.Thread(target=lambda: x + x)
        thread.start()
        thread.join()
    assert not ops.counts


def test_counting_changes_no_result_and_no_gradient() -> None:
    def run() -> list[Any]:
        x = fe.tensor([[0.5, -1.0], [2.0, 3.0]], requires_grad=True)
        y = (fe.softmax(x, 1) * x.T).logsumexp(0) + fe.sort(x).values.sum()
        y.sum().backward()
        assert x.grad is not None
        return [y.tolist(), x.grad.tolist()]

    plain = run()
    with count_ops(), count_ops():
        assert run() == plain


def test_a_call_that_fails_its_checks_is_not_counted() -> None:
    with count_ops() as ops, pytest.raises(fe.ShapeError):
        fe.ones(2) + fe.ones(3)
    assert ops.counts["add"] == 0
