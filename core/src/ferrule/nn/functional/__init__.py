"""Layers as functions, under PyTorch's names: ``import ferrule.nn.functional as F``.

They bring PyTorch's arguments onto the canonical ops of ``ferrule.ops``, where the mathematics is.
"""

from ferrule.nn.functional.activation import (
    gelu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    tanh,
)  # fmt: skip
from ferrule.nn.functional.image import (
    avg_pool2d,
    conv2d,
    max_pool2d,
    max_pool2d_with_indices,
    pad,
)  # fmt: skip
from ferrule.nn.functional.index import embedding, one_hot
from ferrule.nn.functional.linear import linear
from ferrule.nn.functional.loss import cross_entropy, mse_loss, nll_loss
from ferrule.nn.functional.regularization import batch_norm, dropout, layer_norm

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "linear",
    "log_softmax",
    "max_pool2d",
    "max_pool2d_with_indices",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]
