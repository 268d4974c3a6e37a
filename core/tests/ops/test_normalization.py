from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")


def along_channels(x: Any, ndim: int) -> Any:
    return np.asarray(x).reshape(-1, *(1,) * (ndim - 2))


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize("affine", [True, False])
class TestBatchNorm:
    def test_given_statistics(self, draw: Draw, shape: tuple[int, ...], affine: bool) -> None:
        x, mean = draw(*shape), draw(3)
        var = (draw(3).detach().abs() + 0.5).requires_grad_()
        inputs = [x, mean, var, draw(3), draw(3)] if affine else [x, mean, var]
        wanted = (np.asarray(x) - along_channels(mean, len(shape))) / np.sqrt(
            along_channels(var, len(shape)) + 1e-3
        )
        if affine:
            wanted = wanted * along_channels(inputs[3], len(shape))
            wanted = wanted + along_channels(inputs[4], len(shape))

        def normalized(*operands: fe.Tensor) -> fe.Tensor:
            return fe.ops.batch_norm(*operands, eps=1e-3)

        np.testing.assert_allclose(np.asarray(normalized(*inputs)), wanted, atol=1e-12)
        assert gradcheck(normalized, inputs)
        assert gradgradcheck(normalized, inputs, fast_mode=True)

    def test_statistics_of_the_batch(
        self, draw: Draw, shape: tuple[int, ...], affine: bool
    ) -> None:
        inputs = [draw(*shape), draw(3), draw(3)] if affine else [draw(*shape)]
        array = np.asarray(inputs[0])
        dims = (0, *range(2, len(shape)))

        def normalized(*operands: fe.Tensor) -> tuple[fe.Tensor, ...]:
            return fe.ops.batch_norm_training(*operands, eps=1e-3)

        y, mean, var = normalized(*inputs)
        np.testing.assert_allclose(np.asarray(mean), array.mean(dims), atol=1e-12)
        np.testing.assert_allclose(np.asarray(var), array.var(dims), atol=1e-12)
        wanted = fe.ops.batch_norm(inputs[0], mean, var, *inputs[1:], eps=1e-3)
        np.testing.assert_allclose(np.asarray(y), np.asarray(wanted), atol=1e-12)
        # of all three outputs: the statistics have gradients too
        assert gradcheck(normalized, inputs)
        assert gradgradcheck(normalized, inputs, fast_mode=True)


@pytest.mark.parametrize(
    ("shape", "normalized_shape"), [((5, 4), (4,)), ((2, 3, 4), (3, 4)), ((4,), (4,))]
)
@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm(draw: Draw, shape: Any, normalized_shape: Any, affine: bool) -> None:
    inputs = [draw(*shape)]
    if affine:
        inputs += [draw(*normalized_shape), draw(*normalized_shape)]
    array = np.asarray(inputs[0])
    dims = tuple(range(len(shape) - len(normalized_shape), len(shape)))
    wanted = (array - array.mean(dims, keepdims=True)) / np.sqrt(
        array.var(dims, keepdims=True) + 1e-3
    )
    if affine:
        wanted = wanted * np.asarray(inputs[1]) + np.asarray(inputs[2])

    def normalized(*operands: fe.Tensor) -> fe.Tensor:
        return fe.ops.layer_norm(*operands, normalized_shape=normalized_shape, eps=1e-3)

    np.testing.assert_allclose(np.asarray(normalized(*inputs)), wanted, atol=1e-12)
    assert gradcheck(normalized, inputs)
    assert gradgradcheck(normalized, inputs, fast_mode=True)


def test_equal_values_are_normalised_to_0(draw: Draw) -> None:
    x = fe.full((2, 3), 5.0)
    assert (fe.ops.layer_norm(x, None, None, normalized_shape=(3,)) == 0).all()
    assert (fe.ops.batch_norm_training(x)[0] == 0).all()


def test_shapes_that_do_not_fit(draw: Draw) -> None:
    x = draw(2, 3)
    with pytest.raises(fe.ShapeError, match="the number of channels"):
        fe.ops.batch_norm(x, draw(3), draw(2))
    with pytest.raises(fe.ShapeError, match="two dims or more"):
        fe.ops.batch_norm_training(draw(3))
    with pytest.raises(fe.ShapeError, match="must end in normalized_shape"):
        fe.ops.layer_norm(x, None, None, normalized_shape=(2,))
    with pytest.raises(fe.ShapeError, match=r"weight is float64\[2\]; its shape must be \(3,\)"):
        fe.ops.layer_norm(x, draw(2), None, normalized_shape=(3,))
