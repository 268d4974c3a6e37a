"""The command ``ferrule conformance NAME``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ferrule_plugins import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ferrule_cli(app: typer.Typer) -> None:
    """Add the command. Nothing of weight is imported until it runs."""
    import typer

    argument, option = typer.Argument, typer.Option

    @app.command()
    def conformance(
        backend: Annotated[str, argument(metavar="NAME", help="A backend, or module:attribute.")],
        level: Annotated[str | None, option(help="Levels to run: 0-2, or 1,3.")] = None,
        ops: Annotated[str | None, option(help="Ops to test, between commas.")] = None,
        dtypes: Annotated[str | None, option(help="Dtypes to test, between commas.")] = None,
        only: Annotated[str | None, option(help="Ids of tests to run, between commas.")] = None,
        seed: Annotated[int, option(help="What inputs are drawn from.")] = 0,
        waivers: Annotated[str | None, option(help="A TOML file of known failures.")] = None,
        fallback: Annotated[
            str, option(help="Primitives without a kernel: allow (on the host) or error.")
        ] = "allow",
        json: Annotated[str | None, option(help="Write the scorecard there.")] = None,
        markdown: Annotated[str | None, option(help="Write the scorecard there as tables.")] = None,
    ) -> None:
        """Test a backend op by op. Exits with 0 if it passes, 1 if a test fails, 2 if the tests
        cannot be run."""
        from ferrule_conformance.console import conform
        from ferrule_conformance.session import Request

        code = conform(
            Request(
                backend, level, ops, dtypes, only, seed, waivers,
                "error" if fallback == "error" else "allow", json, markdown,
            )  # fmt: skip
        )
        raise typer.Exit(code)
