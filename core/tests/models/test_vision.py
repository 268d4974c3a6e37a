"""Vision models: sizes, keys, and what they compute."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import models, nn
from ferrule.abstract import Abstract
from ferrule.models.resnet import BasicBlock, Bottleneck
from ferrule.nn import functional as F


def without_data(make: Callable[[], nn.Module]) -> nn.Module:
    """A model of which only the shapes are known, which takes no time and no memory."""
    state = fe.get_rng_state()
    try:
        with Abstract(), pytest.MonkeyPatch.context() as patch:
            # it draws until it likes what it sees, and here there is nothing to see
            patch.setattr(nn.init, "trunc_normal_", nn.init.normal_)
            return make()
    finally:  # it has been advanced, to nothing
        fe.set_rng_state(state)


COUNTS: dict[str, int] = {
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg13": 133_047_848,
    "vgg13_bn": 133_053_736,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "wide_resnet50_2": 68_883_240,
    "mobilenet_v2": 3_504_872,
    "vit_b_16": 86_567_656,
    "vit_b_32": 88_224_232,
    "vit_l_16": 304_326_632,
    "vit_l_32": 306_535_400,
    "vit_h_14": 632_045_800,
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_as_many_as_published(name: str) -> None:
    make = getattr(models, name)
    count = sum(p.numel() for p in without_data(make).parameters())
    assert count == COUNTS[name]
    assert f"{count:,} parameters" in make.__doc__


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: models.MLP(784, [256, 128], 10), 235_146),
        (models.LeNet5, 61_706),
        (lambda: models.UNet(1, 2, batch_norm=False), 31_030_658),
        (lambda: models.Autoencoder(784, [512, 256], 32), 1_083_696),
        (lambda: models.VAE(784, [400], 20), 652_824),
    ],
)
def test_parameters_of_the_smaller_ones(make: Callable[[], nn.Module], count: int) -> None:
    model = without_data(make)
    assert sum(p.numel() for p in model.parameters()) == count
    assert f"{count:,} parameters" in " ".join(str(type(model).__doc__).split())


# Names and shapes in the files that torchvision publishes: the first and last ones, and how many.
KEYS: dict[str, tuple[int, dict[str, tuple[int, ...]]]] = {
    "resnet18": (
        122,
        {
            "conv1.weight": (64, 3, 7, 7),
            "bn1.running_mean": (64,),
            "bn1.num_batches_tracked": (),
            "layer1.0.bn2.bias": (64,),
            "layer2.0.downsample.0.weight": (128, 64, 1, 1),
            "layer4.1.conv2.weight": (512, 512, 3, 3),
            "fc.bias": (1000,),
        },
    ),
    "resnet50": (
        320,
        {
            "layer1.0.downsample.1.running_var": (256,),
            "layer2.0.conv2.weight": (128, 128, 3, 3),
            "layer4.2.conv3.weight": (2048, 512, 1, 1),
            "fc.weight": (1000, 2048),
        },
    ),
    "vgg16": (
        32,
        {
            "features.0.weight": (64, 3, 3, 3),
            "features.28.bias": (512,),
            "classifier.0.weight": (4096, 25088),
            "classifier.6.weight": (1000, 4096),
        },
    ),
    "vgg13_bn": (76, {"features.1.running_mean": (64,), "features.31.weight": (512, 512, 3, 3)}),
    "mobilenet_v2": (
        314,
        {
            "features.0.0.weight": (32, 3, 3, 3),
            "features.1.conv.0.0.weight": (32, 1, 3, 3),
            "features.1.conv.1.weight": (16, 32, 1, 1),
            "features.2.conv.1.1.running_var": (96,),
            "features.17.conv.3.bias": (320,),
            "features.18.1.weight": (1280,),
            "classifier.1.weight": (1000, 1280),
        },
    ),
    "vit_b_16": (
        152,
        {
            "class_token": (1, 1, 768),
            "conv_proj.weight": (768, 3, 16, 16),
            "encoder.pos_embedding": (1, 197, 768),
            "encoder.layers.encoder_layer_0.ln_1.weight": (768,),
            "encoder.layers.encoder_layer_0.self_attention.in_proj_weight": (2304, 768),
            "encoder.layers.encoder_layer_11.self_attention.out_proj.bias": (768,),
            "encoder.layers.encoder_layer_11.mlp.0.weight": (3072, 768),
            "encoder.layers.encoder_layer_11.mlp.3.weight": (768, 3072),
            "encoder.ln.bias": (768,),
            "heads.head.weight": (1000, 768),
        },
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_and_shapes_are_those_of_published_weights(name: str) -> None:
    count, shapes = KEYS[name]
    state = without_data(getattr(models, name)).state_dict()
    assert len(state) == count
    assert {key: state[key].shape for key in shapes} == shapes


def test_only_linear_layers_of_an_mlp_have_keys() -> None:
    assert list(models.MLP(4, [3], 2).state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert list(models.MLP(4, [3], 2, dropout=0.5).state_dict())[2:] == ["3.weight", "3.bias"]
    assert list(models.MLP(4, [], 2).state_dict()) == ["0.weight", "0.bias"]
    with pytest.raises(fe.ArgumentError, match=r"write \[3\]"):
        models.MLP(4, 3, 2)  # pyright: ignore[reportArgumentType]


def numbers(model: nn.Module, seed: int = 0) -> nn.Module:
    """A model in float64 with drawn parameters and statistics, in evaluation mode."""
    rng = np.random.default_rng(seed)
    model.double()
    with fe.no_grad():
        for name, x in model.state_dict(keep_vars=True).items():
            if x.dtype is fe.float64:
                drawn = rng.normal(size=x.shape) / math.sqrt(max(math.prod(x.shape[1:]), 1))
                x.copy_(fe.tensor(np.abs(drawn) + 0.5 if name.endswith("var") else drawn))
    return model.eval()


def rounded(x: fe.Tensor) -> list[float]:
    return [round(v, 6) for v in x.flatten().tolist()]


def test_a_residual_block_by_hand() -> None:
    rng = np.random.default_rng(0)
    down = nn.Sequential(nn.Conv2d(3, 8, 1, stride=2, bias=False), nn.BatchNorm2d(8))
    block: Any = numbers(Bottleneck(3, 2, 2, down))
    x = rng.normal(size=(2, 3, 6, 6))

    def conv(x: Any, w: Any, stride: int, pad: int) -> Any:
        k = w.shape[-1]
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
        return np.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], w)

    def norm(x: Any, bn: Any) -> Any:
        mean, var, weight, bias = (
            t.detach().numpy()[:, None, None]
            for t in (bn.running_mean, bn.running_var, bn.weight, bn.bias)
        )
        return (x - mean) / np.sqrt(var + 1e-5) * weight + bias

    def relu(x: Any) -> Any:
        return np.maximum(x, 0)

    w = {name: p.detach().numpy() for name, p in block.named_parameters()}
    y = relu(norm(conv(x, w["conv1.weight"], 1, 0), block.bn1))
    y = relu(norm(conv(y, w["conv2.weight"], 2, 1), block.bn2))  # V1.5: the stride is here
    y = norm(conv(y, w["conv3.weight"], 1, 0), block.bn3)
    y = relu(y + norm(conv(x, w["downsample.0.weight"], 2, 0), down[1]))
    np.testing.assert_allclose(block(fe.tensor(x)).detach().numpy(), y, rtol=1e-10, atol=1e-12)


def test_a_transformer_by_hand() -> None:
    model: Any = numbers(models.VisionTransformer(4, 2, 1, 2, 6, 5, num_classes=3, in_channels=1))
    w = {name: p.detach().numpy() for name, p in model.named_parameters()}
    x = np.random.default_rng(1).normal(size=(2, 1, 4, 4))

    def norm(x: Any, name: str) -> Any:
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + 1e-6) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: Any, weight: str, bias: str) -> Any:
        return x @ w[weight].T + w[bias]

    patches = x.reshape(2, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(2, 4, 4)
    tokens = patches @ w["conv_proj.weight"].reshape(6, 4).T + w["conv_proj.bias"]
    tokens = np.concatenate([np.tile(w["class_token"], (2, 1, 1)), tokens], 1)
    tokens = tokens + w["encoder.pos_embedding"]
    block = "encoder.layers.encoder_layer_0"
    qkv = linear(
        norm(tokens, f"{block}.ln_1"),
        f"{block}.self_attention.in_proj_weight",
        f"{block}.self_attention.in_proj_bias",
    )
    q, k, v = qkv.reshape(2, 5, 3, 2, 3).transpose(2, 0, 3, 1, 4)
    scores = np.exp(q @ k.swapaxes(-1, -2) / math.sqrt(3))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ v
    out = f"{block}.self_attention.out_proj"
    mixed = mixed.transpose(0, 2, 1, 3).reshape(2, 5, 6)
    tokens = tokens + linear(mixed, f"{out}.weight", f"{out}.bias")
    hidden = linear(norm(tokens, f"{block}.ln_2"), f"{block}.mlp.0.weight", f"{block}.mlp.0.bias")
    erf = np.vectorize(math.erf)
    hidden = hidden * (1 + erf(hidden / math.sqrt(2))) / 2
    tokens = tokens + linear(hidden, f"{block}.mlp.3.weight", f"{block}.mlp.3.bias")
    expected = linear(norm(tokens, "encoder.ln")[:, 0], "heads.head.weight", "heads.head.bias")
    np.testing.assert_allclose(model(fe.tensor(x)).detach().numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("image", [32, 45])
def test_resnets_take_images_of_any_size(image: int) -> None:
    model = models.resnet18(num_classes=3)
    assert model(fe.randn(2, 3, image, image)).shape == (2, 3)


def test_resnets_for_small_images_keep_the_resolution_at_first() -> None:
    model = models.resnet18(num_classes=3, in_channels=1, small_images=True)
    seen: list[Any] = []
    model.layer1.register_forward_hook(lambda m, args, out: seen.append(out.shape))
    assert model(fe.randn(2, 1, 8, 8)).shape == (2, 3)
    assert seen == [(2, 64, 8, 8)]


def test_blocks_that_begin_as_the_identity() -> None:
    model: Any = without_data(lambda: models.resnet18(zero_init_residual=True))
    assert model.layer1[0].last_norm == "bn2"
    block = models.ResNet(BasicBlock, (1, 1, 1, 1), 2, True).layer1[0]
    assert block.bn2.weight.tolist() == [0.0] * 64
    x = fe.rand(1, 64, 4, 4)
    assert block(x).tolist() == x.tolist()


def test_mobilenets_learn_and_other_widths_are_multiples_of_eight() -> None:
    model = models.mobilenet_v2(num_classes=4, width_mult=0.35)
    assert all(m.out_channels % 8 == 0 for m in model.modules() if isinstance(m, nn.Conv2d))
    loss = F.cross_entropy(model(fe.randn(2, 3, 33, 33)), fe.tensor([0, 3]))
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_vgg_features_end_at_a_32nd_of_the_side() -> None:
    model: Any = without_data(lambda: models.vgg11_bn(num_classes=5).eval())
    with Abstract():
        assert model.features(fe.zeros(2, 3, 64, 96)).shape == (2, 512, 2, 3)
        assert model(fe.zeros(2, 3, 32, 32)).shape == (2, 5)


def test_lenet_by_its_shapes() -> None:
    model = models.LeNet5()
    assert model.features(fe.zeros(2, 1, 28, 28)).shape == (2, 16, 5, 5)
    assert model(fe.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_unet_keeps_the_size(batch_norm: bool) -> None:
    model = models.UNet(2, 3, features=4, depth=2, batch_norm=batch_norm)
    x = fe.randn(2, 2, 8, 12)
    y = model(x)
    assert y.shape == (2, 3, 8, 12)
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(fe.ShapeError, match=r"multiples of 4 are wanted, not \[1, 2, 8, 6\]"):
        model(fe.zeros(1, 2, 8, 6))


def test_a_unet_passes_on_what_was_there_on_the_way_down() -> None:
    model: Any = models.UNet(1, 1, features=2, depth=1, batch_norm=False)
    with fe.no_grad():
        for name, p in model.named_parameters():
            if name.startswith(("up", "bottom")):
                p.zero_()
    x = fe.rand(1, 1, 4, 4)
    (passed,) = (model.down[0](x),)
    expected = model.head(model.merge[0](fe.cat([passed, fe.zeros_like(passed)], 1)))
    assert model(x).tolist() == expected.tolist()


def test_a_transformer_refuses_other_sizes() -> None:
    with pytest.raises(fe.ArgumentError, match="patch_size=5 does not divide image_size=32"):
        models.VisionTransformer(32, 5, 1, 1, 4, 4)
    model = models.VisionTransformer(4, 2, 1, 1, 4, 4, num_classes=2, representation_size=3)
    assert model(fe.zeros(2, 3, 4, 4)).shape == (2, 2)
    assert model.heads.pre_logits.weight.shape == (3, 4)
    with pytest.raises(fe.ShapeError, match=r"images of 4x4 pixels are wanted"):
        model(fe.zeros(2, 3, 8, 8))


def test_an_autoencoder_reproduces_what_it_learned() -> None:
    fe.manual_seed(0)
    model = models.Autoencoder(8, [16], 2)
    x = fe.randn(4, 2) @ fe.randn(2, 8)
    optimizer = fe.optim.Adam(model.parameters(), lr=0.02)
    first = F.mse_loss(model(x), x).item()
    for _ in range(60):
        optimizer.zero_grad()
        F.mse_loss(model(x), x).backward()
        optimizer.step()
    assert model.encoder(x).shape == (4, 2)
    assert F.mse_loss(model(x), x).item() < first / 20


def test_a_variational_autoencoder() -> None:
    model = models.VAE(6, [5, 4], 2)
    x = fe.rand(3, 6)
    generator = fe.Generator(seed=1)
    logits, mean, log_variance = model(x, generator)
    assert (logits.shape, mean.shape, log_variance.shape) == ((3, 6), (3, 2), (3, 2))
    again = model(x, fe.Generator(seed=1))[0]
    assert logits.tolist() == again.tolist()
    assert model(x, generator)[0].tolist() != logits.tolist()
    models.vae_loss(logits, x, mean, log_variance).backward()
    assert all(p.grad is not None for p in model.parameters())
    model.eval()
    assert model(x)[0].tolist() == model.decode(model.encode(x)[0]).tolist()
    drawn = model.sample(5, generator)
    assert drawn.shape == (5, 6)
    assert 0 < drawn.min().item() <= drawn.max().item() < 1


def test_codes_are_drawn_from_the_distribution_that_was_found() -> None:
    model = models.VAE(2, [2], 1)
    mean, log_variance = fe.full((20_000, 1), 3.0), fe.full((20_000, 1), math.log(4.0))
    drawn = model.draw(mean, log_variance, fe.Generator(seed=0)).numpy()
    assert abs(drawn.mean() - 3) < 0.05
    assert abs(drawn.std() - 2) < 0.05


def test_the_loss_is_the_evidence_lower_bound() -> None:
    rng = np.random.default_rng(0)
    logits, x = rng.normal(size=(3, 4)), rng.uniform(size=(3, 4))
    mean, log_variance = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    p = 1 / (1 + np.exp(-logits))
    unknown = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum()
    s2 = np.exp(log_variance)
    # of two normal distributions, in closed form
    divergence = (np.log(1 / np.sqrt(s2)) + (s2 + mean**2) / 2 - 0.5).sum()
    found = models.vae_loss(*map(fe.tensor, (logits, x, mean, log_variance)))
    assert found.item() == pytest.approx((unknown + divergence) / 3, rel=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: models.ResNet(BasicBlock, (1, 1, 1, 1), 3),
        lambda: models.MobileNetV2(num_classes=3, width_mult=0.1),
        lambda: models.VisionTransformer(4, 2, 2, 2, 4, 6, num_classes=3),
        lambda: models.UNet(1, 2, features=2, depth=2),
        lambda: models.VAE(6, [5], 2),
    ],
)
def test_weights_go_into_a_file_and_back(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    model, twin = numbers(make(), 0), numbers(make(), 1)
    fe.save_model(model, tmp_path / "f")
    fe.load_model(twin, tmp_path / "f")
    ours, theirs = model.state_dict(), twin.state_dict()
    assert list(ours) == list(theirs)
    assert all(np.array_equal(ours[key].numpy(), theirs[key].numpy()) for key in ours)
