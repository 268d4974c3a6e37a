"""The training loop, and its exact state in between."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import ferrule as fe
from ferrule import amp
from ferrule.errors import ArgumentError, GraphError
from ferrule.tensor import Tensor
from ferrule.train import randomness, state
from ferrule.train.callback import Callback
from ferrule.train.figures import Figures
from ferrule.train.gradient_step import GradientStep
from ferrule.train.result import Diverged, Result
from ferrule_plugins.dtypes import float16


class Trainer:
    """Trains a model, an epoch at a time::

        trainer = fe.train.Trainer(
            model, optimizer, nn.CrossEntropyLoss(),
            metrics={"accuracy": fe.train.Accuracy()},
            callbacks=[fe.train.Checkpoint("run", monitor="val_loss"), fe.train.ProgressBar()],
        )
        trainer.fit(train_loader, test_loader, epochs=10)

    Batches are pairs of inputs and targets; where they are not, override `compute`. A run that is
    continued from a checkpoint (`load`, before `fit`) ends with the same bits as one that was never
    interrupted: model, optimizer, schedule, scaler, callbacks, random generators and the place in
    the epoch are all in it.

    Args:
        model: the module.
        optimizer: steps its parameters.
        loss: from outputs and targets, a tensor of one element: the mean over the items.
        metrics: functions of outputs and targets by name: a mean over the items, or a pair of a sum
            and what to divide it by.
        scheduler: moves the learning rate.
        schedule_every: ``"epoch"`` or ``"step"``: when the scheduler steps.
        monitor: the figure that a `ReduceLROnPlateau` is given.
        autocast: the 16-bit dtype to compute in, see `fe.amp.autocast`; None for full precision.
        scaler: a `fe.amp.GradScaler`; with float16 there is one by default.
        accumulate: batches per step of the optimizer, whose gradients are averaged.
        clip_norm: the largest norm of all gradients together.
        clip_value: the largest absolute value of an element of a gradient.
        callbacks: are called in order, those that are `late` after the others.
        extra: what else belongs to the run's state, by name: `Generator`s, and objects with
            ``state_dict`` and ``load_state_dict``, such as an averaged model.

    Raises:
        ArgumentError: an option makes no sense.

    Attributes:
        epoch: epochs that are complete.
        step: steps of the optimizer so far, those that a scaler left out included.
        batch: batches of the present epoch that were learned.
        epochs, batches: how many there will be in all; None if that is not known.
        figures: means over the present epoch so far.
        last_loss: the loss of the last batch.
        history: for each epoch its ``epoch``, ``step``, ``loss``, metrics, the same of the
            evaluation with the prefix ``val_``, and ``lr`` (``lr/1``, ... of further groups).
        stopped: why the run ended before its last epoch; None if it did not.
    """

    def __init__(
        self,
        model: fe.nn.Module,
        optimizer: Any,
        loss: Callable[[Any, Any], Tensor] | None = None,
        *,
        metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
        scheduler: Any = None,
        schedule_every: str = "epoch",
        monitor: str = "val_loss",
        autocast: Any = None,
        scaler: amp.GradScaler | None = None,
        accumulate: int = 1,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        callbacks: Sequence[Callback] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        if schedule_every not in ("epoch", "step"):
            raise ArgumentError(
                f'Trainer: schedule_every is "epoch" or "step", not {schedule_every!r}'
            )
        _check_count("accumulate", accumulate)
        for name, bound in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if bound is not None and not bound > 0:
                raise ArgumentError(f"Trainer: {name} must be above 0, not {bound!r}")
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = dict(metrics or {})
        self.scheduler = scheduler
        self.schedule_every = schedule_every
        self.monitor = monitor
        self.device = next((p.device for p in model.parameters()), fe.runtime.device())
        self.autocast = autocast
        if autocast is not None:
            block = amp.autocast(self.device.backend, autocast)
            if scaler is None and block.fast_dtype is float16:
                scaler = amp.GradScaler()
        self.scaler = scaler
        self.callbacks: Sequence[Callback] = list(callbacks)
        self.extra = dict(extra or {})
        self.epoch = self.step = self.batch = 0
        self.epochs: int | None = None
        self.batches: int | None = None
        self.history: list[dict[str, Any]] = []
        self.stopped: str | None = None
        self.last_loss = math.nan
        self._totals = Figures()
        self._gradients = GradientStep(optimizer, scaler, accumulate, clip_norm, clip_value)
        self._loader: Any = None
        self._epoch_start: dict[str, Any] | None = None
        self._resumed: Mapping[str, Any] | None = None

    @property
    def figures(self) -> dict[str, float]:
        return self._totals.means()

    @property
    def items(self) -> int:
        """Items of the present epoch that were learned."""
        return self._totals.items

    def compute(self, batch: Any) -> Result:
        """The loss and the figures of a batch, by the model. Override it for batches that are not
        pairs of inputs and targets, or for other ways to a loss.

        Raises:
            ArgumentError: the batch is no pair, or there is no loss.
        """
        if not isinstance(batch, (tuple, list)) or len(batch) != 2 or self.loss is None:
            what = "there is no loss" if self.loss is None else f"a batch is {_kind(batch)}"
            raise ArgumentError(
                f"Trainer: {what}; give a loss and batches of (inputs, targets), or override "
                "compute(batch) to return a Result"
            )
        inputs, targets = batch
        outputs = self.model(inputs)
        loss = self.loss(outputs, targets)
        figures = {name: metric(outputs, targets) for name, metric in self.metrics.items()}
        return Result(loss, len(targets), figures)

    def fit(
        self, loader: Iterable[Any], val_loader: Iterable[Any] | None = None, *, epochs: int
    ) -> list[dict[str, Any]]:
        """Learn until ``epochs`` epochs are complete, those before a resumption included.

        Args:
            loader: gives the batches of an epoch each time that it is iterated over.
            val_loader: the batches to `evaluate` after each epoch.
            epochs: how many in all.

        Returns:
            The `history`.

        Raises:
            Diverged: the loss is not finite. The trainer is then of no further use.
            DataError: the loader has no batches, or fewer than were learned before a resumption.
        """
        _check_count("epochs", epochs)
        self._loader, self.epochs, self.stopped = loader, epochs, None
        try:
            self.batches = len(loader)  # pyright: ignore[reportArgumentType]
        except (TypeError, fe.DataError):
            self.batches = None
        if self._resumed is not None:
            randomness.restore(self._resumed, loader)
            self._resumed = None
        try:
            self._call("on_fit_start")
            while self.epoch < epochs and self.stopped is None:
                self._learn_epoch(loader)
                self._end_epoch(val_loader)
        finally:
            self._call("on_fit_end")
        return self.history

    def stop(self, reason: str) -> None:
        """End `fit` after the present epoch: for callbacks."""
        self.stopped = reason

    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:
        """The means of loss and metrics over the batches of a loader; no gradients, no dropout.

        Raises:
            Diverged: the loss is not finite.
            DataError: the loader has no batches.
        """
        totals = Figures()
        training = self.model.training
        self.model.eval()
        try:
            with fe.no_grad():
                for batch in loader:
                    result = self._forward(batch)
                    loss = self._finite(result.loss, None)
                    totals.add({"loss": loss, **result.figures}, result.items)
        finally:
            self.model.train(training)
        if not totals.items:
            raise fe.DataError("Trainer.evaluate: the loader has no batches")
        return totals.means()

    def rates(self) -> dict[str, float]:
        """The learning rates of the optimizer's groups: ``lr``, ``lr/1``, ..."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return {
            f"lr/{i}" if i else "lr": float(r.item() if isinstance(r, Tensor) else r)
            for i, r in enumerate(rates)
        }

    # One epoch.

    def _learn_epoch(self, loader: Iterable[Any]) -> None:
        self.model.train()
        if self.batch == 0:
            self._totals = Figures()
            self._epoch_start = self._random_states()
            self._call("on_epoch_start")
            batches = self._begin(loader)
        else:
            # The order of the epoch, and what its first batches drew, come again.
            now = self._random_states()
            assert self._epoch_start is not None
            randomness.restore(self._epoch_start, loader)
            self._call("on_epoch_start")
            batches = self._begin(loader)
            for done in range(self.batch):
                if next(batches, None) is None:
                    raise fe.DataError(
                        f"Trainer: the run is to go on after batch {self.batch} of epoch "
                        f"{self.epoch + 1}, and the loader has {done}; give the one that was used "
                        "before"
                    )
            randomness.restore(now, loader)
        for batch in batches:
            self._learn(batch)
        if not self.batch:
            raise fe.DataError("Trainer.fit: the loader has no batches")
        if self._gradients.waiting:
            self._step()

    def _begin(self, loader: Iterable[Any]) -> Any:
        for holder in (loader, getattr(loader, "batch_sampler", None)):
            set_epoch = getattr(getattr(holder, "sampler", None), "set_epoch", None)
            if set_epoch is not None:
                set_epoch(self.epoch)
        return iter(loader)

    def _learn(self, batch: Any) -> None:
        self._gradients.prepare()
        result = self._forward(batch)
        loss = self._finite(result.loss, self.batch + 1)
        self.last_loss = loss
        self._totals.add({"loss": loss, **result.figures}, result.items)
        self._gradients.add(result.loss)
        self.batch += 1
        if self._gradients.due:
            self._step()

    def _step(self) -> None:
        taken = self._gradients.take()
        self.step += 1
        if self.scheduler is not None and self.schedule_every == "step" and taken:
            self.scheduler.step()
        self._call("on_step")

    def _end_epoch(self, val_loader: Iterable[Any] | None) -> None:
        figures: dict[str, Any] = self.figures
        if val_loader is not None:
            found = self.evaluate(val_loader)
            figures.update({f"val_{name}": value for name, value in found.items()})
        figures.update(self.rates())
        if self.scheduler is not None and self.schedule_every == "epoch":
            self._schedule(figures)
        self.epoch += 1
        self.batch = 0
        self.history.append({"epoch": self.epoch, "step": self.step, **figures})
        self._call("on_epoch_end")

    def _schedule(self, figures: Mapping[str, Any]) -> None:
        if not isinstance(self.scheduler, fe.optim.lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step()
            return
        if self.monitor not in figures:
            raise ArgumentError(
                f"Trainer: ReduceLROnPlateau is to follow {self.monitor!r}, and an epoch has "
                f"{', '.join(figures)}; give fit() a val_loader, or another monitor"
            )
        self.scheduler.step(figures[self.monitor])

    def _forward(self, batch: Any) -> Result:
        leaves, structure = fe.func.pytree.flatten(batch)
        batch = structure.build([x.to(self.device) if isinstance(x, Tensor) else x for x in leaves])
        block = nullcontext()
        if self.autocast is not None:
            block = amp.autocast(self.device.backend, self.autocast)
        with block:
            return self.compute(batch)

    def _finite(self, loss: Tensor, batch: int | None) -> float:
        value = float(loss.item())
        if math.isfinite(value):
            return value
        where = "in the evaluation" if batch is None else f"at batch {batch}"
        error = Diverged(
            f"the loss became {value} in epoch {self.epoch + 1}, {where}, with the learning rate "
            f"{self.rates()['lr']:g}; lower it, or clip gradients with clip_norm=. "
            "fe.autograd.detect_anomaly() shows where a NaN comes from"
        )
        error.value, error.epoch, error.batch = value, self.epoch + 1, batch
        raise error

    def _call(self, event: str) -> None:
        for callback in sorted(self.callbacks, key=lambda c: c.late):
            getattr(callback, event)(self)

    def _random_states(self) -> dict[str, Any]:
        return randomness.capture(self._loader, (self.device, fe.runtime.device()))

    # Its state.

    def state_dict(self) -> dict[str, Any]:
        """All that decides how the run goes on, for ``fe.save``.

        Raises:
            GraphError: gradients of some batches wait for a step.
        """
        if waiting := self._gradients.waiting:
            raise GraphError(
                f"Trainer.state_dict: the gradients of {waiting} batches wait for a step, and are "
                "not part of it; save in on_step or on_epoch_end"
            )
        return {
            "kind": state.KIND,
            "epoch": self.epoch,
            "step": self.step,
            "batch": self.batch,
            "totals": self._totals.state_dict(),
            "history": [dict(epoch) for epoch in self.history],
            "parts": state.of_parts(self._parts()),
            "random": self._random_states() if self._resumed is None else self._resumed,
            "epoch_start": self._epoch_start if self.batch else None,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on where another trainer of the same parts stood.

        Raises:
            CheckpointError: the state is not a trainer's, or one of other parts.
        """
        state.load_parts(self._parts(), saved)
        self.epoch, self.step, self.batch = saved["epoch"], saved["step"], saved["batch"]
        self.history = [dict(epoch) for epoch in saved["history"]]
        self._totals = Figures()
        self._totals.load_state_dict(saved["totals"])
        self._gradients.waiting = 0
        self._epoch_start = saved["epoch_start"]
        self._resumed = saved["random"]
        randomness.restore(saved["random"], None)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to a file, which takes the place of an older one only when whole."""
        fe.save(self.state_dict(), path)

    def load(self, path: str | os.PathLike[str], *, missing_ok: bool = False) -> bool:
        """Go on where the trainer stood that wrote a file.

        Args:
            path: the file.
            missing_ok: without a file, begin at the beginning.

        Returns:
            Whether there was a file.

        Raises:
            CheckpointError: as `load_state_dict`, or the file cannot be read.
        """
        if missing_ok and not os.path.lexists(path):
            return False
        try:
            self.load_state_dict(fe.load(path))
        except fe.CheckpointError as error:
            error.add_note(f"while loading {os.fspath(path)!r}")
            raise
        return True

    def _parts(self) -> dict[str, Any]:
        named = {
            "model": self.model,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "scaler": self.scaler,
        }
        callbacks = {f"callback {type(c).__name__} {i}": c for i, c in enumerate(self.callbacks)}
        extra = {f"extra {name}": part for name, part in self.extra.items()}
        return {
            name: part
            for name, part in {**named, **callbacks, **extra}.items()
            if part is not None and getattr(type(part), "state_dict", None) is not _NO_STATE
        }


_NO_STATE = Callback.state_dict


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ArgumentError(f"Trainer: {name} is an int of 1 or more, not {value!r}")


def _kind(batch: Any) -> str:
    if isinstance(batch, (tuple, list)):
        return f"a {type(batch).__name__} of {len(batch)}"
    return f"of type {type(batch).__name__}"
