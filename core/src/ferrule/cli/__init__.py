"""The command line: ``ferrule train``, ``backends``, ``ops`` and ``new-backend``, and what plugins
add."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import ferrule as fe
from ferrule.cli import plugin_commands
from ferrule.cli.backends import backends
from ferrule.cli.new_backend import new_backend
from ferrule.cli.ops import ops
from ferrule.cli.train import train

app = typer.Typer(
    name="ferrule",
    help="A deep-learning framework whose hardware support is made of plugins.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(train)
app.command()(backends)
app.command()(ops)
app.command()(new_backend)


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """A deep-learning framework whose hardware support is made of plugins."""
    if version:
        typer.echo(f"ferrule {fe.__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0: done. 2: refused or failed for a reason that the message on stderr gives, with its remedy.
    130: interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        plugin_commands.add(app)
        command = typer.main.get_command(app)
        code = command.main(arguments, prog_name="ferrule", standalone_mode=False)
    except (fe.FerruleError, _USAGE_ERROR) as error:
        if "--debug" in arguments:
            traceback.print_exc()
        typer.echo(typer.style("error: ", fg="red", bold=True) + _paragraph(error), err=True)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("interrupted", err=True)
        return 130
    return code if isinstance(code, int) else 0


# typer has the class from click, or from a copy of click, and exports only classes derived from it.
_USAGE_ERROR: type[Exception] = next(
    c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException"
)


def _paragraph(error: BaseException) -> str:
    if isinstance(error, fe.FerruleError):
        text = " ".join([str(error), *(f"({note})" for note in getattr(error, "__notes__", ()))])
    else:
        # what is no error of ferrule is one of click
        text = error.format_message().removesuffix(".")  # pyright: ignore[reportAttributeAccessIssue]
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "ferrule"
        text = f"{text}{'.'[text.endswith('?') :]} See: {where} --help"
    return " ".join(text.split())


__all__ = ["app", "main"]
