"""A training run: an epoch at a time, and its exact state in between."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import ferrule as fe
from ferrule import data, nn
from ferrule.errors import CheckpointError
from ferrule.tensor import Tensor
from ferrule.train.callback import Callback
from ferrule.train.figures import Accuracy
from ferrule.train.job.recipe import MODELS, OPTIMIZERS, Recipe
from ferrule.train.result import Diverged
from ferrule.train.trainer import Trainer
from ferrule_plugins import dtypes

KIND = "ferrule training run"
"""What a checkpoint of a run says that it is."""

_TEST_BATCH = 500


@dataclass(frozen=True)
class Epoch:
    """What came of one epoch.

    Attributes:
        number: from 1.
        loss, accuracy: means over the training images, each judged when its batch was learned.
        test_loss, test_accuracy: means over the test images, judged after the epoch.
    """

    number: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True)
class Step:
    """How far an epoch has come: images seen, and their mean loss and accuracy."""

    images: int
    loss: float
    accuracy: float


class _Report(Callback):
    """Notes the loss of each step, and tells how far the epoch has come."""

    def __init__(self, losses: list[float], on_step: Callable[[Step], None]) -> None:
        self.losses = losses
        self._tell = on_step

    def on_step(self, trainer: Trainer) -> None:
        self.losses.append(trainer.last_loss)
        figures = trainer.figures
        self._tell(Step(trainer.items, figures["loss"], figures["accuracy"]))


class Run:
    """One training run on the selected backend.

    Args:
        recipe: what it is made of.
        folder: where the data set is, if it is not where it is looked for.

    Attributes:
        epochs: what came of each epoch so far.
        losses: the loss of each step so far.

    Raises:
        DataError: the data set is missing or damaged.
    """

    def __init__(self, recipe: Recipe, folder: str | os.PathLike[str] | None = None) -> None:
        task = recipe.task
        self.recipe = recipe
        self.device = fe.runtime.device()
        self.train_set = task.load("train", folder, self.device)
        self.test_set = task.load("test", folder, self.device)
        fe.manual_seed(recipe.seed)
        self.model = MODELS[recipe.model](task.image, len(task.classes))
        self.optimizer = OPTIMIZERS[recipe.optimizer].make(self.model.parameters(), recipe.lr)
        self.loss = nn.CrossEntropyLoss()
        self.order = fe.Generator(self.device, recipe.seed)
        self.loader = data.DataLoader(
            self.train_set, recipe.batch_size, shuffle=True, generator=self.order
        )
        self.test_loader = data.DataLoader(self.test_set, _TEST_BATCH)
        self.trainer = Trainer(
            self.model, self.optimizer, self.loss, metrics={"accuracy": Accuracy()}
        )
        self.epochs: list[Epoch] = []
        self.losses: list[float] = []

    def train_epoch(self, on_step: Callable[[Step], None] = lambda step: None) -> Epoch:
        """Learn every training image once, then judge by the test images.

        Raises:
            Diverged: the loss is not finite. The run is then of no further use.
        """
        self.trainer.callbacks = [_Report(self.losses, on_step)]
        try:
            self.trainer.fit(self.loader, self.test_loader, epochs=self.trainer.epoch + 1)
        except Diverged as error:
            raise self._explained(error) from None
        last = self.trainer.history[-1]
        done = Epoch(
            self.trainer.epoch,
            last["loss"], last["accuracy"], last["val_loss"], last["val_accuracy"],
        )  # fmt: skip
        self.epochs.append(done)
        return done

    def predict(self, images: Tensor) -> Tensor:
        """The most likely class of each image."""
        self.model.eval()
        with fe.no_grad():
            return self.model(images).argmax(1)

    def state(self) -> dict[str, Any]:
        """All that decides how the run goes on, for ``fe.save``."""
        return {
            "kind": KIND,
            "recipe": self.recipe.as_dict(),
            "data": self._fingerprint(),
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "losses": fe.tensor(self.losses, dtype=dtypes.float64, device=self.device),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": fe.default_generator(self.device).state,
            "order": self.order.state,
        }

    def restore(self, state: Mapping[str, Any], source: str) -> None:
        """Go on where another run of this recipe stood.

        Args:
            state: what `state` gave.
            source: what the checkpoint is called in messages.

        Raises:
            CheckpointError: the state belongs to other data or to another model.
        """
        if state.get("data") != self._fingerprint():
            raise CheckpointError(
                f"{source} was trained on other {self.recipe.dataset} data; name its folder with "
                "--data, or start anew without --resume"
            )
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.lr
            fe.default_generator(self.device).state = state["random"]
            self.order.state = state["order"]
            self.losses = state["losses"].tolist()
            self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
            self.trainer.epoch = len(self.epochs)
        except (fe.FerruleError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{source} does not fit the {self.recipe.model} of {self.recipe.dataset}: "
                f"{str(error) or type(error).__name__}"
            ) from error

    def _explained(self, error: Diverged) -> Diverged:
        """The error in words of the command."""
        where = "the test that ends it" if error.batch is None else f"step {error.batch}"
        lr = self.recipe.lr
        lower = min(lr / 10, OPTIMIZERS[self.recipe.optimizer].lr)
        return Diverged(
            f"the loss became {error.value} in epoch {error.epoch}, at {where}; start again "
            f"with a lower learning rate than {lr:g}, such as --lr {lower:g}"
        )

    def _fingerprint(self) -> dict[str, int]:
        images, labels = self.train_set.tensors
        return {"images": len(images), "labels": zlib.crc32(labels.numpy().tobytes())}


def saved_recipe(state: Any, source: str) -> Mapping[str, Any]:
    """The recipe in the checkpoint of a run.

    Raises:
        CheckpointError: it is a checkpoint of something else.
    """
    whole = isinstance(state, dict) and state.get("kind") == KIND
    recipe = state.get("recipe") if whole else None
    names = {field.name for field in fields(Recipe)}
    if not isinstance(recipe, dict) or not names <= recipe.keys() or "epochs" not in state:
        raise CheckpointError(
            f"{source} is not a checkpoint of `ferrule train`; give a file that --save wrote"
        )
    return recipe
