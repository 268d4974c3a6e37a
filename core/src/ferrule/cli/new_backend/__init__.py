"""``ferrule new-backend``: an installable backend package to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ferrule.cli.new_backend import library, names, project
from ferrule.errors import ArgumentError

Kind = Literal["from-scratch", "array-namespace"]


def new_backend(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What will select the backend.")],
    kind: Annotated[
        Kind | None,
        typer.Option(
            help="from-scratch: an array class of your own, and every op on the host until you "
            "write its kernel. array-namespace: a library that follows the Python array API.",
            show_default="from-scratch, or array-namespace where --namespace is given",
        ),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(metavar="MODULE", help="The library to wrap: torch, jax.numpy."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            metavar="DIR",
            help="Where the package goes: a new folder, or an empty one.",
            show_default="ferrule-NAME",
        ),
    ] = None,
) -> None:
    """Write a backend package that installs, is found, and passes conformance at once.

    Nothing is written if anything is refused.
    """
    if kind is None:
        kind = "from-scratch" if namespace is None else "array-namespace"
    if kind == "array-namespace" and namespace is None:
        raise ArgumentError(
            "--kind array-namespace wraps a library; name its module: --namespace numpy, or "
            "torch, or jax.numpy"
        )
    if kind == "from-scratch" and namespace is not None:
        raise ArgumentError(
            f"--kind from-scratch wraps no library; leave out --namespace {namespace}, or write "
            "--kind array-namespace"
        )
    names.check(name)
    target = project.check_folder(folder or Path(names.distribution(name)))
    wrapped = None if namespace is None else library.examine(namespace)
    files = project.render(name, wrapped)
    project.write(files, target)

    typer.echo(f"wrote {names.distribution(name)} to {target}: {len(files)} files")
    if wrapped is not None:
        for remark in wrapped.remarks:
            typer.echo(remark)
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    typer.echo("\nnext:")
    for step in (
        f'cd "{shown}"' if " " in str(shown) else f"cd {shown}",
        'python -m pip install -e ".[test]"',
        "ferrule backends",
        f"ferrule conformance {name} --level 0-1",
    ):
        typer.echo(f"  {step}")


__all__ = ["new_backend"]
