"""Layers, losses and what models are built of."""

from ferrule.nn import functional, init
from ferrule.nn.activation import GELU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh
from ferrule.nn.containers import ModuleDict, ModuleList, Sequential
from ferrule.nn.conv import Conv2d
from ferrule.nn.dropout import Dropout
from ferrule.nn.embedding import Embedding
from ferrule.nn.linear import Flatten, Identity, Linear
from ferrule.nn.loss import CrossEntropyLoss, MSELoss, NLLLoss
from ferrule.nn.module import Module
from ferrule.nn.normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from ferrule.nn.parameter import Parameter
from ferrule.nn.pooling import AvgPool2d, MaxPool2d

__all__ = [
    "GELU",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LayerNorm",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
    "init",
]
