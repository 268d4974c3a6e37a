"""Encodings of positions."""

import math

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn


def test_sinusoids_are_those_of_the_paper() -> None:
    for batch_first in (False, True):
        layer = nn.PositionalEncoding(5, dropout=0.0, max_len=7, batch_first=batch_first,
                                      dtype=fe.float64)  # fmt: skip
        y = layer(fe.zeros(2, 3, 5, dtype=fe.float64)).numpy()
        y = y if batch_first else y.swapaxes(0, 1)
        for pos in range(y.shape[1]):
            for i in range(5):
                angle = pos / 10000 ** (2 * (i // 2) / 5)
                want = math.cos(angle) if i % 2 else math.sin(angle)
                np.testing.assert_allclose(y[:, pos, i], want, atol=1e-14)
        alone = layer(fe.zeros(2, 5, dtype=fe.float64)).numpy()
        np.testing.assert_array_equal(alone, y[0, :2])
    with pytest.raises(ValueError, match="7 steps"):
        layer(fe.zeros(8, 5))
    assert list(layer.state_dict()) == ["pe"]


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotation_turns_pairs_by_the_position(interleaved: bool) -> None:
    layer = nn.RotaryEmbedding(4, base=100.0, interleaved=interleaved)
    x = np.random.default_rng(0).standard_normal((2, 3, 6))
    y = layer(fe.tensor(x), offset=5).numpy()
    pairs = [(0, 1), (2, 3)] if interleaved else [(0, 2), (1, 3)]
    for i, (a, b) in enumerate(pairs):
        for t in range(3):
            turned = (x[:, t, a] + 1j * x[:, t, b]) * np.exp(1j * (t + 5) / 100.0 ** (i / 2))
            np.testing.assert_allclose(y[:, t, a] + 1j * y[:, t, b], turned, atol=1e-13)
    np.testing.assert_array_equal(y[..., 4:], x[..., 4:])


@pytest.mark.parametrize("interleaved", [False, True])
def test_products_of_what_was_rotated_depend_on_the_distance(interleaved: bool) -> None:
    layer = nn.RotaryEmbedding(8, interleaved=interleaved)
    q, k = (fe.randn(1, 8, dtype=fe.float64) for _ in range(2))
    found = [
        (layer(q, fe.tensor([p + 3])) * layer(k, fe.tensor([p]))).sum().item() for p in (0, 7, 100)
    ]
    np.testing.assert_allclose(found, found[0], rtol=1e-11)


def test_rotation_keeps_dtype_and_lets_gradients_through() -> None:
    layer = nn.RotaryEmbedding(4)
    assert layer(fe.ones(2, 4, dtype=fe.bfloat16)).dtype is fe.bfloat16
    x = fe.randn(3, 4, requires_grad=True)
    layer(x).square().sum().backward()  # a rotation keeps lengths
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy(), rtol=1e-5)
    assert layer.state_dict() == {}
    with pytest.raises(TypeError, match="even"):
        nn.RotaryEmbedding(3)
    with pytest.raises(ValueError, match="4 or more"):
        layer(fe.ones(2, 3))


def test_positions_of_their_own_are_taken() -> None:
    layer = nn.RotaryEmbedding(4)
    x = fe.randn(2, 3, 4)
    found = layer(x, fe.tensor([[0, 1, 2], [4, 5, 6]]))
    np.testing.assert_allclose(found[0].numpy(), layer(x[0]).numpy(), rtol=1e-6)
    np.testing.assert_allclose(found[1].numpy(), layer(x[1], offset=4).numpy(), rtol=1e-6)


def test_alibi_falls_with_the_distance() -> None:
    assert nn.ALiBi(8).slopes.tolist() == [2.0**-i for i in range(1, 9)]
    wanted = [2.0**-2, 2.0**-4, 2.0**-6, 2.0**-8, 2.0**-1, 2.0**-3]
    np.testing.assert_allclose(nn.ALiBi(6).slopes.numpy(), wanted, rtol=1e-6)
    bias = nn.ALiBi(1)(2, 3).numpy()
    slope = 2.0**-8
    assert bias.tolist() == [[[-slope, 0.0, -math.inf], [-2 * slope, -slope, 0.0]]]
    both = nn.ALiBi(1, causal=False)(2).numpy()
    assert both.tolist() == [[[0.0, -slope], [-slope, 0.0]]]
    q = fe.randn(1, 4, 3, 2)
    y = nn.functional.scaled_dot_product_attention(q, q, q, nn.ALiBi(4)(3))
    assert y.shape == (1, 4, 3, 2)
    with pytest.raises(ValueError, match="fewer"):
        nn.ALiBi(2)(3, 2)
