"""The LSTM language model computes, learns and writes as it should."""

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import optim
from ferrule.errors import ArgumentError, ShapeError
from ferrule.models.lstm_language_model import LSTMLanguageModel, LSTMLanguageModelConfig


def model(**settings: Any) -> LSTMLanguageModel:
    sizes: dict[str, Any] = {
        "vocab_size": 11,
        "embedding_dim": 6,
        "hidden_size": 6,
        "num_layers": 2,
        **settings,
    }
    fe.manual_seed(0)
    net = LSTMLanguageModel(LSTMLanguageModelConfig(**sizes)).double().eval()
    rng = np.random.default_rng(0)
    own = dict(net.named_parameters())
    net.load_state_dict({k: rng.standard_normal(p.shape) for k, p in own.items()}, strict=False)
    return net


def tokens(*shape: int) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(1).integers(0, 11, shape))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def reference(net: LSTMLanguageModel, ids: Any) -> Any:
    """The logits of one row, step by step. Hochreiter and Schmidhuber's cell with a forget gate."""
    w = {name: value.numpy() for name, value in net.state_dict().items()}
    layers, n = net.config.num_layers, net.config.hidden_size
    h, c = np.zeros((layers, n)), np.zeros((layers, n))
    logits = []
    for token in ids:
        x = w["encoder.weight"][token]
        for k in range(layers):
            gates = (
                w[f"rnn.weight_ih_l{k}"] @ x + w[f"rnn.bias_ih_l{k}"]
                + w[f"rnn.weight_hh_l{k}"] @ h[k] + w[f"rnn.bias_hh_l{k}"]
            )  # fmt: skip
            i, f, g, o = np.split(gates, 4)
            c[k] = sigmoid(f) * c[k] + sigmoid(i) * np.tanh(g)
            x = h[k] = sigmoid(o) * np.tanh(c[k])
        logits.append(w["decoder.weight"] @ x + w["decoder.bias"])
    return np.stack(logits)


@pytest.mark.parametrize(
    "settings", [{}, {"num_layers": 1, "embedding_dim": 4}, {"tie_weights": True}]
)
def test_logits_are_those_of_the_definition(settings: dict[str, Any]) -> None:
    net = model(**settings)
    ids = tokens(3, 5)
    got = net(ids).logits.detach().numpy()
    for row, logits in zip(ids.numpy(), got):
        np.testing.assert_allclose(logits, reference(net, row), rtol=1e-10, atol=1e-10)


def test_parameters_are_named_as_in_pytorchs_example() -> None:
    net = model(num_layers=1, embedding_dim=4)
    assert {name: value.shape for name, value in net.state_dict().items()} == {
        "encoder.weight": (11, 4),
        "rnn.weight_ih_l0": (24, 4),
        "rnn.weight_hh_l0": (24, 6),
        "rnn.bias_ih_l0": (24,),
        "rnn.bias_hh_l0": (24,),
        "decoder.weight": (11, 6),
        "decoder.bias": (11,),
    }
    # 2 * 650 * vocab + vocab for embeddings and scores, 4 * 650 * (650 + 650 + 2) per layer
    sizes: dict[str, Any] = {"vocab_size": 100, "embedding_dim": 650, "hidden_size": 650}
    big = LSTMLanguageModel(LSTMLanguageModelConfig(**sizes))
    assert sum(p.numel() for p in big.parameters()) == 130_100 + 2 * 3_385_200
    tied = LSTMLanguageModel(LSTMLanguageModelConfig(**sizes, tie_weights=True))
    assert sum(p.numel() for p in tied.parameters()) == 65_100 + 2 * 3_385_200


def test_the_state_stands_for_the_text_before() -> None:
    net = model()
    ids = tokens(2, 6)
    first = net(ids[:, :4])
    rest = net(ids[:, 4:], first.state)
    np.testing.assert_allclose(
        rest.logits.detach().numpy(), net(ids).logits[:, 4:].detach().numpy(), atol=1e-13
    )


def test_gradients_agree_with_finite_differences() -> None:
    net = model(tie_weights=True)
    ids = tokens(2, 4)
    net(ids, labels=ids).loss.backward()
    rng = np.random.default_rng(2)
    start = {name: p.detach() for name, p in net.named_parameters()}
    for name, p in net.named_parameters():
        direction = fe.tensor(rng.standard_normal(p.shape))
        values = []
        for step in (1e-5, -1e-5):
            net.load_state_dict({**start, name: start[name] + step * direction})
            values.append(net(ids, labels=ids).loss.item())
        net.load_state_dict(start)
        assert p.grad is not None
        slope = (p.grad * direction).sum().item()
        assert slope == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5, abs=1e-8), name


def test_it_learns_to_count_and_goes_on_counting() -> None:
    fe.manual_seed(0)
    sizes: dict[str, Any] = {
        "vocab_size": 7,
        "embedding_dim": 16,
        "hidden_size": 16,
        "num_layers": 1,
    }
    net = LSTMLanguageModel(LSTMLanguageModelConfig(**sizes, dropout=0.0))
    optimizer = optim.Adam(net.parameters(), lr=0.03)
    ids = (fe.arange(7)[:, None] + fe.arange(9)) % 7
    loss: Any = fe.tensor(0.0)
    for _ in range(60):
        loss = net(ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    net.eval()
    for use_cache in (True, False):
        text = net.generate(fe.tensor([[2, 3, 4]]), 6, use_cache=use_cache)
        assert text.tolist() == [[2, 3, 4, 5, 6, 0, 1, 2, 3]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ArgumentError, match="embedding_dim and hidden_size must be equal"):
        LSTMLanguageModelConfig(vocab_size=3, embedding_dim=4, hidden_size=5, tie_weights=True)
    with pytest.raises(ShapeError, match="input_ids"):
        model()(tokens(4))
