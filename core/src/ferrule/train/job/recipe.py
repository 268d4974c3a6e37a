"""What a run is made of: data set, model, optimizer, and their settings."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ferrule import data, nn, optim
from ferrule.errors import ArgumentError, CheckpointError
from ferrule_plugins import Shape


@dataclass(frozen=True)
class Task:
    """A data set to learn, and the settings that suit it.

    Attributes:
        load: takes the split, the folder and the device.
        image: the shape of one image.
        classes: what the labels mean, by number.
        epochs, batch_size: the defaults.
    """

    load: Callable[..., data.TensorDataset]
    image: Shape
    classes: tuple[str, ...]
    epochs: int
    batch_size: int


_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot",
)  # fmt: skip


def _embedded_digits(split: Any, folder: Any, device: Any) -> data.TensorDataset:
    if folder is not None:
        raise ArgumentError(
            f"--data {str(folder)!r}: the digits come with ferrule and have no folder; leave it out"
        )
    return data.digits(split, device=device)


DATASETS: Mapping[str, Task] = {
    "digits": Task(
        _embedded_digits,
        (1, 8, 8), _DIGITS, epochs=25, batch_size=32,
    ),
    "mnist": Task(
        lambda split, folder, device: data.mnist(split, folder, device=device),
        (1, 28, 28), _DIGITS, epochs=5, batch_size=64,
    ),
    "fashion-mnist": Task(
        lambda split, folder, device: data.fashion_mnist(split, folder, device=device),
        (1, 28, 28), _CLOTHES, epochs=5, batch_size=64,
    ),
}  # fmt: skip


def mlp(image: Shape, classes: int) -> nn.Module:
    """Two hidden layers over the pixels."""
    pixels = math.prod(image)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(pixels, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, classes),
    )


def cnn(image: Shape, classes: int) -> nn.Module:
    """Two convolutions, each pooled to half the size, and one hidden layer. A quarter of what the
    convolutions found is dropped in training, which is worth half a percent on the digits."""
    channels, height, width = image
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(32 * (height // 4) * (width // 4), 64),
        nn.ReLU(),
        nn.Linear(64, classes),
    )


MODELS: Mapping[str, Callable[[Shape, int], nn.Module]] = {"cnn": cnn, "mlp": mlp}


@dataclass(frozen=True)
class OptimizerChoice:
    """An optimizer by name: how to make it, and its usual learning rate."""

    make: Callable[[Iterable[nn.Parameter], float], Any]
    lr: float


OPTIMIZERS: Mapping[str, OptimizerChoice] = {
    "adam": OptimizerChoice(lambda parameters, lr: optim.Adam(parameters, lr=lr), 2e-3),
    "adamw": OptimizerChoice(lambda parameters, lr: optim.AdamW(parameters, lr=lr), 2e-3),
    "sgd": OptimizerChoice(lambda parameters, lr: optim.SGD(parameters, lr=lr, momentum=0.9), 1e-2),
}


@dataclass(frozen=True)
class Options:
    """What was asked for; None where nothing was said. See `Recipe` for the meanings."""

    dataset: str
    model: str | None = None
    optimizer: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Recipe:
    """What a run is made of, in full. Equal recipes on one backend give equal bits.

    Attributes:
        dataset, model, optimizer: keys of `DATASETS`, `MODELS` and `OPTIMIZERS`.
        epochs: passes over the data in all, those before a resumption included.
        batch_size: images per step.
        lr: the learning rate.
        seed: where the random numbers start.
    """

    dataset: str
    model: str
    optimizer: str
    epochs: int
    batch_size: int
    lr: float
    seed: int

    @staticmethod
    def of(options: Options) -> Recipe:
        """The options with defaults filled in.

        Raises:
            ArgumentError: an option is unknown or out of range.
        """
        task = DATASETS[_known("the data set", options.dataset, DATASETS)]
        optimizer = OPTIMIZERS[_known("--optimizer", options.optimizer or "adam", OPTIMIZERS)]
        return Recipe(
            dataset=options.dataset,
            model=options.model or "cnn",
            optimizer=options.optimizer or "adam",
            epochs=_given(options.epochs, task.epochs),
            batch_size=_given(options.batch_size, task.batch_size),
            lr=_given(options.lr, optimizer.lr),
            seed=_given(options.seed, 0),
        )._checked()

    @staticmethod
    def resumed(options: Options, saved: Mapping[str, Any], source: str) -> Recipe:
        """The recipe of a checkpoint with the options that were given in its place.

        Args:
            options: epochs, batch size and learning rate may differ from the checkpoint's.
            saved: the checkpoint's recipe, as `as_dict` made it.
            source: what the checkpoint is called in messages.

        Raises:
            ArgumentError: an option is unknown or out of range.
            CheckpointError: the checkpoint belongs to another data set, model, optimizer or seed.
        """
        Recipe.of(options)
        given = {name: value for name, value in asdict(options).items() if value is not None}
        for name in ("dataset", "model", "optimizer", "seed"):
            if name in given and given[name] != saved[name]:
                what = _WORDS[name]
                raise CheckpointError(
                    f"{source} was trained with {what} {saved[name]}, and {what} {given[name]} is "
                    f"asked for; continue with {saved[name]}, or start anew without --resume"
                )
        names = [field.name for field in fields(Recipe)]
        return Recipe(**{name: given.get(name, saved[name]) for name in names})._checked()

    @property
    def task(self) -> Task:
        return DATASETS[self.dataset]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _checked(self) -> Recipe:
        _known("the data set", self.dataset, DATASETS)
        _known("--model", self.model, MODELS)
        _known("--optimizer", self.optimizer, OPTIMIZERS)
        if self.epochs < 1:
            raise ArgumentError(f"--epochs is {self.epochs}; a run has at least 1 epoch")
        if self.batch_size < 1:
            raise ArgumentError(f"--batch-size is {self.batch_size}; a batch has at least 1 image")
        if not 0 < self.lr < math.inf:
            raise ArgumentError(f"--lr is {self.lr}; a learning rate is above 0, such as 0.001")
        if not 0 <= self.seed < 2**63:
            raise ArgumentError(f"--seed is {self.seed}; give a number from 0 to 2**63 - 1")
        return self


_WORDS = {
    "dataset": "the data set",
    "model": "the model",
    "optimizer": "the optimizer",
    "seed": "the seed",
}


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value


def _known(what: str, name: str, choices: Iterable[str]) -> str:
    names = list(choices)
    if name not in names:
        close = difflib.get_close_matches(name.lower(), names, n=1)
        guess = f" (did you mean {close[0]}?)" if close else ""
        raise ArgumentError(
            f"{what} {name!r} is unknown{guess}; choose {', '.join(names[:-1])} or {names[-1]}"
        )
    return name
