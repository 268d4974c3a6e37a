"""The update rules as pure functions; ``core/tests/optim`` tests the optimizers made of them."""

from collections.abc import Callable
from decimal import Decimal, localcontext

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
    with pytest.raises(fe.ShapeError, match=r"step is .* it must be one number"):
        fe.ops.adamax_step(p, p, p, p, lr, fe.ones(3, dtype=fe.int64))
    with pytest.raises(
        fe.ShapeError, match=r"row_var is missing; it must be of the shape \(2, 1\)"
    ):
        fe.ops.adafactor_step(draw(2, 3), draw(2, 3), lr, fe.tensor(1), None, None, None)
    with pytest.raises(fe.ShapeError, match=r"variance is float64\[2\]; .* of the shape \(3,\)"):
        fe.ops.adafactor_step(p, p, lr, fe.tensor(1), None, None, draw(2))
    with pytest.raises(fe.ShapeError, match=r"param is float64\[3\]; it must be a matrix"):
        fe.ops.muon_step(p, p, p, lr)
    with pytest.raises(fe.ArgumentError, match="ns_steps must be from 0 to 99"):
        fe.ops.muon_step(draw(2, 2), draw(2, 2), draw(2, 2), lr, ns_steps=100)


@pytest.mark.parametrize("beta2", [0.9, 0.99, 0.999, 0.9999])
@pytest.mark.parametrize("dtype", [fe.float32, fe.float64])
def test_the_rectification_does_not_cancel(beta2: float, dtype: fe.DType) -> None:
    """Its length is the difference of two numbers near ``2 / (1 - beta2)``, in the first steps of
    some thousands; the reference takes it in decimals."""
    lr, one = fe.tensor(1.0, dtype=dtype), fe.ones(1, dtype=dtype)
    for step in (1, 4, 5, 6, 7, 20, 300, 999, 1001, 5000, 100000):
        # exp_avg stays 1, and the root of the second moment is 1
        moved, _, _ = fe.ops.radam_step(
            fe.zeros_like(one), one, one, one, lr, fe.tensor(step), beta1=0.5, beta2=beta2, eps=0.0
        )
        with localcontext() as context:
            context.prec = 60
            b = Decimal(beta2)
            limit, correction = 2 / (1 - b) - 1, 1 - b**step
            length = limit - 2 * step * b**step / correction
            wanted = -1 / (1 - Decimal("0.5") ** step)
            if length > 5:
                ratio = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
                wanted *= (ratio * correction).sqrt()
        assert moved.item() == pytest.approx(float(wanted), rel=50 * float(fe.finfo(dtype).eps))


def test_a_trust_ratio_without_a_norm_is_one() -> None:
    zero, lr, one = fe.zeros(2), fe.tensor(0.1), fe.ones(2)
    moved, _, _ = fe.ops.lamb_step(zero, one, zero, zero, lr, fe.tensor(1), eps=0.0)
    np.testing.assert_allclose(moved.numpy(), -0.1, rtol=1e-6)
    moved, _, _ = fe.ops.lamb_step(one, zero, zero, zero, lr, fe.tensor(1))
    assert moved.tolist() == [1.0, 1.0]


def test_muon_in_less_precision() -> None:
    rng = np.random.default_rng(0)
    p, g = (fe.tensor(rng.standard_normal((5, 3))) for _ in range(2))
    zero, lr = fe.zeros_like(p), fe.tensor(1.0, dtype=fe.float64)
    exact, _ = fe.ops.muon_step(p, g, zero, lr)
    rough, _ = fe.ops.muon_step(p, g, zero, lr, precision=fe.bfloat16)
    assert rough.dtype is fe.float64
    difference = np.abs(np.asarray(exact) - np.asarray(rough)).max()
    assert 1e-5 < difference < 0.05
