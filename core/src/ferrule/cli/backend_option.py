"""The option ``--backend``, which several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule_plugins import selection

BackendOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help='A backend or one of its devices: "cpu", "cuda:1", "auto". By default the selected '
        "one (FERRULE_BACKEND, or else cpu).",
    ),
]


def device_of(backend: str | None) -> fe.Device:
    """The device that the option names; the selected one if it was not given.

    Raises:
        ArgumentError: it is no device's name.
        BackendError: it cannot be used.
    """
    try:
        return selection.selected() if backend is None else selection.resolve(backend)
    except fe.FerruleError:
        raise
    except ValueError as error:
        raise ArgumentError(f"--backend: {error}") from error
