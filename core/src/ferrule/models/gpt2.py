"""GPT-2: a transformer that writes text from left to right.

Source: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019. Parameters are
named and laid out as in OpenAI's and Hugging Face's checkpoints.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import ferrule as fe
from ferrule.errors import ShapeError
from ferrule.models.configuration import ACTIVATIONS, Configuration
from ferrule.models.generation import check_tokens
from ferrule.models.pretrained import Pretrained, draw_normal
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.containers import ModuleList
from ferrule.nn.dropout import Dropout
from ferrule.nn.embedding import Embedding
from ferrule.nn.module import Module
from ferrule.nn.normalization import LayerNorm
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor

Cache = tuple[tuple[Tensor, Tensor], ...]
"""Keys and values of the tokens seen so far, per layer: each ``(B, heads, L, features)``."""


@dataclass(frozen=True, kw_only=True)
class GPT2Config(Configuration):
    """The sizes of a GPT-2. The defaults are those of the smallest, with 124,439,808 parameters.

    Attributes:
        vocab_size: how many tokens there are.
        n_positions: the most tokens in a row.
        n_embd: features per token.
        n_layer, n_head: transformer blocks, and heads in each.
        n_inner: features within the feed-forward layers; by default ``4 * n_embd``.
        activation_function: a name in `ferrule.models.configuration.ACTIVATIONS`.
        resid_pdrop, embd_pdrop, attn_pdrop: how much is dropped in training: of what each layer
            adds, of the embeddings, of the attention's weights.
        layer_norm_epsilon: added to variances.
        initializer_range: the standard deviation of initial weights.
        tie_word_embeddings: whether the scores of tokens are products with their embeddings.
    """

    fixed = {  # noqa: RUF012
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "reorder_and_upcast_attn": False,
        "add_cross_attention": False,
    }

    vocab_size: int = 50257
    n_positions: int = 1024
    n_embd: int = 768
    n_layer: int = 12
    n_head: int = 12
    n_inner: int | None = None
    activation_function: str = "gelu_new"
    resid_pdrop: float = 0.1
    embd_pdrop: float = 0.1
    attn_pdrop: float = 0.1
    layer_norm_epsilon: float = 1e-5
    initializer_range: float = 0.02
    tie_word_embeddings: bool = True

    def __post_init__(self) -> None:
        self.check_sizes("vocab_size", "n_positions", "n_embd", "n_layer", "n_head")
        self.check_heads("n_embd", "n_head")
        self.check_activation("activation_function")


class GPT2Output(NamedTuple):
    """What `GPT2Model` returns.

    Attributes:
        last_hidden_state: ``(B, L, n_embd)``.
        past_key_values: the keys and values of all tokens so far, if they were asked for.
    """

    last_hidden_state: Tensor
    past_key_values: Cache | None


class Conv1D(Module):
    """``x @ weight + bias``: a linear layer whose weight, as GPT-2 has it, is transposed.

    Attributes:
        weight: ``(nx, nf)``, initially normal.
        bias: ``(nf,)``.
    """

    def __init__(self, nf: int, nx: int) -> None:
        super().__init__()
        self.weight = Parameter(fe.empty(nx, nf))
        self.bias = Parameter(fe.zeros(nf))
        init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class GPT2Attention(Module):
    """Each token looks at itself and at those before it."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.heads = config.n_head
        self.attn_pdrop = config.attn_pdrop
        self.c_attn = Conv1D(3 * config.n_embd, config.n_embd)
        self.c_proj = Conv1D(config.n_embd, config.n_embd)
        self.resid_dropout = Dropout(config.resid_pdrop)

    def forward(
        self, x: Tensor, allowed: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        query, key, value = map(self._split, self.c_attn(x).chunk(3, -1))
        if past is not None:
            key, value = fe.cat([past[0], key], 2), fe.cat([past[1], value], 2)
        mixed = F.scaled_dot_product_attention(
            query, key, value, allowed,
            dropout_p=self.attn_pdrop if self.training else 0.0,
            is_causal=allowed is None and past is None,
        )  # fmt: skip
        return self.resid_dropout(self.c_proj(mixed.transpose(1, 2).flatten(2))), (key, value)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class GPT2MLP(Module):
    """Two layers, for each token alone."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        inner = config.n_inner or 4 * config.n_embd
        self.c_fc = Conv1D(inner, config.n_embd)
        self.c_proj = Conv1D(config.n_embd, inner)
        self.activation = config.activation_function
        self.dropout = Dropout(config.resid_pdrop)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(ACTIVATIONS[self.activation](self.c_fc(x))))


class GPT2Block(Module):
    """Attention and feed-forward layers, each added to what it is given the norm of."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.attn = GPT2Attention(config)
        self.ln_2 = LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.mlp = GPT2MLP(config)

    def forward(
        self, x: Tensor, allowed: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        mixed, present = self.attn(self.ln_1(x), allowed, past)
        x = x + mixed
        return x + self.mlp(self.ln_2(x)), present


class GPT2Model(Pretrained[GPT2Config]):
    """Tokens to features: ``(B, L)`` to ``(B, L, n_embd)``."""

    config_class = GPT2Config

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config)
        self.wte = Embedding(config.vocab_size, config.n_embd)
        self.wpe = Embedding(config.n_positions, config.n_embd)
        self.drop = Dropout(config.embd_pdrop)
        self.h = ModuleList(GPT2Block(config) for _ in range(config.n_layer))
        self.ln_f = LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values. What ends a branch starts smaller, the deeper the model."""
        std = self.config.initializer_range
        draw_normal(self, std)
        for name, parameter in self.named_parameters():
            if name.endswith("c_proj.weight"):
                init.normal_(parameter, std=std / math.sqrt(2 * self.config.n_layer))
            elif re.search(r"c_(attn|fc)\.weight$", name):
                init.normal_(parameter, std=std)

    def forward(
        self,
        input_ids: Tensor,
        *,
        past_key_values: Cache | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        use_cache: bool = False,
    ) -> GPT2Output:
        """
        Args:
            input_ids: integers of shape ``(B, L)``.
            past_key_values: what an earlier call with ``use_cache=True`` returned; ``input_ids``
                are what follows.
            attention_mask: ``(B, S + L)`` with the ``S`` tokens of the past: 0 where a token is
                only padding, which nothing looks at.
            position_ids: ``(B, L)``; by default ``S`` to ``S + L - 1``.
            use_cache: whether to return keys and values.
        """
        check_tokens("GPT2Model", input_ids)
        past = past_key_values or (None,) * len(self.h)
        seen = 0 if past[0] is None else past[0][0].shape[2]
        end = seen + input_ids.shape[1]
        if end > self.config.n_positions:
            raise ShapeError(
                f"GPT2Model: {end} tokens in a row, and n_positions is {self.config.n_positions}; "
                "shorten the input"
            )
        if position_ids is None:
            position_ids = fe.arange(seen, end, device=input_ids.device)
        allowed = _allowed(input_ids, seen, attention_mask)
        x = self.drop(self.wte(input_ids) + self.wpe(position_ids))
        present: list[tuple[Tensor, Tensor]] = []
        for block, before in zip(self.h, past):
            x, after = block(x, allowed, before)
            present.append(after)
        return GPT2Output(self.ln_f(x), tuple(present) if use_cache else None)

    def checkpoint_name(self, name: str) -> str | None:
        # Older files hold the masks of the attention, too.
        if name == "lm_head.weight" or re.search(r"\.attn\.(masked_)?bias$", name):
            return None
        return name.removeprefix("transformer.")


def _allowed(input_ids: Tensor, seen: int, attention_mask: Tensor | None) -> Tensor | None:
    """Which tokens each may look at, broadcasting to (B, heads, L, S + L). None: all before it,
    which attention knows by itself."""
    length = input_ids.shape[1]
    end = seen + length
    if attention_mask is None and (not seen or length == 1):
        return None
    rows = fe.arange(seen, end, device=input_ids.device)
    causal = rows[:, None] >= fe.arange(end, device=input_ids.device)
    if attention_mask is None:
        return causal
    if attention_mask.shape != (input_ids.shape[0], end):
        raise ShapeError(
            f"GPT2Model: attention_mask is {attention_mask.shape} and must be "
            f"{(input_ids.shape[0], end)}: every token, those of the past included"
        )
    return causal & (attention_mask != 0)[:, None, None, :]
