"""GPT-2 as a language model.

Source: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.models import generation
from ferrule.models.gpt2 import Cache, GPT2Config, GPT2Model
from ferrule.models.pretrained import Pretrained
from ferrule.nn import init
from ferrule.nn.linear import Linear
from ferrule.tensor import Tensor


class CausalLMOutput(NamedTuple):
    """What `GPT2LMHeadModel` returns.

    Attributes:
        loss: the mean cross entropy of each token with what was expected, if labels were given.
        logits: the scores of the token after each, ``(B, L, vocab_size)``.
        past_key_values: the keys and values of all tokens so far, if they were asked for.
    """

    loss: Tensor | None
    logits: Tensor
    past_key_values: Cache | None


class GPT2LMHeadModel(Pretrained[GPT2Config]):
    """A language model: tokens ``(B, L)`` to scores of the token after each.

    ``GPT2LMHeadModel.from_pretrained(folder)`` takes OpenAI's weights as Hugging Face has them, and
    ``GPT2LMHeadModel(GPT2Config())`` starts anew.
    """

    config_class = GPT2Config

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config)
        self.transformer = GPT2Model(config)
        self.lm_head = Linear(config.n_embd, config.vocab_size, bias=False)
        if config.tie_word_embeddings:
            self.tied = {"lm_head.weight": "transformer.wte.weight"}
            self.lm_head.weight = self.transformer.wte.weight
        else:
            init.normal_(self.lm_head.weight, std=config.initializer_range)

    def forward(
        self, input_ids: Tensor, *, labels: Tensor | None = None, **options: Any
    ) -> CausalLMOutput:
        """
        Args:
            input_ids: integers of shape ``(B, L)``.
            labels: the same tokens, for the loss of predicting each from those before it; -100
                where none is to be predicted.
            options: see `GPT2Model.forward`.
        """
        hidden, present = self.transformer(input_ids, **options)
        logits = self.lm_head(hidden)
        return CausalLMOutput(generation.next_token_loss(logits, labels), logits, present)

    def generate(
        self,
        input_ids: Tensor,
        max_new_tokens: int,
        *,
        attention_mask: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """``input_ids`` and what the model writes after them. Call `eval` before.

        Args:
            input_ids: integers of shape ``(B, L)``.
            max_new_tokens: how many to add.
            attention_mask: ``(B, L)``: 0 for padding, which stands before the text.
            options: do_sample, temperature, top_k, top_p, eos_token_id, pad_token_id, use_cache
                and generator, see `ferrule.models.generation.generate`.

        Raises:
            ShapeError: the text would become longer than the model has positions.
            ArgumentError: padding stands behind the text.
        """
        generation.check_tokens("generate", input_ids)
        if input_ids.shape[1] + max_new_tokens > self.config.n_positions:
            raise ShapeError(
                f"generate: {input_ids.shape[1]} tokens and max_new_tokens={max_new_tokens} are "
                f"more than n_positions={self.config.n_positions}; give the last of the text only"
            )
        if attention_mask is not None and not (attention_mask[:, -1] != 0).all().item():
            raise ArgumentError(
                "generate: attention_mask has 0 in its last column; pad texts of unequal length on "
                "the left, so that what is written follows the text"
            )

        def step(tokens: Tensor, past: Cache | None) -> tuple[Tensor, Cache | None]:
            mask = positions = None
            if attention_mask is not None:
                end = tokens.shape[1] + (past[0][0].shape[2] if past else 0)
                more = fe.ones(
                    len(tokens), end - attention_mask.shape[1],
                    dtype=attention_mask.dtype, device=tokens.device,
                )  # fmt: skip
                mask = fe.cat([attention_mask, more], 1)
                positions = fe.clamp(fe.cumsum(mask != 0, 1) - 1, min=0)[:, -tokens.shape[1] :]
            hidden, present = self.transformer(
                tokens, past_key_values=past, attention_mask=mask, position_ids=positions,
                use_cache=True,
            )  # fmt: skip
            return self.lm_head(hidden[:, -1]), present

        return generation.generate(step, input_ids, max_new_tokens, **options)

    def checkpoint_name(self, name: str) -> str | None:
        if name == "lm_head.weight" or name.startswith("transformer."):
            return name
        return f"transformer.{name}"
