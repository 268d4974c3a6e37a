"""Configurations of recurrent layers, of attention and of transformers."""

from __future__ import annotations

from typing import Any

from ferrule_conformance.modules.configuration import Configuration, at_random, mask, of, x


def recurrent() -> list[Configuration]:
    found: list[Configuration] = []
    for name, gates in (("RNN", 1), ("LSTM", 2), ("GRU", 1)):

        def states(layers: int, size: int, gates: int = gates) -> Any:
            one = x(layers, 2, size)
            return (one, one) if gates == 2 else one

        found += [
            of(name, 10, 20)(x(5, 2, 10)),
            of(name, 3, 4, num_layers=2, bidirectional=True)(x(5, 2, 3), states(4, 4)),
            of(name, 3, 4, batch_first=True, bias=False)(x(2, 5, 3)),
            of(name, 3, 4)(x(5, 3)),
            at_random(name, 3, 4, num_layers=2, dropout=0.5)(x(5, 2, 3)),
            of(f"{name}Cell", 10, 20)(x(2, 10)),
            of(f"{name}Cell", 3, 4, bias=False)(x(3)),
        ]
    return [
        *found,
        of("RNN", 3, 4, nonlinearity="relu")(x(5, 2, 3)),
        of("RNNCell", 3, 4, nonlinearity="relu")(x(2, 3), x(2, 4)),
        of("LSTM", 3, 5, 2, proj_size=2, bidirectional=True)(x(5, 2, 3)),
        of("LSTMCell", 3, 4)(x(2, 3), (x(2, 4), x(2, 4))),
    ]


def attention() -> list[Configuration]:
    q, kv = x(4, 2, 8), x(5, 2, 8)
    small = {"dim_feedforward": 16, "dropout": 0.0}
    layer, back = (of(f"Transformer{kind}Layer", 8, 2, **small) for kind in ("Encoder", "Decoder"))
    return [
        of("MultiheadAttention", 8, 2)(q, kv, kv),
        of("MultiheadAttention", 8, 4, bias=False, batch_first=True)(q, q, q, need_weights=False),
        of("MultiheadAttention", 8, 2, kdim=3, vdim=6)(q, x(5, 2, 3), x(5, 2, 6)),
        of("MultiheadAttention", 8, 2, add_bias_kv=True, add_zero_attn=True)(
            q, kv, kv, average_attn_weights=False
        ),
        of("MultiheadAttention", 8, 2)(
            q, kv, kv, key_padding_mask=mask(2, 5), attn_mask=mask(4, 5)
        ),
        of("MultiheadAttention", 8, 2)(x(4, 8), x(5, 8), x(5, 8)),
        layer(x(4, 2, 8)),
        *[
            of("TransformerEncoderLayer", 8, 2, **small, **options)(x(4, 2, 8))
            for options in (
                {"norm_first": True}, {"activation": "gelu", "batch_first": True},
                {"bias": False, "layer_norm_eps": 1e-3},
            )
        ],
        layer(x(4, 2, 8), src_mask=mask(4, 4), src_key_padding_mask=mask(2, 4)),
        back(x(4, 2, 8), kv),
        of("TransformerDecoderLayer", 8, 2, **small, norm_first=True, activation="gelu")(
            x(4, 2, 8), kv, tgt_mask=mask(4, 4)
        ),
        of("TransformerEncoder", layer, 2)(x(4, 2, 8)),
        of("TransformerEncoder", layer, 2, norm=of("LayerNorm", 8))(x(4, 2, 8)),
        of("TransformerDecoder", back, 2, norm=of("LayerNorm", 8))(x(4, 2, 8), kv),
        of("Transformer", 8, 2, 1, 2, 16, 0.0)(x(4, 2, 8), kv),
        of("Transformer", 8, 2, 1, 1, 16, 0.0, norm_first=True, batch_first=True)(
            x(2, 4, 8), x(2, 5, 8)
        ),
    ]  # fmt: skip


def own() -> list[Configuration]:
    """What PyTorch does not have."""
    return [
        of("PositionalEncoding", 6, 0.0, max_len=9)(x(4, 2, 6)),
        at_random("PositionalEncoding", 5, 0.3, max_len=9, batch_first=True)(x(2, 4, 5)),
        of("RotaryEmbedding", 6)(x(2, 3, 4, 8)),
        of("RotaryEmbedding", 4, 100.0, interleaved=True)(x(3, 4)),
        of("ALiBi", 3)(4, 5),
        of("ALiBi", 4)(6),
    ]
