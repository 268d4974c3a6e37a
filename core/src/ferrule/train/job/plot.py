"""A picture of a run: how the loss fell, and what the model makes of test images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ferrule.atomic import check_writable, replacing
from ferrule.errors import ArgumentError
from ferrule.train.job.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 6
_EXAMPLES = 18
_MISTAKES = 12
_FORMATS = ("png", "pdf", "svg")


def check(path: str | os.PathLike[str]) -> None:
    """Make sure, before a long run, that its picture can be drawn and written.

    Raises:
        ArgumentError: the file's ending is unknown, or matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in _FORMATS:
        raise ArgumentError(
            f"--plot {os.fspath(path)!r}: the file's name must end in .png (or .pdf, .svg)"
        )
    try:
        # only to learn whether it is there
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ArgumentError(
            f"--plot needs matplotlib, which cannot be imported ({error}). To mend it: pip install "
            '"ferrule[plot]"'
        ) from error
    check_writable(path)


def draw(run: Run, path: str | os.PathLike[str]) -> None:
    """Write the picture of a run that has learned for at least one epoch.

    Raises:
        OutputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5.5), layout="constrained")
    curve, pictures = figure.subfigures(1, 2, width_ratios=(1, 1.15), squeeze=False)[0]
    _curve(curve.subplots(), run)
    _pictures(pictures, run)
    recipe, last = run.recipe, run.epochs[-1]
    figure.suptitle(
        f"{recipe.dataset}, {recipe.model}: test accuracy {last.test_accuracy:.2%} after "
        f"{len(run.epochs)} epoch{'s'[: len(run.epochs) > 1]}"
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, format=Path(path).suffix.removeprefix(".").lower(), dpi=110)


def _curve(axes: Axes, run: Run) -> None:
    steps = np.arange(1, len(run.losses) + 1) * (len(run.epochs) / len(run.losses))
    axes.plot(steps, run.losses, color="tab:blue", alpha=0.25, linewidth=0.8)
    window = max(1, len(run.losses) // 50)
    smooth = np.convolve(run.losses, np.full(window, 1 / window), "valid")
    axes.plot(steps[window - 1 :], smooth, color="tab:blue", label="training")
    ends = [epoch.number for epoch in run.epochs]
    tests = [epoch.test_loss for epoch in run.epochs]
    axes.plot(ends, tests, "o-", color="tab:orange", markersize=4, label="test")
    if min(run.losses) > 0:
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (cross-entropy, nats)")
    axes.grid(alpha=0.3, which="both")
    axes.legend()


def _pictures(figure: Any, run: Run) -> None:
    images, labels = (t.numpy() for t in run.test_set.tensors)
    guesses = np.concatenate([run.predict(part).numpy() for part in _parts(run)])
    mistakes = np.flatnonzero(guesses != labels)[:_MISTAKES]
    rows = [("test images", np.arange(min(_EXAMPLES, len(labels))))]
    if len(mistakes):
        rows.append(("mistakes: what it saw (what it is)", mistakes))
    heights = [-(-len(chosen) // _COLUMNS) for _, chosen in rows]
    parts = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (title, chosen), height in zip(parts, rows, heights):
        part.suptitle(title, fontsize="medium")
        grid = part.subplots(height, _COLUMNS, squeeze=False).ravel()
        for axes in grid:
            axes.axis("off")
        for axes, i in zip(grid, chosen):
            axes.imshow(images[i, 0], cmap="gray_r", vmin=0, vmax=1)
            seen, true = run.recipe.task.classes[guesses[i]], run.recipe.task.classes[labels[i]]
            right = guesses[i] == labels[i]
            text = seen if right else f"{seen} ({true})"
            axes.set_title(text, fontsize="x-small", color="black" if right else "tab:red", pad=2)


def _parts(run: Run) -> list[Any]:
    return list(run.test_set.tensors[0].split(500))
