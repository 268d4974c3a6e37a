"""GPT-2 computes, learns, writes and is stored as it should be."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.errors import ArgumentError, CheckpointError, ShapeError
from ferrule.models.gpt2 import GPT2Config, GPT2Model
from ferrule.models.gpt2_heads import GPT2LMHeadModel
from ferrule.nn import init

SMALL: dict[str, Any] = {
    "vocab_size": 23,
    "n_positions": 12,
    "n_embd": 8,
    "n_layer": 2,
    "n_head": 2,
}


def model(seed: int = 0, **settings: Any) -> GPT2LMHeadModel:
    """A small one in float64 with weights that are large enough to matter."""
    net = GPT2LMHeadModel(GPT2Config(**{**SMALL, **settings})).double().eval()
    rng = np.random.default_rng(seed)
    state = {k: v.numpy() + 0.4 * rng.standard_normal(v.shape) for k, v in state_of(net).items()}
    net.load_state_dict(state)
    return net


def state_of(net: GPT2LMHeadModel) -> dict[str, fe.Tensor]:
    """Without the name of the tied weight, as checkpoints are."""
    return {k: v for k, v in net.state_dict().items() if k != "lm_head.weight"}


def tokens(*shape: int) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(1).integers(0, 23, shape))


def norm(x: Any, w: Any, b: Any) -> Any:
    spread = np.sqrt(((x - x.mean(-1, keepdims=True)) ** 2).mean(-1, keepdims=True) + 1e-5)
    return (x - x.mean(-1, keepdims=True)) / spread * w + b


def gelu_new(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def reference(w: dict[str, Any], ids: Any, heads: int, mask: Any = None) -> Any:
    """The logits of one row, token by token and head by head."""
    w = {name.removeprefix("transformer."): value for name, value in w.items()}
    seen = np.ones(len(ids), bool) if mask is None else mask.astype(bool)
    x = w["wte.weight"][ids] + w["wpe.weight"][: len(ids)]
    layer = 0
    while f"h.{layer}.ln_1.weight" in w:
        p = {k.removeprefix(f"h.{layer}."): v for k, v in w.items()}
        y = norm(x, p["ln_1.weight"], p["ln_1.bias"])
        q, k, v = np.split(y @ p["attn.c_attn.weight"] + p["attn.c_attn.bias"], 3, axis=-1)
        mixed = np.zeros_like(x)
        size = x.shape[1] // heads
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            for i in range(len(ids)):
                places = [j for j in range(i + 1) if seen[j]]
                if not places:
                    continue
                scores = np.exp(k[places, part] @ q[i, part] / math.sqrt(size))
                mixed[i, part] = scores / scores.sum() @ v[places, part]
        x = x + mixed @ p["attn.c_proj.weight"] + p["attn.c_proj.bias"]
        y = norm(x, p["ln_2.weight"], p["ln_2.bias"])
        inner = gelu_new(y @ p["mlp.c_fc.weight"] + p["mlp.c_fc.bias"])
        x = x + inner @ p["mlp.c_proj.weight"] + p["mlp.c_proj.bias"]
        layer += 1
    return norm(x, w["ln_f.weight"], w["ln_f.bias"]) @ w["wte.weight"].T


def weights(net: GPT2LMHeadModel) -> dict[str, Any]:
    return {name: value.numpy() for name, value in state_of(net).items()}


def test_parameters_are_named_and_laid_out_as_in_published_checkpoints() -> None:
    net = GPT2LMHeadModel(GPT2Config(vocab_size=11, n_positions=9, n_embd=8, n_layer=1, n_head=2))
    assert {name: value.shape for name, value in net.state_dict().items()} == {
        "transformer.wte.weight": (11, 8),
        "transformer.wpe.weight": (9, 8),
        "transformer.h.0.ln_1.weight": (8,),
        "transformer.h.0.ln_1.bias": (8,),
        "transformer.h.0.attn.c_attn.weight": (8, 24),
        "transformer.h.0.attn.c_attn.bias": (24,),
        "transformer.h.0.attn.c_proj.weight": (8, 8),
        "transformer.h.0.attn.c_proj.bias": (8,),
        "transformer.h.0.ln_2.weight": (8,),
        "transformer.h.0.ln_2.bias": (8,),
        "transformer.h.0.mlp.c_fc.weight": (8, 32),
        "transformer.h.0.mlp.c_fc.bias": (32,),
        "transformer.h.0.mlp.c_proj.weight": (32, 8),
        "transformer.h.0.mlp.c_proj.bias": (8,),
        "transformer.ln_f.weight": (8,),
        "transformer.ln_f.bias": (8,),
        "lm_head.weight": (11, 8),
    }


def test_the_smallest_published_one_has_124_million_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("normal_", "uniform_", "kaiming_uniform_"):  # what they are is of no matter here
        monkeypatch.setattr(init, name, lambda tensor, *_, **__: tensor)
    net = GPT2LMHeadModel(GPT2Config())
    assert sum(p.numel() for p in net.parameters()) == 124_439_808


@pytest.mark.parametrize(
    "settings", [{}, {"n_layer": 1, "n_head": 4}, {"n_head": 1, "n_inner": 5}, {"n_layer": 3}]
)
def test_logits_are_those_of_the_definition(settings: dict[str, Any]) -> None:
    net = model(**settings)
    ids = tokens(2, 7)
    got = net(ids).logits.detach().numpy()
    for row, logits in zip(ids.numpy(), got):
        wanted = reference(weights(net), row, net.config.n_head)
        np.testing.assert_allclose(logits, wanted, rtol=1e-10, atol=1e-10)


def test_padding_is_not_looked_at() -> None:
    net = model()
    ids, mask = tokens(2, 6), np.array([[0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1]])
    got = net(ids, attention_mask=fe.tensor(mask)).logits.detach().numpy()
    for row, m, logits in zip(ids.numpy(), mask, got):
        wanted = reference(weights(net), row, 2, m)
        np.testing.assert_allclose(logits[m == 1], wanted[m == 1], rtol=1e-10, atol=1e-10)


def test_gradients_agree_with_finite_differences() -> None:
    net = model()
    ids = tokens(2, 6)
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


def test_the_state_of_the_cache_stands_for_the_text_before() -> None:
    net = model()
    ids, mask = tokens(2, 8), fe.tensor([[0, 1, 1, 1, 0, 1, 1, 1], [1] * 8])
    for m in (None, mask):
        whole = net(ids, attention_mask=m).logits
        for cut in (3, 7):
            first = net(
                ids[:, :cut], attention_mask=None if m is None else m[:, :cut], use_cache=True
            )
            rest = net(ids[:, cut:], attention_mask=m, past_key_values=first.past_key_values)
            assert rest.past_key_values is None
            np.testing.assert_allclose(
                rest.logits.detach().numpy(), whole[:, cut:].detach().numpy(), atol=1e-12
            )


def test_what_it_writes_is_the_likeliest_token_again_and_again() -> None:
    net = model()
    row = tokens(1, 3).numpy()[0].tolist()
    wanted = list(row)
    for _ in range(6):
        wanted.append(int(reference(weights(net), np.array(wanted), 2)[-1].argmax()))
    for use_cache in (True, False):
        assert net.generate(fe.tensor([row]), 6, use_cache=use_cache).tolist() == [wanted]


def test_texts_padded_on_the_left_go_on_as_alone() -> None:
    net = model()
    ids = tokens(2, 5)
    alone = net.generate(ids[:1, 2:], 6)
    together = net.generate(ids, 6, attention_mask=fe.tensor([[0, 0, 1, 1, 1], [1] * 5]))
    assert together[0, 2:].tolist() == alone[0].tolist()
    assert together[1].tolist() == net.generate(ids[1:], 6)[0].tolist()


def test_a_seed_writes_the_same_text_again() -> None:
    net = model()
    texts = [
        net.generate(
            tokens(1, 2), 10, do_sample=True, temperature=2.0, top_k=20, top_p=0.95,
            generator=fe.Generator(seed=seed),
        ).tolist()
        for seed in (1, 1, 2)
    ]  # fmt: skip
    assert texts[0] == texts[1] != texts[2]


def test_a_text_has_room_or_is_refused() -> None:
    net = model()
    assert net.generate(tokens(1, 4), 8).shape == (1, 12)
    with pytest.raises(ShapeError, match="n_positions=12"):
        net.generate(tokens(1, 4), 9)
    with pytest.raises(ShapeError, match="13 tokens in a row"):
        net(tokens(1, 13))
    with pytest.raises(ArgumentError, match="on the left"):
        net.generate(tokens(1, 2), 1, attention_mask=fe.tensor([[1, 0]]))
    with pytest.raises(ShapeError, match="attention_mask"):
        net(tokens(1, 4), attention_mask=fe.ones(1, 3))


def test_scores_are_products_with_the_embeddings_unless_they_are_apart() -> None:
    net = model()
    assert net.lm_head.weight is net.transformer.wte.weight
    apart = GPT2LMHeadModel(GPT2Config(**SMALL, tie_word_embeddings=False))
    assert apart.lm_head.weight is not apart.transformer.wte.weight
    with pytest.raises(CheckpointError, match=r"missing: lm_head\.weight"):
        apart.load_state_dict(state_of(net))


def test_older_spellings_of_a_checkpoint_are_understood() -> None:
    net = model(seed=0)
    bare = {k.removeprefix("transformer."): v for k, v in state_of(net).items()}
    masks = {"h.0.attn.bias": fe.ones(1, 1, 12, 12), "h.1.attn.masked_bias": fe.tensor(-1e4)}
    for spelling in (bare, {**bare, **masks}, state_of(net)):
        other = model(seed=1)
        other.load_state_dict(spelling)
        assert all((v == net.state_dict()[k]).all() for k, v in other.state_dict().items())
        body = GPT2Model(net.config).double().eval()
        body.load_state_dict(spelling)
        assert (body.wte.weight == net.transformer.wte.weight).all().item()
    with pytest.raises(CheckpointError, match=r"unexpected: transformer\.h\.0\.attn\.gate"):
        net.load_state_dict({**bare, "h.0.attn.gate": fe.ones(1)})


def test_it_comes_from_a_folder(tmp_path: Path) -> None:
    net = model()
    settings = {**net.config.to_dict(), "model_type": "gpt2", "torch_dtype": "float32"}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    fe.save(state_of(net), tmp_path / "model.safetensors")
    read = GPT2LMHeadModel.from_pretrained(tmp_path, dtype=fe.float64)
    assert read.config == net.config
    assert not read.training
    assert (read(tokens(1, 5)).logits == net(tokens(1, 5)).logits).all().item()
    (tmp_path / "config.json").write_text(json.dumps({**settings, "add_cross_attention": True}))
    with pytest.raises(ArgumentError, match="add_cross_attention=True is not computed"):
        GPT2LMHeadModel.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("[1")
    with pytest.raises(CheckpointError, match="cannot be read as a configuration"):
        GPT2LMHeadModel.from_pretrained(tmp_path)


def test_initial_values_are_those_of_the_paper() -> None:
    fe.manual_seed(0)
    net = GPT2LMHeadModel(GPT2Config(**{**SMALL, "n_embd": 64, "n_layer": 8}))
    block: Any = net.transformer.h[3]
    assert block.attn.c_attn.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert block.mlp.c_fc.weight.std().item() == pytest.approx(0.02, rel=0.05)
    for part in (block.attn, block.mlp):
        assert part.c_proj.weight.std().item() == pytest.approx(0.005, rel=0.05)
        assert not part.c_proj.bias.any().item()
    assert net.transformer.wte.weight.std().item() == pytest.approx(0.02, rel=0.1)


def test_it_drops_in_training_only() -> None:
    net = model()
    ids = tokens(1, 6)
    assert (net(ids).logits == net(ids).logits).all().item()
    net.train()
    assert not (net(ids).logits == net(ids).logits).all().item()
    calm = model(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0).train()
    assert (calm(ids).logits == calm(ids).logits).all().item()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_embd": 9}, "n_embd=9 must be a multiple of n_head=2"),
        ({"n_layer": 0}, "n_layer must be an int of at least 1"),
        ({"activation_function": "sine"}, "'sine' is unknown; take one of gelu"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        GPT2Config(**{**SMALL, **settings})
