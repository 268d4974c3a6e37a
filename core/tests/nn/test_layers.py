"""Each layer: its parameters, what it computes, and what its constructor refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.autograd import gradcheck


def normal(*shape: int) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(0).standard_normal(shape))


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in module.state_dict().items()}


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (nn.Linear(3, 2), {"weight": (2, 3), "bias": (2,)}),
        (nn.Linear(3, 2, bias=False), {"weight": (2, 3)}),
        (nn.Conv2d(4, 6, (3, 2), groups=2), {"weight": (6, 2, 3, 2), "bias": (6,)}),
        (nn.Conv2d(1, 1, 1, bias=False), {"weight": (1, 1, 1, 1)}),
        (
            nn.BatchNorm1d(3),
            {
                "weight": (3,), "bias": (3,),
                "running_mean": (3,), "running_var": (3,), "num_batches_tracked": (),
            },
        ),
        (nn.BatchNorm2d(3, affine=False, track_running_stats=False), {}),
        (nn.LayerNorm((2, 3)), {"weight": (2, 3), "bias": (2, 3)}),
        (nn.LayerNorm(3, bias=False), {"weight": (3,)}),
        (nn.LayerNorm(3, elementwise_affine=False), {}),
        (nn.Embedding(5, 2), {"weight": (5, 2)}),
        (nn.CrossEntropyLoss(fe.ones(3)), {"weight": (3,)}),
        (nn.Dropout(), {}),
    ],
)  # fmt: skip
def test_state_dicts_are_laid_out_as_pytorchs(layer: nn.Module, wanted: dict[str, Any]) -> None:
    assert shapes(layer) == wanted
    assert list(layer.state_dict()) == list(wanted)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(4, 3, dtype=fe.float64), (2, 4)),
        (nn.Conv2d(2, 3, 3, padding=1, dtype=fe.float64), (1, 2, 3, 4)),
        (nn.Conv2d(2, 4, (2, 3), padding="same", groups=2, dtype=fe.float64), (1, 2, 3, 4)),
        (nn.MaxPool2d(2, ceil_mode=True), (1, 2, 3, 4)),
        (nn.AvgPool2d(2, stride=1, padding=1), (1, 2, 3, 4)),
        (nn.BatchNorm1d(3, dtype=fe.float64), (4, 3)),
        (nn.BatchNorm1d(3, dtype=fe.float64), (2, 3, 4)),
        (nn.BatchNorm2d(3, dtype=fe.float64), (2, 3, 2, 2)),
        (nn.LayerNorm(3, dtype=fe.float64), (4, 3)),
        (nn.Flatten(), (2, 3, 2)),
        (nn.Tanh(), (3, 4)),
        (nn.Sigmoid(), (3, 4)),
        (nn.SiLU(), (3, 4)),
        (nn.GELU(), (3, 4)),
        (nn.GELU("tanh"), (3, 4)),
        (nn.Softmax(1), (3, 4)),
        (nn.LogSoftmax(-1), (3, 4)),
        (nn.Identity(3, unused=True), (3, 4)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_gradients_of_input_and_parameters(layer: nn.Module, shape: tuple[int, ...]) -> None:
    x = normal(*shape).requires_grad_()
    parameters = dict(layer.named_parameters())

    def call(x: fe.Tensor, *values: fe.Tensor) -> fe.Tensor:
        vars(layer).update(zip(parameters, values))
        return layer(x)

    assert gradcheck(call, [x, *parameters.values()])


class TestLinear:
    def test_initial_values_lie_within_the_bound(self) -> None:
        fe.manual_seed(0)
        layer = nn.Linear(100, 50)
        for p in (layer.weight, layer.bias):
            assert p is not None
            assert 0.08 < float(p.detach().abs().max()) <= 0.1

    def test_one_seed_one_layer(self) -> None:
        layers = []
        for _ in range(2):
            fe.manual_seed(3)
            layers.append(nn.Linear(4, 4))
        assert (layers[0].weight == layers[1].weight).all()

    @pytest.mark.parametrize("features", [(0, 1), (1, -2), (1.5, 1), (True, 1)])
    def test_features(self, features: Any) -> None:
        with pytest.raises(fe.ArgumentError, match="must be an int of at least 1"):
            nn.Linear(*features)


class TestConv2d:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"groups": 3}, "groups=3 does not divide in_channels=4"),
            ({"kernel_size": 0}, "kernel_size must be an int or a pair of ints of at least 1"),
            ({"stride": (1, 0)}, "stride must be"),
            ({"padding": -1}, "padding must be"),
            ({"padding": "full"}, '"same", "valid", an int or 2 ints'),
            ({"padding": "same", "stride": 2}, "needs a stride of 1"),
            ({"padding_mode": "wrap"}, "padding_mode is one of 'zeros', 'reflect'"),
            ({"out_channels": 0}, "out_channels must be an int of at least 1"),
        ],
    )
    def test_arguments(self, arguments: dict[str, Any], said: str) -> None:
        with pytest.raises(fe.ArgumentError, match=said):
            nn.Conv2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **arguments})

    @pytest.mark.parametrize("kernel", [1, 2, 3, (4, 3), (3, 4)])
    @pytest.mark.parametrize("dilation", [1, 2, (1, 2)])
    def test_same_keeps_the_size(self, kernel: Any, dilation: Any) -> None:
        layer = nn.Conv2d(1, 1, kernel, padding="same", dilation=dilation)
        assert layer(fe.zeros(1, 1, 9, 8)).shape == (1, 1, 9, 8)

    def test_one_image_without_a_batch(self) -> None:
        layer, x = nn.Conv2d(2, 3, 2), fe.ones(2, 4, 5)
        assert layer(x).shape == (3, 3, 4)
        assert (layer(x) == layer(fe.unsqueeze(x, 0))[0]).all()


class TestPooling:
    @pytest.mark.parametrize("layer", [nn.MaxPool2d, nn.AvgPool2d])
    def test_arguments(self, layer: Callable[..., nn.Module]) -> None:
        with pytest.raises(fe.ArgumentError, match="more than half of kernel_size=3"):
            layer(3, padding=2)
        with pytest.raises(fe.ArgumentError, match="kernel_size must be"):
            layer((2, 2, 2))

    def test_indices_of_one_image(self) -> None:
        x = fe.tensor([[[1.0, 5.0], [3.0, 2.0]]])
        values, indices = nn.MaxPool2d(2, return_indices=True)(x)
        assert values.tolist() == [[[5.0]]]
        assert indices.tolist() == [[[1]]]


class TestActivations:
    @pytest.mark.parametrize(
        ("layer", "function"),
        [
            (nn.ReLU(), lambda x: np.maximum(x, 0)),
            (nn.Tanh(), np.tanh),
            (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
            (nn.SiLU(), lambda x: x / (1 + np.exp(-x))),
            (nn.Softmax(0), lambda x: np.exp(x) / np.exp(x).sum(0)),
            (nn.LogSoftmax(1), lambda x: x - np.log(np.exp(x).sum(1, keepdims=True))),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
    )
    def test_values(self, layer: nn.Module, function: Callable[[Any], Any]) -> None:
        x = normal(3, 4)
        np.testing.assert_allclose(layer(x).numpy(), function(x.numpy()), rtol=1e-12)

    @pytest.mark.parametrize("layer", [nn.ReLU(inplace=True), nn.SiLU(inplace=True)])
    def test_in_place(self, layer: nn.Module) -> None:
        leaf = fe.tensor([-1.0, 2.0], requires_grad=True)
        x = leaf * 1.0
        assert layer(x) is x
        assert (x == type(layer)()(leaf)).all()
        x.sum().backward()
        assert leaf.grad is not None

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match='"none" or "tanh"'):
            nn.GELU("fast")


class TestDropout:
    def test_training_and_evaluation(self) -> None:
        fe.manual_seed(0)
        layer, x = nn.Dropout(0.25), fe.ones(1000)
        y = layer(x)
        assert set(np.unique(y.numpy())) == {np.float32(0), np.float32(1 / 0.75)}
        assert abs(float(y.mean()) - 1.0) < 0.1
        assert not (layer(x) == y).all()
        assert layer.eval()(x) is x

    def test_one_seed_one_mask(self) -> None:
        layer, masks = nn.Dropout(), []
        for _ in range(2):
            fe.manual_seed(5)
            masks.append(layer(fe.ones(100)))
        assert (masks[0] == masks[1]).all()

    def test_a_generator_of_its_own(self) -> None:
        drop = nn.functional.dropout
        masks = [drop(fe.ones(64), generator=fe.Generator(seed=seed)) for seed in (1, 1, 2)]
        assert (masks[0] == masks[1]).all()
        assert not (masks[0] == masks[2]).all()

    @pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
    def test_arguments(self, p: float) -> None:
        with pytest.raises(fe.ArgumentError, match="probability and must lie in"):
            nn.Dropout(p)


class TestBatchNorm:
    def test_running_averages(self) -> None:
        layer = nn.BatchNorm1d(2, momentum=0.3, dtype=fe.float64)
        mean, var = np.zeros(2), np.ones(2)
        rng = np.random.default_rng(0)
        for _ in range(3):
            x = rng.standard_normal((5, 2)) * 3 + 1
            layer(fe.tensor(x))
            mean += 0.3 * (x.mean(0) - mean)
            var += 0.3 * (x.var(0, ddof=1) - var)
        assert layer.running_mean is not None
        assert layer.running_var is not None
        np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-12)
        np.testing.assert_allclose(layer.running_var.numpy(), var, rtol=1e-12)
        assert layer.num_batches_tracked is not None
        assert layer.num_batches_tracked.item() == 3
        x = rng.standard_normal((4, 2))
        y = layer.eval()(fe.tensor(x)).detach().numpy()
        np.testing.assert_allclose(y, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-12)
        assert layer.num_batches_tracked.item() == 3
        layer.reset_parameters()
        assert layer.running_mean.tolist() == [0.0, 0.0]
        assert layer.num_batches_tracked.item() == 0

    def test_without_momentum_they_are_means(self) -> None:
        layer = nn.BatchNorm2d(1, momentum=None, dtype=fe.float64)
        batches = [normal(2, 1, 3, 3) * k for k in (1.0, 2.0, 6.0)]
        for x in batches:
            layer(x)
        wanted = np.mean([x.numpy().mean() for x in batches])
        assert layer.running_mean is not None
        np.testing.assert_allclose(layer.running_mean.numpy(), [wanted], rtol=1e-12)

    def test_without_averages_it_uses_the_batch_always(self) -> None:
        layer, x = nn.BatchNorm1d(2, track_running_stats=False), normal(6, 2).float()
        np.testing.assert_array_equal(layer(x).detach().numpy(), layer.eval()(x).detach().numpy())

    def test_statistics_take_no_part_in_the_graph(self) -> None:
        layer = nn.BatchNorm1d(2)
        layer(fe.ones(3, 2, requires_grad=True) * 2.0)
        assert layer.running_mean is not None
        assert not layer.running_mean.requires_grad

    def test_one_value_has_no_variance(self) -> None:
        layer = nn.BatchNorm1d(2)
        with pytest.raises(fe.ShapeError, match=r"call \.eval\(\)"):
            layer(fe.ones(1, 2))
        assert layer.eval()(fe.ones(1, 2)).shape == (1, 2)

    def test_shapes(self) -> None:
        with pytest.raises(fe.ShapeError, match=r"it must be \(N, C, H, W\) with C=2"):
            nn.BatchNorm2d(2)(fe.ones(3, 2))
        with pytest.raises(fe.ShapeError, match=r"\(N, C\) or \(N, C, L\) with C=2"):
            nn.BatchNorm1d(2)(fe.ones(3, 4))

    @pytest.mark.parametrize(
        "arguments", [{"num_features": 0}, {"eps": -1.0}, {"momentum": 2.0}, {"eps": float("nan")}]
    )
    def test_arguments(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(fe.ArgumentError, match=next(iter(arguments))):
            nn.BatchNorm1d(**{"num_features": 2, **arguments})

    def test_the_documentation_says_what_it_takes(self) -> None:
        assert "(N, C, H, W)" in (nn.BatchNorm2d.__doc__ or "")


class TestLayerNorm:
    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match="one dim or more"):
            nn.LayerNorm(())
        with pytest.raises(fe.ArgumentError, match="at least 1"):
            nn.LayerNorm((2, 0))


class TestEmbedding:
    def test_the_padding_row(self) -> None:
        layer = nn.Embedding(4, 2, padding_idx=-1)
        assert layer.padding_idx == 3
        assert layer.weight[3].tolist() == [0.0, 0.0]
        layer(fe.tensor([0, 3, 3])).sum().backward()
        assert layer.weight.grad is not None
        assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]

    @pytest.mark.parametrize("index", [-1, 4])
    def test_rows_that_are_not_there(self, index: int) -> None:
        with pytest.raises(fe.OutOfRange, match=rf"an index is {index}, which does not lie in"):
            nn.Embedding(4, 2)(fe.tensor([0, index]))

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match="not one of the 4 rows"):
            nn.Embedding(4, 2, padding_idx=4)


class TestLosses:
    def test_cross_entropy(self) -> None:
        x, target = normal(4, 3), fe.tensor([0, 1, 2, 1])
        log_p = nn.LogSoftmax(1)(x)
        wanted = -log_p.numpy()[range(4), target.numpy()].mean()
        assert nn.CrossEntropyLoss()(x, target).item() == pytest.approx(wanted)
        assert nn.NLLLoss()(log_p, target).item() == pytest.approx(wanted)
        soft = nn.functional.one_hot(target, 3).double()
        assert nn.CrossEntropyLoss()(x, soft).item() == pytest.approx(wanted)

    def test_mse(self) -> None:
        x, y = normal(3, 2), fe.zeros(3, 2, dtype=fe.float64)
        assert nn.MSELoss()(x, y).item() == pytest.approx((x.numpy() ** 2).mean())
        assert nn.MSELoss(reduction="none")(x, y).shape == (3, 2)

    @pytest.mark.parametrize("target", [3, -1])
    def test_targets_that_are_no_class(self, target: int) -> None:
        for loss in (nn.CrossEntropyLoss(), nn.NLLLoss()):
            with pytest.raises(fe.ShapeError, match=rf"a target is {target}, which .* \[0, 3\)"):
                loss(normal(2, 3), fe.tensor([0, target]))
        ignoring = nn.CrossEntropyLoss(ignore_index=target)
        assert ignoring(normal(2, 3), fe.tensor([0, target])).isfinite()

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match="reduction must be"):
            nn.MSELoss(reduction="avg")
        with pytest.raises(fe.ArgumentError, match="label_smoothing must lie"):
            nn.CrossEntropyLoss(label_smoothing=-0.1)
