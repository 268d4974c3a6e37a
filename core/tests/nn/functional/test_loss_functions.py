"""Corners, reductions and arguments of losses; conformance has values and gradients."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck

rng = np.random.default_rng(0)
Call = Callable[..., fe.Tensor]


def draw(*shape: int) -> fe.Tensor:
    return fe.tensor(rng.standard_normal(shape), requires_grad=True)


def inside(*shape: int) -> fe.Tensor:
    return fe.tensor(rng.uniform(0.1, 0.9, shape), requires_grad=True)


SIGNS = fe.tensor([1.0, -1.0, 1.0], dtype=fe.float64)
EACH: list[tuple[Call, tuple[Any, ...]]] = [
    (F.mse_loss, (draw(3, 4), draw(3, 4))),
    (F.l1_loss, (draw(3, 4), draw(3, 4))),
    (F.smooth_l1_loss, (draw(3, 4), draw(3, 4))),
    (F.huber_loss, (draw(3, 4), draw(3, 4))),
    (F.gaussian_nll_loss, (draw(3, 4), draw(3, 4), inside(3, 4))),
    (F.poisson_nll_loss, (draw(3, 4), draw(3, 4))),
    (F.kl_div, (draw(3, 4), inside(3, 4))),
    (F.binary_cross_entropy, (inside(3, 4), inside(3, 4))),
    (F.binary_cross_entropy_with_logits, (draw(3, 4), inside(3, 4))),
    (F.soft_margin_loss, (draw(3, 4), draw(3, 4))),
    (F.multilabel_soft_margin_loss, (draw(3, 4), inside(3, 4))),
    (F.margin_ranking_loss, (draw(3), draw(3), SIGNS)),
    (F.hinge_embedding_loss, (draw(3), SIGNS)),
    (F.cosine_embedding_loss, (draw(3, 4), draw(3, 4), SIGNS)),
    (F.triplet_margin_loss, (draw(3, 4), draw(3, 4), draw(3, 4))),
    (F.triplet_margin_with_distance_loss, (draw(3, 4), draw(3, 4), draw(3, 4))),
    (F.multi_margin_loss, (draw(3, 4), fe.tensor([0, 3, 1]))),
    (F.multilabel_margin_loss, (draw(2, 3), fe.tensor([[0, 2, -1], [-1, 1, 0]]))),
]


@pytest.mark.parametrize(("loss", "operands"), EACH)
def test_reductions(loss: Call, operands: tuple[Any, ...]) -> None:
    each = np.asarray(loss(*operands, reduction="none"))
    assert each.ndim
    np.testing.assert_allclose(float(loss(*operands, reduction="sum")), each.sum(), rtol=1e-12)
    np.testing.assert_allclose(float(loss(*operands)), each.mean(), rtol=1e-12)
    with pytest.raises(fe.ArgumentError, match='"none", "mean" or "sum", not'):
        loss(*operands, reduction="average")


@pytest.mark.parametrize(("loss", "operands"), EACH)
@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_sixteen_bits_are_rounded_once(
    loss: Call, operands: tuple[Any, ...], dtype: fe.DType
) -> None:
    halves = [x.detach().to(dtype) if x.dtype.is_floating_point else x for x in operands]
    wide = [x.float() if x.dtype.is_floating_point else x for x in halves]
    found, wanted = loss(*halves), loss(*wide)
    assert found.dtype is dtype
    assert float(found) == pytest.approx(float(wanted), rel=float(fe.finfo(dtype).eps))


@pytest.mark.parametrize(
    "loss",
    [F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy,
     F.binary_cross_entropy_with_logits, F.multilabel_soft_margin_loss],
)  # fmt: skip
def test_shapes_that_differ_are_refused(loss: Call) -> None:
    with pytest.raises(fe.ShapeError, match="seldom meant"):
        loss(inside(3, 1), inside(3))


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.huber_loss])
def test_weights(loss: Call) -> None:
    x, y, weight = draw(3, 4), draw(3, 4), inside(3, 4)
    each = np.asarray(loss(x, y, reduction="none"))
    w = np.asarray(weight)
    over = w.size if loss is F.huber_loss else w.sum()
    assert float(loss(x, y, weight=weight)) == pytest.approx((each * w).sum() / over)
    np.testing.assert_allclose(np.asarray(loss(x, y, weight=weight, reduction="none")), each * w)
    with pytest.raises(fe.ShapeError, match="must be equal"):
        loss(x, y, weight=weight[0])


class TestRegression:
    def test_infinite_differences_have_slopes(self) -> None:
        x = fe.tensor([math.inf, -math.inf], requires_grad=True)
        for loss in (F.smooth_l1_loss, F.huber_loss):
            (slope,) = fe.autograd.grad(loss(x, fe.zeros(2), reduction="sum"), x)
            assert slope.tolist() == [1, -1]

    def test_bounds(self) -> None:
        x = fe.ones(2)
        assert float(F.smooth_l1_loss(x, x - 3.0, beta=0.0)) == 3.0
        with pytest.raises(fe.ArgumentError, match="beta must not be negative"):
            F.smooth_l1_loss(x, x, beta=-1.0)
        with pytest.raises(fe.ArgumentError, match="delta must be positive"):
            F.huber_loss(x, x, delta=0.0)

    @pytest.mark.parametrize("shape", [(3, 4), (3,), (3, 1), (1, 4)])
    def test_variances_of_several_shapes(self, shape: tuple[int, ...]) -> None:
        x, y, var = draw(3, 4), draw(3, 4), inside(*shape)
        v = np.asarray(var)
        v = v[:, None] if shape == (3,) else v
        wanted = (np.log(v) + (np.asarray(x) - np.asarray(y)) ** 2 / v) / 2
        found = F.gaussian_nll_loss(x, y, var, reduction="none")
        np.testing.assert_allclose(np.asarray(found), wanted)

    def test_variances_of_0(self) -> None:
        """They are taken to be eps, with the slope there."""
        var = fe.zeros(1, dtype=fe.float64, requires_grad=True)
        loss = F.gaussian_nll_loss(fe.ones(1), fe.zeros(1), var, eps=0.5)
        (slope,) = fe.autograd.grad(loss, var)
        assert float(loss) == pytest.approx((math.log(0.5) + 2) / 2)
        assert float(slope) == pytest.approx((1 / 0.5 - 1 / 0.25) / 2)

    def test_variances_that_do_not_fit(self) -> None:
        x = fe.ones(2, 3)
        assert float(F.gaussian_nll_loss(x, x, 1.0)) == 0.0
        with pytest.raises(fe.ArgumentError, match="negative"):
            F.gaussian_nll_loss(x, x, -1.0)
        for shape in ((3,), (1, 1), (2, 3, 1)):
            with pytest.raises(fe.ShapeError, match="var must have the shape"):
                F.gaussian_nll_loss(x, x, fe.ones(*shape))

    def test_stirling_begins_above_1(self) -> None:
        target = fe.tensor([0.0, 1.0, 5.0], dtype=fe.float64, requires_grad=True)
        loss = F.poisson_nll_loss(fe.zeros(3), target, full=True, reduction="none")
        stirling = 5 * math.log(5) - 5 + math.log(10 * math.pi) / 2
        np.testing.assert_allclose(np.asarray(loss), [1, 1, 1 + stirling])
        (slope,) = fe.autograd.grad(loss.sum(), target)
        np.testing.assert_allclose(slope.numpy(), [0, 0, math.log(5) + 0.1])


class TestProbabilities:
    def test_certain_ones(self) -> None:
        x = fe.tensor([0.0, 1.0, 0.0, 1.0], dtype=fe.float64, requires_grad=True)
        target = fe.tensor([0.0, 1.0, 1.0, 0.0], dtype=fe.float64, requires_grad=True)
        loss = F.binary_cross_entropy(x, target, reduction="none")
        assert loss.tolist() == [0, 0, 100, 100]
        slopes = fe.autograd.grad(loss.sum(), [x, target], create_graph=True)
        assert slopes[0].tolist() == [0, 0, -1e12, 1e12]
        for second in fe.autograd.grad(slopes[0].sum() + slopes[1].sum(), [x, target]):
            assert second.isfinite().all()

    @pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
    def test_what_is_no_probability(self, value: float) -> None:
        bad, good = fe.tensor([0.5, value]), fe.tensor([0.5, 0.5])
        with pytest.raises(fe.ArgumentError, match=r"the input .* \[0, 1\]; for log-odds"):
            F.binary_cross_entropy(bad, good)
        with pytest.raises(fe.ArgumentError, match="the target"):
            F.binary_cross_entropy(good, bad)

    def test_log_odds_keep_their_digits(self) -> None:
        x, target = fe.tensor([-40.0, 40.0, 800.0, -800.0]), fe.tensor([0.0, 1.0, 0.0, 1.0])
        loss = F.binary_cross_entropy_with_logits(x, target, reduction="none")
        np.testing.assert_allclose(loss.numpy(), [math.exp(-40)] * 2 + [800] * 2, rtol=1e-6)

    def test_weights_broadcast_to_the_elements(self) -> None:
        x, target = draw(3, 4), inside(3, 4)
        w, p = fe.tensor([1.0, 2, 3, 4]), fe.tensor([2.0, 1, 1, 3])
        s = 1 / (1 + np.exp(-np.asarray(x)))
        t = np.asarray(target)
        wanted = -w.numpy() * (p.numpy() * t * np.log(s) + (1 - t) * np.log(1 - s))
        found = F.binary_cross_entropy_with_logits(x, target, w, pos_weight=p, reduction="none")
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-10)
        for loss in (F.binary_cross_entropy_with_logits, F.binary_cross_entropy):
            with pytest.raises(fe.ShapeError, match="must broadcast to"):
                loss(inside(4), inside(4), fe.ones(2, 4))

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
    def test_the_rule_of_all_operands(self, weighted: bool, reduction: str) -> None:
        operands = [inside(2, 3), inside(2, 3)] + ([inside(3)] if weighted else [])
        assert gradcheck(
            lambda *xs: fe.ops.binary_cross_entropy(*xs, reduction=reduction), operands
        )

    def test_divergence(self) -> None:
        x, target = draw(2, 3), fe.tensor([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]], requires_grad=True)
        t = np.asarray(target, dtype=np.float64)
        wanted = np.where(t > 0, t * np.log(np.where(t > 0, t, 1)), 0) - t * np.asarray(x)
        np.testing.assert_allclose(np.asarray(F.kl_div(x, target, reduction="none")), wanted)
        loss = F.kl_div(x, target, reduction="batchmean")
        assert float(loss) == pytest.approx(wanted.sum() / 2)
        assert fe.autograd.grad(loss, target)[0].isfinite().all()

    def test_divergence_of_logarithms(self) -> None:
        x, p = draw(2, 3), inside(2, 3)
        found = F.kl_div(x, p.log(), log_target=True)
        assert float(found) == pytest.approx(float(F.kl_div(x, p)))

    def test_soft_margin_does_not_overflow(self) -> None:
        loss = F.soft_margin_loss(fe.tensor([-1e4, 1e4]), fe.ones(2), reduction="none")
        assert loss.tolist() == [1e4, 0]


class TestMargins:
    def test_ranking(self) -> None:
        x, y = fe.tensor([[1.0, 2.0]]), fe.tensor([[2.0], [0.5]])
        loss = F.margin_ranking_loss(x, y, fe.tensor([[1], [-1]]), 0.25, reduction="none")
        assert loss.tolist() == [[1.25, 0.25], [0.75, 1.75]]
        with pytest.raises(fe.ShapeError, match="equally many dims"):
            F.margin_ranking_loss(x, y, fe.ones(2))

    def test_hinges(self) -> None:
        x, target = fe.tensor([0.3, 0.3, 2.0]), [1, -1, -1]
        for t in (fe.tensor(target), fe.tensor(target).float()):
            loss = F.hinge_embedding_loss(x, t, 1.0, reduction="none")
            np.testing.assert_allclose(loss.numpy(), [0.3, 0.7, 0], rtol=1e-6)

    def test_a_hinge_at_0_has_the_slope_of_pytorch(self) -> None:
        x = fe.ones(1, requires_grad=True)
        loss = F.hinge_embedding_loss(x, fe.tensor([-1]), 1.0)
        assert fe.autograd.grad(loss, x)[0].tolist() == [-1]
        scores = fe.tensor([1.0, 0.0], requires_grad=True)
        for loss in (
            F.multi_margin_loss(scores, fe.tensor(0)),
            F.multilabel_margin_loss(scores, fe.tensor([0, -1])),
        ):
            assert float(loss) == 0.0
        assert fe.autograd.grad(F.multi_margin_loss(scores, fe.tensor(0)), scores)[0].tolist() == [
            0, 0,
        ]  # fmt: skip

    def test_angles(self) -> None:
        x, y = fe.tensor([[1.0, 0.0]] * 3), fe.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
        loss = F.cosine_embedding_loss(x, y, fe.tensor([1, -1, 1]), 0.5, reduction="none")
        half = math.sqrt(0.5)
        np.testing.assert_allclose(loss.numpy(), [1 - half, half - 0.5, 1], rtol=1e-6)
        with pytest.raises(fe.ShapeError, match=r"\(N, D\) and \(N,\)"):
            F.cosine_embedding_loss(x, y, fe.tensor(1))

    def test_angles_of_0_have_finite_slopes(self) -> None:
        x, y = fe.zeros(1, 2, requires_grad=True), fe.zeros(1, 2, requires_grad=True)
        loss = F.cosine_embedding_loss(x, y, fe.tensor([1]))
        assert all(s.isfinite().all() for s in fe.autograd.grad(loss, [x, y]))

    def test_triplets(self) -> None:
        a, p, n = fe.tensor([[0.0, 0]]), fe.tensor([[3.0, 4]]), fe.tensor([[3.0, 0]])
        for p_norm, near, far, other in ((2, 5, 3, 4), (1, 7, 3, 4), (math.inf, 4, 3, 4)):
            loss = F.triplet_margin_loss(a, p, n, 1.5, p_norm, 0.0)
            assert float(loss) == pytest.approx(near - far + 1.5)
            swapped = F.triplet_margin_loss(a, n, p, 4.5, p_norm, 0.0, True)
            assert float(swapped) == pytest.approx(far - min(near, other) + 4.5)

    def test_triplets_of_any_distance(self) -> None:
        def distance(x: fe.Tensor, y: fe.Tensor) -> fe.Tensor:
            return (x - y).abs().sum(-1)

        a, p, n = draw(3, 4), draw(3, 4), draw(3, 4)
        options: dict[str, Any] = {"margin": 2.0, "swap": True}
        found = F.triplet_margin_with_distance_loss(a, p, n, distance_function=distance, **options)
        wanted = F.triplet_margin_loss(a, p, n, p=1, eps=0.0, **options)
        assert float(found) == pytest.approx(float(wanted))

    def test_triplets_that_do_not_fit(self) -> None:
        x = fe.ones(2, 3)
        for loss in (F.triplet_margin_loss, F.triplet_margin_with_distance_loss):
            with pytest.raises(fe.ArgumentError, match="margin must be positive"):
                loss(x, x, x, margin=0.0)
            with pytest.raises(fe.ShapeError, match="equally many dims"):
                loss(x, x, x[0])

    def test_many_classes(self) -> None:
        x, weight = fe.tensor([[0.1, 0.2, 0.4]]), fe.tensor([1.0, 1.0, 2.0])
        loss = F.multi_margin_loss(x, fe.tensor([2]), 2, 0.5, weight)
        assert float(loss) == pytest.approx(2 * (0.2**2 + 0.3**2) / 3)
        single = F.multi_margin_loss(x[0], fe.tensor([2]), reduction="none")
        assert single.shape == (1,)
        assert float(single) == pytest.approx((0.7 + 0.8) / 3)
        assert F.multi_margin_loss(x[0], fe.tensor(2), reduction="none").shape == ()

    def test_many_labels(self) -> None:
        x = fe.tensor([[0.1, 0.2, 0.4, 0.8]])
        loss = F.multilabel_margin_loss(x, fe.tensor([[3, 0, -1, 1]]))
        assert float(loss) == pytest.approx(0.85)  # the documentation of PyTorch has this one
        none = F.multilabel_margin_loss(x[0], fe.tensor([-1, 0, 1, 2]))
        assert float(none) == 0.0

    def test_classes_that_do_not_exist(self) -> None:
        x = fe.ones(2, 3)
        for loss, target in (
            (F.multi_margin_loss, fe.tensor([0, 3])),
            (F.multi_margin_loss, fe.tensor([0, -1])),
            (F.multilabel_margin_loss, fe.tensor([[0, 3, 1]] * 2)),
            (F.multilabel_margin_loss, fe.tensor([[0, -2, 1]] * 2)),
        ):
            with pytest.raises(fe.OutOfRange, match=r"does not lie in \[0, 3\)"):
                loss(x, target)
        with pytest.raises(fe.ArgumentError, match="p must be 1 or 2"):
            F.multi_margin_loss(x, fe.tensor([0, 1]), p=3)
        with pytest.raises(fe.ShapeError, match=r"\(N, C\) and \(N,\)"):
            F.multi_margin_loss(x, fe.tensor([0]))
        with pytest.raises(fe.ShapeError, match="one shape"):
            F.multilabel_margin_loss(x, fe.tensor([0, 1]))


def test_positional_arguments_are_those_of_pytorch() -> None:
    for function, wanted in (
        (F.huber_loss, "input target reduction delta weight"),
        (F.gaussian_nll_loss, "input target var full eps reduction"),
        (F.poisson_nll_loss, "input target log_input full"),
        (F.multi_margin_loss, "input target p margin weight"),
        (F.triplet_margin_loss, "anchor positive negative margin p eps swap"),
        (F.binary_cross_entropy, "input target weight"),
        (F.cosine_embedding_loss, "input1 input2 target margin"),
        (F.ctc_loss,
         "log_probs targets input_lengths target_lengths blank reduction zero_infinity"),
    ):  # fmt: skip
        parameters = inspect.signature(function).parameters.values()
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert " ".join(names) == wanted
