"""Saving and restoring the parts that a run consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ferrule as fe
from ferrule.errors import CheckpointError

KIND = "ferrule trainer"
"""What a checkpoint of a trainer says that it is."""


def of_parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The state of each part."""
    return {
        name: part.state if isinstance(part, fe.Generator) else part.state_dict()
        for name, part in parts.items()
    }


def load_parts(parts: Mapping[str, Any], saved: Any) -> None:
    """Give each part the state that it had in a trainer's checkpoint.

    Raises:
        CheckpointError: it is no such checkpoint, or one of other parts, or a part refuses.
    """
    if not isinstance(saved, Mapping) or saved.get("kind") != KIND:
        raise CheckpointError(
            "Trainer: this is not a checkpoint of a Trainer; give what its save() or a Checkpoint "
            "wrote. fe.load reads weights alone, for model.load_state_dict"
        )
    states = saved["parts"]
    for name in parts.keys() ^ states.keys():
        has, lacks = ("trainer", "checkpoint") if name in parts else ("checkpoint", "trainer")
        raise CheckpointError(
            f"Trainer: the {has} has a part that the {lacks} lacks: {name}; build the same trainer "
            "that was saved"
        )
    for name, part in parts.items():
        try:
            if isinstance(part, fe.Generator):
                part.state = states[name]
            else:
                part.load_state_dict(states[name])
        except (fe.FerruleError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"Trainer: the checkpoint's {name} does not fit: {str(error) or repr(error)}"
            ) from error
