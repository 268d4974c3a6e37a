from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., fe.Tensor]
Sizes = tuple[int, ...]


def options(
    ndim: int, stride: Sizes = (), padding: Sizes = (), dilation: Sizes = (), groups: int = 1
) -> dict[str, Any]:
    return {
        "stride": stride or (1,) * ndim,
        "padding": padding or (0,) * ndim,
        "dilation": dilation or (1,) * ndim,
        "groups": groups,
    }


CASES = [
    ((2, 3, 4, 4), (2, 3, 3, 3), options(2)),
    ((1, 2, 5, 4), (3, 2, 2, 3), options(2, stride=(2, 1), padding=(1, 2))),
    ((1, 1, 6, 5), (2, 1, 3, 2), options(2, padding=(2, 1), dilation=(2, 3))),
    ((2, 4, 3, 3), (2, 2, 2, 2), options(2, stride=(2, 2), groups=2)),
    ((1, 3, 3, 2), (6, 1, 1, 1), options(2, stride=(2, 3), groups=3)),
    ((2, 4, 7), (2, 2, 3), options(1, stride=(2,), padding=(1,), dilation=(2,), groups=2)),
    ((1, 2, 3, 4, 3), (2, 2, 2, 1, 2), options(3, stride=(1, 2, 1), padding=(0, 1, 1))),
]


def naive(
    x: Array, weight: Array, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """The definition: a loop over every output element."""
    x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    filters, channels, *kernel = weight.shape
    out = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)
    ]
    y = np.zeros((x.shape[0], filters, *out), np.result_type(x, weight))
    for n, o, *window in np.ndindex(*y.shape):
        first = o // (filters // groups) * channels
        part = tuple(
            slice(w * s, w * s + d * (k - 1) + 1, d)
            for w, s, d, k in zip(window, stride, dilation, kernel)
        )
        y[(n, o, *window)] = (x[(n, slice(first, first + channels), *part)] * weight[o]).sum()
    return y


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize(("x_shape", "weight_shape", "options"), CASES)
class TestEachCase:
    def test_values(self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any) -> None:
        x, weight, bias = draw(*x_shape), draw(*weight_shape), draw(weight_shape[0])
        y = fe.ops.conv(x, weight, bias, **options)
        wanted = naive(np.asarray(x), np.asarray(weight), **options)
        wanted += np.asarray(bias).reshape(-1, *(1,) * (len(x_shape) - 2))
        np.testing.assert_allclose(np.asarray(y), wanted, atol=1e-12)

    def test_gradients(self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any) -> None:
        inputs = [draw(*x_shape), draw(*weight_shape), draw(weight_shape[0])]

        def conv(*operands: fe.Tensor) -> fe.Tensor:
            return fe.ops.conv(*operands, **options)

        assert gradcheck(conv, inputs)
        assert gradgradcheck(conv, inputs, fast_mode=True)

    def test_transposes(self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any) -> None:
        """<g, conv(x, w)> = <conv_input(g, w), x> = <conv_weight(g, x), w>"""
        x, weight = draw(*x_shape), draw(*weight_shape)
        y = fe.ops.conv(x, weight, None, **options)
        g = draw(*y.shape)
        product = float((g * y).sum())
        by_input = fe.ops.conv_input(g, weight, input_size=x.shape, **options)
        by_weight = fe.ops.conv_weight(g, x, weight_size=weight.shape, **options)
        assert float((by_input * x).sum()) == pytest.approx(product, abs=1e-10)
        assert float((by_weight * weight).sum()) == pytest.approx(product, abs=1e-10)

    def test_gradients_of_the_transposes(
        self, draw: Draw, x_shape: Any, weight_shape: Any, options: Any
    ) -> None:
        x, weight = draw(*x_shape), draw(*weight_shape)
        g = draw(*fe.ops.conv(x, weight, None, **options).shape)
        for function, inputs in (
            (lambda g, w: fe.ops.conv_input(g, w, input_size=x.shape, **options), [g, weight]),
            (lambda g, x: fe.ops.conv_weight(g, x, weight_size=weight.shape, **options), [g, x]),
        ):
            assert gradcheck(function, inputs, fast_mode=True)
            assert gradgradcheck(function, inputs, fast_mode=True)


@pytest.mark.usefixtures("implementation")
def test_complex_numbers() -> None:
    rng = np.random.default_rng(0)
    x, weight = (
        fe.tensor(rng.normal(size=s) + 1j * rng.normal(size=s), requires_grad=True)
        for s in ((1, 2, 5), (2, 1, 2))
    )
    attrs = options(1, stride=(2,), padding=(1,), groups=2)
    y = fe.ops.conv(x, weight, None, **attrs)
    wanted = naive(x.detach().numpy(), weight.detach().numpy(), **attrs)
    np.testing.assert_allclose(y.detach().numpy(), wanted, atol=1e-12)
    assert gradcheck(lambda x, w: fe.ops.conv(x, w, None, **attrs), [x, weight])


@pytest.mark.usefixtures("implementation")
def test_integers_wrap() -> None:
    x, weight = fe.full((1, 1, 3), 100, dtype=fe.int8), fe.ones(1, 1, 3, dtype=fe.int8)
    assert fe.ops.conv(x, weight, None, **options(1)).tolist() == [[[300 - 256]]]


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Any, Any, dict[str, Any]]:
    ndim = draw(st.integers(1, 3))

    def each(low: int, high: int) -> Sizes:
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    groups = draw(st.integers(1, 3))
    kernel, stride, dilation, padding = (
        each(1, 3),
        each(1, 3),
        each(1, 2 if ndim > 2 else 3),
        each(0, 2),
    )
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for k, d, p in zip(kernel, dilation, padding)]
    size = [n + draw(st.integers(0, 4 - ndim)) for n in least]
    channels = draw(st.integers(1, 2))
    x = (draw(st.integers(0, 2)), channels * groups, *size)
    weight = (draw(st.integers(1, 2)) * groups, channels, *kernel)
    return x, weight, options(ndim, stride, padding, dilation, groups)


@given(convolutions())
def test_any_shape_agrees_with_the_definition(case: tuple[Any, Any, dict[str, Any]]) -> None:
    x_shape, weight_shape, options = case
    rng = np.random.default_rng(1)
    x = fe.tensor(rng.standard_normal(x_shape), requires_grad=True)
    weight = fe.tensor(rng.standard_normal(weight_shape), requires_grad=True)
    y = fe.ops.conv(x, weight, None, **options)
    wanted = naive(np.asarray(x), np.asarray(weight), **options)
    np.testing.assert_allclose(np.asarray(y), wanted, atol=1e-12)
    body = fe.ops.conv.body(x, weight, None, **options)
    np.testing.assert_allclose(np.asarray(body), wanted, atol=1e-12)
    g = fe.tensor(rng.standard_normal(y.shape))
    by_x, by_weight = fe.autograd.grad(y, [x, weight], g)
    by_body = fe.ops.conv_input.body(g, weight, input_size=x.shape, **options)
    np.testing.assert_allclose(np.asarray(by_x), np.asarray(by_body), atol=1e-12)
    by_body = fe.ops.conv_weight.body(g, x, weight_size=weight.shape, **options)
    np.testing.assert_allclose(np.asarray(by_weight), np.asarray(by_body), atol=1e-12)


def test_second_derivatives_use_no_other_kind_of_op(draw: Draw) -> None:
    """The three are closed under differentiation, so a backend with kernels for them is fast for
    derivatives of any order."""
    x, weight = draw(1, 2, 4, 4), draw(3, 2, 3, 3)
    y = fe.ops.conv(x, weight, None, **options(2))
    with fe.profiler.count_ops() as ops:
        (g,) = fe.autograd.grad((y * y).sum(), x, create_graph=True)
        assert g is not None
        (g * g).sum().backward()
    seen = set(ops.counts) | set(ops.decomposed)
    assert {"conv", "conv_input", "conv_weight"} <= seen


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_16_bits_are_rounded_once(draw: Draw, dtype: Any) -> None:
    """Overlapping windows add up in float32."""
    g = draw(1, 8, 30, requires_grad=False).to(dtype)
    weight = draw(8, 4, 9, requires_grad=False).to(dtype)
    attrs = {"input_size": (1, 4, 38), **options(1)}
    found = fe.ops.conv_input(g, weight, **attrs).to(fe.float64)
    exact = fe.ops.conv_input(g.to(fe.float64), weight.to(fe.float64), **attrs)
    eps = fe.finfo(dtype).eps
    np.testing.assert_allclose(found.numpy(), exact.numpy(), rtol=0.51 * float(eps), atol=1e-5)


@pytest.mark.parametrize(
    ("x", "weight", "attrs", "said"),
    [
        ((2, 3, 4), (2, 3, 3, 3), options(2), "must be (N, C, *size)"),
        ((2, 3), (2, 3), options(0), "must be (N, C, *size)"),
        ((1, 4, 4, 4), (2, 3, 3, 3), options(2), "has 4 channels, and weight"),
        ((1, 4, 4, 4), (3, 2, 3, 3), options(2, groups=2), "groups=2 does not divide the 3"),
        ((1, 4, 4, 4), (3, 4, 3, 3), options(2, groups=0), "groups=0 does not divide"),
        ((1, 1, 2, 4), (1, 1, 3, 3), options(2), "does not fit in an input of (2, 4)"),
        ((1, 1, 0), (1, 1, 1), options(1, padding=(1,)), "does not fit in an input of (0,)"),
        ((1, 1, 4, 4), (1, 1, 3, 3), options(2, stride=(0, 1)), "stride must be 2 ints of at"),
        ((1, 1, 4, 4), (1, 1, 3, 3), options(2, padding=(-1, 1)), "padding must be 2 ints of at"),
        ((1, 1, 4, 4), (1, 1, 3, 3), options(2, dilation=(1,)), "dilation must be 2 ints"),
    ],
)
@pytest.mark.usefixtures("implementation")
def test_arguments_that_do_not_fit(draw: Draw, x: Any, weight: Any, attrs: Any, said: str) -> None:
    with pytest.raises(fe.ShapeError) as caught:
        fe.ops.conv(draw(*x), draw(*weight), None, **attrs)
    assert said in str(caught.value)


def test_a_bias_of_the_wrong_size(draw: Draw) -> None:
    with pytest.raises(fe.ShapeError, match=r"its shape must be \(2,\)"):
        fe.ops.conv(draw(1, 1, 3, 3), draw(2, 1, 2, 2), draw(3), **options(2))


def test_a_gradient_of_the_wrong_shape(draw: Draw) -> None:
    with pytest.raises(fe.ShapeError, match=r"its shape must be \(1, 2, 2, 2\)"):
        fe.ops.conv_input(draw(1, 2, 3, 2), draw(2, 1, 2, 2), input_size=(1, 1, 3, 3), **options(2))


WINDOWS = {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0), "dilation": (2, 1)}


class TestColumns:
    def test_each_column_is_a_window(self, draw: Draw) -> None:
        x = draw(2, 3, 4, 7)
        columns = fe.ops.im2col(x, **WINDOWS).detach().numpy()
        padded = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (1, 1), (0, 0)))
        places = list(product(range(4), range(3)))
        assert columns.shape == (2, 18, len(places))
        for w, (i, j) in enumerate(places):
            seen = padded[:, :, i : i + 3 : 2, 2 * j : 2 * j + 3]
            np.testing.assert_array_equal(columns[:, :, w], seen.reshape(2, 18))

    def test_the_transpose(self, draw: Draw) -> None:
        x = draw(1, 2, 4, 7)
        columns = fe.ops.im2col(x, **WINDOWS)
        g = draw(*columns.shape)
        back = fe.ops.col2im(g, output_size=(4, 7), **WINDOWS)
        assert float((back * x).sum()) == pytest.approx(float((g * columns).sum()), abs=1e-12)

    def test_bools_move_too(self) -> None:
        x = fe.tensor([[[True, False]]])
        attrs = {"kernel_size": (2,), "stride": (1,), "padding": (1,), "dilation": (1,)}
        found = fe.ops.im2col(x, **attrs)
        assert found.tolist() == [[[False, True, False], [True, False, False]]]

    def test_columns_that_do_not_fit(self, draw: Draw) -> None:
        with pytest.raises(fe.ShapeError, match=r"must be \(N, C \* 6, 12\)"):
            fe.ops.col2im(draw(1, 18, 11), output_size=(4, 7), **WINDOWS)
        with pytest.raises(fe.ShapeError, match=r"must be \(N, C, \*size\)"):
            fe.ops.im2col(draw(4, 7), **WINDOWS)
