"""Hook specifications: the places where many plugins may answer.

A plugin is a module or object named in the entry-point group ``ferrule.plugins``. Hooks are called
when a backend is activated, when the command line starts, or when the doctor reports; their answers
are kept in plain dictionaries, so no hook is ever called while an op runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from ferrule_plugins.backend import Backend, Kernel

PROJECT = "ferrule"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ferrule_register_ops() -> Iterable[Any] | None:
    """Import the modules that declare further ops, and return those ops."""


@hookspec
def ferrule_register_kernels(
    backend: Backend,
) -> Mapping[str, Kernel] | None:
    """Kernels for a backend that exists: op name to kernel. They win over the backend's own."""


@hookspec
def ferrule_cli(app: Any) -> None:
    """Add commands to the command line; ``app`` is the ``typer.Typer`` of ``ferrule``."""


@hookspec
def ferrule_doctor() -> Mapping[str, str] | None:
    """Further rows for the doctor's report: title to text."""
