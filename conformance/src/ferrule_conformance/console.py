"""A run of the suite in a terminal, without pytest."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import typer
from rich.console import Console
from rich.progress import track

Text: TypeAlias = str | None


def conformance(
    backend: Annotated[str, typer.Argument(metavar="NAME", help="A name, or module:attribute.")],
    level: Annotated[Text, typer.Option(help="Levels to run: 0-2, or 1,3.")] = None,
    ops: Annotated[Text, typer.Option(help="Ops to test, between commas.")] = None,
    dtypes: Annotated[Text, typer.Option(help="Dtypes to test, between commas.")] = None,
    only: Annotated[Text, typer.Option(help="Ids of the tests to run, between commas.")] = None,
    seed: Annotated[int, typer.Option(help="What inputs are drawn from.")] = 0,
    waivers: Annotated[Text, typer.Option(help="A TOML file of known failures.")] = None,
    fallback: Annotated[
        Literal["allow", "error"],
        typer.Option(help="Whether primitives without a kernel run on the host, or fail."),
    ] = "allow",
    json: Annotated[Text, typer.Option(help="Write the scorecard to this file.")] = None,
    markdown: Annotated[Text, typer.Option(help="Write it to this file, as tables.")] = None,
) -> None:
    """Test a backend, op by op.

    Exits with 0 if it passes, with 1 if a test fails, and with 2 if the tests cannot be run.
    """
    from ferrule_conformance.session import Request, Session, SessionError

    request = Request(backend, level, ops, dtypes, only, seed, waivers, fallback, json, markdown)
    output, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        session = Session(request)
    except SessionError as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    try:
        total = len(session.trials)
        for result in track(session.run(), backend, total, console=errors, transient=True):
            if result.outcome == "failed":
                output.print(result.message + "\n", markup=False, soft_wrap=True)
        output.print(session.scorecard.table(output.width), markup=False, soft_wrap=True)
        session.write()
    except OSError as error:
        errors.print(f"the scorecard cannot be written: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    finally:
        session.close()
    raise typer.Exit(1 if session.scorecard.failed else 0)
