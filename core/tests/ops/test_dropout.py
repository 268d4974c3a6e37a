from collections.abc import Callable

import numpy as np
import pytest

import ferrule as fe
from ferrule.autograd import gradcheck

Draw = Callable[..., fe.Tensor]
pytestmark = pytest.mark.usefixtures("implementation")


@pytest.fixture
def state() -> fe.Tensor:
    return fe.tensor([7, 3])


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_the_words_decide(state: fe.Tensor, p: float) -> None:
    x = fe.arange(1, 1001, dtype=fe.float64)
    words = fe.ops.random_bits(state, shape=(1000,)).numpy().astype(np.int64)
    y = fe.ops.dropout(x, state, p=p).numpy()
    kept = words + 2**31 >= p * 2**32
    assert ((y != 0) == kept).all()
    np.testing.assert_allclose(y[kept], x.numpy()[kept] / (1 - p), rtol=1e-12)
    assert abs(kept.mean() - (1 - p)) < 0.05


def test_everything_is_dropped(state: fe.Tensor) -> None:
    assert (fe.ops.dropout(fe.full((50,), fe.finfo(fe.float32).max), state, p=1.0) == 0).all()


def test_one_state_one_mask(state: fe.Tensor) -> None:
    x = fe.ones(200)
    first, again = (fe.ops.dropout(x, state, p=0.5) for _ in range(2))
    other = fe.ops.dropout(x, fe.tensor([7, 53]), p=0.5)
    assert (first == again).all()
    assert not (first == other).all()


@pytest.mark.parametrize("p", [0.0, 0.4, 1.0])
def test_gradients(draw: Draw, state: fe.Tensor, p: float) -> None:
    assert gradcheck(lambda x: fe.ops.dropout(x, state, p=p), draw(4, 5))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_is_a_probability(state: fe.Tensor, p: float) -> None:
    with pytest.raises(fe.ArgumentError, match=r"p must lie in \[0, 1\]"):
        fe.ops.dropout(fe.ones(3), state, p=p)
