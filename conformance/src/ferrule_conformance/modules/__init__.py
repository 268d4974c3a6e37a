"""Modules to test: configurations of all layers and losses of ``fe.nn``."""

from __future__ import annotations

from ferrule_conformance.modules import (
    layer_cases,
    loss_cases,
    sequence_cases,
    spatial_cases,
)
from ferrule_conformance.modules.configuration import Configuration, Input

SHARED: list[Configuration] = [
    *layer_cases.linear(),
    *spatial_cases.conv(),
    *spatial_cases.pooling(),
    *spatial_cases.padding(),
    *spatial_cases.normalization(),
    *layer_cases.dropout(),
    *layer_cases.embedding(),
    *layer_cases.activation(),
    *layer_cases.shape(),
    *loss_cases.losses(),
    *sequence_cases.recurrent(),
    *sequence_cases.attention(),
]
"""Modules that PyTorch has too, under the same names and with the same arguments."""

CONFIGURATIONS: list[Configuration] = [*SHARED, *layer_cases.own(), *sequence_cases.own()]

__all__ = ["CONFIGURATIONS", "SHARED", "Configuration", "Input"]
