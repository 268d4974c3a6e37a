"""BERT with something to learn: words that are missing, or classes of texts.

Source: Devlin et al., arXiv:1810.04805. Parameters are named and laid out as in Hugging Face's
checkpoints.
"""

from __future__ import annotations

from typing import NamedTuple

import ferrule as fe
from ferrule.models.bert import BertConfig, BertIntermediate, BertModel, current_name
from ferrule.models.pretrained import Pretrained, draw_normal
from ferrule.nn import functional as F
from ferrule.nn.dropout import Dropout
from ferrule.nn.linear import Linear
from ferrule.nn.module import Module
from ferrule.nn.normalization import LayerNorm
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class LabelledOutput(NamedTuple):
    """What a BERT with a head returns.

    Attributes:
        loss: the mean cross entropy with the labels, if they were given.
        logits: scores, along the last dim.
    """

    loss: Tensor | None
    logits: Tensor


class BertTransform(BertIntermediate):
    """A linear map, an activation and a norm."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config, config.hidden_size, config.hidden_act)
        self.LayerNorm = LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(super().forward(x))


class BertPredictions(Module):
    """The scores of all words. ``bias`` is that of ``decoder``."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.bias = Parameter(fe.zeros(config.vocab_size))
        self.transform = BertTransform(config)
        self.decoder = Linear(config.hidden_size, config.vocab_size)
        self.decoder.bias = self.bias

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.transform(x))


class BertMaskedHead(Module):
    """What is below ``cls`` in a checkpoint."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.predictions = BertPredictions(config)

    def forward(self, x: Tensor) -> Tensor:
        return self.predictions(x)


class BertForMaskedLM(Pretrained[BertConfig]):
    """Fills in the words that are missing: tokens ``(B, L)`` to scores ``(B, L, vocab_size)``."""

    config_class = BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.tied = {"cls.predictions.decoder.bias": "cls.predictions.bias"}
        self.bert = BertModel(config, add_pooling_layer=False)
        self.cls = BertMaskedHead(config)
        draw_normal(self.cls, config.initializer_range)
        if config.tie_word_embeddings:
            words = "bert.embeddings.word_embeddings.weight"
            self.tied["cls.predictions.decoder.weight"] = words
            self.cls.predictions.decoder.weight = self.bert.embeddings.word_embeddings.weight

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> LabelledOutput:
        """
        Args:
            input_ids, attention_mask, token_type_ids, position_ids: see `BertModel.forward`.
            labels: ``(B, L)``, the words that belong there, and -100 where none is to be guessed.
        """
        hidden, _ = self.bert(input_ids, attention_mask, token_type_ids, position_ids)
        logits = self.cls(hidden)
        if labels is None:
            return LabelledOutput(None, logits)
        return LabelledOutput(F.cross_entropy(logits.flatten(0, 1), labels.flatten()), logits)

    def checkpoint_name(self, name: str) -> str | None:
        name = current_name(name)
        if name.startswith("cls."):
            return None if name.startswith("cls.seq_relationship.") else name
        return name if name.startswith("bert.") else f"bert.{name}"


class BertForSequenceClassification(Pretrained[BertConfig]):
    """Tells texts apart: tokens ``(B, L)`` to scores of classes ``(B, num_labels)``."""

    config_class = BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.bert = BertModel(config)
        p = config.classifier_dropout
        self.dropout = Dropout(config.hidden_dropout_prob if p is None else p)
        self.classifier = Linear(config.hidden_size, config.num_labels)
        draw_normal(self.classifier, config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> LabelledOutput:
        """
        Args:
            input_ids, attention_mask, token_type_ids, position_ids: see `BertModel.forward`.
            labels: ``(B,)``, the class of each text.
        """
        _, pooled = self.bert(input_ids, attention_mask, token_type_ids, position_ids)
        logits = self.classifier(self.dropout(pooled))
        return LabelledOutput(None if labels is None else F.cross_entropy(logits, labels), logits)

    def checkpoint_name(self, name: str) -> str | None:
        if name.startswith("cls."):
            return None
        return name if name.startswith(("bert.", "classifier.")) else f"bert.{name}"
