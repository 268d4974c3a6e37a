"""A language model with memory cells: embeddings, LSTM layers, scores.

Sources: Zaremba et al., arXiv:1409.2329; tied weights: Press and Wolf, arXiv:1608.05859. Parameters
are named and laid out as in PyTorch's example ``word_language_model``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ferrule.errors import ArgumentError
from ferrule.models import generation
from ferrule.models.configuration import Configuration
from ferrule.models.pretrained import Pretrained
from ferrule.nn import init
from ferrule.nn.dropout import Dropout
from ferrule.nn.embedding import Embedding
from ferrule.nn.linear import Linear
from ferrule.nn.recurrent import LSTM
from ferrule.tensor import Tensor

State = tuple[Tensor, Tensor]
"""Outputs and cells of all layers, each ``(num_layers, B, hidden_size)``."""


@dataclass(frozen=True, kw_only=True)
class LSTMLanguageModelConfig(Configuration):
    """The sizes of an `LSTMLanguageModel`.

    Attributes:
        vocab_size: how many tokens there are.
        embedding_dim: features per token.
        hidden_size: features per layer.
        num_layers: layers.
        dropout: how much is dropped in training: of the embeddings, and of what each layer returns.
        tie_weights: whether the scores of tokens are products with their embeddings.
    """

    vocab_size: int
    embedding_dim: int = 200
    hidden_size: int = 200
    num_layers: int = 2
    dropout: float = 0.2
    tie_weights: bool = False

    def __post_init__(self) -> None:
        self.check_sizes("vocab_size", "embedding_dim", "hidden_size", "num_layers")
        if self.tie_weights and self.embedding_dim != self.hidden_size:
            raise ArgumentError(
                f"LSTMLanguageModelConfig: with tie_weights=True embedding_dim and hidden_size "
                f"must be equal, not {self.embedding_dim} and {self.hidden_size}"
            )


class LSTMOutput(NamedTuple):
    """What an `LSTMLanguageModel` returns.

    Attributes:
        loss: the mean cross entropy of each token with what was expected, if labels were given.
        logits: the scores of the token after each, ``(B, L, vocab_size)``.
        state: from which to go on.
    """

    loss: Tensor | None
    logits: Tensor
    state: State


class LSTMLanguageModel(Pretrained[LSTMLanguageModelConfig]):
    """Tokens ``(B, L)`` to scores of the token after each."""

    config_class = LSTMLanguageModelConfig

    def __init__(self, config: LSTMLanguageModelConfig) -> None:
        super().__init__(config)
        self.drop = Dropout(config.dropout)
        self.encoder = Embedding(config.vocab_size, config.embedding_dim)
        self.rnn = LSTM(
            config.embedding_dim, config.hidden_size, config.num_layers,
            batch_first=True, dropout=config.dropout if config.num_layers > 1 else 0.0,
        )  # fmt: skip
        self.decoder = Linear(config.hidden_size, config.vocab_size)
        if config.tie_weights:
            self.tied = {"decoder.weight": "encoder.weight"}
            self.decoder.weight = self.encoder.weight
        init.uniform_(self.encoder.weight, -0.1, 0.1)
        if not config.tie_weights:
            init.uniform_(self.decoder.weight, -0.1, 0.1)
        assert self.decoder.bias is not None
        init.zeros_(self.decoder.bias)

    def forward(
        self, input_ids: Tensor, state: State | None = None, *, labels: Tensor | None = None
    ) -> LSTMOutput:
        """
        Args:
            input_ids: integers of shape ``(B, L)``.
            state: what an earlier call returned, to go on from there; by default zeros.
            labels: the same tokens, for the loss of predicting each from those before it; -100
                where none is to be predicted.
        """
        hidden, state = self._read(input_ids, state)
        logits = self.decoder(hidden)
        return LSTMOutput(generation.next_token_loss(logits, labels), logits, state)

    def _read(self, input_ids: Tensor, state: State | None) -> tuple[Tensor, State]:
        generation.check_tokens("LSTMLanguageModel", input_ids)
        hidden, after = self.rnn(self.drop(self.encoder(input_ids)), state)
        return self.drop(hidden), after

    def generate(self, input_ids: Tensor, max_new_tokens: int, **options: Any) -> Tensor:
        """``input_ids`` and what the model writes after them. Call `eval` before.

        Args:
            input_ids: integers of shape ``(B, L)``.
            max_new_tokens: how many to add.
            options: do_sample, temperature, top_k, top_p, eos_token_id, pad_token_id, use_cache
                and generator, see `ferrule.models.generation.generate`.
        """

        def step(tokens: Tensor, state: State | None) -> tuple[Tensor, State]:
            hidden, state = self._read(tokens, state)
            return self.decoder(hidden[:, -1]), state

        return generation.generate(step, input_ids, max_new_tokens, **options)
