"""The loop: what it computes, reports and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import data, nn
from ferrule.optim import lr_scheduler
from ferrule.train import Accuracy, Callback, Diverged, Figures, Result, Trainer

RNG = np.random.default_rng(0)
X = fe.tensor(RNG.standard_normal((22, 3)), dtype=fe.float32)
Y = (X.sum(1) > 0).long()


def linear(**options: Any) -> tuple[nn.Module, Trainer]:
    fe.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = fe.optim.SGD(model.parameters(), lr=options.pop("lr", 0.1))
    return model, Trainer(model, optimizer, nn.CrossEntropyLoss(), **options)


def loader(size: int = 4, **options: Any) -> data.DataLoader:
    return data.DataLoader(data.TensorDataset(X, Y), size, **options)


def gradient(model: nn.Module, rows: slice) -> list[np.ndarray[Any, Any]]:
    """Of the mean loss over some rows, by a model of the same weights, in float64."""
    w, b = (p.detach().double().numpy() for p in model.parameters())
    x, y = X[rows].double().numpy(), Y[rows].numpy()
    z = x @ w.T + b
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return [p.T @ x / len(y), p.mean(0)]


class Steps(Callback):
    """Notes what happens, and what the gradients were."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.gradients: list[list[np.ndarray[Any, Any]]] = []

    def on_fit_start(self, trainer: Trainer) -> None:
        self.events.append("start")

    def on_epoch_start(self, trainer: Trainer) -> None:
        self.events.append(f"epoch {trainer.epoch + 1}")

    def on_step(self, trainer: Trainer) -> None:
        self.events.append(f"step {trainer.step} after {trainer.batch}")
        self.gradients.append(
            [g.numpy() for p in trainer.model.parameters() if (g := p.grad) is not None]
        )

    def on_epoch_end(self, trainer: Trainer) -> None:
        self.events.append(f"end {trainer.epoch}")

    def on_fit_end(self, trainer: Trainer) -> None:
        self.events.append("done")


class TestLoop:
    def test_it_learns(self) -> None:
        _, trainer = linear(metrics={"accuracy": Accuracy()}, lr=1.0)
        history = trainer.fit(loader(shuffle=True), loader(), epochs=15)
        assert [epoch["epoch"] for epoch in history] == list(range(1, 16))
        assert history[-1]["val_accuracy"] > 0.9
        assert history[-1]["loss"] < history[0]["loss"] / 3

    def test_the_order_of_events(self) -> None:
        seen = Steps()
        linear(callbacks=[seen])[1].fit(loader(8), epochs=2)
        assert seen.events == [
            "start",
            *("epoch 1", "step 1 after 1", "step 2 after 2", "step 3 after 3", "end 1"),
            *("epoch 2", "step 4 after 1", "step 5 after 2", "step 6 after 3", "end 2"),
            "done",
        ]

    def test_late_callbacks_come_last(self) -> None:
        order: list[str] = []

        class Named(Callback):
            def __init__(self, name: str, late: bool) -> None:
                self.name, self.late = name, late

            def on_step(self, trainer: Trainer) -> None:
                order.append(self.name)

        linear(callbacks=[Named("a", True), Named("b", False)])[1].fit(loader(22), epochs=1)
        assert order == ["b", "a"]

    def test_figures_are_means_over_items(self) -> None:
        metrics = {"accuracy": Accuracy(), "first": lambda o, t: o[:, 0].mean()}
        model, trainer = linear(metrics=metrics)
        found = trainer.evaluate(loader(4))  # the last batch is smaller
        outputs = model(X)
        loss = nn.functional.cross_entropy(outputs, Y).item()
        assert found["loss"] == pytest.approx(loss, rel=1e-6)
        assert found["first"] == pytest.approx(outputs[:, 0].mean().item(), rel=1e-5)
        assert found["accuracy"] == (outputs.argmax(1) == Y).sum().item() / 22

    def test_evaluation_neither_drops_nor_records_nor_changes_the_mode(self) -> None:
        seen: list[tuple[bool, bool]] = []

        class Probe(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = nn.Linear(3, 2)

            def forward(self, x: fe.Tensor) -> fe.Tensor:
                seen.append((self.training, fe.is_grad_enabled()))
                return self.inner(x)

        model = Probe()
        trainer = Trainer(model, fe.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
        trainer.fit(loader(22), loader(22), epochs=2)
        assert seen == [(True, True), (False, False)] * 2
        assert model.training

    def test_other_batches_and_losses(self) -> None:
        class Own(Trainer):
            def compute(self, batch: Any) -> Result:
                loss = (self.model(batch["x"]) ** 2).mean()
                return Result(loss, len(batch["x"]), {"half": loss / 2})

        model = nn.Linear(3, 2)
        trainer = Own(model, fe.optim.SGD(model.parameters(), lr=0.1))
        (epoch,) = trainer.fit([{"x": X[:5]}, {"x": X[5:]}], epochs=1)
        assert epoch["half"] == pytest.approx(epoch["loss"] / 2)

    def test_fit_goes_on(self) -> None:
        (first, one), (second, two) = linear(), linear()
        one.fit(loader(), epochs=2)
        one.fit(loader(), epochs=5)
        two.fit(loader(), epochs=5)
        assert one.history == two.history
        assert all(fe.equal(p, q) for p, q in zip(first.parameters(), second.parameters()))

    def test_stop(self) -> None:
        class Enough(Callback):
            def on_epoch_end(self, trainer: Trainer) -> None:
                if trainer.epoch == 2:
                    trainer.stop("enough")

        _, trainer = linear(callbacks=[Enough()])
        assert len(trainer.fit(loader(), epochs=9)) == 2
        assert trainer.stopped == "enough"


class TestSteps:
    @pytest.mark.parametrize("accumulate", [1, 2, 4, 9])
    def test_accumulated_gradients_are_those_of_the_whole(self, accumulate: int) -> None:
        """22 rows in batches of 4 but for the last of 2: only groups of equal batches are means
        over rows, so the loader leaves the last out."""
        seen = Steps()
        model, trainer = linear(accumulate=accumulate, callbacks=[seen], lr=0.0)
        trainer.fit(loader(4, drop_last=True), epochs=1)
        bounds = [(i, min(i + 4 * accumulate, 20)) for i in range(0, 20, 4 * accumulate)]
        assert trainer.step == len(bounds)
        for found, (start, end) in zip(seen.gradients, bounds):
            for g, wanted in zip(found, gradient(model, slice(start, end))):
                np.testing.assert_allclose(g, wanted, rtol=1e-4, atol=1e-6)

    def test_clip_norm(self) -> None:
        seen = Steps()
        linear(clip_norm=1e-3, callbacks=[seen])[1].fit(loader(), epochs=1)
        for found in seen.gradients:
            norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in found))
            assert norm == pytest.approx(1e-3, rel=2e-3)

    def test_clip_value(self) -> None:
        seen = Steps()
        linear(clip_value=1e-3, callbacks=[seen])[1].fit(loader(), epochs=1)
        assert max(np.abs(g).max() for found in seen.gradients for g in found) <= 1.001e-3

    def test_schedules(self) -> None:
        for every, rates in (("epoch", [0.1, 0.05, 0.025]), ("step", [0.1 * 0.5**3, 0.1 * 0.5**6])):
            _, trainer = linear(schedule_every=every)
            trainer.scheduler = lr_scheduler.ExponentialLR(trainer.optimizer, 0.5)
            history = trainer.fit(loader(8), epochs=len(rates))
            assert [epoch["lr"] for epoch in history] == pytest.approx(rates)

    def test_plateaus(self) -> None:
        _, trainer = linear(lr=0.0)
        trainer.scheduler = lr_scheduler.ReduceLROnPlateau(trainer.optimizer, patience=0)
        trainer.optimizer.param_groups[0]["lr"] = 1e-30  # too little to get better
        history = trainer.fit(loader(), loader(), epochs=3)
        assert history[2]["lr"] == pytest.approx(1e-31)
        with pytest.raises(fe.ArgumentError, match="ReduceLROnPlateau is to follow 'val_loss'"):
            trainer.fit(loader(), epochs=4)


class TestMixedPrecision:
    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_it_learns(self, dtype: str) -> None:
        model, trainer = linear(
            autocast=dtype, clip_norm=5.0, metrics={"accuracy": Accuracy()}, lr=1.0
        )
        assert (trainer.scaler is not None) == (dtype == "float16")
        history = trainer.fit(loader(shuffle=True), loader(), epochs=15)
        assert history[-1]["val_accuracy"] > 0.9
        assert all(p.dtype is fe.float32 for p in model.parameters())

    def test_the_model_computes_in_16_bits(self) -> None:
        seen: list[Any] = []
        metrics = {"m": lambda o, t: seen.append(o.dtype) or 0.0}
        _, trainer = linear(autocast=fe.bfloat16, metrics=metrics)
        trainer.fit(loader(22), loader(22), epochs=1)
        assert seen == [fe.bfloat16] * 2

    def test_a_step_that_overflows_is_left_out(self) -> None:
        model, trainer = linear(scaler=fe.amp.GradScaler(init_scale=2.0**127))
        before = [p.detach().clone() for p in model.parameters()]
        trainer.scheduler = lr_scheduler.ExponentialLR(trainer.optimizer, 0.5)
        trainer.schedule_every = "step"
        trainer.optimizer.zero_grad()
        trainer.fit([(X * 1e4, Y)], epochs=1)
        assert all(fe.equal(p, q) for p, q in zip(model.parameters(), before))
        assert trainer.scaler is not None
        assert trainer.scaler.get_scale() == 2.0**126
        assert trainer.rates() == {"lr": 0.1}


class TestRefusals:
    def test_a_loss_that_is_not_finite(self) -> None:
        _, trainer = linear()
        text = "became nan in epoch 2, at batch 2, with the learning rate 0.1; lower it"
        trainer.fit([(X, Y)], epochs=1)
        with pytest.raises(Diverged, match=text) as e:
            trainer.fit([(X, Y), (X * np.nan, Y)], epochs=2)
        assert (e.value.epoch, e.value.batch) == (2, 2)
        assert np.isnan(e.value.value)
        assert trainer.step == 2
        with pytest.raises(Diverged, match="in the evaluation"):
            trainer.evaluate([(X * np.nan, Y)])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"accumulate": 0}, "accumulate is an int of 1 or more, not 0"),
            ({"clip_norm": 0.0}, "clip_norm must be above 0"),
            ({"schedule_every": "day"}, "schedule_every is"),
        ],
    )
    def test_options(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(fe.ArgumentError, match=message):
            linear(**options)

    def test_batches_that_are_no_pairs(self) -> None:
        _, trainer = linear()
        with pytest.raises(fe.ArgumentError, match=r"a batch is a tuple of 3; .* override compute"):
            trainer.fit([(X, Y, Y)], epochs=1)
        with pytest.raises(fe.ArgumentError, match="a batch is of type Tensor"):
            trainer.fit([X], epochs=1)

    def test_loaders_without_batches(self) -> None:
        _, trainer = linear()
        with pytest.raises(fe.DataError, match="the loader has no batches"):
            trainer.fit([], epochs=1)
        with pytest.raises(fe.DataError, match="evaluate: the loader has no batches"):
            trainer.evaluate([])

    def test_a_checkpoint_between_steps(self) -> None:
        def batches() -> Iterator[Any]:
            yield X, Y
            trainer.state_dict()
            yield X, Y

        _, trainer = linear(accumulate=2)
        with pytest.raises(fe.GraphError, match="gradients of 1 batches wait for a step"):
            trainer.fit(batches(), epochs=1)


class TestFigures:
    def test_sums_and_means(self) -> None:
        figures = Figures()
        figures.add({"a": 1.0, "b": (3, 4)}, 2)
        figures.add({"a": fe.tensor(4.0), "b": (fe.tensor(1), 1)}, 1)
        assert figures.means() == {"a": 2.0, "b": 0.8}
        assert figures.items == 3

    def test_accuracy(self) -> None:
        outputs = fe.tensor([[1.0, 2.0], [2.0, 1.0], [0.0, 1.0]])
        assert Accuracy()(outputs, fe.tensor([1, 1, 1])) == (2, 3)
        assert Accuracy(ignore_index=-1)(outputs, fe.tensor([1, -1, 0])) == (1, 2)
        with pytest.raises(fe.ArgumentError, match="class indices"):
            Accuracy()(outputs, outputs)
