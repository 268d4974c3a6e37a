"""Saying in which module an error was raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrule_plugins import FerruleError

if TYPE_CHECKING:
    from ferrule.nn.module import Module


def locate(error: Exception, module: Module) -> None:
    """Say where below ``module`` the error was raised: ``in encoder.layers.3.linear1 (Linear) of
    Transformer``, as the last line of the message of ferrule's own errors, and in a note on others,
    whose text may mean something to those who catch them.

    Each module that the error passes on its way out replaces the line by its own, with the longer
    path, if it finds the culprit below itself.
    """
    culprit, before = getattr(error, "_ferrule_module", (module, None))
    path = next((name for name, m in module.named_modules() if m is culprit), None)
    if path is None:
        culprit, before, path = module, None, ""
    inside = f"{path} ({type(culprit).__name__}) of {type(module).__name__}"
    line = f"in {inside if path else type(module).__name__}"
    if isinstance(error, FerruleError) and error.args and isinstance(error.args[0], str):
        text = error.args[0]
        if before is not None:
            text = text.removesuffix(f"\n  {before}")
        error.args = (f"{text}\n  {line}", *error.args[1:])
    else:
        notes = getattr(error, "__notes__", [])
        if before in notes:
            notes[notes.index(before)] = line
        else:
            error.add_note(line)
    # errors take any attribute, whatever their class declares
    error._ferrule_module = (culprit, line)  # pyright: ignore[reportAttributeAccessIssue]
