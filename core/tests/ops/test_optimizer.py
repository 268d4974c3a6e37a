"""The update rules as pure functions; ``core/tests/optim`` tests the optimizers made of them."""

from collections.abc import Callable

import numpy as np
import pytest

import ferrule as fe

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")


def test_sgd_by_hand() -> None:
    p, g, lr = fe.tensor([1.0, 2.0]), fe.tensor([0.5, -1.0]), fe.tensor(0.1)
    (moved,) = fe.ops.sgd_step(p, g, lr, None)
    np.testing.assert_allclose(moved.numpy(), [0.95, 2.1], rtol=1e-6)
    moved, buffer = fe.ops.sgd_step(p, g, lr, None, momentum=0.9, dampening=0.5)
    np.testing.assert_allclose(buffer.numpy(), [0.5, -1.0])  # no dampening in the first step
    moved, buffer = fe.ops.sgd_step(moved, g, lr, buffer, momentum=0.9, dampening=0.5)
    np.testing.assert_allclose(buffer.numpy(), [0.7, -1.4], rtol=1e-6)
    np.testing.assert_allclose(moved.numpy(), [0.88, 2.24], rtol=1e-6)
    moved, _ = fe.ops.sgd_step(p, g, lr, fe.tensor([1.0, 1.0]), momentum=0.5, nesterov=True)
    np.testing.assert_allclose(moved.numpy(), [1 - 0.1 * (0.5 + 0.5), 2 - 0.1 * (-1 - 0.25)])


def test_the_first_step_of_adam_is_the_learning_rate(draw: Draw) -> None:
    """m / sqrt(v) is the sign of the gradient then, whatever its size."""
    p, zero = draw(4), fe.zeros(4, dtype=fe.float64)
    for size in (1e-3, 1.0, 1e3):
        g = fe.tensor([size, -size, 2 * size, -3 * size], dtype=fe.float64)
        moved, _, _ = fe.ops.adam_step(
            p, g, zero, zero, fe.tensor(0.1, dtype=fe.float64), fe.tensor(1), None, eps=1e-16
        )
        step = (np.asarray(moved) - np.asarray(p)) / 0.1
        np.testing.assert_allclose(step, [-1, 1, -1, 1], rtol=1e-9)


def test_the_bias_correction_is_exact_in_float32() -> None:
    """1 - 0.999**1 loses four digits if it is computed as it stands."""
    p, g, zero = fe.zeros(3), fe.full((3,), 0.7), fe.zeros(3)
    moved, _, _ = fe.ops.adam_step(p, g, zero, zero, fe.tensor(1.0), fe.tensor(1), None)
    np.testing.assert_allclose(moved.numpy(), -1.0, rtol=5e-7)


def test_weight_decay_of_adamw_does_not_depend_on_the_gradient(draw: Draw) -> None:
    p, zero, lr = draw(4), fe.zeros(4, dtype=fe.float64), fe.tensor(0.1, dtype=fe.float64)
    moved, *_ = fe.ops.adamw_step(p, zero, zero, zero, lr, fe.tensor(1), None, weight_decay=0.5)
    np.testing.assert_allclose(np.asarray(moved), np.asarray(p) * 0.95, rtol=1e-12)


def test_a_schedule_makes_no_new_plans() -> None:
    p, g, zero = fe.ones(3), fe.ones(3), fe.zeros(3)
    rates = [fe.tensor(0.1 * i) for i in range(1, 4)]
    steps = [fe.tensor(i) for i in range(1, 4)]
    fe.ops.adam_step(p, g, zero, zero, rates[0], steps[0], None)
    plans = {name: len(op.plans) for name, op in fe.OPS.items()}
    for rate, step in zip(rates, steps):
        fe.ops.adam_step(p, g, zero, zero, rate, step, None)
    assert {name: len(op.plans) for name, op in fe.OPS.items()} == plans


def test_16_bits_count_steps_beyond_their_precision() -> None:
    p, zero = fe.ones(2, dtype=fe.bfloat16), fe.zeros(2, dtype=fe.bfloat16)
    lr = fe.tensor(0.5, dtype=fe.bfloat16)
    g = fe.ones(2, dtype=fe.bfloat16)
    moved = {
        n: fe.ops.adam_step(p, g, zero, zero, lr, fe.tensor(n), None, beta1=0.5, beta2=0.999)[0]
        for n in (257, 700)  # 257 rounds to 256 in bfloat16
    }
    assert moved[257].dtype is fe.bfloat16
    assert moved[257].tolist() != moved[700].tolist()


def test_arguments_that_do_not_fit(draw: Draw) -> None:
    p, lr = draw(3), fe.tensor(0.1, dtype=fe.float64)
    with pytest.raises(fe.ShapeError, match=r"grad is float64\[2\]; their shapes must be equal"):
        fe.ops.sgd_step(p, draw(2), lr, None)
    with pytest.raises(fe.ShapeError, match="it must be one number"):
        fe.ops.sgd_step(p, p, draw(3), None)
