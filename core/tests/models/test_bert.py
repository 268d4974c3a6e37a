"""BERT computes, learns and is stored as it should be."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import erf

import ferrule as fe
from ferrule.errors import ArgumentError, CheckpointError, ShapeError
from ferrule.models.bert import BertConfig, BertModel
from ferrule.models.bert_heads import BertForMaskedLM, BertForSequenceClassification
from ferrule.nn import Module, init

SMALL: dict[str, Any] = {
    "vocab_size": 23, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 12, "max_position_embeddings": 9,
}  # fmt: skip


def shaken(net: Any, seed: int = 0) -> Any:
    """In float64, with weights that are large enough to matter."""
    net.double().eval()
    rng = np.random.default_rng(seed)
    own = dict(net.named_parameters())
    state = {k: p.detach().numpy() + 0.4 * rng.standard_normal(p.shape) for k, p in own.items()}
    net.load_state_dict(state, strict=False)
    return net


def tokens(*shape: int) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(1).integers(1, 23, shape))


def segments(*shape: int) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(2).integers(0, 2, shape))


def norm(x: Any, p: dict[str, Any], name: str) -> Any:
    spread = np.sqrt(((x - x.mean(-1, keepdims=True)) ** 2).mean(-1, keepdims=True) + 1e-12)
    scaled = (x - x.mean(-1, keepdims=True)) / spread
    return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]


def linear(x: Any, p: dict[str, Any], name: str) -> Any:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def gelu(x: Any) -> Any:
    return x * (1 + erf(x / math.sqrt(2))) / 2


def reference(w: dict[str, Any], ids: Any, kinds: Any, mask: Any, heads: int) -> Any:
    """The features of one row, token by token and head by head."""
    e = "embeddings."
    x = (
        w[f"{e}word_embeddings.weight"][ids]
        + w[f"{e}position_embeddings.weight"][: len(ids)]
        + w[f"{e}token_type_embeddings.weight"][kinds]
    )
    x = norm(x, w, "embeddings.LayerNorm")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.bias" in w:
        p = {k.removeprefix(f"encoder.layer.{layer}."): v for k, v in w.items()}
        q, k, v = (linear(x, p, f"attention.self.{part}") for part in ("query", "key", "value"))
        mixed = np.zeros_like(x)
        size = x.shape[1] // heads
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            for i in range(len(ids)):
                places = np.flatnonzero(mask)
                scores = np.exp(k[places, part] @ q[i, part] / math.sqrt(size))
                mixed[i, part] = scores / scores.sum() @ v[places, part]
        x = norm(x + linear(mixed, p, "attention.output.dense"), p, "attention.output.LayerNorm")
        inner = gelu(linear(x, p, "intermediate.dense"))
        x = norm(x + linear(inner, p, "output.dense"), p, "output.LayerNorm")
        layer += 1
    return x


def weights(net: Module, prefix: str = "") -> dict[str, Any]:
    return {k.removeprefix(prefix): v.numpy() for k, v in net.state_dict().items()}


def test_parameters_are_named_and_laid_out_as_in_published_checkpoints() -> None:
    settings = {**SMALL, "num_hidden_layers": 1}
    layer = "bert.encoder.layer.0."
    body = {
        "bert.embeddings.word_embeddings.weight": (23, 8),
        "bert.embeddings.position_embeddings.weight": (9, 8),
        "bert.embeddings.token_type_embeddings.weight": (2, 8),
        "bert.embeddings.LayerNorm.weight": (8,),
        "bert.embeddings.LayerNorm.bias": (8,),
        f"{layer}attention.self.query.weight": (8, 8),
        f"{layer}attention.self.query.bias": (8,),
        f"{layer}attention.self.key.weight": (8, 8),
        f"{layer}attention.self.key.bias": (8,),
        f"{layer}attention.self.value.weight": (8, 8),
        f"{layer}attention.self.value.bias": (8,),
        f"{layer}attention.output.dense.weight": (8, 8),
        f"{layer}attention.output.dense.bias": (8,),
        f"{layer}attention.output.LayerNorm.weight": (8,),
        f"{layer}attention.output.LayerNorm.bias": (8,),
        f"{layer}intermediate.dense.weight": (12, 8),
        f"{layer}intermediate.dense.bias": (12,),
        f"{layer}output.dense.weight": (8, 12),
        f"{layer}output.dense.bias": (8,),
        f"{layer}output.LayerNorm.weight": (8,),
        f"{layer}output.LayerNorm.bias": (8,),
    }
    masked = {
        "cls.predictions.bias": (23,),
        "cls.predictions.transform.dense.weight": (8, 8),
        "cls.predictions.transform.dense.bias": (8,),
        "cls.predictions.transform.LayerNorm.weight": (8,),
        "cls.predictions.transform.LayerNorm.bias": (8,),
        "cls.predictions.decoder.weight": (23, 8),
        "cls.predictions.decoder.bias": (23,),
    }
    pooler = {"bert.pooler.dense.weight": (8, 8), "bert.pooler.dense.bias": (8,)}
    classes = {**pooler, "classifier.weight": (3, 8), "classifier.bias": (3,)}
    for net, wanted in [
        (BertForMaskedLM(BertConfig(**settings)), {**body, **masked}),
        (BertForSequenceClassification(BertConfig(**settings, num_labels=3)), {**body, **classes}),
    ]:
        assert {name: value.shape for name, value in net.state_dict().items()} == wanted


def test_the_base_model_has_109_million_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("normal_", "uniform_", "kaiming_uniform_"):  # what they are is of no matter here
        monkeypatch.setattr(init, name, lambda tensor, *_, **__: tensor)
    net = BertModel(BertConfig(pad_token_id=None))
    assert sum(p.numel() for p in net.parameters()) == 109_482_240


@pytest.mark.parametrize(
    "settings", [{}, {"num_attention_heads": 4}, {"num_hidden_layers": 3, "num_attention_heads": 1}]
)
def test_features_are_those_of_the_definition(settings: dict[str, Any]) -> None:
    net = shaken(BertModel(BertConfig(**{**SMALL, **settings})))
    ids, kinds = tokens(3, 7), segments(3, 7)
    mask = np.array([[1] * 7, [1, 1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 0, 1]])
    got = net(ids, fe.tensor(mask), kinds)
    for b in range(3):
        x = reference(
            weights(net), ids.numpy()[b], kinds.numpy()[b], mask[b], net.config.num_attention_heads
        )
        np.testing.assert_allclose(
            got.last_hidden_state.detach().numpy()[b], x, rtol=1e-9, atol=1e-9
        )
        pooled = np.tanh(linear(x[0], weights(net), "pooler.dense"))
        np.testing.assert_allclose(got.pooler_output.detach().numpy()[b], pooled, atol=1e-9)


def test_what_is_left_out_has_defaults() -> None:
    net = shaken(BertModel(BertConfig(**SMALL), add_pooling_layer=False))
    ids = tokens(2, 5)
    short = net(ids)
    full = net(
        ids,
        attention_mask=fe.ones(2, 5, dtype=fe.int64),
        token_type_ids=fe.zeros(2, 5, dtype=fe.int64),
        position_ids=fe.arange(5).expand(2, 5),
    )
    assert short.pooler_output is None
    np.testing.assert_allclose(
        short.last_hidden_state.detach().numpy(), full.last_hidden_state.detach().numpy()
    )
    pairs = net(ids, fe.ones(2, 5, 5, dtype=fe.bool)).last_hidden_state
    assert fe.allclose(pairs, short.last_hidden_state)


def test_words_are_guessed_from_the_features() -> None:
    net = shaken(BertForMaskedLM(BertConfig(**SMALL)))
    ids, labels = tokens(1, 6), np.array([[-100, 3, -100, -100, 7, -100]])
    p = weights(net)
    x = reference(weights(net, "bert."), ids.numpy()[0], np.zeros(6, int), np.ones(6), 2)
    t = "cls.predictions.transform."
    hidden = norm(gelu(linear(x, p, f"{t}dense")), p, f"{t}LayerNorm")
    logits = hidden @ p["bert.embeddings.word_embeddings.weight"].T + p["cls.predictions.bias"]
    got = net(ids, labels=fe.tensor(labels))
    np.testing.assert_allclose(got.logits.detach().numpy()[0], logits, rtol=1e-9, atol=1e-9)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    assert got.loss.item() == pytest.approx(-(logs[1, 3] + logs[4, 7]) / 2)


def directions(net: Module, loss: Any) -> None:
    """Check every parameter's gradient along a random direction."""
    net.zero_grad()
    loss().backward()
    rng = np.random.default_rng(3)
    start = {name: p.detach() for name, p in net.named_parameters()}
    for name, p in net.named_parameters():
        direction = rng.standard_normal(p.shape)
        if "word_embeddings" in name and not isinstance(net, BertForMaskedLM):
            direction[0] = 0.0  # the padding's row is not learned
        values = []
        for step in (1e-5, -1e-5):
            moved = start[name] + step * fe.tensor(direction)
            net.load_state_dict({**start, name: moved}, strict=False)
            values.append(loss().item())
        net.load_state_dict(start, strict=False)
        assert p.grad is not None
        slope = (p.grad.numpy() * direction).sum()
        assert slope == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5, abs=1e-8), name


def test_gradients_agree_with_finite_differences() -> None:
    ids, kinds, mask = tokens(2, 5), segments(2, 5), fe.tensor([[1] * 5, [1, 1, 1, 0, 0]])
    words = shaken(BertForMaskedLM(BertConfig(**SMALL, pad_token_id=None)))
    directions(words, lambda: words(ids, mask, kinds, labels=ids).loss)
    classes = shaken(BertForSequenceClassification(BertConfig(**SMALL, num_labels=3)))
    labels = fe.tensor([2, 0])
    directions(classes, lambda: classes(ids, mask, kinds, labels=labels).loss)


def test_the_paddings_embedding_starts_at_zero_and_stays() -> None:
    net = BertModel(BertConfig(**SMALL))
    words: Any = net.embeddings.word_embeddings.weight
    assert not words[0].any().item()
    net(fe.tensor([[0, 3]])).last_hidden_state[0, 0, 0].backward()
    assert not words.grad[0].any().item()
    assert words.grad[3].any().item()


def test_spellings_of_a_checkpoint_are_understood() -> None:
    net = shaken(BertForMaskedLM(BertConfig(**SMALL)))
    state = net.state_dict()
    untied = {k: v for k, v in state.items() if "decoder" not in k}
    renamed = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    oldest = dict(untied)
    for key in untied:
        for new, old in renamed.items():
            if key.endswith(new):
                oldest[key.removesuffix(new) + old] = oldest.pop(key)
    rest = {
        "bert.pooler.dense.weight": fe.ones(8, 8),
        "bert.embeddings.position_ids": fe.arange(9)[None],
        "cls.seq_relationship.weight": fe.ones(2, 8),
    }
    bare = {k.removeprefix("bert."): v for k, v in state.items()}
    for spelling in (state, untied, oldest, {**oldest, **rest}, bare):
        other = shaken(BertForMaskedLM(net.config), seed=1)
        other.load_state_dict(spelling)
        assert all((v == state[k]).all() for k, v in other.state_dict().items())
        body = BertModel(net.config, add_pooling_layer=False).double()
        body.load_state_dict(spelling)
        assert all((v == state[f"bert.{k}"]).all() for k, v in body.state_dict().items())
    with pytest.raises(
        CheckpointError, match=r"missing: pooler\.dense\.weight, pooler\.dense\.bias"
    ):
        BertModel(net.config).load_state_dict(untied)
    with pytest.raises(CheckpointError, match=r"unexpected: encoder\.gate"):
        body.load_state_dict({**untied, "bert.encoder.gate": fe.ones(1)})


def test_it_comes_from_a_folder_and_gets_a_new_head(tmp_path: Path) -> None:
    net = shaken(BertModel(BertConfig(**SMALL)))
    settings = {**net.config.to_dict(), "position_embedding_type": "absolute"}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    fe.save(net.state_dict(), tmp_path / "model.safetensors")
    read = BertModel.from_pretrained(tmp_path, dtype=fe.float64)
    ids = tokens(1, 5)
    assert (read(ids).last_hidden_state == net(ids).last_hidden_state).all().item()
    with pytest.raises(CheckpointError, match=r"classifier\.weight.*"):
        BertForSequenceClassification.from_pretrained(tmp_path)
    fe.manual_seed(0)
    classes = BertForSequenceClassification.from_pretrained(
        tmp_path, strict=False, dtype=fe.float64, num_labels=4
    )
    assert (classes.bert(ids).pooler_output == net(ids).pooler_output).all().item()
    assert classes(ids).logits.shape == (1, 4)
    (tmp_path / "config.json").write_text(json.dumps({"position_embedding_type": "relative_key"}))
    with pytest.raises(ArgumentError, match="position_embedding_type='relative_key'"):
        BertModel.from_pretrained(tmp_path)


def test_shapes_that_do_not_fit_are_refused() -> None:
    net = BertModel(BertConfig(**SMALL))
    with pytest.raises(ShapeError, match="10 tokens in a row"):
        net(tokens(1, 10))
    with pytest.raises(ShapeError, match="attention_mask"):
        net(tokens(2, 5), fe.ones(1, 5))
    with pytest.raises(ShapeError, match="input_ids"):
        net(tokens(5))
    with pytest.raises(ArgumentError, match="hidden_size=9"):
        BertConfig(**{**SMALL, "hidden_size": 9})
