"""Attention of several heads against its definition in NumPy."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ferrule as fe
from ferrule import nn
from ferrule.autograd import gradcheck
from ferrule.func import functional_call

Array = np.ndarray[Any, Any]


def definition(
    layer: nn.MultiheadAttention, q: Array, k: Array, v: Array, bias: Array
) -> tuple[Array, Array]:
    """Of one element of the batch: ``(L, E)``, ``(S, kdim)``, ``(S, vdim)``, with what is added to
    the scores, ``(heads, L, S)``. Returns output and weights."""
    p = {name: value.numpy() for name, value in layer.state_dict().items()}
    e, heads = layer.embed_dim, layer.num_heads
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
    maps = np.split(p["in_proj_weight"], 3) if "in_proj_weight" in p else [p[n] for n in names]
    shifts = np.split(p.get("in_proj_bias", np.zeros(3 * e)), 3)
    q, k, v = (x @ w.T + b for x, w, b in zip((q, k, v), maps, shifts))
    if "bias_k" in p:
        k, v = np.vstack([k, p["bias_k"][0]]), np.vstack([v, p["bias_v"][0]])
    if layer.add_zero_attn:
        k, v = np.vstack([k, np.zeros((1, e))]), np.vstack([v, np.zeros((1, e))])
    more = len(k) - bias.shape[-1]
    bias = np.pad(bias, ((0, 0), (0, 0), (0, more)))
    outputs, weights = [], []
    for h in range(heads):
        part = slice(h * e // heads, (h + 1) * e // heads)
        scores = q[:, part] @ k[:, part].T / math.sqrt(e / heads) + bias[h]
        w = np.exp(scores - scores.max(-1, keepdims=True))
        weights.append(w / w.sum(-1, keepdims=True))
        outputs.append(weights[-1] @ v[:, part])
    y = np.concatenate(outputs, -1) @ p["out_proj.weight"].T + p.get("out_proj.bias", 0.0)
    return y, np.array(weights)


@settings(max_examples=40)
@given(data=st.data())
def test_output_and_weights_follow_the_definition(data: st.DataObject) -> None:
    def flag() -> bool:
        return data.draw(st.booleans())

    sizes = {"kdim": 3, "vdim": 5} if flag() else {}
    batch_first, need, mean = flag(), flag(), flag()
    layer = nn.MultiheadAttention(
        6, 2, bias=flag(), add_bias_kv=flag(), add_zero_attn=flag(), batch_first=batch_first,
        dtype=fe.float64, **sizes,
    )  # fmt: skip
    if layer.in_proj_bias is not None:
        nn.init.normal_(layer.in_proj_bias)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    n, length, size = 2, 3, 4
    q, k, v = (
        rng.standard_normal((n, count, features))
        for count, features in ((length, 6), (size, layer.kdim), (size, layer.vdim))
    )
    bias = np.zeros((n, 2, length, size))
    options: dict[str, Any] = {}
    kind = data.draw(st.sampled_from(["none", "bool", "float", "each"]))
    if kind == "bool":
        mask = np.triu(np.ones((length, size), bool), 2)
        bias += np.where(mask, -np.inf, 0.0)
        options["attn_mask"] = fe.tensor(mask)
    elif kind == "float":
        mask = rng.standard_normal((length, size))
        bias += mask
        options["attn_mask"] = fe.tensor(mask)
    elif kind == "each":
        mask = rng.standard_normal((n * 2, length, size))
        bias += mask.reshape(n, 2, length, size)
        options["attn_mask"] = fe.tensor(mask)
    if flag():
        padding = np.array([[False, False, False, True], [False, True, False, False]])
        bias += np.where(padding, -np.inf, 0.0)[:, None, None]
        options["key_padding_mask"] = fe.tensor(padding)
    inputs = [fe.tensor(x if batch_first else x.swapaxes(0, 1)) for x in (q, k, v)]
    y, weights = layer(*inputs, need_weights=need, average_attn_weights=mean, **options)
    y = y.detach().numpy() if batch_first else y.detach().numpy().swapaxes(0, 1)
    for i in range(n):
        want, want_weights = definition(layer, q[i], k[i], v[i], bias[i])
        np.testing.assert_allclose(y[i], want, rtol=1e-11, atol=1e-12)
        if need:
            want_weights = want_weights.mean(0) if mean else want_weights
            got = weights[i].detach().numpy()
            np.testing.assert_allclose(got, want_weights, rtol=1e-11, atol=1e-14)
    assert need or weights is None


def test_one_product_serves_a_sequence_that_attends_to_itself() -> None:
    layer = nn.MultiheadAttention(4, 2, dtype=fe.float64)
    x = fe.randn(3, 2, 4, dtype=fe.float64)
    alike, _ = layer(x, x, x)
    apart, _ = layer(x, x.clone(), x.clone())
    np.testing.assert_allclose(alike.detach().numpy(), apart.detach().numpy(), rtol=1e-13)


def test_without_a_batch_and_causal() -> None:
    layer = nn.MultiheadAttention(4, 2, dtype=fe.float64)
    x = fe.randn(3, 4, dtype=fe.float64)
    mask = nn.Transformer.generate_square_subsequent_mask(3, dtype=fe.float64)
    y, weights = layer(x, x, x, attn_mask=mask, is_causal=True)
    hinted, none = layer(x, x, x, attn_mask=mask, is_causal=True, need_weights=False)
    assert y.shape == (3, 4) and weights is not None and weights.shape == (3, 3) and none is None
    assert np.all(np.triu(weights.detach().numpy(), 1) == 0.0)
    np.testing.assert_allclose(y.detach().numpy(), hinted.detach().numpy(), rtol=1e-12)


def test_a_query_that_may_look_at_nothing() -> None:
    layer = nn.MultiheadAttention(4, 2, bias=False)
    x = fe.randn(2, 1, 4)
    nobody = fe.tensor([[True, True]])
    y, _ = layer(x, x, x, key_padding_mask=nobody, need_weights=False)
    assert y.abs().max().item() == 0.0
    y, _ = layer(x, x, x, key_padding_mask=nobody)
    assert y.isnan().all()


def test_gradients_are_those_of_differences() -> None:
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True, dtype=fe.float64)
    x = fe.randn(2, 2, 4, dtype=fe.float64, requires_grad=True)
    other = fe.randn(3, 2, 4, dtype=fe.float64, requires_grad=True)
    parameters = dict(layer.named_parameters())

    def call(q: fe.Tensor, k: fe.Tensor, *values: fe.Tensor) -> Any:
        weights = dict(zip(parameters, values, strict=True))
        return functional_call(layer, weights, (q, k, k), {"average_attn_weights": False})

    assert gradcheck(call, (x, other, *parameters.values()))


def test_dropout_drops_weights_in_training_alone() -> None:
    layer = nn.MultiheadAttention(4, 2, dropout=0.5)
    x = fe.randn(6, 2, 4)
    _, weights = layer(x, x, x, average_attn_weights=False)
    assert weights is not None and 0.2 < (weights == 0.0).to(fe.float32).mean().item() < 0.8
    _, weights = layer.eval()(x, x, x, average_attn_weights=False)
    assert weights is not None
    np.testing.assert_allclose(weights.detach().numpy().sum(-1), 1.0, rtol=1e-6)


def test_state_dicts_have_pytorchs_names() -> None:
    assert list(nn.MultiheadAttention(4, 2).state_dict()) == [
        "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias",
    ]  # fmt: skip
    assert list(nn.MultiheadAttention(4, 2, kdim=3, add_bias_kv=True).state_dict()) == [
        "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "bias_k", "bias_v",
        "out_proj.weight", "out_proj.bias",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda a, x: nn.MultiheadAttention(5, 2), "multiple"),
        (lambda a, x: a(x, x, x, is_causal=True), "hint"),
        (lambda a, x: a(x, x[0], x[0]), "3 dims"),
        (lambda a, x: a(x, x[:, :1], x[:, :1]), "those of the batch equal"),
        (lambda a, x: a(x, x, x, attn_mask=fe.ones(2, 2)), r"\(3, 3\)"),
        (lambda a, x: a(x, x, x, key_padding_mask=fe.ones(3, 2)), r"\(2, 3\)"),
        (lambda a, x: a(x, x, x, attn_mask=fe.ones(3, 3, dtype=fe.int64)), "bools or floats"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        call(nn.MultiheadAttention(4, 2), fe.ones(3, 2, 4))
