"""Floating-point arithmetic follows IEEE 754 without a word, and leaves NumPy's settings alone.

Warnings are errors in these tests, so a warning anywhere fails them.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import Tensor

NAN, INF = math.nan, math.inf


def f(*values: float, dtype: Any = fe.float32) -> Tensor:
    return fe.tensor(list(values), dtype=dtype)


CASES: dict[str, tuple[Any, list[float]]] = {
    "log": (lambda: fe.log(f(-1, 0)), [NAN, -INF]),
    "log1p": (lambda: fe.log1p(f(-2, -1)), [NAN, -INF]),
    "sqrt": (lambda: fe.sqrt(f(-1)), [NAN]),
    "rsqrt": (lambda: fe.rsqrt(f(0)), [INF]),
    "division": (lambda: f(1, -1, 0) / 0, [INF, -INF, NAN]),
    "division of integers": (lambda: fe.tensor([1, 0]) / 0, [INF, NAN]),
    "reciprocal": (lambda: 1 / f(0), [INF]),
    "remainder": (lambda: f(1) % 0, [NAN]),
    "floor division": (lambda: f(0) // 0, [NAN]),
    "exp overflows": (lambda: fe.exp(f(1000)), [INF]),
    "exp underflows": (lambda: fe.exp(f(-1000)), [0]),
    "mul overflows": (lambda: f(3e38) * 10, [INF]),
    "mul underflows": (lambda: f(1e-38) * 1e-38, [0]),
    "pow": (lambda: f(-8) ** 0.5, [NAN]),
    "pow overflows": (lambda: f(1e30) ** 2, [INF]),
    "inf - inf": (lambda: f(INF) - INF, [NAN]),
    "0 * inf": (lambda: f(0) * INF, [NAN]),
    "sin of inf": (lambda: fe.sin(f(INF)), [NAN]),
    "half overflows": (lambda: f(60000, dtype=fe.float16) * 2, [INF]),
    "bfloat16 overflows": (lambda: f(3e38, dtype=fe.bfloat16) * 10, [INF]),
    "sum overflows": (lambda: fe.sum(f(3e38, 3e38), 0, True), [INF]),
    "sum of both infinities": (lambda: fe.sum(f(INF, -INF), 0, True), [NAN]),
    "mean of nothing": (lambda: fe.mean(f(), dim=0, keepdim=True), [NAN]),
    "variance of one": (lambda: fe.var(f(1), dim=0, keepdim=True), [NAN]),
    "matmul": (lambda: (f(3e38).reshape(1, 1) @ f(10).reshape(1, 1)).reshape(1), [INF]),
    "cast down": (lambda: f(1e300, dtype=fe.float64).float(), [INF]),
    "cast to half": (lambda: f(1e10).half(), [INF]),
    "maximum with NaN": (lambda: fe.maximum(f(NAN, 1), f(1, NAN)), [NAN, NAN]),
    "largest with NaN": (lambda: fe.amax(f(1, NAN, 3), 0, True), [NAN]),
    "softmax of infinities": (lambda: fe.softmax(f(-INF, 0), 0), [0, 1]),
    "softmax of nothing but -inf": (lambda: fe.softmax(f(-INF, -INF), 0), [NAN, NAN]),
    "logsumexp": (lambda: fe.logsumexp(f(-INF, -INF), 0, True), [-INF]),
    "logsumexp of large ones": (lambda: fe.logsumexp(f(1000, 1000), 0, True), [1000 + math.log(2)]),
    "sigmoid": (lambda: fe.sigmoid(f(-1000, 1000, NAN)), [0, 1, NAN]),
    "tanh": (lambda: fe.tanh(f(-1000, 1000)), [-1, 1]),
    "comparison with NaN": (lambda: (f(NAN) < 1).float(), [0]),
    "complex to real": (lambda: fe.tensor([1 + 2j]).float(), [1]),
    "tensor": (lambda: fe.tensor([1e300]), [INF]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_values(case: str) -> None:
    compute, expected = CASES[case]
    for _ in range(2):
        np.testing.assert_allclose(np.asarray(compute()), expected, rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_values_on_a_backend_of_the_plain_kit(case: str, add_backend: Any) -> None:
    add_backend("kit")
    compute, expected = CASES[case]
    with fe.use_backend("kit"):
        np.testing.assert_allclose(np.asarray(compute()), expected, rtol=1e-6)


def test_integers_wrap_around() -> None:
    assert (fe.tensor([127], dtype=fe.int8) + 1).tolist() == [-128]
    assert (fe.tensor([2**63 - 1]) * 2).tolist() == [-2]
    assert (-fe.tensor([1], dtype=fe.uint8)).tolist() == [255]
    assert fe.tensor([5]).fill_(0).tolist() == [0]


def test_integer_division_by_zero_does_not_warn() -> None:
    (fe.tensor([1]) // 0).tolist()
    (fe.tensor([1]) % 0).tolist()
    f(NAN, INF, 1e20).int().tolist()


def test_gradients_at_the_edges_do_not_warn() -> None:
    x = f(0.0, INF, -1.0).requires_grad_()
    (fe.log(x) + fe.sqrt(x) + 1 / x + x**0.5).sum().backward()
    assert x.grad is not None
    assert x.grad[0].isfinite().item() is False


@pytest.mark.parametrize("setting", ["raise", "warn", "ignore"])
def test_the_users_error_state_neither_matters_nor_changes(setting: Any) -> None:
    with np.errstate(all=setting):
        before = np.geterr()
        for compute, _ in CASES.values():
            compute()
        assert np.geterr() == before == dict.fromkeys(before, setting)
        if setting == "raise":
            with pytest.raises(FloatingPointError):
                np.float64(1) / np.float64(0)


def test_other_threads_compute_as_quietly() -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            for compute, _ in CASES.values():
                compute()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
