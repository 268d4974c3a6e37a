"""Random functions under vmap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, Tensor, func, nn

DRAWS: list[Any] = [
    lambda x: x * 0 + fe.rand(40),
    lambda x: fe.randn(7),
    lambda x: fe.randint(0, 1000, (7,)),
    lambda x: fe.randperm(50),
    lambda x: fe.rand_like(x),
    lambda x: nn.functional.dropout(x * 0 + 1.0),
    lambda x: fe.randn(3, generator=GENERATOR),
]
GENERATOR = fe.Generator(fe.get_backend(), 5)


def distinct(y: Tensor) -> int:
    return len({row.tobytes() for row in y.numpy()})


@pytest.mark.parametrize("draw", DRAWS)
def test_error_same_and_different(draw: Any) -> None:
    x = fe.ones(4, 40)
    with pytest.raises(GraphError, match='randomness="same"'):
        func.vmap(draw)(x)
    assert distinct(func.vmap(draw, randomness="same")(x)) == 1
    assert distinct(func.vmap(draw, randomness="different")(x)) == 4


def test_different_samples_draw_from_one_stream_without_overlap() -> None:
    fe.manual_seed(1)
    found = func.vmap(lambda x: fe.rand(6), randomness="different")(fe.ones(3))
    after = fe.default_generator().state.tolist()
    fe.manual_seed(1)
    one = fe.rand(24).numpy().reshape(3, 8)[:, :6]  # blocks of four words
    np.testing.assert_array_equal(found.numpy(), one)
    assert after == fe.default_generator().state.tolist()


def test_nested_maps_each_say_what_they_want() -> None:
    x = fe.ones(3, 2)

    def rows(outer: Any, inner: Any) -> np.ndarray[Any, Any]:
        f = func.vmap(lambda x: fe.rand(5), randomness=inner)
        return func.vmap(f, randomness=outer)(x).numpy()

    assert len(np.unique(rows("different", "different"))) == 30
    found = rows("different", "same")
    assert len(np.unique(found)) == 15
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    found = rows("same", "different")
    assert len(np.unique(found)) == 10
    np.testing.assert_array_equal(found[0], found[2])
    assert len(np.unique(rows("same", "same"))) == 5
    with pytest.raises(GraphError):
        rows("error", "same")


def test_chunks_keep_what_is_the_same_the_same() -> None:
    x = fe.ones(7)
    assert distinct(func.vmap(lambda x: fe.rand(3), randomness="same", chunk_size=2)(x)) == 1
    assert distinct(func.vmap(lambda x: fe.rand(3), randomness="different", chunk_size=2)(x)) == 7


def test_gradients_see_the_same_numbers() -> None:
    x = fe.ones(4, 100, dtype=fe.float64)
    gradient, value = func.vmap(
        func.grad_and_value(lambda x: nn.functional.dropout(x).sum()), randomness="different"
    )(x)
    np.testing.assert_allclose(gradient.sum(1).numpy(), value.numpy())
    assert distinct(gradient) == 4
