"""BERT: a transformer that reads text in both directions.

Source: Devlin et al., arXiv:1810.04805. Parameters are named and laid out as in Hugging Face's
checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import ferrule as fe
from ferrule.errors import ShapeError
from ferrule.models.configuration import ACTIVATIONS, Configuration
from ferrule.models.generation import check_tokens
from ferrule.models.pretrained import Pretrained, draw_normal
from ferrule.nn import functional as F
from ferrule.nn.containers import ModuleList
from ferrule.nn.dropout import Dropout
from ferrule.nn.embedding import Embedding
from ferrule.nn.linear import Linear
from ferrule.nn.module import Module
from ferrule.nn.normalization import LayerNorm
from ferrule.tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class BertConfig(Configuration):
    """The sizes of a BERT. The defaults are those of ``bert-base-uncased``, whose `BertModel` has
    109,482,240 parameters.

    Attributes:
        vocab_size: how many tokens there are.
        hidden_size: features per token.
        num_hidden_layers, num_attention_heads: layers, and heads in each.
        intermediate_size: features within the feed-forward layers.
        hidden_act: a name in `ferrule.models.configuration.ACTIVATIONS`.
        hidden_dropout_prob, attention_probs_dropout_prob: how much is dropped in training.
        max_position_embeddings: the most tokens in a row.
        type_vocab_size: kinds of segments, such as question and answer.
        initializer_range: the standard deviation of initial weights.
        layer_norm_eps: added to variances.
        pad_token_id: the token whose embedding starts as 0 and is not learned.
        num_labels: classes of `BertForSequenceClassification`.
        classifier_dropout: before its last layer; by default ``hidden_dropout_prob``.
        tie_word_embeddings: whether the scores of `BertForMaskedLM` are products with embeddings.
    """

    fixed = {  # noqa: RUF012
        "position_embedding_type": "absolute",
        "is_decoder": False,
        "add_cross_attention": False,
    }

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int | None = 0
    num_labels: int = 2
    classifier_dropout: float | None = None
    tie_word_embeddings: bool = True

    def __post_init__(self) -> None:
        self.check_sizes(
            "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
            "intermediate_size", "max_position_embeddings", "type_vocab_size", "num_labels",
        )  # fmt: skip
        self.check_heads("hidden_size", "num_attention_heads")
        self.check_activation("hidden_act")


class BertOutput(NamedTuple):
    """What `BertModel` returns.

    Attributes:
        last_hidden_state: ``(B, L, hidden_size)``.
        pooler_output: the first token's features once more transformed, ``(B, hidden_size)``; None
            without a pooler.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None


class BertEmbeddings(Module):
    """The sum of what a token, its place and its segment are known by."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        n = config.hidden_size
        self.word_embeddings = Embedding(config.vocab_size, n, config.pad_token_id)
        self.position_embeddings = Embedding(config.max_position_embeddings, n)
        self.token_type_embeddings = Embedding(config.type_vocab_size, n)
        self.LayerNorm = LayerNorm(n, config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor, position_ids: Tensor) -> Tensor:
        words = self.word_embeddings(input_ids)
        segments = self.token_type_embeddings(token_type_ids)
        x = words + segments + self.position_embeddings(position_ids)
        return self.dropout(self.LayerNorm(x))


class BertSelfAttention(Module):
    """Each token looks at all that are allowed."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        n = config.hidden_size
        self.heads = config.num_attention_heads
        self.dropout_prob = config.attention_probs_dropout_prob
        self.query = Linear(n, n)
        self.key = Linear(n, n)
        self.value = Linear(n, n)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        parts = (self.query(x), self.key(x), self.value(x))
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(
            query, key, value, allowed, dropout_p=self.dropout_prob if self.training else 0.0
        )
        return mixed.transpose(1, 2).flatten(2)


class BertAddNorm(Module):
    """The norm of what a layer was given and a linear map of what it made of that."""

    def __init__(self, config: BertConfig, features: int) -> None:
        super().__init__()
        self.dense = Linear(features, config.hidden_size)
        self.LayerNorm = LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def forward(self, made: Tensor, given: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(made)) + given)


class BertAttention(Module):
    """Attention, added to its input and normalised."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.self = BertSelfAttention(config)
        self.output = BertAddNorm(config, config.hidden_size)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        return self.output(self.self(x, allowed), x)


class BertIntermediate(Module):
    """The first of the feed-forward layers, or the pooler: a linear map and an activation."""

    def __init__(self, config: BertConfig, features: int, activation: str) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, features)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.activation](self.dense(x))


class BertLayer(Module):
    """Attention, and two layers for each token alone."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.attention = BertAttention(config)
        self.intermediate = BertIntermediate(config, config.intermediate_size, config.hidden_act)
        self.output = BertAddNorm(config, config.intermediate_size)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        x = self.attention(x, allowed)
        return self.output(self.intermediate(x), x)


class BertEncoder(Module):
    """All layers, one after the other."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.layer = ModuleList(BertLayer(config) for _ in range(config.num_hidden_layers))

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        for layer in self.layer:
            x = layer(x, allowed)
        return x


class BertModel(Pretrained[BertConfig]):
    """Tokens to features: ``(B, L)`` to ``(B, L, hidden_size)``.

    Args:
        config: its sizes.
        add_pooling_layer: whether there is a pooler, which sums up the whole text.
    """

    config_class = BertConfig

    def __init__(self, config: BertConfig, add_pooling_layer: bool = True) -> None:
        super().__init__(config)
        self.embeddings = BertEmbeddings(config)
        self.encoder = BertEncoder(config)
        self.pooler = (
            BertIntermediate(config, config.hidden_size, "tanh") if add_pooling_layer else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        draw_normal(self, self.config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> BertOutput:
        """
        Args:
            input_ids: integers of shape ``(B, L)``.
            attention_mask: ``(B, L)``: 0 for padding, which nothing looks at; or ``(B, L, L)``:
                which tokens each may look at.
            token_type_ids: ``(B, L)``, the segment of each token; by default 0.
            position_ids: ``(B, L)``; by default 0 to ``L - 1``.
        """
        check_tokens("BertModel", input_ids)
        batch, length = input_ids.shape
        if length > self.config.max_position_embeddings:
            raise ShapeError(
                f"BertModel: {length} tokens in a row, and max_position_embeddings is "
                f"{self.config.max_position_embeddings}; shorten the input"
            )
        if token_type_ids is None:
            token_type_ids = fe.zeros_like(input_ids)
        if position_ids is None:
            position_ids = fe.arange(length, device=input_ids.device)
        allowed = None
        if attention_mask is not None:
            if attention_mask.shape not in ((batch, length), (batch, length, length)):
                raise ShapeError(
                    f"BertModel: attention_mask is {attention_mask.shape} and must be "
                    f"{(batch, length)} or {(batch, length, length)}"
                )
            allowed = (attention_mask != 0).reshape(batch, 1, -1, length)
        x = self.embeddings(input_ids, token_type_ids, position_ids)
        x = self.encoder(x, allowed)
        return BertOutput(x, None if self.pooler is None else self.pooler(x[:, 0]))

    def checkpoint_name(self, name: str) -> str | None:
        name = current_name(name.removeprefix("bert."))
        heads = ("cls.", "classifier.", "qa_outputs.") + (("pooler.",) if not self.pooler else ())
        constants = ("embeddings.position_ids", "embeddings.token_type_ids")
        return None if name.startswith(heads) or name in constants else name


def current_name(name: str) -> str:
    """What the oldest checkpoints call otherwise: the two parameters of a LayerNorm."""
    if name.endswith("LayerNorm.gamma"):
        return name.removesuffix("gamma") + "weight"
    if name.endswith("LayerNorm.beta"):
        return name.removesuffix("beta") + "bias"
    return name
