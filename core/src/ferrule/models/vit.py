"""Vision transformers: an image is cut into patches, which are read as words are.

Source: Dosovitskiy et al., arXiv:2010.11929. Layers and keys are torchvision's.
"""

from __future__ import annotations

import math
from typing import Any

import ferrule as fe
from ferrule import nn
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor


class MLPBlock(nn.Sequential):
    """``dim`` to ``hidden`` and back."""

    def __init__(self, dim: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
            nn.Dropout(dropout),
        )
        for layer in (self[0], self[3]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)


class EncoderBlock(nn.Module):
    """Attention and an `MLPBlock`, each behind a normalisation and beside a shortcut."""

    def __init__(
        self, num_heads: int, dim: int, mlp_dim: int, dropout: float, attention_dropout: float
    ) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(dim, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(
            dim, num_heads, dropout=attention_dropout, batch_first=True
        )
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLPBlock(dim, mlp_dim, dropout)

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)
        y, _ = self.self_attention(y, y, y, need_weights=False)
        x = x + self.dropout(y)
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """The places of the patches are added, and the blocks applied."""

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
    ) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(fe.empty(1, seq_length, dim))
        nn.init.normal_(self.pos_embedding, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(
            {
                f"encoder_layer_{i}": EncoderBlock(
                    num_heads, dim, mlp_dim, dropout, attention_dropout
                )
                for i in range(num_layers)
            }
        )
        self.ln = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return self.ln(self.layers(self.dropout(x + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """``(N, in_channels, image_size, image_size)`` to ``(N, num_classes)``.

    Args:
        image_size, patch_size: sides in pixels; the second divides the first.
        num_layers: how many blocks.
        num_heads: heads of each attention.
        hidden_dim: features of each patch.
        mlp_dim: features within the blocks' perceptrons.
        dropout, attention_dropout: probabilities.
        num_classes: how many classes.
        representation_size: features of a layer with tanh before the last one; None for no such
            layer.
        in_channels: channels of the images.

    Raises:
        ArgumentError: the patches do not fit.
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        *,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ArgumentError(
                f"VisionTransformer: patch_size={patch_size} does not divide "
                f"image_size={image_size}; take a divisor"
            )
        self.image_size = image_size
        self.conv_proj = nn.Conv2d(in_channels, hidden_dim, patch_size, stride=patch_size)
        self.class_token = nn.Parameter(fe.zeros(1, 1, hidden_dim))
        seq_length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(
            seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout
        )
        if representation_size is None:
            heads = {"head": nn.Linear(hidden_dim, num_classes)}
        else:
            heads = {
                "pre_logits": nn.Linear(hidden_dim, representation_size),
                "act": nn.Tanh(),
                "head": nn.Linear(representation_size, num_classes),
            }
        self.heads = nn.Sequential(heads)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial values of the layers before and behind the encoder. The last is zero."""
        fan_in = math.prod(self.conv_proj.weight.shape[1:])
        nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / fan_in))
        assert self.conv_proj.bias is not None
        nn.init.zeros_(self.conv_proj.bias)
        if hasattr(self.heads, "pre_logits"):
            pre_logits = self.heads.pre_logits
            nn.init.trunc_normal_(pre_logits.weight, std=math.sqrt(1 / pre_logits.in_features))
            nn.init.zeros_(pre_logits.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        side = self.image_size
        if x.ndim != 4 or x.shape[2:] != (side, side):
            raise ShapeError(
                f"VisionTransformer: images of {side}x{side} pixels are wanted, (N, C, {side}, "
                f"{side}), not {list(x.shape)}; resize them"
            )
        patches = self.conv_proj(x).flatten(2).transpose(1, 2)
        token = self.class_token.expand(len(x), -1, -1)
        return self.heads(self.encoder(fe.cat([token, patches], dim=1))[:, 0])


def _vit(patch: int, layers: int, heads: int, dim: int, mlp: int, options: Any) -> Any:
    size = options.pop("image_size", 224)
    return VisionTransformer(size, patch, layers, heads, dim, mlp, **options)


def vit_b_16(**options: Any) -> VisionTransformer:
    """Base, patches of 16x16 pixels of images of 224x224; 86,567,656 parameters."""
    return _vit(16, 12, 12, 768, 3072, options)


def vit_b_32(**options: Any) -> VisionTransformer:
    """Base, patches of 32x32 pixels; 88,224,232 parameters."""
    return _vit(32, 12, 12, 768, 3072, options)


def vit_l_16(**options: Any) -> VisionTransformer:
    """Large, patches of 16x16 pixels; 304,326,632 parameters."""
    return _vit(16, 24, 16, 1024, 4096, options)


def vit_l_32(**options: Any) -> VisionTransformer:
    """Large, patches of 32x32 pixels; 306,535,400 parameters."""
    return _vit(32, 24, 16, 1024, 4096, options)


def vit_h_14(**options: Any) -> VisionTransformer:
    """Huge, patches of 14x14 pixels; 632,045,800 parameters."""
    return _vit(14, 32, 16, 1280, 5120, options)
