from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")

REDUCTIONS = ["none", "mean", "sum"]


def naive_cross_entropy(
    x: Array, target: Array, weight: Array, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    """Of ``(N, C)``: the definition, sample by sample."""
    losses, counts = np.zeros(len(x)), np.zeros(len(x))
    for n, (row, t) in enumerate(zip(x, target)):
        if t != ignore_index:
            log_p = row - np.log(np.exp(row).sum())
            wanted = np.full(len(row), smoothing / len(row))
            wanted[t] += 1.0 - smoothing
            losses[n] = -(wanted * weight * log_p).sum()
            counts[n] = weight[t]
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / counts.sum()


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [True, False])
def test_cross_entropy(draw: Draw, reduction: str, smoothing: float, weighted: bool) -> None:
    x, target = draw(5, 3), fe.tensor([0, 2, 1, 1, 2])
    weight = fe.tensor([0.5, 1.0, 2.0], dtype=fe.float64) if weighted else None

    def loss(x: fe.Tensor) -> fe.Tensor:
        return fe.ops.cross_entropy(
            x, target, weight, ignore_index=1, reduction=reduction, label_smoothing=smoothing
        )

    wanted = naive_cross_entropy(
        np.asarray(x), target.numpy(), np.ones(3) if weight is None else weight.numpy(), 1,
        reduction, smoothing,
    )  # fmt: skip
    np.testing.assert_allclose(np.asarray(loss(x)), wanted, rtol=1e-12)
    assert gradcheck(loss, x)
    assert gradgradcheck(loss, x, fast_mode=True)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_classes_stand_in_dim_1(draw: Draw, reduction: str) -> None:
    x, target = draw(2, 3, 4), fe.tensor([[0, 1, 2, 1], [2, 2, 0, 1]])
    y = fe.ops.cross_entropy(x, target, None, reduction=reduction)
    flat = fe.reshape(fe.permute(x, (0, 2, 1)), (8, 3))
    wanted = fe.ops.cross_entropy(flat, fe.reshape(target, (8,)), None, reduction=reduction)
    np.testing.assert_allclose(np.asarray(y).ravel(), np.asarray(wanted).ravel(), rtol=1e-12)


def test_one_sample_without_a_batch(draw: Draw) -> None:
    x = draw(3)
    y = fe.ops.cross_entropy(x, fe.tensor(1), None)
    log_p = np.asarray(x) - np.log(np.exp(np.asarray(x)).sum())
    assert float(y) == pytest.approx(-log_p[1])


def test_large_logits_do_not_overflow() -> None:
    x = fe.tensor([[1e4, 0.0], [0.0, 1e4]], requires_grad=True)
    loss = fe.ops.cross_entropy(x, fe.tensor([0, 0]), None)
    loss.backward()
    assert loss.item() == 5e3
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 0.0], [-0.5, 0.5]]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_probabilities_of_one_class_are_that_class(
    draw: Draw, reduction: str, smoothing: float
) -> None:
    x, weight = draw(4, 3), fe.tensor([0.5, 1.0, 2.0], dtype=fe.float64)
    target = fe.tensor([0, 2, 1, 1])
    options: dict[str, Any] = {"reduction": reduction, "label_smoothing": smoothing}
    soft = fe.ops.soft_cross_entropy(x, fe.nn.functional.one_hot(target, 3).double(), weight,
                                     **options)  # fmt: skip
    hard = fe.ops.cross_entropy(x, target, weight, **options)
    if reduction == "mean":  # over distributions, not over weights
        hard = fe.ops.cross_entropy(x, target, weight, **{**options, "reduction": "sum"}) / 4
    np.testing.assert_allclose(np.asarray(soft), np.asarray(hard), rtol=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_probabilities_have_gradients(draw: Draw, reduction: str) -> None:
    x, target = draw(3, 4), fe.ops.softmax(draw(3, 4).detach(), dim=1).requires_grad_()

    def loss(x: fe.Tensor, target: fe.Tensor) -> fe.Tensor:
        return fe.ops.soft_cross_entropy(x, target, None, reduction=reduction, label_smoothing=0.1)

    p = np.asarray(target) * 0.9 + 0.1 / 4
    log_q = np.asarray(x) - np.log(np.exp(np.asarray(x)).sum(1, keepdims=True))
    wanted = -(p * log_q).sum(1)
    wanted = {"none": wanted, "sum": wanted.sum(), "mean": wanted.mean()}[reduction]
    np.testing.assert_allclose(np.asarray(loss(x, target)), wanted, rtol=1e-12)
    assert gradcheck(loss, [x, target])
    assert gradgradcheck(loss, [x, target], fast_mode=True)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_nll_loss(draw: Draw, reduction: str) -> None:
    x, target = draw(4, 3), fe.tensor([2, 0, 1, 1])
    weight = fe.tensor([0.5, 1.0, 2.0], dtype=fe.float64)

    def loss(x: fe.Tensor) -> fe.Tensor:
        return fe.ops.nll_loss(x, target, weight, ignore_index=0, reduction=reduction)

    a = np.asarray(x)
    losses = np.array([-2 * a[0, 2], 0.0, -a[2, 1], -a[3, 1]])
    wanted = {"none": losses, "sum": losses.sum(), "mean": losses.sum() / 4.0}[reduction]
    np.testing.assert_allclose(np.asarray(loss(x)), wanted, rtol=1e-12)
    assert gradcheck(loss, x)


def test_a_target_that_is_no_class_poisons_the_loss(draw: Draw) -> None:
    """A backend need not check indices, so the op must not read elsewhere without a word."""
    losses = fe.ops.nll_loss(draw(3, 3), fe.tensor([-1, 3, 0]), None, reduction="none")
    assert np.isnan(np.asarray(losses)).tolist() == [True, True, False]


def test_nothing_but_ignored_targets(draw: Draw) -> None:
    x, target = draw(2, 3), fe.tensor([-100, -100])
    assert np.isnan(float(fe.ops.cross_entropy(x, target, None)))
    assert float(fe.ops.cross_entropy(x, target, None, reduction="sum")) == 0.0


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_mse_loss(draw: Draw, reduction: str) -> None:
    x, target = draw(3, 4), draw(3, 4)

    def loss(x: fe.Tensor, target: fe.Tensor) -> fe.Tensor:
        return fe.ops.mse_loss(x, target, reduction=reduction)

    squares = (np.asarray(x) - np.asarray(target)) ** 2
    wanted = {"none": squares, "sum": squares.sum(), "mean": squares.mean()}[reduction]
    np.testing.assert_allclose(np.asarray(loss(x, target)), wanted, rtol=1e-12)
    assert gradcheck(loss, [x, target])
    assert gradgradcheck(loss, [x, target], fast_mode=True)


def test_arguments_that_do_not_fit(draw: Draw) -> None:
    x, target = draw(4, 3), fe.tensor([0, 1, 2, 0])
    with pytest.raises(fe.ShapeError, match="without its dim of classes"):
        fe.ops.cross_entropy(x, fe.tensor([0, 1]), None)
    with pytest.raises(fe.ShapeError, match=r"its shape must be \(3,\)"):
        fe.ops.nll_loss(x, target, draw(4))
    with pytest.raises(fe.ArgumentError, match='"none", "mean" or "sum"'):
        fe.ops.cross_entropy(x, target, None, reduction="average")
    with pytest.raises(fe.ArgumentError, match=r"must lie in \[0, 1\], not 1.5"):
        fe.ops.cross_entropy(x, target, None, label_smoothing=1.5)
    with pytest.raises(fe.DTypeError, match=r"target must be integer.*\.long\(\)"):
        fe.ops.cross_entropy(x, draw(4), None)
    with pytest.raises(fe.ShapeError, match="must have the shape of x"):
        fe.ops.soft_cross_entropy(x, draw(4), None)
    with pytest.raises(fe.ShapeError, match="seldom meant"):
        fe.ops.mse_loss(x, draw(4, 1))
