"""``ferrule train``: learn a data set, and say how well."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import ferrule as fe
from ferrule import serialization
from ferrule.atomic import check_writable
from ferrule.cli import terminal
from ferrule.cli.backend_option import BackendOption, device_of
from ferrule.errors import ArgumentError, CheckpointError

if TYPE_CHECKING:
    from ferrule.train.job import Options, Run


def train(
    dataset: Annotated[str, typer.Argument(help="digits, mnist or fashion-mnist.")],
    model: Annotated[
        str | None, typer.Option(metavar="mlp|cnn", help="The model.  [default: cnn]")
    ] = None,
    backend: BackendOption = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Passes over the data in all, those before --resume included.  [default: 25 for "
            "digits, else 5]",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(metavar="N", help="Images per step.  [default: 32 for digits, else 64]"),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(metavar="X", help="The learning rate.  [default: 0.002; 0.01 for sgd]"),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(metavar="sgd|adam|adamw", help="The optimizer.  [default: adam]"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder with the IDX files of (fashion-)mnist."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Equal seeds give equal results.  [default: 0]"),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a checkpoint here after every epoch."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Go on from a checkpoint, exactly where it stopped."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the loss and some predictions (PNG)."),
    ] = None,
    debug: Annotated[  # read by ferrule.cli.main
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Train a small network on real images, and test it.

    Where options are left out, --resume takes them from the checkpoint.
    """
    from ferrule.train.job import Options

    with fe.use_backend(device_of(backend)):
        _train(
            Options(dataset, model, optimizer, epochs, batch_size, lr, seed),
            data, save, resume, plot,
        )  # fmt: skip


def _train(
    options: Options, data: Path | None, save: Path | None, resume: Path | None, plot: Path | None
) -> None:
    from ferrule.cli.progress import Display
    from ferrule.train.job import plot as picture

    run = _prepare(options, data, save, resume, plot)
    console = terminal.console()
    console.print(_introduction(run), soft_wrap=True)
    display = Display(console, run.recipe.epochs, len(run.train_set))
    kept = (resume, len(run.epochs)) if resume else None
    try:
        while len(run.epochs) < run.recipe.epochs:
            with display.epoch(len(run.epochs) + 1) as on_step:
                done = run.train_epoch(on_step)
            display.row(done)
            if save:
                fe.save(run.state(), save)
                kept = save, len(run.epochs)
    except KeyboardInterrupt:
        if save and len(run.epochs) > (kept[1] if kept else 0):  # it came while this was saved
            fe.save(run.state(), save)
            kept = save, len(run.epochs)
        typer.echo(_interruption(run, kept, save), err=True)
        raise typer.Exit(130) from None
    count = len(run.epochs)
    console.print(
        f"test accuracy {run.epochs[-1].test_accuracy:.2%} after {count} epoch{'s'[: count > 1]}, "
        f"{display.seconds:.1f} s",
        style="bold",
    )
    if save:
        console.print(f"checkpoint: {save}", soft_wrap=True)
    if plot:
        picture.draw(run, plot)
        console.print(f"plot: {plot}", soft_wrap=True)


def _prepare(
    options: Options, data: Path | None, save: Path | None, resume: Path | None, plot: Path | None
) -> Run:
    """A run that is ready to go. Whatever can be wrong is found here, before any time is spent."""
    from ferrule.train.job import Recipe, Run, saved_recipe
    from ferrule.train.job import plot as picture

    recipe = Recipe.of(options)
    state = None
    if resume:
        state = fe.load(resume)
        recipe = Recipe.resumed(options, saved_recipe(state, str(resume)), str(resume))
        done = len(state["epochs"])
        if done >= recipe.epochs:
            raise ArgumentError(
                f"{resume} holds {done} epoch{'s'[: done > 1]} already, and --epochs counts them; "
                f"ask for more, such as --epochs {done + recipe.task.epochs}"
            )
    if plot:
        picture.check(plot)
    if save:
        _check_checkpoint(save)
    if save and plot and os.path.realpath(save) == os.path.realpath(plot):
        raise ArgumentError(f"--save and --plot are the same file, {save}; name two")
    run = Run(recipe, data)
    if state is not None:
        run.restore(state, str(resume))
    return run


def _check_checkpoint(path: Path) -> None:
    try:
        check_writable(path)
        ours = not path.exists() or not path.stat().st_size or serialization.is_safetensors(path)
    except OSError as error:
        raise CheckpointError(f"--save {error}") from error
    if not ours:
        raise CheckpointError(
            f"--save {str(path)!r}: the file exists and is no checkpoint; it is left as it is: "
            "choose another name, or remove it first"
        )


def _introduction(run: Run) -> str:
    recipe = run.recipe
    weights = sum(p.numel() for p in run.model.parameters())
    return (
        f"{recipe.dataset}: {len(run.train_set):,} images to train with, {len(run.test_set):,} to "
        f"test with; {recipe.model} of {weights:,} parameters; {recipe.optimizer}, lr "
        f"{recipe.lr:g}, batches of {recipe.batch_size}, seed {recipe.seed}; on {run.device}"
    )


def _interruption(run: Run, kept: tuple[Path, int] | None, save: Path | None) -> str:
    """``kept`` is the checkpoint that is furthest on, and the epochs that it holds."""
    text = f"interrupted after {len(run.epochs)} of {run.recipe.epochs} epochs; "
    if kept is None:
        return text + "nothing was saved" + ("" if save else " (--save FILE keeps each epoch)")
    file, done = kept
    return text + (
        f"{file} holds {done} epoch{'s'[: done > 1]}. To go on: ferrule train {run.recipe.dataset} "
        f"--resume {file}" + (f" --save {save}" if save else "")
    )
