"""Where values wait on their way from a file into a model."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ferrule import runtime
from ferrule_plugins import BackendError, Device, selection

if TYPE_CHECKING:
    from ferrule.nn.module import Module


def device(model: Module) -> Device:
    """The default backend's, which is the host and has every dtype; where it is not installed, the
    model's own."""
    try:
        return runtime.device(selection.DEFAULT)
    except BackendError:
        values = chain(model.parameters(), model.buffers())
        return next((value.device for value in values), runtime.device())
