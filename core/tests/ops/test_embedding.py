from collections.abc import Callable

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")


@pytest.mark.parametrize("index", [[3, 0, 3], [[1, 2], [4, 4]], 2, []])
def test_values_and_gradients(draw: Draw, index: object) -> None:
    weight, places = draw(5, 3), fe.tensor(index, dtype=fe.int64)

    def looked_up(weight: fe.Tensor) -> fe.Tensor:
        return fe.ops.embedding(weight, places)

    y = looked_up(weight)
    np.testing.assert_array_equal(np.asarray(y), np.asarray(weight)[places.numpy()])
    assert y.shape == (*places.shape, 3)
    if places.numel():
        assert gradcheck(looked_up, weight)
        assert gradgradcheck(looked_up, weight)


def test_rows_that_are_looked_up_twice_add_their_gradients(draw: Draw) -> None:
    weight = draw(3, 2)
    fe.ops.embedding(weight, fe.tensor([1, 1, 0])).sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[1, 1], [2, 2], [0, 0]]


def test_the_padding_row_gets_no_gradient(draw: Draw) -> None:
    weight = draw(3, 2)
    y = fe.ops.embedding(weight, fe.tensor([0, 1, 0]), padding_idx=0)
    np.testing.assert_array_equal(np.asarray(y)[0], np.asarray(weight)[0])
    y.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[0, 0], [1, 1], [0, 0]]


def test_arguments_that_do_not_fit(draw: Draw) -> None:
    with pytest.raises(fe.ShapeError, match="must have two dims"):
        fe.ops.embedding(draw(3), fe.tensor([0]))
    with pytest.raises(fe.DTypeError, match="index must be integer"):
        fe.ops.embedding(draw(3, 2), draw(2))
