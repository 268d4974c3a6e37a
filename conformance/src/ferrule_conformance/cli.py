"""Adds the command ``ferrule conformance``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrule_plugins import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ferrule_cli(app: typer.Typer) -> None:
    """Hooks are loaded with every backend, so nothing of weight is imported before this call."""
    from ferrule_conformance.console import app as conformance

    app.add_typer(conformance, name="conformance")
