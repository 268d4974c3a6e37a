"""Commands that plugins add, each tried before it is let in."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import typer

from ferrule_plugins import plugin_manager

left_out: list[str] = []
"""Commands of plugins that could not be added, each with the reason."""

_added: WeakSet[typer.Typer] = WeakSet()


def add(app: typer.Typer) -> None:
    """Let every plugin add commands to ``app``, once. A command that does not work, or that takes
    the name of another, is left out: the others keep working."""
    if app in _added:
        return
    _added.add(app)
    callback = app.registered_callback
    commands, groups = len(app.registered_commands), len(app.registered_groups)
    taken = {_name(info) for info in (*app.registered_commands, *app.registered_groups)}
    plugin_manager.call_hook("ferrule_cli", app=app)
    app.registered_callback = callback
    for registered, ours in ((app.registered_commands, commands), (app.registered_groups, groups)):
        for info in registered[ours:]:
            name = _name(info)
            reason = "its name is taken" if name in taken else _fault(info)
            if reason:
                left_out.append(f"command {name!r} of a plugin: {reason}")
                # the list is of commands or of groups, and `info` came out of it
                registered.remove(info)  # pyright: ignore[reportArgumentType]
            else:
                taken.add(name)


def _name(info: Any) -> str:
    if info.name:
        return info.name
    function = getattr(info, "callback", None)
    return function.__name__.replace("_", "-") if function else info.typer_instance.info.name or ""


def _fault(info: Any) -> str:
    """What keeps a command from being built, if anything does."""
    trial = typer.Typer()
    if hasattr(info, "typer_instance"):
        trial.registered_groups.append(info)
    else:
        trial.registered_commands.append(info)
    try:
        typer.main.get_command(trial)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
