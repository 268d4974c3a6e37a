"""The transformer: encoder, decoder, and both together."""

from __future__ import annotations

import copy
import math
from typing import Any

import ferrule as fe
from ferrule.errors import ShapeError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.attention import additive
from ferrule.nn.containers import ModuleList
from ferrule.nn.module import Module
from ferrule.nn.normalization import LayerNorm
from ferrule.nn.transformer_layers import (
    Activation,
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)
from ferrule.tensor import Tensor


class TransformerEncoder(Module):
    """Layers one after the other.

    Args:
        encoder_layer: a layer, of which there will be copies, with its values.
        num_layers: how many.
        norm: what is applied to the output, if anything.
        enable_nested_tensor, mask_check: accepted for PyTorch's sake. There they allow a faster way
            in evaluation, which gives zeros at places that ``src_key_padding_mask`` masks; here
            such places always have what the layers compute.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """All layers; see `TransformerEncoderLayer`. An ``is_causal`` of None promises nothing."""
        if src_key_padding_mask is not None:  # once for all layers
            src_key_padding_mask = additive(
                "TransformerEncoder: src_key_padding_mask", src_key_padding_mask, src.dtype
            )
        if mask is not None:
            mask = additive("TransformerEncoder: mask", mask, src.dtype)
        for layer in self.layers:
            src = layer(
                src, src_mask=mask, src_key_padding_mask=src_key_padding_mask,
                is_causal=bool(is_causal),
            )  # fmt: skip
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Layers one after the other, all with the same memory.

    Args:
        decoder_layer: a layer, of which there will be copies, with its values.
        num_layers: how many.
        norm: what is applied to the output, if anything.
    """

    def __init__(
        self, decoder_layer: Module, num_layers: int, norm: Module | None = None
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """All layers; see `TransformerDecoderLayer`. A hint of None promises nothing."""
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal), memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder, and a decoder that attends to what it gives.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias: as of `TransformerEncoderLayer`.
        num_encoder_layers, num_decoder_layers: how many layers either has.
        custom_encoder, custom_decoder: modules to take in their place.

    Weights, of two dims or more, are initially `init.xavier_uniform_`.

    Source: Vaswani et al., arXiv:1706.03762.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        place = {"bias": bias, "device": device, "dtype": dtype}
        shared = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first)

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, **place)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*shared, norm_first, **place)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*shared, norm_first, **place)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Encode ``src``, and decode ``tgt`` with it; see `TransformerEncoderLayer` and
        `TransformerDecoderLayer` for shapes and masks.

        Returns:
            Of the shape of ``tgt``.
        """
        given = f"src is {src._type} and tgt is {tgt._type}"
        n = 0 if self.batch_first else 1
        if src.ndim != tgt.ndim or src.ndim not in (2, 3):
            raise ShapeError(f"Transformer: {given}; both must have 3 dims, or 2 without a batch")
        if src.ndim == 3 and src.shape[n] != tgt.shape[n]:
            raise ShapeError(f"Transformer: {given}; the size of the batch, dim {n}, must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError(f"Transformer: {given}; the last size of both must be {self.d_model}")
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask ``(sz, sz)``: 0 on and below the diagonal, -inf above it."""
        return fe.triu(fe.full((sz, sz), -math.inf, dtype=dtype, device=device), diagonal=1)
