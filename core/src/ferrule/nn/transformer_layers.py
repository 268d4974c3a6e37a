"""The layers of the transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.attention import MultiheadAttention
from ferrule.nn.dropout import Dropout
from ferrule.nn.linear import Linear
from ferrule.nn.module import Module
from ferrule.nn.normalization import LayerNorm
from ferrule.tensor import Tensor

Activation = str | Callable[[Tensor], Tensor]


def activation_of(layer: str, activation: Activation) -> Callable[[Tensor], Tensor]:
    """The function that is named, or given.

    Raises:
        ArgumentError: it is neither ``"relu"`` nor ``"gelu"`` nor a function.
    """
    if callable(activation):
        return activation
    if activation not in ("relu", "gelu"):
        raise ArgumentError(
            f'{layer}: activation must be "relu", "gelu" or a function, not {activation!r}'
        )
    return F.relu if activation == "relu" else F.gelu


class TransformerEncoderLayer(Module):
    """Attention of a sequence to itself, then two linear maps with an activation between them, each
    added to what it was given, with dropout, and normalised.

    Args:
        d_model: the number of features.
        nhead: the number of heads.
        dim_feedforward: the number of features between the linear maps.
        dropout: the probability of all dropout.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: of the normalisations.
        batch_first: whether sequences are ``(N, S, d_model)`` rather than ``(S, N, d_model)``.
        norm_first: normalise what enters each part rather than what leaves it.
        bias: whether linear maps and normalisations have one.

    Source: Vaswani et al., arXiv:1706.03762; ``norm_first``: Xiong et al., arXiv:2002.04745.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        place = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, batch_first=batch_first, **place
        )
        self.linear1 = Linear(d_model, dim_feedforward, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, **place)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, **place)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = activation_of("TransformerEncoderLayer", activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """One layer.

        Args:
            src: ``(S, N, d_model)``, with ``batch_first`` ``(N, S, d_model)``, without a batch
                ``(S, d_model)``.
            src_mask: as ``attn_mask`` of `MultiheadAttention`.
            src_key_padding_mask: as ``key_padding_mask`` there.
            is_causal: a hint that ``src_mask`` is causal.
        """
        masks = (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = src + self._attend(self.norm1(src), *masks)
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(src + self._attend(src, *masks))
        return self.norm2(x + self._feed_forward(x))

    def _attend(
        self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool
    ) -> Tensor:
        return self.dropout1(_attended(self.self_attn, x, x, mask, padding, is_causal))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """As `TransformerEncoderLayer`, with attention to the memory, which an encoder made, between
    the two parts. The arguments are the same.

    Source: Vaswani et al., arXiv:1706.03762.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        place = {"bias": bias, "device": device, "dtype": dtype}
        heads = {"dropout": dropout, "batch_first": batch_first, **place}
        self.self_attn = MultiheadAttention(d_model, nhead, **heads)
        self.multihead_attn = MultiheadAttention(d_model, nhead, **heads)
        self.linear1 = Linear(d_model, dim_feedforward, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, **place)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, **place)
        self.norm3 = LayerNorm(d_model, eps=layer_norm_eps, **place)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = activation_of("TransformerDecoderLayer", activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """One layer.

        Args:
            tgt: ``(T, N, d_model)``, with ``batch_first`` ``(N, T, d_model)``, without a batch
                ``(T, d_model)``.
            memory: ``(S, N, d_model)``, likewise.
            tgt_mask, memory_mask: as ``attn_mask`` of `MultiheadAttention`.
            tgt_key_padding_mask, memory_key_padding_mask: as ``key_padding_mask`` there.
            tgt_is_causal, memory_is_causal: hints that the masks are causal.
        """
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        across = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = tgt + self._attend(self.norm1(tgt), *own)
            x = x + self._look_up(self.norm2(x), *across)
            return x + self._feed_forward(self.norm3(x))
        x = self.norm1(tgt + self._attend(tgt, *own))
        x = self.norm2(x + self._look_up(x, *across))
        return self.norm3(x + self._feed_forward(x))

    def _attend(
        self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool
    ) -> Tensor:
        return self.dropout1(_attended(self.self_attn, x, x, mask, padding, is_causal))

    def _look_up(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, padding: Tensor | None,
        is_causal: bool,
    ) -> Tensor:  # fmt: skip
        return self.dropout2(
            _attended(self.multihead_attn, x, memory, mask, padding, is_causal)
        )  # fmt: skip

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _attended(
    attention: Module, x: Tensor, memory: Tensor, mask: Tensor | None, padding: Tensor | None,
    is_causal: bool,
) -> Tensor:  # fmt: skip
    return attention(
        x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False,
        is_causal=is_causal,
    )[0]  # fmt: skip
