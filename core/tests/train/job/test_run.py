"""Runs learn, repeat bit for bit, and go on exactly where they stopped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import data
from ferrule.data.mnist import find
from ferrule.train.job import DATASETS, Diverged, Recipe, Run, recipe, saved_recipe
from ferrule.train.job.run import KIND

RECIPE = Recipe("digits", "mlp", "adam", epochs=2, batch_size=64, lr=0.002, seed=3)

Write = Callable[..., Path]
Idx = Callable[[np.ndarray[Any, Any]], bytes]


def bits(run: Run, path: Path) -> bytes:
    """All that decides how a run goes on, as bytes."""
    fe.save(run.state(), path)
    return path.read_bytes()


def trained(recipe: Recipe, epochs: int) -> Run:
    run = Run(recipe)
    for _ in range(epochs):
        run.train_epoch()
    return run


class TestLearning:
    def test_the_cnn_learns_the_digits(self) -> None:
        run = trained(Recipe("digits", "cnn", "adam", 8, 32, 0.003, 0), 8)
        assert run.epochs[-1].test_accuracy > 0.94
        assert run.epochs[-1].loss < run.epochs[0].loss / 5

    @pytest.mark.parametrize(("optimizer", "lr"), [("sgd", 0.05), ("adam", 3e-3), ("adamw", 3e-3)])
    def test_every_optimizer_learns(self, optimizer: str, lr: float) -> None:
        run = trained(replace(RECIPE, optimizer=optimizer, lr=lr, batch_size=32), 4)
        assert run.epochs[-1].test_accuracy > 0.8

    def test_the_figures_are_means_over_the_images(self) -> None:
        run = Run(RECIPE)
        steps: list[Any] = []
        epoch = run.train_epoch(steps.append)
        sizes = [64] * 22 + [32]
        assert [s.images for s in steps] == np.cumsum(sizes).tolist()
        assert len(run.losses) == 23
        assert epoch.loss == pytest.approx(np.average(run.losses, weights=sizes))
        assert (steps[-1].loss, steps[-1].accuracy) == (epoch.loss, epoch.accuracy)
        images, labels = run.test_set.tensors
        right = (run.predict(images) == labels).sum().item()
        assert epoch.test_accuracy == right / len(labels)

    def test_fashion(self, idx: Idx, tmp_path: Path) -> None:
        try:
            folder = find("fashion-mnist")
        except fe.DataError as error:
            pytest.skip(f"needs Fashion-MNIST: {error}")
        for prefix, count in (("train", 600), ("t10k", 200)):
            for name in ("images-idx3", "labels-idx1"):
                path = next(folder.glob(f"{prefix}-{name}-ubyte*"))
                (tmp_path / f"{prefix}-{name}-ubyte").write_bytes(idx(data.read_idx(path)[:count]))
        run = Run(Recipe("fashion-mnist", "cnn", "adam", 3, 20, 0.003, 0), tmp_path)
        for _ in range(3):
            run.train_epoch()
        assert run.epochs[-1].test_accuracy > 0.65


class TestRepetition:
    def test_equal_seeds_give_equal_bits(self, tmp_path: Path) -> None:
        first = bits(trained(RECIPE, 2), tmp_path / "f")
        fe.randn(7)  # what was drawn before does not matter
        assert bits(trained(RECIPE, 2), tmp_path / "f") == first
        other = replace(RECIPE, seed=4)
        assert trained(other, 1).losses != trained(RECIPE, 1).losses

    @pytest.mark.parametrize("model", ["mlp", "cnn"])
    @pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
    def test_two_epochs_and_two_more_are_four(
        self, model: str, optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = replace(DATASETS["digits"], load=few_digits)
        monkeypatch.setitem(DATASETS, "digits", small)
        four = Recipe("digits", model, optimizer, 4, 32, 0.01, 1)
        straight = bits(trained(four, 4), tmp_path / "straight")

        bits(trained(four, 2), tmp_path / "half")
        fe.manual_seed(99)  # as another process would be
        resumed = Run(four)
        resumed.restore(fe.load(tmp_path / "half"), "half")
        resumed.train_epoch()
        resumed.train_epoch()
        assert bits(resumed, tmp_path / "resumed") == straight
        assert [epoch.number for epoch in resumed.epochs] == [1, 2, 3, 4]

    def test_a_resumed_run_may_change_its_learning_rate(self, tmp_path: Path) -> None:
        bits(trained(RECIPE, 1), tmp_path / "f")
        resumed = Run(replace(RECIPE, lr=0.5))
        resumed.restore(fe.load(tmp_path / "f"), "f")
        assert resumed.optimizer.param_groups[0]["lr"] == 0.5


def few_digits(split: str, folder: Any, device: Any) -> data.TensorDataset:
    every = data.digits("train" if split == "train" else "test", device=device)
    return data.TensorDataset(*(t[:100] for t in every.tensors))


class TestRefusals:
    @pytest.mark.parametrize("lr", [1e20, 1e38])
    def test_a_loss_that_is_not_finite_stops_the_run(self, lr: float) -> None:
        with pytest.raises(Diverged, match=r"the loss became (nan|inf) in epoch 1, at ") as caught:
            trained(replace(RECIPE, lr=lr, optimizer="sgd"), 2)
        assert str(caught.value).endswith(f"than {lr:g}, such as --lr 0.01")

    def test_a_loss_that_is_not_finite_is_seen_after_the_last_step(self) -> None:
        run = Run(replace(RECIPE, batch_size=1440, lr=1e38, optimizer="sgd"))
        with pytest.raises(Diverged, match="in epoch 1, at the test that ends it"):
            run.train_epoch()
        assert run.epochs == []

    def test_the_step_is_counted_within_the_epoch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = trained(RECIPE, 1)
        run.optimizer.param_groups[0]["lr"] = 1e38
        with pytest.raises(Diverged, match="in epoch 2, at step 2;"):
            run.train_epoch()

    def test_other_data_are_refused(self, write_mnist: Write, tmp_path: Path) -> None:
        mnist = Recipe("mnist", "mlp", "sgd", 1, 10, 0.1, 0)
        run = Run(mnist, write_mnist(tmp_path / "a", 20))
        other = Run(mnist, write_mnist(tmp_path / "b", 30))
        with pytest.raises(fe.CheckpointError, match="f was trained on other mnist data"):
            other.restore(run.state(), "f")

    def test_other_weights_are_refused(self) -> None:
        state = Run(RECIPE).state()
        other = Run(replace(RECIPE, model="cnn"))
        with pytest.raises(
            fe.CheckpointError, match=r"(?s)f does not fit the cnn of digits: .*missing"
        ):
            other.restore(state, "f")

    @pytest.mark.parametrize("part", ["optimizer", "random", "order", "losses", "epochs", "data"])
    def test_a_state_that_lacks_a_part_is_refused(self, part: str) -> None:
        run = Run(RECIPE)
        state = run.state()
        del state[part]
        with pytest.raises(fe.CheckpointError, match=r"^f "):
            run.restore(state, "f")

    @pytest.mark.parametrize("state", [{"w": 1}, fe.ones(2), [], {"kind": "other"}, {"kind": KIND}])
    def test_other_checkpoints_are_told_apart(self, state: Any) -> None:
        with pytest.raises(fe.CheckpointError, match="f is not a checkpoint of `ferrule train`"):
            saved_recipe(state, "f")


def test_models_are_small() -> None:
    counts = {
        name: sum(p.numel() for p in make((1, 28, 28), 10).parameters())
        for name, make in recipe.MODELS.items()
    }
    assert max(counts.values()) < 150_000
