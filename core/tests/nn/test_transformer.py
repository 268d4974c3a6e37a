"""Layers of the transformer: how their parts are put together."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.autograd import gradcheck
from ferrule.func import functional_call


def value(x: fe.Tensor) -> np.ndarray[Any, Any]:
    return x.detach().numpy()


def drawn(*shape: int) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(sum(shape)).standard_normal(shape))


def shaken(module: Any) -> Any:
    """With other values than ones and zeros in normalisations and biases."""
    for i, p in enumerate(module.parameters()):
        with fe.no_grad():
            p.add_(drawn(*p.shape, i + 1).mean(-1) * 0.3)
    return module


def norm(x: Any, layer: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + layer.eps) * value(
        layer.weight
    ) + value(layer.bias)


def feed(x: Any, layer: Any, activation: Any) -> Any:
    inner = activation(x @ value(layer.linear1.weight).T + value(layer.linear1.bias))
    return inner @ value(layer.linear2.weight).T + value(layer.linear2.bias)


def attend(attention: Any, x: Any, memory: Any, mask: Any = None) -> Any:
    y, _ = attention(fe.tensor(x), fe.tensor(memory), fe.tensor(memory), attn_mask=mask)
    return value(y)


@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_is_the_sum_of_its_parts(norm_first: bool) -> None:
    layer = shaken(nn.TransformerEncoderLayer(
        4, 2, 6, dropout=0.0, activation=fe.tanh, norm_first=norm_first, dtype=fe.float64
    ))  # fmt: skip
    src, mask = drawn(3, 2, 4), nn.Transformer.generate_square_subsequent_mask(3)
    x = value(src)
    if norm_first:
        n = norm(x, layer.norm1)
        x = x + attend(layer.self_attn, n, n, mask)
        want = x + feed(norm(x, layer.norm2), layer, np.tanh)
    else:
        x = norm(x + attend(layer.self_attn, x, x, mask), layer.norm1)
        want = norm(x + feed(x, layer, np.tanh), layer.norm2)
    for hint in (False, True):
        np.testing.assert_allclose(value(layer(src, mask, is_causal=hint)), want, rtol=1e-10)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_decoder_layer_is_the_sum_of_its_parts(norm_first: bool) -> None:
    layer = shaken(nn.TransformerDecoderLayer(
        4, 2, 6, dropout=0.0, norm_first=norm_first, dtype=fe.float64
    ))  # fmt: skip
    tgt, memory = drawn(3, 2, 4), drawn(5, 2, 4)
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    x, m = value(tgt), value(memory)

    def relu(a: Any) -> Any:
        return np.maximum(a, 0.0)

    if norm_first:
        n = norm(x, layer.norm1)
        x = x + attend(layer.self_attn, n, n, mask)
        x = x + attend(layer.multihead_attn, norm(x, layer.norm2), m)
        want = x + feed(norm(x, layer.norm3), layer, relu)
    else:
        x = norm(x + attend(layer.self_attn, x, x, mask), layer.norm1)
        x = norm(x + attend(layer.multihead_attn, x, m), layer.norm2)
        want = norm(x + feed(x, layer, relu), layer.norm3)
    np.testing.assert_allclose(value(layer(tgt, memory, tgt_mask=mask)), want, rtol=1e-10)


def test_stacks_apply_copies_of_a_layer_one_after_the_other() -> None:
    first = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, dtype=fe.float64)
    stack = nn.TransformerEncoder(first, 2, nn.LayerNorm(4, dtype=fe.float64))
    src, padding = drawn(3, 2, 4), fe.tensor([[False, False, True], [False] * 3])
    want = src
    for _ in range(2):
        want = first(want, src_key_padding_mask=padding)
    want = nn.LayerNorm(4, dtype=fe.float64)(want)
    np.testing.assert_allclose(
        value(stack(src, src_key_padding_mask=padding)), value(want), rtol=1e-12
    )
    assert len({id(p) for p in stack.parameters()}) == 2 * 12 + 2
    decoder_layer = nn.TransformerDecoderLayer(4, 2, 6, dropout=0.0, dtype=fe.float64)
    decoder = nn.TransformerDecoder(decoder_layer, 2)
    want = decoder_layer(decoder_layer(src, want), want)
    got = decoder(src, nn.LayerNorm(4, dtype=fe.float64)(first(first(src, None, padding),
                                                               None, padding)))  # fmt: skip
    np.testing.assert_allclose(value(got), value(want), rtol=1e-10)


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_transformer_decodes_what_it_encodes(batch_first: bool) -> None:
    net = nn.Transformer(4, 2, 1, 1, 6, 0.0, batch_first=batch_first, dtype=fe.float64)
    src, tgt = drawn(5, 2, 4), drawn(3, 2, 4)
    if batch_first:
        src, tgt = fe.swapaxes(src, 0, 1), fe.swapaxes(tgt, 0, 1)
    y = net(src, tgt)
    assert y.shape == tgt.shape
    np.testing.assert_allclose(value(y), value(net.decoder(tgt, net.encoder(src))), rtol=1e-12)
    time = 1 if batch_first else 0
    one = net(fe.select(src, 1 - time, 0), fe.select(tgt, 1 - time, 0))
    np.testing.assert_allclose(value(one), value(fe.select(y, 1 - time, 0)), rtol=1e-10)


def test_a_causal_mask_hides_what_is_to_come() -> None:
    net = nn.Transformer(4, 2, 1, 1, 6, 0.0, dtype=fe.float64).eval()
    src, tgt = drawn(2, 1, 4), drawn(4, 1, 4)
    mask = net.generate_square_subsequent_mask(4)
    changed = fe.cat([tgt[:3], tgt[3:] + 1.0])
    y, z = (value(net(src, t, tgt_mask=mask, tgt_is_causal=True)) for t in (tgt, changed))
    np.testing.assert_array_equal(y[:3], z[:3])
    assert not np.allclose(y[3], z[3])


def test_gradients_are_those_of_differences() -> None:
    layer = nn.TransformerDecoderLayer(
        4, 2, 3, dropout=0.0, activation="gelu", batch_first=True, dtype=fe.float64
    )
    x, m = drawn(1, 2, 4).requires_grad_(), drawn(1, 3, 4).requires_grad_()
    parameters = dict(layer.named_parameters())

    def call(x: fe.Tensor, m: fe.Tensor, *values: fe.Tensor) -> fe.Tensor:
        return functional_call(layer, dict(zip(parameters, values, strict=True)), (x, m))

    assert gradcheck(call, (x, m, *parameters.values()))


def test_dropout_acts_in_training_alone() -> None:
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=1.0, norm_first=True)
    x = fe.randn(3, 2, 4)
    np.testing.assert_array_equal(value(layer(x)), value(x))  # every part is dropped whole
    assert not np.allclose(value(layer.eval()(x)), value(x))


def test_state_dict_has_pytorchs_names() -> None:
    attention = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    both = [f"{layer}.{p}" for layer in ("linear1", "linear2") for p in ("weight", "bias")]
    norms = [f"norm{i}.{p}" for i in (1, 2, 3) for p in ("weight", "bias")]
    encoder = [*(f"self_attn.{n}" for n in attention), *both, *norms[:4]]
    decoder = [f"{a}.{n}" for a in ("self_attn", "multihead_attn") for n in attention]
    decoder += [*both, *norms]
    wanted = [f"encoder.layers.0.{n}" for n in encoder]
    wanted += ["encoder.norm.weight", "encoder.norm.bias"]
    wanted += [f"decoder.layers.0.{n}" for n in decoder]
    wanted += ["decoder.norm.weight", "decoder.norm.bias"]
    assert list(nn.Transformer(4, 2, 1, 1, 6).state_dict()) == wanted
    bare = nn.TransformerEncoderLayer(4, 2, 6, bias=False).state_dict()
    assert not [name for name in bare if "bias" in name]


def test_layers_whose_activation_is_an_op_are_copied_and_pickled() -> None:
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, activation=fe.tanh)
    x = fe.randn(3, 2, 4)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert twin.activation is fe.tanh
        np.testing.assert_array_equal(value(twin(x)), value(layer(x)))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda net: net(fe.ones(2, 1, 4), fe.ones(2, 2, 4)), "batch"),
        (lambda net: net(fe.ones(2, 1, 4), fe.ones(2, 1, 3)), "last size"),
        (lambda net: net(fe.ones(2, 1, 4), fe.ones(2, 4)), "3 dims"),
        (lambda net: nn.TransformerEncoderLayer(4, 2, activation="elu"), "activation"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        call(nn.Transformer(4, 2, 1, 1, 6))
