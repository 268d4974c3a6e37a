"""What layers compute, against NumPy and SciPy in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal, special

import ferrule as fe
from ferrule import nn

Function = Callable[..., Any]


def normal(*shape: int, seed: int = 0) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(seed).standard_normal(shape))


def same(found: fe.Tensor, wanted: Any, rtol: float = 1e-9) -> None:
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=rtol, atol=1e-12)


def name(value: Any) -> str | None:
    return type(value).__name__ if isinstance(value, nn.Module) else ""


def _softplus(x: Any) -> Any:
    return np.log1p(np.exp(x))


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # of Klambauer et al., 2017


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (nn.CELU(0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x / 0.7))),
        (nn.ELU(0.3), lambda x: np.where(x > 0, x, 0.3 * np.expm1(x))),
        (nn.SELU(), lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x))),
        (nn.GELU(), lambda x: x * special.ndtr(x)),
        (nn.SiLU(), lambda x: x * special.expit(x)),
        (nn.Mish(), lambda x: x * np.tanh(_softplus(x))),
        (nn.ReLU(), lambda x: np.maximum(x, 0)),
        (nn.ReLU6(), lambda x: np.clip(x, 0, 6)),
        (nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
        (nn.PReLU(init=0.3, dtype=fe.float64), lambda x: np.where(x > 0, x, 0.3 * x)),
        (nn.RReLU(0.2, 0.4).eval(), lambda x: np.where(x > 0, x, 0.3 * x)),
        (nn.Sigmoid(), special.expit),
        (nn.LogSigmoid(), special.log_expit),
        (nn.Tanh(), np.tanh),
        (nn.Tanhshrink(), lambda x: x - np.tanh(x)),
        (nn.Hardshrink(0.6), lambda x: np.where(abs(x) > 0.6, x, 0)),
        (nn.Softshrink(0.6), lambda x: np.sign(x) * np.maximum(abs(x) - 0.6, 0)),
        (nn.Hardsigmoid(), lambda x: np.clip(x + 3, 0, 6) / 6),
        (nn.Hardswish(), lambda x: x * np.clip(x + 3, 0, 6) / 6),
        (nn.Hardtanh(-0.5, 2.0), lambda x: np.clip(x, -0.5, 2.0)),
        (nn.Softplus(2.0, 3.0), lambda x: np.where(2 * x > 3, x, _softplus(2 * x) / 2)),
        (nn.Softsign(), lambda x: x / (1 + abs(x))),
        (nn.Threshold(0.5, -7.0), lambda x: np.where(x > 0.5, x, -7.0)),
        (nn.GLU(1), lambda x: x[:, :2] * special.expit(x[:, 2:4])),
        (nn.Softmax(0), lambda x: special.softmax(x, 0)),
        (nn.Softmin(-1), lambda x: special.softmax(-x, -1)),
        (nn.LogSoftmax(1), lambda x: special.log_softmax(x, 1)),
        (nn.Softmax2d(), lambda x: special.softmax(x, -3)),
        (nn.Flatten(), lambda x: x.reshape(x.shape[0], -1)),
        (nn.Unflatten(1, (2, -1)), lambda x: x.reshape(x.shape[0], 2, 2, *x.shape[2:])),
        (nn.ChannelShuffle(2), lambda x: x[:, [0, 2, 1, 3]]),
        (nn.Identity(), lambda x: x),
        *[(layer(p=0.0), lambda x: x) for layer in (nn.Dropout, nn.AlphaDropout)],
        *[
            (layer(0.5).eval(), lambda x: x)
            for layer in (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout)
        ],
    ],
    ids=name,
)
def test_elementwise_and_along_dims(layer: nn.Module, function: Function) -> None:
    shape = (3, 4, 2) if isinstance(layer, nn.Softmax2d | nn.Dropout1d) else (3, 4, 2, 1)
    x = normal(*shape) * 2.0
    same(layer(x), function(x.numpy()))


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, "same", "valid"])
def test_convolution_with_every_padding(mode: str, padding: Any) -> None:
    layer = nn.Conv2d(2, 3, (3, 4), padding=padding, padding_mode=mode, dtype=fe.float64)
    x = normal(2, 2, 5, 6)
    around = {1: [(1, 1), (1, 1)], "same": [(1, 1), (1, 2)], "valid": [(0, 0), (0, 0)]}[padding]
    how: Any = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}.get(mode, mode)
    padded = np.pad(x.numpy(), [(0, 0), (0, 0), *around], mode=how)
    w = layer.weight.detach().numpy()
    b: Any = layer.bias
    wanted = [
        [
            sum(signal.correlate(image[c], w[o, c], "valid") for c in range(2)) + b[o].item()
            for o in range(3)
        ]
        for image in padded
    ]
    same(layer(x), wanted)


@pytest.mark.parametrize(
    ("layer", "size"),
    [(nn.Conv1d, (7,)), (nn.Conv2d, (5, 6)), (nn.Conv3d, (4, 3, 5))],
)
def test_convolutions_and_their_transposes(layer: type[Any], size: tuple[int, ...]) -> None:
    """<conv(x), y> is <x, transpose(y)>, whatever the arguments are."""
    transpose = getattr(nn, layer.__name__.replace("Conv", "ConvTranspose"))
    options = {"stride": 2, "padding": 1, "groups": 2, "bias": False, "dtype": fe.float64}
    conv = layer(4, 6, 3, **options)
    back = transpose(6, 4, 3, **options)
    back.load_state_dict(conv.state_dict())
    x = normal(2, 4, *size)
    y = conv(x)
    g = normal(*y.shape, seed=1)
    found = back(g, output_size=size)
    assert found.shape == x.shape
    np.testing.assert_allclose((y * g).sum().item(), (x * found).sum().item(), rtol=1e-9)
    same(back(g[0], [4, *size]), found[0].detach().numpy())


class TestConvTranspose:
    def test_sizes_out_of_reach(self) -> None:
        layer = nn.ConvTranspose1d(1, 1, 3, stride=2)
        with pytest.raises(fe.ShapeError, match=r"lie between \(9,\) and \(10,\)"):
            layer(fe.ones(1, 1, 4), output_size=[11])
        with pytest.raises(fe.ShapeError, match="output_size must have 1 or 3 numbers"):
            layer(fe.ones(1, 1, 4), output_size=[1, 9])

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"padding_mode": "reflect"}, 'padding_mode must be "zeros"'),
            ({"padding": "same"}, "padding must be numbers"),
            ({"groups": 2}, "groups=2 does not divide in_channels=3"),
        ],
    )
    def test_arguments(self, arguments: dict[str, Any], said: str) -> None:
        with pytest.raises(fe.ArgumentError, match=said):
            nn.ConvTranspose2d(3, 4, 2, **arguments)


def windows(x: Any, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Any:
    dims = tuple(range(-len(kernel), 0))
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, dims)
    steps = (slice(None),) * (x.ndim - len(kernel)) + tuple(slice(None, None, s) for s in stride)
    return view[steps].reshape(*view[steps].shape[: x.ndim], -1)


@pytest.mark.parametrize("n", [1, 2, 3])
class TestPooling:
    def test_over_windows(self, n: int) -> None:
        x = normal(2, 3, *(7, 6, 5)[:n])
        kernel, stride = (3, 2, 2)[:n], (2, 1, 2)[:n]
        seen = windows(x.numpy(), kernel, stride)
        layers = {
            "MaxPool": ((kernel, stride), seen.max(-1)),
            "AvgPool": ((kernel, stride), seen.mean(-1)),
            "LPPool": ((4, kernel, stride), (seen**4).sum(-1) ** 0.25),
        }
        for kind, (arguments, wanted) in layers.items():
            layer = getattr(nn, f"{kind}{n}d")(*arguments)
            same(layer(x), wanted)
            same(layer(x[0]), wanted[0])

    def test_unpooling_puts_values_back(self, n: int) -> None:
        size = (6, 4, 4)[:n]
        x = normal(2, 3, *size)
        values, indices = getattr(nn, f"MaxPool{n}d")(2, return_indices=True)(x)
        back = getattr(nn, f"MaxUnpool{n}d")(2)(values, indices)
        kept = back.numpy() != 0
        assert kept.sum() == values.numel()
        np.testing.assert_array_equal(back.numpy()[kept], x.numpy()[kept])
        larger = getattr(nn, f"MaxUnpool{n}d")(2)(
            values, indices, output_size=[s + 1 for s in size]
        )
        assert larger.shape == (2, 3, *[s + 1 for s in size])

    def test_adaptive(self, n: int) -> None:
        x = normal(2, 3, *(6, 4, 8)[:n])
        seen = windows(x.numpy(), (3, 2, 4)[:n], (3, 2, 4)[:n])
        same(getattr(nn, f"AdaptiveAvgPool{n}d")(2)(x), seen.mean(-1))
        same(getattr(nn, f"AdaptiveMaxPool{n}d")(2)(x), seen.max(-1))
        values, indices = getattr(nn, f"AdaptiveMaxPool{n}d")(1, return_indices=True)(x[0])
        flat = x[0].numpy().reshape(3, -1)
        np.testing.assert_array_equal(indices.numpy().ravel(), flat.argmax(1))
        same(values, flat.max(1).reshape(3, *[1] * n))

    def test_padding_layers(self, n: int) -> None:
        x = normal(2, 3, *(5, 4, 6)[:n])
        sides = (1, 2, 0, 1, 2, 1)[: 2 * n]
        around = [(0, 0), (0, 0), *[(sides[2 * d], sides[2 * d + 1]) for d in reversed(range(n))]]
        for kind, mode in {
            "Reflection": "reflect", "Replication": "edge", "Circular": "wrap", "Zero": "constant",
        }.items():  # fmt: skip
            layer = getattr(nn, f"{kind}Pad{n}d")(sides)
            how: Any = mode
            same(layer(x), np.pad(x.numpy(), around, mode=how))
            same(layer(x[0]), np.pad(x.numpy(), around, mode=how)[0])
        wanted = np.pad(x.numpy(), around, constant_values=1.5)
        same(getattr(nn, f"ConstantPad{n}d")(sides, 1.5)(x), wanted)
        with pytest.raises(fe.ArgumentError, match=f"an int or {2 * n} ints"):
            getattr(nn, f"ZeroPad{n}d")((1, 2, 3))
        with pytest.raises(fe.ShapeError, match=f"must have {n + 1} or {n + 2} dims"):
            getattr(nn, f"ReflectionPad{n}d")(1)(fe.ones(*[2] * n))

    def test_batch_and_instance_norm(self, n: int) -> None:
        x = normal(4, 3, *(5, 4, 2)[:n]) * 3.0 + 1.0
        a, spatial = x.numpy(), tuple(range(2, 2 + n))
        for kind, dims in (("BatchNorm", (0, *spatial)), ("InstanceNorm", spatial)):
            layer = getattr(nn, f"{kind}{n}d")(
                3, affine=True, track_running_stats=True, momentum=0.25, dtype=fe.float64
            )
            nn.init.uniform_(layer.weight)
            nn.init.uniform_(layer.bias)
            w, b = (p.detach().numpy().reshape(3, *[1] * n) for p in (layer.weight, layer.bias))
            mean, var = a.mean(dims, keepdims=True), a.var(dims, keepdims=True)
            same(layer(x), (a - mean) / np.sqrt(var + 1e-5) * w + b)
            axes = tuple(d for d in range(a.ndim) if d != 1)
            seen = a.var(dims, ddof=1, keepdims=True).mean(axes)
            same(layer.running_mean, 0.25 * mean.mean(axes))
            same(layer.running_var, 0.75 + 0.25 * seen)
            m, v = (s.numpy().reshape(3, *[1] * n) for s in (layer.running_mean, layer.running_var))
            same(layer.eval()(x), (a - m) / np.sqrt(v + 1e-5) * w + b)
        same(layer(x[0]), ((a - m) / np.sqrt(v + 1e-5) * w + b)[0])


def test_fractional_pooling_takes_an_element_of_every_window() -> None:
    x = normal(1, 2, 7, 7)
    values, indices = nn.FractionalMaxPool2d(2, output_ratio=0.5, return_indices=True)(x)
    assert values.shape == (1, 2, 3, 3)
    flat = x.numpy().reshape(2, -1)
    taken = np.take_along_axis(flat, indices.numpy().reshape(2, -1), 1)
    np.testing.assert_array_equal(taken, values.numpy().reshape(2, -1))
    assert nn.FractionalMaxPool3d(2, output_size=2)(normal(1, 5, 5, 5)).shape == (1, 2, 2, 2)
    with pytest.raises(fe.ArgumentError, match="either output_size or output_ratio"):
        nn.FractionalMaxPool2d(2)


class TestNormalization:
    def test_over_groups_features_and_channels(self) -> None:
        x = normal(3, 4, 5)
        a = x.numpy()
        g = a.reshape(3, 2, 10)
        wanted = (g - g.mean(-1, keepdims=True)) / np.sqrt(g.var(-1, keepdims=True) + 1e-5)
        same(nn.GroupNorm(2, 4, dtype=fe.float64)(x), wanted.reshape(a.shape))
        mean, var = a.mean((1, 2), keepdims=True), a.var((1, 2), keepdims=True)
        wanted = (a - mean) / np.sqrt(var + 1e-2)
        same(nn.LayerNorm((4, 5), eps=1e-2, dtype=fe.float64)(x), wanted)
        root = np.sqrt((a**2).mean(-1, keepdims=True) + 1e-3)
        same(nn.RMSNorm(5, eps=1e-3, dtype=fe.float64)(x), a / root)
        squares = np.pad(a**2, [(0, 0), (1, 1), (0, 0)])
        means = sum(squares[:, i : i + 4] for i in range(3)) / 3
        same(nn.LocalResponseNorm(3, 0.5, 0.6, 2.0)(x), a / (2.0 + 0.5 * means) ** 0.6)

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match="num_groups=3 does not divide num_channels=4"):
            nn.GroupNorm(3, 4)
        with pytest.raises(fe.ShapeError, match=r"\(N, C, L\) or \(C, L\) with C=2"):
            nn.InstanceNorm1d(2, affine=True)(fe.ones(3, 4))

    def test_parts_that_are_left_out(self) -> None:
        for layer in (
            nn.BatchNorm1d(2, bias=False), nn.InstanceNorm1d(2, affine=True, bias=False),
            nn.GroupNorm(1, 2, bias=False), nn.RMSNorm(2),
        ):  # fmt: skip
            assert [n for n, _ in layer.named_parameters()] == ["weight"]

    def test_synchronised_normalisation_is_local(self) -> None:
        model = nn.Sequential(nn.BatchNorm1d(2), nn.Sequential(nn.BatchNorm2d(2), nn.ReLU()))
        weight = model[0].weight
        found = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        assert found is model
        kinds = [type(m).__name__ for m in model.modules()]
        assert kinds == ["Sequential", "SyncBatchNorm", "Sequential", "SyncBatchNorm", "ReLU"]
        assert model[0].weight is weight
        x, layer = normal(5, 2).float(), nn.BatchNorm1d(2)
        same(model[0](x), layer(x).detach().numpy(), rtol=1e-6)
        assert list(model[0].state_dict()) == list(layer.state_dict())
        assert model[0].num_batches_tracked.item() == 1
        alone = nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm3d(2))
        assert isinstance(alone, nn.SyncBatchNorm)


class TestShape:
    def test_folding(self) -> None:
        x = normal(2, 3, 4, 6)
        columns = nn.Unfold(2, stride=2)(x)
        assert columns.shape == (2, 12, 6)
        same(nn.Fold((4, 6), 2, stride=2)(columns), x.numpy())
        assert nn.Unfold((2, 3), dilation=2, padding=1)(x[0]).shape == (3 * 6, 16)

    def test_pixels(self) -> None:
        x = normal(2, 8, 3, 2)
        y = nn.PixelShuffle(2)(x)
        wanted = x.numpy().reshape(2, 2, 2, 2, 3, 2).transpose(0, 1, 4, 2, 5, 3)
        same(y, wanted.reshape(2, 2, 6, 4))
        same(nn.PixelUnshuffle(2)(y), x.numpy())

    def test_upsampling(self) -> None:
        x = fe.tensor([[[0.0, 1.0], [2.0, 3.0]]]).unsqueeze(0)
        assert nn.Upsample(scale_factor=2)(x)[0, 0].tolist() == [
            [0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3],
        ]  # fmt: skip
        assert nn.UpsamplingNearest2d((2, 4))(x)[0, 0].tolist() == [[0, 0, 1, 1], [2, 2, 3, 3]]
        corners = nn.UpsamplingBilinear2d(size=(3, 3))(x)[0, 0].tolist()
        assert corners == [[0.0, 0.5, 1.0], [1.0, 1.5, 2.0], [2.0, 2.5, 3.0]]

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match="dims have no names"):
            nn.Unflatten("C", (2, 3))  # pyright: ignore[reportArgumentType]
        with pytest.raises(fe.ArgumentError, match="must be a tuple of ints"):
            nn.Unflatten(1, 6)  # pyright: ignore[reportArgumentType]


def test_pairs_of_vectors() -> None:
    a, b = normal(3, 4), normal(3, 4, seed=1)
    x, y = a.numpy(), b.numpy()
    cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    same(nn.CosineSimilarity()(a, b), cosine)
    same(nn.PairwiseDistance()(a, b), np.linalg.norm(x - y + 1e-6, axis=1))
    same(nn.PairwiseDistance(1.0, keepdim=True)(a, b), abs(x - y + 1e-6).sum(1, keepdims=True))
    bilinear = nn.Bilinear(4, 4, 2, dtype=fe.float64)
    w, bias = bilinear.weight.detach().numpy(), bilinear.bias
    assert bias is not None
    same(bilinear(a, b), np.einsum("ni,kij,nj->nk", x, w, y) + bias.detach().numpy())
    assert float(bilinear.weight.detach().abs().max()) <= 0.5


class TestEmbedding:
    def test_from_pretrained(self) -> None:
        table = normal(4, 3)
        frozen = nn.Embedding.from_pretrained(table)
        assert not frozen.weight.requires_grad
        same(frozen(fe.tensor([2, 0])), table.numpy()[[2, 0]])
        assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
        with pytest.raises(fe.ShapeError, match="must have two dims"):
            nn.Embedding.from_pretrained(fe.ones(3))
        with pytest.raises(fe.ShapeError, match=r"its shape must be \(2, 3\)"):
            nn.Embedding(2, 3, _weight=fe.ones(3, 2))

    def test_rows_are_scaled_down(self) -> None:
        layer = nn.Embedding(4, 3, max_norm=0.5, dtype=fe.float64)
        y = layer(fe.tensor([1, 1]))
        same((y.detach() ** 2.0).sum(1) ** 0.5, [0.5, 0.5], rtol=1e-5)
        same(layer.weight[1], y[0].detach().numpy())

    def test_gradients_by_frequency(self) -> None:
        layer = nn.Embedding(4, 1, scale_grad_by_freq=True)
        layer(fe.tensor([1, 1, 2])).sum().backward()
        assert layer.weight.grad is not None
        assert layer.weight.grad.ravel().tolist() == [0.0, 1.0, 1.0, 0.0]

    @pytest.mark.parametrize("mode", ["sum", "mean", "max"])
    def test_bags(self, mode: str) -> None:
        layer = nn.EmbeddingBag.from_pretrained(normal(5, 3), mode=mode)
        table = layer.weight.numpy()
        wanted = [getattr(table[rows], mode)(0) for rows in ([0, 4], [1, 2, 3])]
        same(layer(fe.tensor([0, 4, 1, 2, 3]), fe.tensor([0, 2])), wanted)
        same(layer(fe.tensor([[0, 4]])), wanted[:1])
        assert repr(layer) == f"EmbeddingBag(5, 3, mode={mode!r})"

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match='"sum", "mean" or "max"'):
            nn.EmbeddingBag(2, 2, mode="median")
        with pytest.raises(fe.ArgumentError, match="no sparse gradients"):
            nn.Embedding(2, 2, sparse=True)


def hinge(x: Any) -> Any:
    return np.maximum(x, 0)


class TestLosses:
    x, y = normal(3, 4), normal(3, 4, seed=1)

    @pytest.mark.parametrize(
        ("layer", "function"),
        [
            (nn.L1Loss, lambda x, y: abs(x - y)),
            (nn.MSELoss, lambda x, y: (x - y) ** 2),
            (
                nn.SmoothL1Loss,
                lambda x, y: np.where(abs(x - y) < 1, (x - y) ** 2 / 2, abs(x - y) - 0.5),
            ),
            (nn.HuberLoss, lambda x, y: special.huber(1.0, x - y)),
            (nn.PoissonNLLLoss, lambda x, y: np.exp(x) - y * x),
            (nn.SoftMarginLoss, lambda x, y: np.log1p(np.exp(-x * y))),
            (
                nn.BCEWithLogitsLoss,
                lambda x, y: -y * special.log_expit(x) - (1 - y) * special.log_expit(-x),
            ),
            (nn.KLDivLoss, lambda x, y: special.xlogy(y, y) - y * x),
            (nn.HingeEmbeddingLoss, lambda x, y: np.where(y == 1, x, hinge(1 - x))),
        ],
    )
    @pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
    def test_element_by_element(self, layer: Any, function: Function, reduction: str) -> None:
        y = self.y
        if layer is nn.KLDivLoss:
            y = nn.Softmax(1)(y)
        if layer in (nn.HingeEmbeddingLoss, nn.SoftMarginLoss):
            y = fe.where(y > 0, 1.0, -1.0).double()
        wanted = function(self.x.numpy(), y.numpy())
        if reduction != "none":
            wanted = getattr(wanted, reduction)()
        same(layer(reduction=reduction)(self.x, y), wanted)

    def test_pairs_and_triplets(self) -> None:
        a, b, c = (t.numpy() for t in (self.x, self.y, normal(3, 4, seed=2)))
        third = fe.tensor(c)
        sign = fe.tensor([1.0, -1.0, 1.0], dtype=fe.float64)
        s = sign.numpy()
        ranking = nn.MarginRankingLoss(0.3)(self.x[:, 0], self.y[:, 0], sign)
        same(ranking, hinge(-s * (a[:, 0] - b[:, 0]) + 0.3).mean())
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        wanted = np.where(s > 0, 1 - cosine, hinge(cosine - 0.1))
        same(nn.CosineEmbeddingLoss(0.1)(self.x, self.y, sign), wanted.mean(), rtol=1e-7)
        near, far = (np.linalg.norm(a - z + 1e-6, axis=1) for z in (b, c))
        wanted = hinge(near - far + 1.0)
        for layer in (nn.TripletMarginLoss, nn.TripletMarginWithDistanceLoss):
            same(layer(reduction="none")(self.x, self.y, third), wanted)

        def taxicab(p: fe.Tensor, q: fe.Tensor) -> fe.Tensor:
            return (p - q).abs().sum(-1)

        near, far = (abs(a - z).sum(1) for z in (b, c))
        found = nn.TripletMarginWithDistanceLoss(distance_function=taxicab, margin=2.0)
        same(found(self.x, self.y, third), hinge(near - far + 2.0).mean())

    def test_classes(self) -> None:
        x, target = self.x.numpy(), np.array([1, 3, 0])
        right = x[range(3), target][:, None]
        margins = hinge(1 - right + x)
        margins[range(3), target] = 0
        labels = fe.tensor(target)
        same(nn.MultiMarginLoss()(self.x, labels), (margins.sum(1) / 4).mean())
        same(nn.MultiMarginLoss(p=2, reduction="sum")(self.x, labels), (margins**2).sum() / 4)
        of_right = fe.tensor([[1, -1, 0, 0], [3, 0, -1, 2], [0, 1, 2, 3]])
        wanted = [
            sum(hinge(1 - x[i, r] + x[i, j]) for r in rows for j in range(4) if j not in rows) / 4
            for i, rows in enumerate([[1], [3, 0], [0, 1, 2, 3]])
        ]
        same(nn.MultiLabelMarginLoss(reduction="none")(self.x, of_right), wanted)
        y = np.array([[1.0, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 0]])
        soft = -y * special.log_expit(x) - (1 - y) * special.log_expit(-x)
        same(nn.MultiLabelSoftMarginLoss()(self.x, fe.tensor(y)), soft.mean())
        p = special.expit(x)
        same(nn.BCELoss()(fe.tensor(p), fe.tensor(y)), soft.mean())
        weights = np.array([1.0, 2.0, 0.5, 3.0])
        layer = nn.BCEWithLogitsLoss(pos_weight=fe.tensor(weights))
        assert list(layer.state_dict()) == ["pos_weight"]
        soft = -y * weights * special.log_expit(x) - (1 - y) * special.log_expit(-x)
        same(layer(self.x, fe.tensor(y)), soft.mean())

    def test_normal_targets(self) -> None:
        var = self.y**2 + 0.5
        wanted = 0.5 * (np.log(var.numpy()) + (self.x - self.y).numpy() ** 2 / var.numpy())
        same(nn.GaussianNLLLoss()(self.x, self.y, var), wanted.mean())
        full = wanted + 0.5 * np.log(2 * np.pi)
        same(nn.GaussianNLLLoss(full=True, reduction="none")(self.x, self.y, var), full)

    def test_sequences(self) -> None:
        """Two steps and one label have the alignments (a, a), (a, -) and (-, a)."""
        p = special.softmax(self.x.numpy()[:2], 1)
        paths = p[0, 2] * p[1, 2] + p[0, 2] * p[1, 0] + p[0, 0] * p[1, 2]
        log_p = fe.tensor(np.log(p)).unsqueeze(1)
        found = nn.CTCLoss(reduction="sum")(log_p, fe.tensor([[2]]), [2], [1])
        same(found, -np.log(paths))
        too_long = fe.tensor([[2, 2]])
        assert nn.CTCLoss()(log_p, too_long, [2], [2]).isinf()
        assert nn.CTCLoss(zero_infinity=True)(log_p, too_long, [2], [2]).item() == 0.0

    def test_reductions(self) -> None:
        assert nn.KLDivLoss(reduction="batchmean").reduction == "batchmean"
        with pytest.raises(fe.ArgumentError, match=r"reduction must be one of .*batchmean"):
            nn.MSELoss(reduction="batchmean")
        with pytest.warns(DeprecationWarning, match="say reduction='sum'"):
            assert nn.MSELoss(size_average=False).reduction == "sum"
        with pytest.warns(DeprecationWarning, match="say reduction='none'"):
            assert nn.CrossEntropyLoss(None, None, -100, False).reduction == "none"
        with pytest.raises(fe.ArgumentError, match="margin must be positive"):
            nn.TripletMarginLoss(margin=0.0)


class TestDropout:
    @pytest.mark.parametrize(
        ("layer", "shape"),
        [
            (nn.Dropout1d(0.4), (50, 40, 3)),
            (nn.Dropout2d(0.4), (50, 40, 3, 2)),
            (nn.Dropout3d(0.4), (50, 40, 2, 3, 2)),
        ],
    )
    def test_whole_channels(self, layer: nn.Module, shape: tuple[int, ...]) -> None:
        fe.manual_seed(0)
        y = layer(fe.ones(shape)).numpy().reshape(50 * 40, -1)
        assert (y == y[:, :1]).all()
        assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.6)}
        assert abs((y[:, 0] == 0).mean() - 0.4) < 0.05

    @pytest.mark.parametrize("layer", [nn.AlphaDropout(0.3), nn.FeatureAlphaDropout(0.3)])
    def test_mean_and_variance_stay(self, layer: nn.Module) -> None:
        fe.manual_seed(0)
        y = layer(fe.randn(200, 100, 2)).numpy()
        assert abs(y.mean()) < 0.05
        assert abs(y.std() - 1.0) < 0.05

    def test_random_slopes(self) -> None:
        fe.manual_seed(0)
        y = nn.RReLU(0.2, 0.6)(fe.full((4000,), -1.0)).numpy()
        assert -0.6 <= y.min() < -0.59
        assert -0.21 < y.max() <= -0.2
        assert abs(y.mean() + 0.4) < 0.01


def test_activations_refuse() -> None:
    for make, said in (
        (lambda: nn.Softmax()(fe.ones(2)), "say along which dim"),
        (lambda: nn.Hardtanh(1.0, 1.0), "max_val=1.0 must be above"),
        (lambda: nn.Softshrink(-1.0), "lambd must be at least 0"),
        (lambda: nn.PReLU(0), "num_parameters must be"),
    ):
        with pytest.raises(fe.ArgumentError, match=said):
            make()
    with pytest.raises(fe.ShapeError, match=r"\(N, C, H, W\) or \(C, H, W\)"):
        nn.Softmax2d()(fe.ones(2, 2))


@pytest.mark.parametrize(
    "layer",
    [
        nn.ReLU6, nn.ELU, nn.CELU, nn.SELU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.LeakyReLU,
        nn.Hardtanh,
    ],
)  # fmt: skip
def test_in_place(layer: Any) -> None:
    x = normal(4)
    wanted = layer()(x)
    assert layer(inplace=True)(x) is x
    assert (x == wanted).all()
