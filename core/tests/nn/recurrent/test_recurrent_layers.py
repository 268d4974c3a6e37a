"""Recurrent layers against their equations, step by step in NumPy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ferrule as fe
from ferrule import nn
from ferrule.autograd import gradcheck
from ferrule.func import functional_call
from ferrule.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
)

Array = np.ndarray[Any, Any]


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def step(kind: str, w: dict[str, Array], x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    p = w["weight_ih"] @ x + w.get("bias_ih", 0.0)
    q = w["weight_hh"] @ h + w.get("bias_hh", 0.0)
    if kind == "LSTM":
        i, f, g, o = np.split(p + q, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return (w["weight_hr"] @ h if "weight_hr" in w else h), c
    if kind == "GRU":
        (p_r, p_z, p_n), (q_r, q_z, q_n) = np.split(p, 3), np.split(q, 3)
        z = sigmoid(p_z + q_z)
        return (1 - z) * np.tanh(p_n + sigmoid(p_r + q_r) * q_n) + z * h, c
    return (np.tanh if kind == "tanh" else lambda a: np.maximum(a, 0.0))(p + q), c


def run(kind: str, layer: Any, x: Array, states: list[Array]) -> tuple[Array, list[Array]]:
    """One sequence ``(T, input_size)`` through all layers."""
    final: list[list[Array]] = [[], []]
    number = 0
    for k in range(layer.num_layers):
        outputs = []
        for suffix in ("", "_reverse")[: 1 + layer.bidirectional]:
            w = {
                name: getattr(layer, f"{name}_l{k}{suffix}").detach().numpy()
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
                if hasattr(layer, f"{name}_l{k}{suffix}")
            }
            h, c = states[0][number], states[-1][number]
            found = []
            for row in x[::-1] if suffix else x:
                h, c = step(kind, w, row, h, c)
                found.append(h)
            outputs.append(np.array(found[::-1] if suffix else found))
            final[0].append(h)
            final[1].append(c)
            number += 1
        x = np.concatenate(outputs, axis=-1)
    return x, [np.array(each) for each in final[: len(states)]]


def make(kind: str, **options: Any) -> Any:
    options = {"dtype": fe.float64, **options}
    if kind in ("tanh", "relu"):
        return nn.RNN(4, 3, nonlinearity=kind, **options)
    return getattr(nn, kind)(4, 3, **options)


def states_for(layer: Any, batch: int, seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    count = layer.num_layers * (1 + layer.bidirectional)
    sizes = [layer.proj_size or layer.hidden_size]
    sizes += [layer.hidden_size] if layer.mode == "LSTM" else []
    return [rng.standard_normal((count, batch, n)) for n in sizes]


def given_as(states: list[Any]) -> Any:
    tensors = [s if isinstance(s, fe.Tensor) else fe.tensor(s) for s in states]
    return tensors[0] if len(tensors) == 1 else tuple(tensors)


KINDS = ["tanh", "relu", "GRU", "LSTM"]


@settings(max_examples=40)
@given(
    kind=st.sampled_from([*KINDS, "projected"]),
    layers=st.integers(1, 2),
    bias=st.booleans(),
    batch_first=st.booleans(),
    bidirectional=st.booleans(),
    steps=st.integers(1, 4),
    batch=st.integers(0, 3),
    zeros=st.booleans(),
    seed=st.integers(0, 99),
)
def test_output_and_states_follow_the_equations(
    kind: str, layers: int, bias: bool, batch_first: bool, bidirectional: bool, steps: int,
    batch: int, zeros: bool, seed: int,
) -> None:  # fmt: skip
    options = {"proj_size": 2} if kind == "projected" else {}
    kind = "LSTM" if kind == "projected" else kind
    layer = make(kind, num_layers=layers, bias=bias, batch_first=batch_first,
                 bidirectional=bidirectional, **options)  # fmt: skip
    x = np.random.default_rng(seed).standard_normal((steps, batch, 4))
    states = states_for(layer, batch, seed + 1)
    if zeros:
        states = [np.zeros_like(s) for s in states]
    given_x = fe.tensor(x.swapaxes(0, 1) if batch_first else x)
    y, final = layer(given_x, None if zeros else given_as(states))
    y = y.detach().numpy().swapaxes(0, 1) if batch_first else y.detach().numpy()
    final = [f.detach().numpy() for f in (final if isinstance(final, tuple) else (final,))]
    size = (layer.proj_size or 3) * (1 + bidirectional)
    assert y.shape == (steps, batch, size)
    for b in range(batch):
        want, want_final = run(kind, layer, x[:, b], [s[:, b] for s in states])
        np.testing.assert_allclose(y[:, b], want, rtol=1e-12, atol=1e-13)
        for got, each in zip(final, want_final):
            np.testing.assert_allclose(got[:, b], each, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_batch_is_a_batch_of_one(kind: str) -> None:
    layer = make(kind, bidirectional=True, batch_first=True)
    x = fe.randn(5, 4, dtype=fe.float64)
    states = [fe.tensor(s) for s in states_for(layer, 1, 3)]
    y, final = layer(x, given_as([s[:, 0] for s in states]))
    want, want_final = layer(x[None], given_as(states))
    assert y.shape == (5, 6)
    for a, b in zip(fe_list(final), fe_list(want_final)):
        np.testing.assert_array_equal(a.detach().numpy(), b[:, 0].detach().numpy())
    np.testing.assert_array_equal(y.detach().numpy(), want[0].detach().numpy())


def fe_list(states: Any) -> list[fe.Tensor]:
    return list(states) if isinstance(states, tuple) else [states]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[4, 2, 1], [2, 4, 3], [3, 3, 3]])
def test_packed_sequences_give_what_each_gives_alone(kind: str, lengths: list[int]) -> None:
    layer = make(kind, num_layers=2, bidirectional=True)
    rng = np.random.default_rng(1)
    alone = [fe.tensor(rng.standard_normal((n, 4)), requires_grad=True) for n in lengths]
    together = [x.detach().requires_grad_() for x in alone]
    states = [fe.tensor(s) for s in states_for(layer, 3, 2)]
    y, final = layer(pack_sequence(together, enforce_sorted=False), given_as(states))
    assert isinstance(y, PackedSequence)
    padded, found = pad_packed_sequence(y)
    assert found.tolist() == lengths
    total = padded.sum() + sum(f.sum() for f in fe_list(final))
    total.backward()
    by_weights = {n: p.grad.numpy() for n, p in layer.named_parameters() if p.grad is not None}
    layer.zero_grad()
    for b, x in enumerate(alone):
        want, want_final = layer(x, given_as([s[:, b] for s in states]))
        np.testing.assert_allclose(
            padded[: lengths[b], b].detach().numpy(), want.detach().numpy(), rtol=1e-12
        )
        for a, c in zip(fe_list(final), fe_list(want_final)):
            np.testing.assert_allclose(a[:, b].detach().numpy(), c.detach().numpy(), rtol=1e-12)
        (want.sum() + sum(f.sum() for f in fe_list(want_final))).backward()
        got = together[b].grad
        assert x.grad is not None and got is not None
        np.testing.assert_allclose(got.numpy(), x.grad.numpy(), rtol=1e-10, atol=1e-14)
    for name, p in layer.named_parameters():
        assert p.grad is not None
        np.testing.assert_allclose(by_weights[name], p.grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("tanh", {"num_layers": 2}),
        ("GRU", {"bidirectional": True}),
        ("LSTM", {"proj_size": 2, "bidirectional": True}),
    ],
)
def test_gradients_are_those_of_differences(kind: str, options: dict[str, Any]) -> None:
    layer = make(kind, **options)
    x = fe.randn(3, 2, 4, dtype=fe.float64, requires_grad=True)
    states = [fe.tensor(s, requires_grad=True) for s in states_for(layer, 2, 5)]

    parameters = dict(layer.named_parameters())

    def outputs(x: fe.Tensor, *rest: fe.Tensor) -> tuple[fe.Tensor, ...]:
        weights = dict(zip(parameters, rest[len(states) :], strict=True))
        initial = given_as(list(rest[: len(states)]))
        y, final = functional_call(layer, weights, (x, initial))
        return (y, *fe_list(final))

    assert gradcheck(outputs, (x, *states, *parameters.values()))


def test_dropout_acts_between_layers_in_training_alone() -> None:
    layer = nn.GRU(4, 3, num_layers=2, dropout=1.0)
    x = fe.randn(5, 2, 4)
    silent, _ = layer(x)
    without_input, _ = layer(fe.zeros(5, 2, 4))
    np.testing.assert_array_equal(silent.detach().numpy(), without_input.detach().numpy())
    layer.eval()
    assert not np.allclose(layer(x)[0].detach().numpy(), silent.detach().numpy())


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (
            nn.LSTM(4, 3, num_layers=2, bidirectional=True, proj_size=2),
            [
                f"{name}_l{k}{suffix}"
                for k in (0, 1)
                for suffix in ("", "_reverse")
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
            ],
        ),
        (nn.GRU(4, 3, bias=False), ["weight_ih_l0", "weight_hh_l0"]),
    ],
)
def test_state_dicts_have_pytorchs_names(layer: nn.Module, wanted: list[str]) -> None:
    assert list(layer.state_dict()) == wanted


def test_initial_values_are_uniform_within_the_bound() -> None:
    fe.manual_seed(0)
    values = np.concatenate([p.detach().numpy().ravel() for p in nn.LSTM(40, 25).parameters()])
    assert abs(values).max() <= 0.2
    np.testing.assert_allclose([values.mean(), values.std()], [0.0, 0.2 / 3**0.5], atol=5e-3)


def test_repr_is_pytorchs() -> None:
    layer = nn.LSTM(3, 2, 2, False, True, 0.5, True, 1)
    assert repr(layer) == (
        "LSTM(3, 2, proj_size=1, num_layers=2, bias=False, batch_first=True, dropout=0.5, "
        "bidirectional=True)"
    )
    assert repr(nn.RNN(3, 2, nonlinearity="relu")) == "RNN(3, 2)"


def test_all_weights_lists_each_layer() -> None:
    layer = nn.GRU(4, 3, num_layers=2)
    assert [[w.shape for w in each] for each in layer.all_weights] == [
        [(9, 4), (9, 3), (9,), (9,)],
        [(9, 3), (9, 3), (9,), (9,)],
    ]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: nn.LSTM(4, 3)(fe.ones(4)), ValueError, "2 dims"),
        (lambda: nn.LSTM(4, 3)(fe.ones(2, 1, 5)), ValueError, "last size must be 4"),
        (lambda: nn.LSTM(4, 3)(fe.ones(0, 1, 4)), ValueError, "a step or more"),
        (lambda: nn.GRU(4, 3)(fe.ones(2, 4), fe.ones(1, 1, 3)), ValueError, r"\(1, 3\)"),
        (lambda: nn.GRU(4, 3)(fe.ones(2, 1, 4), fe.ones(1, 2, 3)), ValueError, r"\(1, 1, 3\)"),
        (
            lambda: nn.GRU(4, 3)(fe.ones(2, 1, 4), fe.ones(1, 1, 3, dtype=fe.float64)),
            TypeError,
            "dtypes must be equal",
        ),
        (lambda: nn.LSTM(4, 3)(fe.ones(2, 1, 4), fe.ones(1, 1, 3)), TypeError, "pair"),
        (lambda: nn.LSTM(4, 3, proj_size=3), TypeError, "proj_size"),
        (lambda: nn.GRU(4, 3, num_layers=0), TypeError, "num_layers"),
        (lambda: nn.GRU(4, 3, 2, dropout=1.5), TypeError, "dropout"),
        (lambda: nn.RNN(4, 3, nonlinearity="sin"), TypeError, "nonlinearity"),
        (lambda: nn.RNN(4, 3)([1, 2]), TypeError, "of type list"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_dropout_of_one_layer_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="between layers"):
        nn.GRU(4, 3, dropout=0.5)


def test_a_padding_of_nan_changes_nothing() -> None:
    layer = make("GRU", bidirectional=True)
    x = np.random.default_rng(0).standard_normal((4, 2, 4))
    x[2:, 1] = np.nan
    y, final = layer(pack_padded_sequence(fe.tensor(x), [4, 2]))
    assert np.isfinite(y.data.detach().numpy()).all()
    final.sum().backward()
    for p in layer.parameters():
        assert p.grad is not None and np.isfinite(p.grad.numpy()).all()


@pytest.mark.parametrize(
    ("cell", "count"), [(nn.RNNCell, 1), (nn.GRUCell, 1), (nn.LSTMCell, 2)]
)  # fmt: skip
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(), (2,), (0,)])
def test_cells_follow_the_equations(
    cell: Any, count: int, bias: bool, shape: tuple[int, ...]
) -> None:
    layer = cell(4, 3, bias=bias, dtype=fe.float64)
    kind = {"RNNCell": "tanh", "GRUCell": "GRU", "LSTMCell": "LSTM"}[cell.__name__]
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else [])]
    assert list(layer.state_dict()) == names
    w = {name: value.numpy() for name, value in layer.state_dict().items()}
    rng = np.random.default_rng(0)
    x, h, c = (rng.standard_normal((*shape, n)) for n in (4, 3, 3))
    found = fe_list(layer(fe.tensor(x), given_as([h, c][:count])))
    assert all(y.shape == (*shape, 3) for y in found)
    rows = [np.atleast_2d(v) for v in (x, h, c)]
    for i, (a, b, d) in enumerate(zip(*rows) if shape != (0,) else ()):
        for got, want in zip(found, step(kind, w, a, b, d)):
            got = np.atleast_2d(got.detach().numpy())[i]
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    without = fe_list(layer(fe.tensor(x)))
    zeros = fe_list(layer(fe.tensor(x), given_as([np.zeros((*shape, 3))] * count)))
    for a, b in zip(without, zeros):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_cells_refuse_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="state must be"):
        nn.GRUCell(4, 3)(fe.ones(2, 4), fe.ones(3))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        nn.LSTMCell(4, 3)(fe.ones(2, 5))
    assert repr(nn.RNNCell(4, 3, bias=False, nonlinearity="relu")) == (
        "RNNCell(4, 3, bias=False, nonlinearity=relu)"
    )
