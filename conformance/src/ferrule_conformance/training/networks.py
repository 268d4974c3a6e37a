"""The models, small enough for any backend, and their losses."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule import models, nn
from ferrule.nn import functional as F
from ferrule_conformance.training.data import CLASSES, FEATURES, LENGTH, TOKENS


def mlp() -> nn.Module:
    """Points to scores."""
    return models.MLP(FEATURES, [32, 32], CLASSES)


def cnn() -> nn.Module:
    """Images to scores: convolutions, a batch norm, and both kinds of pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 12, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(48, CLASSES),
    )


def lstm() -> nn.Module:
    """Tokens to scores of the next one, with dropout."""
    return models.LSTMLanguageModel(
        models.LSTMLanguageModelConfig(
            vocab_size=TOKENS, embedding_dim=12, hidden_size=16, num_layers=1, dropout=0.1
        )
    )


def gpt() -> nn.Module:
    """Tokens to scores of the next one: a transformer whose scores are products with embeddings."""
    return models.GPT2LMHeadModel(
        models.GPT2Config(
            vocab_size=TOKENS, n_positions=LENGTH, n_embd=16, n_layer=2, n_head=2,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        )
    )  # fmt: skip


def classification(model: nn.Module, inputs: fe.Tensor, classes: fe.Tensor) -> fe.Tensor:
    """How unlikely the right classes are."""
    return F.cross_entropy(model(inputs), classes)


def language(model: nn.Module, tokens: fe.Tensor) -> fe.Tensor:
    """How unlikely each token is, given those before it."""
    output: Any = model(tokens, labels=tokens)
    return output.loss
