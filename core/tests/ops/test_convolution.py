from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., fe.Tensor]

CASES = [
    ((2, 3, 4, 4), (2, 3, 3, 3), {}),
    ((1, 2, 5, 4), (3, 2, 2, 3), {"stride": (2, 1), "padding": (1, 2)}),
    ((1, 1, 6, 5), (2, 1, 3, 2), {"padding": (2, 1), "dilation": (2, 3)}),
    ((2, 4, 3, 3), (2, 2, 2, 2), {"stride": (2, 2), "groups": 2}),
    ((1, 3, 3, 2), (6, 1, 1, 1), {"groups": 3, "stride": (2, 3)}),
]


def naive(
    x: Array,
    weight: Array,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Array:
    """The definition: a loop over every output element."""
    (top, left), (down, right), (rows, columns) = padding, stride, dilation
    x = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    images, _, height, width = x.shape
    filters, channels, kh, kw = weight.shape
    oh = (height - rows * (kh - 1) - 1) // down + 1
    ow = (width - columns * (kw - 1) - 1) // right + 1
    y = np.zeros((images, filters, oh, ow))
    for n, o, i, j in np.ndindex(*y.shape):
        first = o // (filters // groups) * channels
        seen = x[n, first : first + channels, i * down :, j * right :]
        seen = seen[:, ::rows, ::columns][:, :kh, :kw]
        y[n, o, i, j] = (seen * weight[o]).sum()
    return y


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize(("x_shape", "weight_shape", "options"), CASES)
class TestEachCase:
    def test_values(self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any) -> None:
        x, weight, bias = draw(*x_shape), draw(*weight_shape), draw(weight_shape[0])
        y = fe.ops.conv2d(x, weight, bias, **options)
        wanted = naive(np.asarray(x), np.asarray(weight), **options)
        wanted += np.asarray(bias)[:, None, None]
        np.testing.assert_allclose(np.asarray(y), wanted, atol=1e-12)

    def test_gradients(self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any) -> None:
        inputs = [draw(*x_shape), draw(*weight_shape), draw(weight_shape[0])]

        def conv2d(*operands: fe.Tensor) -> fe.Tensor:
            return fe.ops.conv2d(*operands, **options)

        assert gradcheck(conv2d, inputs)
        assert gradgradcheck(conv2d, inputs, fast_mode=True)

    def test_transposes(self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any) -> None:
        """<g, conv(x, w)> = <conv_input(g, w), x> = <conv_weight(g, x), w>"""
        x, weight = draw(*x_shape), draw(*weight_shape)
        y = fe.ops.conv2d(x, weight, None, **options)
        g = draw(*y.shape)
        product = float((g * y).sum())
        by_input = fe.ops.conv2d_input(g, weight, input_size=x.shape, **options)
        by_weight = fe.ops.conv2d_weight(g, x, weight_size=weight.shape, **options)
        assert float((by_input * x).sum()) == pytest.approx(product, abs=1e-10)
        assert float((by_weight * weight).sum()) == pytest.approx(product, abs=1e-10)

    def test_gradients_of_the_transposes(
        self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any
    ) -> None:
        x, weight = draw(*x_shape), draw(*weight_shape)
        g = draw(*fe.ops.conv2d(x, weight, None, **options).shape)
        for function, inputs in (
            (lambda g, w: fe.ops.conv2d_input(g, w, input_size=x.shape, **options), [g, weight]),
            (lambda g, x: fe.ops.conv2d_weight(g, x, weight_size=weight.shape, **options), [g, x]),
        ):
            assert gradcheck(function, inputs, fast_mode=True)
            assert gradgradcheck(function, inputs, fast_mode=True)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Any, Any, dict[str, Any]]:
    small = st.integers(1, 3)
    pairs = st.tuples(small, small)
    groups = draw(st.integers(1, 3))
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for k, d, p in zip(kernel, dilation, padding)]
    size = [n + draw(st.integers(0, 3)) for n in least]
    channels = draw(st.integers(1, 2))
    x = (draw(st.integers(0, 2)), channels * groups, *size)
    weight = (draw(st.integers(1, 2)) * groups, channels, *kernel)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return x, weight, options


@given(convolutions())
def test_any_shape_agrees_with_the_definition(case: tuple[Any, Any, dict[str, Any]]) -> None:
    x_shape, weight_shape, options = case
    rng = np.random.default_rng(1)
    x = fe.tensor(rng.standard_normal(x_shape), requires_grad=True)
    weight = fe.tensor(rng.standard_normal(weight_shape), requires_grad=True)
    y = fe.ops.conv2d(x, weight, None, **options)
    wanted = naive(np.asarray(x), np.asarray(weight), **options)
    np.testing.assert_allclose(np.asarray(y), wanted, atol=1e-12)
    body = fe.ops.conv2d.body(x, weight, None, **options)
    np.testing.assert_allclose(np.asarray(body), wanted, atol=1e-12)
    g = fe.tensor(rng.standard_normal(y.shape))
    by_x, by_weight = fe.autograd.grad(y, [x, weight], g)
    by_body = fe.ops.conv2d_input.body(g, weight, input_size=x.shape, **options)
    np.testing.assert_allclose(np.asarray(by_x), np.asarray(by_body), atol=1e-12)
    by_body = fe.ops.conv2d_weight.body(g, x, weight_size=weight.shape, **options)
    np.testing.assert_allclose(np.asarray(by_weight), np.asarray(by_body), atol=1e-12)


def test_second_derivatives_use_no_other_kind_of_op(draw: Draw) -> None:
    """The three are closed under differentiation, so a backend with kernels for them is fast for
    derivatives of any order."""
    x, weight = draw(1, 2, 4, 4), draw(3, 2, 3, 3)
    y = fe.ops.conv2d(x, weight)
    with fe.profiler.count_ops() as ops:
        (g,) = fe.autograd.grad((y * y).sum(), x, create_graph=True)
        assert g is not None
        (g * g).sum().backward()
    seen = set(ops.counts) | set(ops.decomposed)
    assert {"conv2d", "conv2d_input", "conv2d_weight"} <= seen


@pytest.mark.parametrize(
    ("x", "weight", "options", "said"),
    [
        ((2, 3, 4), (2, 3, 3, 3), {}, "must be (N, C, H, W)"),
        ((1, 4, 4, 4), (2, 3, 3, 3), {}, "has 4 channels, and weight"),
        ((1, 4, 4, 4), (3, 2, 3, 3), {"groups": 2}, "groups=2 does not divide the 3"),
        ((1, 4, 4, 4), (3, 4, 3, 3), {"groups": 0}, "groups=0 does not divide"),
        ((1, 1, 2, 4), (1, 1, 3, 3), {}, "does not fit in an input of (2, 4)"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"stride": (0, 1)}, "stride must be two ints of at least 1"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"padding": (-1, 1)}, "padding must be two ints of at least"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"dilation": (1,)}, "dilation must be two ints"),
    ],
)
@pytest.mark.usefixtures("implementation")
def test_arguments_that_do_not_fit(
    draw: Draw, x: Any, weight: Any, options: Any, said: str
) -> None:
    with pytest.raises(fe.ShapeError) as caught:
        fe.ops.conv2d(draw(*x), draw(*weight), None, **options)
    assert said in str(caught.value)


def test_a_bias_of_the_wrong_size(draw: Draw) -> None:
    with pytest.raises(fe.ShapeError, match=r"its shape must be \(2,\)"):
        fe.ops.conv2d(draw(1, 1, 3, 3), draw(2, 1, 2, 2), draw(3))


def test_a_gradient_of_the_wrong_shape(draw: Draw) -> None:
    with pytest.raises(fe.ShapeError, match=r"its shape must be \(1, 2, 2, 2\)"):
        fe.ops.conv2d_input(draw(1, 2, 3, 2), draw(2, 1, 2, 2), input_size=(1, 1, 3, 3))
