from collections.abc import Callable

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (0, 4), (2, 0, 4)])
@pytest.mark.parametrize("biased", [True, False])
def test_values_and_gradients(draw: Draw, shape: tuple[int, ...], biased: bool) -> None:
    x, weight = draw(*shape), draw(5, 4)
    bias = draw(5) if biased else None
    y = fe.ops.linear(x, weight, bias)
    wanted = np.asarray(x) @ np.asarray(weight).T + (np.asarray(bias) if biased else 0.0)
    np.testing.assert_allclose(np.asarray(y), wanted, rtol=1e-12)
    inputs = [x, weight, bias] if biased else [x, weight]
    if x.numel():
        assert gradcheck(fe.ops.linear, inputs)
        assert gradgradcheck(fe.ops.linear, inputs)


def test_no_features_give_the_bias(draw: Draw) -> None:
    bias = draw(2)
    y = fe.ops.linear(draw(3, 0), draw(2, 0), bias)
    np.testing.assert_array_equal(np.asarray(y), np.tile(np.asarray(bias), (3, 1)))


def test_a_gradient_that_is_not_wanted_is_not_computed(draw: Draw) -> None:
    x, weight = draw(3, 4, requires_grad=False), draw(5, 4)
    y = fe.ops.linear(x, weight, None).sum()
    with fe.profiler.count_ops() as ops:
        y.backward()
    assert ops.counts["matmul"] == 1


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (((3, 5), (2, 4), (2,)), "the last size of x must be 4"),
        (((3, 4), (2, 4, 1), None), "must have two dims"),
        (((3, 4), (2, 4), (3,)), "its shape must be (2,)"),
        (((), (2, 4), None), "the last size of x must be 4"),
    ],
)
def test_shapes_that_do_not_fit(draw: Draw, shapes: tuple, said: str) -> None:
    with pytest.raises(fe.ShapeError) as caught:
        fe.ops.linear(*(None if s is None else draw(*s) for s in shapes))
    assert said in str(caught.value)
    assert str(caught.value).startswith("linear")


def test_dtypes_are_not_mixed(draw: Draw) -> None:
    with pytest.raises(fe.DTypeError, match="float64 and float32"):
        fe.ops.linear(draw(3, 4), draw(2, 4).float())
