"""What random bits decide, and how PyTorch's arguments are read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F

FLOOR = -1.7580993408473766
CHANNELS: list[tuple[Callable[..., Any], tuple[int, ...], int]] = [
    (F.dropout1d, (40, 5, 3), 2),
    (F.dropout1d, (200, 3), 1),
    (F.dropout2d, (40, 5, 3, 2), 2),
    (F.dropout2d, (40, 5, 3), 2),
    (F.dropout3d, (40, 5, 2, 2, 2), 2),
    (F.dropout3d, (200, 2, 2, 2), 1),
]


@pytest.mark.parametrize(("function", "shape", "lead"), CHANNELS)
def test_whole_channels(function: Callable[..., Any], shape: tuple[int, ...], lead: int) -> None:
    y = function(fe.ones(*shape), 0.25, generator=fe.Generator(seed=0)).numpy()
    channels = y.reshape(*shape[:lead], -1)
    assert (channels == channels[..., :1]).all()
    values, counts = np.unique(channels[..., 0], return_counts=True)
    np.testing.assert_allclose(values, [0, 4 / 3], rtol=1e-6)
    assert abs(counts[0] / counts.sum() - 0.25) < 0.1


@pytest.mark.parametrize(("function", "shape", "lead"), CHANNELS)
def test_arguments(function: Callable[..., Any], shape: tuple[int, ...], lead: int) -> None:
    x = fe.ones(*shape)
    assert function(x, training=False) is x
    assert function(x, 0.0) is x
    assert function(x, 1.0, inplace=True) is x
    assert not x.any()
    with pytest.raises(fe.ArgumentError, match=r"p must lie in \[0, 1\]"):
        function(x, 1.5)
    with pytest.raises(fe.ShapeError, match="it must have"):
        function(fe.ones(3))


@pytest.mark.parametrize("function", [F.alpha_dropout, F.feature_alpha_dropout])
class TestAlpha:
    def test_mean_and_variance_stay(self, function: Callable[..., Any]) -> None:
        x = fe.tensor(np.random.default_rng(0).standard_normal((200, 200)))
        y = function(x, 0.3, training=True, generator=fe.Generator(seed=1)).numpy()
        assert abs(y.mean()) < 0.02
        assert abs(y.var() - 1) < 0.03
        values, counts = np.unique(y, return_counts=True)
        dropped = y == values[counts.argmax()]  # normal numbers do not repeat
        assert abs(dropped.mean() - 0.3) < 0.01
        # what is left lies on a line, and what was dropped at SELU's floor on the same line
        slope, shift = np.polyfit(x.numpy()[~dropped], y[~dropped], 1)
        np.testing.assert_allclose(y[dropped], FLOOR * slope + shift, rtol=1e-9)

    def test_arguments(self, function: Callable[..., Any]) -> None:
        x = fe.ones(4, 4)
        assert function(x) is x
        assert not function(x, 1.0, True).any()
        with pytest.raises(fe.ArgumentError, match="p must lie in"):
            function(x, -0.5, True)


def test_channels_of_alpha_dropout_are_one() -> None:
    y = F.feature_alpha_dropout(fe.ones(8, 8, 3), 0.5, True).numpy()
    assert (y == y[..., :1]).all()
    with pytest.raises(fe.ShapeError, match="two dims or more"):
        F.feature_alpha_dropout(fe.ones(8), 0.5, True)


def test_one_seed_one_result() -> None:
    for function in (F.dropout, F.dropout1d, F.alpha_dropout, F.feature_alpha_dropout):
        first, again = (
            function(fe.ones(6, 6), 0.5, True, generator=fe.Generator(seed=4)).tolist()
            for _ in range(2)
        )
        assert first == again
