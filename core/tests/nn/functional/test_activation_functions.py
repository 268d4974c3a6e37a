"""Corners, options and in-place forms; conformance has values and gradients inside."""

import inspect
import math
from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck, gradgradcheck

INF, NAN = math.inf, math.nan

# As PyTorch 2.13 has them: x, value, slope.
CORNERS: list[tuple[str, dict[str, Any], list[tuple[float, float, float]]]] = [
    ("relu", {}, [(0, 0, 0), (-INF, 0, 0), (INF, INF, 1)]),
    ("relu6", {}, [(0, 0, 0), (6, 6, 0), (INF, 6, 0), (-INF, 0, 0)]),
    ("hardtanh", {}, [(-1, -1, 0), (1, 1, 0), (0, 0, 1), (INF, 1, 0)]),
    ("hardsigmoid", {}, [(-3, 0, 0), (3, 1, 0), (0, 0.5, 1 / 6), (-INF, 0, 0), (INF, 1, 0)]),
    ("hardswish", {}, [(-3, 0, 0), (3, 3, 1), (0, 0, 0.5), (-INF, NAN, 0), (INF, INF, 1)]),
    ("hardshrink", {}, [(0.5, 0, 0), (-0.5, 0, 0), (INF, INF, 1), (-INF, -INF, 1)]),
    ("softshrink", {}, [(0.5, 0, 0), (-0.5, 0, 0), (INF, INF, 1), (-INF, -INF, 1)]),
    ("threshold", {"threshold": 0.5, "value": 7.0}, [(0.5, 7, 0), (-INF, 7, 0), (INF, INF, 1)]),
    ("elu", {"alpha": 2.0}, [(0, 0, 2), (-INF, -2, 0), (INF, INF, 1), (1e4, 1e4, 1)]),
    ("celu", {"alpha": 2.0}, [(0, 0, 1), (-INF, -2, 0), (INF, INF, 1)]),
    ("selu", {}, [(0, 0, 1.7580993408473766), (INF, INF, 1.0507009873554805)]),
    ("leaky_relu", {}, [(0, 0, 0.01), (-INF, -INF, 0.01), (INF, INF, 1)]),
    ("logsigmoid", {}, [(0, -math.log(2), 0.5), (-INF, -INF, 1), (INF, 0, 0), (-1e4, -1e4, 1)]),
    ("softplus", {}, [(0, math.log(2), 0.5), (-INF, 0, 0), (INF, INF, 1), (1e4, 1e4, 1)]),
    ("softsign", {}, [(0, 0, 1), (INF, NAN, NAN)]),
    ("silu", {}, [(0, 0, 0.5), (-INF, NAN, NAN), (1e4, 1e4, 1), (-1e4, 0, 0)]),
    ("mish", {}, [(0, 0, 0.6), (1e4, 1e4, 1), (-1e4, 0, 0)]),
    ("gelu", {}, [(0, 0, 0.5), (1e4, 1e4, 1), (-1e4, 0, 0)]),
    ("gelu", {"approximate": "tanh"}, [(0, 0, 0.5), (100, 100, 1), (-100, 0, 0)]),
]


@pytest.mark.parametrize(("name", "options", "corners"), CORNERS)
def test_corners(name: str, options: dict[str, Any], corners: list[tuple[float, ...]]) -> None:
    x = fe.tensor([c[0] for c in corners], dtype=fe.float64, requires_grad=True)
    y = getattr(F, name)(x, **options)
    (slope,) = fe.autograd.grad(y.sum(), x)
    np.testing.assert_allclose(np.asarray(y), [c[1] for c in corners], rtol=1e-12)
    np.testing.assert_allclose(np.asarray(slope), [c[2] for c in corners], rtol=1e-12)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in CORNERS} - {"threshold"}))
def test_nan_stays(name: str) -> None:
    assert np.isnan(np.asarray(getattr(F, name)(fe.tensor([NAN]))))


def test_the_tail_of_gelu_keeps_its_digits() -> None:
    y = F.gelu(fe.tensor([-10.0], dtype=fe.float64))
    np.testing.assert_allclose(y.numpy(), [-10 * math.erfc(10 / math.sqrt(2)) / 2], rtol=1e-12)


def test_sixteen_bits_are_rounded_once() -> None:
    x = np.linspace(-4, 4, 201).astype(np.float16)
    for name in ("silu", "gelu", "mish", "softplus", "logsigmoid", "elu", "sigmoid", "hardswish"):
        found = getattr(F, name)(fe.tensor(x)).numpy()
        wanted = getattr(F, name)(fe.tensor(x.astype(np.float32))).numpy().astype(np.float16)
        np.testing.assert_array_equal(found, wanted)


IN_PLACE: list[tuple[str, tuple[Any, ...]]] = [
    ("relu", ()), ("elu", (0.5,)), ("selu", ()), ("celu", (0.5,)), ("hardtanh", (-0.5, 0.5)),
    ("leaky_relu", (0.3,)), ("rrelu", (0.1, 0.3)), ("threshold", (0.5, 3.0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), IN_PLACE)
def test_in_place(name: str, arguments: tuple[Any, ...]) -> None:
    before = fe.tensor([-2.0, -0.2, 0.2, 2.0])
    wanted = getattr(F, name)(before, *arguments).tolist()
    x, z = before.clone(), before.clone()
    assert getattr(F, f"{name}_")(x, *arguments) is x
    assert getattr(F, name)(z, *arguments, inplace=True) is z
    assert x.tolist() == z.tolist() == wanted


@pytest.mark.parametrize("name", ["relu6", "silu", "mish", "hardsigmoid", "hardswish"])
def test_in_place_by_a_flag(name: str) -> None:
    x = fe.tensor([-2.0, 2.0])
    wanted = getattr(F, name)(x).tolist()
    assert getattr(F, name)(x, True) is x
    assert x.tolist() == wanted


def test_integers() -> None:
    x = fe.tensor([-2, 0, 1, 9])
    assert F.relu6(x).tolist() == [0, 0, 1, 6]
    assert F.hardtanh(x).tolist() == [-1, 0, 1, 1]
    assert F.hardtanh(x).dtype is F.threshold(x, 0.5, 7.7).dtype is fe.int64
    assert F.threshold(x, 0.5, 7.7).tolist() == [7, 7, 1, 9]
    assert F.tanhshrink(x).dtype is F.softsign(x).dtype is fe.float32
    with pytest.raises(fe.DTypeError, match="int64 is not among its dtypes"):
        F.elu(x)


class TestPrelu:
    def test_a_slope_for_each_channel(self) -> None:
        x, weight = -fe.ones(2, 3, 2), fe.tensor([1.0, 2.0, 3.0])
        y = F.prelu(x, weight)
        assert y[1, :, 0].tolist() == [-1, -2, -3]
        assert F.prelu(x, weight[:1]).tolist() == x.tolist()

    def test_arguments(self) -> None:
        with pytest.raises(fe.ShapeError, match="each of the 3 channels"):
            F.prelu(fe.ones(2, 3), fe.ones(2))
        with pytest.raises(fe.ShapeError, match="each of the 1 channels"):
            F.prelu(fe.ones(3), fe.ones(3))
        with pytest.raises(fe.DTypeError, match="float32 and float64"):
            F.prelu(fe.ones(3), fe.ones(1, dtype=fe.float64))


class TestRrelu:
    def test_slopes_are_random_within_bounds(self) -> None:
        x = -fe.ones(4000, dtype=fe.float64)
        slopes = -F.rrelu(x, 0.2, 0.6, training=True).numpy()
        assert slopes.min() > 0.2
        assert slopes.max() < 0.6
        assert abs(slopes.mean() - 0.4) < 0.01
        assert abs(slopes.var() - 0.4**2 / 12) < 0.001

    def test_a_generator_repeats(self) -> None:
        x = -fe.ones(20)
        first, again = (
            F.rrelu(x, training=True, generator=fe.Generator(seed=3)).tolist() for _ in range(2)
        )
        assert first == again != F.rrelu(x, training=True).tolist()

    def test_outside_of_training(self) -> None:
        assert F.rrelu(fe.tensor([-1.0, 2.0]), 0.25, 0.75).tolist() == [-0.5, 2.0]
        with pytest.raises(fe.ArgumentError, match="must not be above"):
            F.rrelu(fe.ones(1), 0.5, 0.1)


class TestSoftmax:
    def test_softmin(self) -> None:
        x = fe.tensor([[1.0, 2.0, 4.0]])
        np.testing.assert_allclose(F.softmin(x, 1).numpy(), F.softmax(-x, 1).numpy())
        assert F.softmin(x, 1, dtype=fe.float64).dtype is fe.float64

    def test_the_dtype_may_be_a_name(self) -> None:
        assert F.softmax(fe.ones(2), 0, dtype="float64").dtype is fe.float64


class TestGumbelSoftmax:
    def test_frequencies(self) -> None:
        p = np.array([0.1, 0.6, 0.3])
        logits = fe.tensor(np.log(p)).expand(20000, 3)
        drawn = F.gumbel_softmax(logits, hard=True, generator=fe.Generator(seed=0))
        assert ((drawn == 0) | (drawn == 1)).all()
        np.testing.assert_allclose(drawn.numpy().mean(0), p, atol=0.015)

    def test_the_gradient_is_that_of_the_relaxed_sample(self) -> None:
        weight = fe.tensor([1.0, 2.0, 3.0])
        gradients = []
        for hard in (False, True):
            x = fe.tensor([0.3, -0.2, 0.9], requires_grad=True)
            y = F.gumbel_softmax(x, 0.7, hard, generator=fe.Generator(seed=1))
            gradients.append(fe.autograd.grad((y * weight).sum(), x)[0].numpy())
        np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-5)
        assert abs(gradients[0]).max() > 1e-3

    def test_noise_is_finite(self) -> None:
        """The extreme words too must not make an infinity, or a softmax of NaN."""
        assert F.gumbel_softmax(fe.zeros(2, 10**5), dim=1).isfinite().all()

    def test_tau_is_not_0(self) -> None:
        with pytest.raises(fe.ArgumentError, match="tau must not be 0"):
            F.gumbel_softmax(fe.ones(2), tau=0)


class TestGlu:
    def test_halves(self) -> None:
        x = fe.tensor([[1.0, 2.0], [0.0, 0.0]])
        assert F.glu(x, 0).tolist() == [[0.5, 1.0]]

    @pytest.mark.parametrize("shape", [(3,), ()])
    def test_what_cannot_be_halved(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(fe.ShapeError, match="must be even"):
            F.glu(fe.ones(*shape))


def test_softplus_has_a_threshold() -> None:
    x = fe.tensor([1.9, 2.1], dtype=fe.float64)
    assert F.softplus(x, 0.5, 1.0).tolist() == [math.log1p(math.exp(0.95)) / 0.5, 2.1]


def test_bounds_are_checked() -> None:
    x = fe.ones(2)
    for call, message in (
        (lambda: F.hardtanh(x, 2.0, 1.0), "must not be above"),
        (lambda: F.celu(x, 0.0), "alpha must not be 0"),
        (lambda: F.softshrink(x, -1.0), "must not be negative"),
        (lambda: F.gelu(x, "sigmoid"), '"none" or "tanh"'),
    ):
        with pytest.raises(fe.ArgumentError, match=message):
            call()


@pytest.mark.parametrize("name", ["silu", "mish", "gelu", "logsigmoid", "softplus", "tanhshrink"])
def test_rules_in_the_tails(name: str) -> None:
    x = fe.tensor([-15.0, -3.0, 3.0, 15.0], dtype=fe.float64, requires_grad=True)
    assert gradcheck(getattr(F, name), x)
    assert gradgradcheck(getattr(F, name), x)


def test_defaults_are_those_of_pytorch() -> None:
    for function, wanted in (
        (F.rrelu_, "lower=0.125, upper=0.3333333333333333, training=False"),
        (F.softplus, "beta=1.0, threshold=20.0"),
        (F.gumbel_softmax, "tau=1, hard=False, eps=1e-10, dim=-1"),
        (F.hardtanh, "min_val=-1.0, max_val=1.0, inplace=False"),
    ):
        parameters = list(inspect.signature(function).parameters.values())[1:]
        given = [f"{p.name}={p.default}" for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert ", ".join(given) == wanted
