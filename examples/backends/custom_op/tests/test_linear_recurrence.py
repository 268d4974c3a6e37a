"""The op against its definition, and what it refuses. Conformance does the rest."""

from __future__ import annotations

import numpy as np
import pytest
from ferrule_example_recurrence import linear_recurrence
from ferrule_example_recurrence.kernel import linear_recurrence as kernel
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck


@given(n=st.integers(0, 70), factor=st.floats(-1.0, 1.0), seed=st.integers(0, 99))
def test_a_constant_factor_makes_a_recursive_filter(n: int, factor: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, n))
    want = lfilter([1.0], [1.0, -factor], x) if n else x
    body = linear_recurrence.body(fe.tensor(x), factor, dim=1)
    np.testing.assert_allclose(body.numpy(), want, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(kernel(x, factor, dim=1), want, rtol=1e-12, atol=1e-12)


def test_the_first_factor_has_no_effect() -> None:
    x, a = fe.tensor([1.0, 2.0, 3.0]), fe.tensor([np.inf, 2.0, 0.5], requires_grad=True)
    y = linear_recurrence(x, a)
    assert y.tolist() == [1.0, 4.0, 5.0]
    y.sum().backward()
    assert a.grad is not None and a.grad.tolist() == [0.0, 1.5, 4.0]


def test_gradients_of_both_orders_agree_with_differences() -> None:
    fe.manual_seed(0)
    x = fe.randn(2, 5, 3, dtype=fe.float64, requires_grad=True)
    a = fe.rand(5, 1, dtype=fe.float64, requires_grad=True)
    assert gradcheck(lambda x, a: linear_recurrence(x, a, dim=1), (x, a))
    assert gradgradcheck(lambda x, a: linear_recurrence(x, a, dim=1), (x, a))


def test_vmap_takes_samples_apart() -> None:
    x, a = fe.rand(4, 6), fe.rand(4, 6)
    each = fe.stack([linear_recurrence(p, q) for p, q in zip(x, a)])
    together = fe.func.vmap(linear_recurrence)(x, a)
    np.testing.assert_allclose(together.numpy(), each.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "a", "text"),
    [
        (fe.ones(()), 0.5, "runs along a dim of its first operand"),
        (1.0, fe.ones(3), "runs along a dim of its first operand"),
        (fe.ones(2, 3), fe.ones(3, 2), "does not broadcast to x of shape"),
        (fe.ones(3), fe.ones(2, 3), "does not broadcast to x of shape"),
    ],
)
def test_what_does_not_fit_is_refused(x: fe.Tensor, a: fe.Tensor, text: str) -> None:
    with pytest.raises(fe.ShapeError, match=text):
        linear_recurrence(x, a)
