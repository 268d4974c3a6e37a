"""``ferrule conformance``: a run of the suite in a terminal, without pytest, and what is done with
its scorecards."""

from __future__ import annotations

import json as json_format
import sys
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer
from rich.console import Console
from typer.core import TyperGroup

if TYPE_CHECKING:
    from ferrule_conformance.session import Session

Text: TypeAlias = str | None

_EPILOG = (
    "`ferrule conformance diff A.json B.json` compares two runs. A backend whose name is a "
    "subcommand's is tested with `ferrule conformance run NAME`."
)


class Group(TyperGroup):
    """What is no subcommand is the name of a backend: ``conformance cpu`` is ``conformance run
    cpu``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *(args or ["--help"])]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="conformance",
    cls=Group,
    help="Test a backend, op by op, and compare runs.",
    add_completion=False,
    rich_markup_mode=None,
)


@app.command(epilog=_EPILOG)
def run(
    backend: Annotated[str, typer.Argument(metavar="NAME", help="A name, or module:attribute.")],
    level: Annotated[
        Text, typer.Option(help="Levels to run: 0-2, or 1,3. 5 is a report of speed.")
    ] = None,
    ops: Annotated[Text, typer.Option(help="Ops to test, between commas.")] = None,
    dtypes: Annotated[Text, typer.Option(help="Dtypes to test, between commas.")] = None,
    only: Annotated[Text, typer.Option(help="Ids of the tests to run, between commas.")] = None,
    device: Annotated[
        Text, typer.Option(metavar="N", help="The device to test: 1, or cuda:1.  [default: 0]")
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Leave out what passed and has not changed since.")
    ] = False,
    first_failure: Annotated[
        bool, typer.Option("--first-failure", "-x", help="Stop at the first failure.")
    ] = False,
    workers: Annotated[
        str, typer.Option("--workers", "-n", metavar="N", help="Processes, or auto.")
    ] = "1",
    budget: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Run what tells most in this time, and say how much."),
    ] = None,
    seed: Annotated[int, typer.Option(help="What inputs are drawn from.")] = 0,
    waivers: Annotated[Text, typer.Option(help="A TOML file of known failures.")] = None,
    fallback: Annotated[
        Literal["allow", "error"],
        typer.Option(help="Whether primitives without a kernel run on the host, or fail."),
    ] = "allow",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print a line for each test.")
    ] = False,
    json: Annotated[Text, typer.Option(help="Write the scorecard to this file.")] = None,
    markdown: Annotated[Text, typer.Option(help="Write it to this file, as tables.")] = None,
    html: Annotated[Text, typer.Option(help="Write it to this file, as a page.")] = None,
    junit: Annotated[Text, typer.Option(help="Write JUnit XML to this file.")] = None,
    certificate: Annotated[
        Text, typer.Option(help="Write the certificate that the run earns to this file.")
    ] = None,
) -> None:
    """Test a backend, op by op.

    Exits with 0 if it passes, with 1 if a test fails, with 2 if the tests cannot be run, or a file
    that was asked for cannot be written, and with 130 if it is interrupted. What was found until
    then is shown and written.
    """
    from ferrule_conformance.display import Display
    from ferrule_conformance.request import Request
    from ferrule_conformance.session import Session, SessionError
    from ferrule_conformance.workers import WorkerError, count_of

    errors = Console(stderr=True, highlight=False)
    request = Request(
        backend, level, ops, dtypes, only, device, changed, seed, waivers, fallback, json, markdown,
        html, junit, certificate, budget,
    )  # fmt: skip
    stack = ExitStack()
    try:
        processes = count_of(workers)
        if budget is not None and not budget > 0:
            raise LookupError(f"--budget is a time in seconds, not {budget:g}")
        session = Session(request)
        stack.callback(session.close)
        if not session.trials and not session.wants_speed and not changed:
            raise LookupError("no test is left by these options: leave out one of them")
        display = Display(backend, len(session.trials), verbose)
        interrupted = _run(session, processes, first_failure, display)
    except (SessionError, WorkerError, LookupError) as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    except OSError as error:
        errors.print(f"the scorecard cannot be written: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    finally:
        stack.close()
    raise typer.Exit(130 if interrupted else 1 if session.scorecard.failed else 0)


def _run(session: Session, processes: int, first_failure: bool, display: Any) -> bool:
    """Run, show and write. True if it was interrupted."""
    from ferrule_conformance.session import SessionError

    start = perf_counter()
    interrupted = False
    try:
        with display:
            for result in session.run(processes=processes, first_failure=first_failure):
                display.show(result)
    except KeyboardInterrupt:
        interrupted = True
        session.finish("the run was interrupted")
    output = Console(highlight=False)
    refusal: SessionError | None = None
    if session.wants_speed and not interrupted:
        from ferrule_conformance import speed

        budget = session.request.budget
        left = None if budget is None else max(1.0, budget - (perf_counter() - start))
        try:
            with display.of("speed") as progress:
                session.measure(left, progress)
        except KeyboardInterrupt:
            interrupted = True
        if session.scorecard.speed is not None:
            report = speed.table(session.scorecard.speed, output.width)
            output.print(report, markup=False, soft_wrap=True)
    output.print(session.scorecard.table(output.width), markup=False, soft_wrap=True)
    try:
        session.write()
    except SessionError as error:
        refusal = error
    for note in session.notes:
        output.print(note, markup=False, soft_wrap=True)
    if refusal is not None and not session.scorecard.failed:
        raise refusal
    if refusal is not None:
        output.print(str(refusal), markup=False, soft_wrap=True)
    return interrupted


@app.command()
def diff(
    a: Annotated[Text, typer.Argument(metavar="A.json", help="The scorecard before.")] = None,
    b: Annotated[Text, typer.Argument(metavar="B.json", help="The scorecard after.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two runs, whose scorecards --json wrote.

    Exits with 0 if nothing got worse, with 1 if something did, and with 2 if a file cannot be read.
    """
    from ferrule_conformance import difference

    errors = Console(stderr=True, highlight=False)
    if a is None or b is None:
        errors.print(
            "diff compares two scorecards: ferrule conformance diff A.json B.json. To test a "
            "backend called 'diff': ferrule conformance run diff",
            soft_wrap=True,
        )
        raise typer.Exit(2)
    try:
        found = difference.compare(difference.read(a), difference.read(b))
    except difference.ScorecardError as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    if json:
        sys.stdout.write(json_format.dumps(found.as_dict(), indent=1) + "\n")
    else:
        Console(highlight=False).print(found.text(), markup=False, soft_wrap=True)
    raise typer.Exit(1 if found.worse else 0)
