"""Batches on the device where they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferrule.data.containers import is_named_tuple, like
from ferrule_plugins import Device


def placed(batch: Any, device: Device) -> Any:
    """A batch with its tensors on ``device``: those in tuples, lists and dicts, and what has a
    method ``to`` as tensors have."""
    if isinstance(batch, (str, bytes)):
        return batch
    if isinstance(batch, Mapping):
        return like(batch, {key: placed(value, device) for key, value in batch.items()})
    if is_named_tuple(batch):
        return type(batch)(*(placed(value, device) for value in batch))
    if isinstance(batch, tuple):
        return tuple(placed(value, device) for value in batch)
    if isinstance(batch, Sequence):
        return like(batch, [placed(value, device) for value in batch])
    move = getattr(batch, "to", None)
    return move(device=device) if callable(move) else batch
