"""The table of layers, and what it counts."""

import io

import pytest
from rich.console import Console

import ferrule as fe
from ferrule import nn


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Sequential(nn.Flatten(), nn.Linear(8 * 6 * 5, 10, bias=False)),
    )


CONV = 2 * 2 * 8 * 30 * 27 + 2 * 8 * 30  # multiplications and additions, and the bias
RELU = 2 * 8 * 30
LINEAR = 2 * 2 * 240 * 10


class TestSummary:
    def test_rows(self) -> None:
        found = nn.summary(net(), (2, 3, 6, 5))
        assert [(r.name, r.kind) for r in found.rows] == [
            ("", "Sequential"), ("0", "Conv2d"), ("1", "ReLU"), ("2", "Sequential"),
            ("2.0", "Flatten"), ("2.1", "Linear"),
        ]  # fmt: skip
        assert [r.output for r in found.rows] == [
            (2, 10), (2, 8, 6, 5), (2, 8, 6, 5), (2, 10), (2, 240), (2, 10),
        ]  # fmt: skip
        assert [r.parameters for r in found.rows] == [0, 8 * 27 + 8, 0, 0, 0, 2400]
        assert [r.flops for r in found.rows] == [0, CONV, RELU, 0, 0, LINEAR]
        assert found.flops == CONV + RELU + LINEAR
        assert found.parameters == found.trainable == 2624
        assert found.bytes == 4 * 2624

    def test_depth(self) -> None:
        found = nn.summary(net(), (2, 3, 6, 5), depth=1)
        assert [(r.name, r.parameters, r.flops) for r in found.rows] == [
            ("", 0, 0), ("0", 224, CONV), ("1", 0, RELU), ("2", 2400, LINEAR),
        ]  # fmt: skip

    def test_without_an_input(self) -> None:
        found = nn.summary(net())
        assert found.parameters == 2624
        assert found.flops == 0
        assert found.rows[1].output is None

    def test_frozen_shared_and_buffers(self) -> None:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.BatchNorm1d(2))
        model[1].weight = model[0].weight
        model[0].bias.requires_grad_(False)
        found = nn.summary(model, fe.ones(3, 2))
        assert [(r.parameters, r.trainable) for r in found.rows] == [(0, 0), (6, 4), (2, 2), (4, 4)]
        assert found.buffers == 5
        assert found.bytes == 12 * 4 + 2 * 2 * 4 + 8

    def test_the_model_is_as_it_was(self) -> None:
        model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout())
        model[0].eval()
        nn.summary(model, (3, 2))
        assert [m.training for m in model.modules()] == [True, False, True, True]
        assert model[1].num_batches_tracked.item() == 0
        assert not model[0].weight.grad

    def test_a_module_that_is_called_twice(self) -> None:
        act = nn.ReLU()
        found = nn.summary(nn.Sequential(act, act), (3,))
        assert found.rows[1].calls == 2
        assert found.flops == found.rows[1].flops == 6

    def test_inputs(self) -> None:
        class Two(nn.Module):
            def forward(self, a: fe.Tensor, b: fe.Tensor) -> dict[str, object]:
                return {"sum": a + b, "parts": (a, b)}

        for given in ((fe.ones(2), fe.ones(2)), {"a": fe.ones(2), "b": fe.ones(2)}):
            found = nn.summary(Two(), given)
            assert found.rows[0].output == {"sum": (2,), "parts": [(2,), (2,)]}
        with pytest.raises(fe.ArgumentError, match="a module is wanted"):
            nn.summary(3)  # pyright: ignore[reportArgumentType]

    def test_the_dtype_of_the_model(self) -> None:
        found = nn.summary(nn.Linear(2, 3).double(), (1, 2))
        assert found.bytes == 9 * 8

    def test_lazy_layers(self) -> None:
        model = nn.Sequential(nn.LazyLinear(3))
        assert nn.summary(model).parameters == 0
        found = nn.summary(model, (2, 4))
        assert [(r.kind, r.parameters) for r in found.rows][1:] == [("Linear", 15)]

    def test_an_error_is_the_models_own_and_hooks_go(self) -> None:
        model = net()
        with pytest.raises(fe.ShapeError, match=r"in 0 \(Conv2d\) of Sequential"):
            nn.summary(model, (2, 4, 6, 5))
        assert model.training
        assert model(fe.ones(1, 3, 6, 5)).requires_grad

    def test_printed(self) -> None:
        model = net()
        model[0].weight.requires_grad_(False)
        model[2].requires_grad_(False)
        found = nn.summary(model, (2, 3, 6, 5))
        lines = str(found).splitlines()
        assert lines[0].split() == ["Layer", "Output", "Parameters", "Trainable", "FLOPs"]
        assert lines[3].split() == [
            "0:", "Conv2d", "[2,", "8,", "6,", "5]", "224", "partly", f"{CONV:,}",
        ]  # fmt: skip
        assert "2,400         no" in lines[7]
        assert lines[-2] == "Parameters: 2,624 (8 trainable); buffers: 0; 10.25 KiB"
        console = Console(file=io.StringIO(), width=100)
        console.print(found)
        shown = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
        assert "2.1" not in shown
        assert "1: Linear" in shown
        assert "2,624 (8 trainable)" in shown


class TestFlops:
    @pytest.mark.parametrize(
        ("layer", "shape", "wanted"),
        [
            (nn.Conv1d(4, 6, 3, groups=2, bias=False), (2, 4, 9), 2 * 2 * 6 * 7 * 2 * 3),
            (nn.Conv2d(4, 6, 3, stride=2, bias=False), (4, 9, 7), 2 * 6 * 4 * 3 * 4 * 9),
            (nn.Linear(4, 3, bias=False), (2, 5, 4), 2 * 10 * 4 * 3),
            (nn.Tanh(), (3, 4), 12),
            (nn.Flatten(), (3, 4), 0),
            (nn.Embedding(5, 3), None, 0),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
    )
    def test_known_counts(
        self, layer: nn.Module, shape: tuple[int, ...] | None, wanted: int
    ) -> None:
        x = fe.tensor([1, 2]) if shape is None else fe.ones(shape)
        with fe.no_grad(), nn.count_flops() as flops:
            layer(x)
        assert flops.total == wanted

    def test_backward_counts_twice_as_much_as_forward(self) -> None:
        layer, x = nn.Linear(40, 30, bias=False), fe.ones(20, 40, requires_grad=True)
        with nn.count_flops() as flops:
            y = layer(x)
            forward = flops.total
            y.backward(fe.ones(20, 30))
        assert forward == 2 * 20 * 40 * 30
        assert flops.total == 3 * forward
