"""Configurations of layers."""

from __future__ import annotations

from ferrule_conformance.modules.configuration import (
    Configuration,
    at_random,
    fixed,
    ints,
    of,
    this,
    x,
)


def linear() -> list[Configuration]:
    return [
        of("Linear", 40, 20)(x(3, 40)),
        of("Linear", 4, 3, bias=False)(x(2, 5, 4)),
        of("Linear", 4, 3)(x(4)),
        of("Linear", 4, 3)(x(0, 4)),
        of("LazyLinear", 20)(x(3, 40)),
        of("LazyLinear", 3, bias=False)(x(2, 5, 4)),
        of("Bilinear", 30, 4, 6)(x(2, 30), x(2, 4)),
        of("Bilinear", 3, 4, 5, bias=False)(x(2, 2, 3), x(2, 2, 4)),
        of("Identity", 3, unused=1)(x(3)),
    ]


def dropout() -> list[Configuration]:
    shapes = {
        "Dropout": (3, 4), "Dropout1d": (2, 3, 4), "Dropout2d": (2, 3, 4, 5),
        "Dropout3d": (2, 3, 4, 5, 2), "AlphaDropout": (3, 4), "FeatureAlphaDropout": (2, 3, 4),
    }  # fmt: skip
    found: list[Configuration] = []
    for name, shape in shapes.items():
        found += [at_random(name)(x(*shape)), of(name, p=0.0)(x(*shape))]
        found += [at_random(name, 0.3, False)(x(*shape))]
    return [*found, of("Dropout", 1.0)(x(3, 4)), of("Dropout1d", 1.0)(x(3, 4))]


def embedding() -> list[Configuration]:
    offsets = this([0, 2, 2, 5])
    return [
        of("Embedding", 40, 20)(ints(40, 3, 4)),
        of("Embedding", 10, 3, padding_idx=-2)(ints(10, 30)),
        of("Embedding", 10, 3, max_norm=1.0, scale_grad_by_freq=True)(ints(10, 30)),
        of("Embedding", 10, 3, max_norm=1.0, norm_type=1.0)(ints(10)),
        of("Embedding", 4, 3, _weight=fixed(4, 3), _freeze=True)(ints(4, 2)),
        of("EmbeddingBag", 40, 20)(ints(40, 3, 4)),
        of("EmbeddingBag", 10, 3, mode="sum", padding_idx=2)(ints(10, 3, 4)),
        of("EmbeddingBag", 10, 3, mode="max")(ints(10, 9), offsets),
        of("EmbeddingBag", 10, 3, max_norm=0.5, scale_grad_by_freq=True)(ints(10, 9), offsets),
        of("EmbeddingBag", 10, 3, mode="sum")(ints(10, 3, 4), per_sample_weights=x(3, 4)),
        of("EmbeddingBag", 10, 3, include_last_offset=True)(ints(10, 9), this([0, 4, 9])),
    ]


def activation() -> list[Configuration]:
    plain = [
        "CELU", "ELU", "SELU", "GELU", "SiLU", "Mish", "ReLU", "ReLU6", "LeakyReLU", "PReLU",
        "Sigmoid", "LogSigmoid", "Tanh", "Tanhshrink", "Hardshrink", "Hardsigmoid", "Hardswish",
        "Hardtanh", "Softplus", "Softshrink", "Softsign",
    ]  # fmt: skip
    return [
        *[of(name)(x(3, 5)) for name in plain],
        *[of(name)(x()) for name in plain if name != "PReLU"],
        of("CELU", 0.7)(x(3, 5)),
        of("ELU", alpha=2.0)(x(3, 5)),
        of("GELU", "tanh")(x(3, 5)),
        of("GLU")(x(3, 6)),
        of("GLU", dim=0)(x(4, 3)),
        of("LeakyReLU", 0.2)(x(3, 5)),
        of("PReLU", 5, init=0.1)(x(3, 5)),
        of("PReLU", 3)(x(2, 3, 4)),
        at_random("RReLU")(x(3, 5)),
        at_random("RReLU", 0.1, 0.2)(x(3, 5)),
        of("Hardshrink", 0.8)(x(3, 5)),
        of("Softshrink", 0.2)(x(3, 5)),
        of("Hardtanh", -0.5, 2.0)(x(3, 5)),
        of("Softplus", beta=2.0, threshold=1.0)(x(3, 5)),
        of("Threshold", 0.2, -1.0)(x(3, 5)),
        *[
            of(name, dim=d)(x(3, 4, 2))
            for name in ("Softmax", "LogSoftmax", "Softmin")
            for d in (1, -1)
        ],
        of("Softmax2d")(x(2, 3, 4, 2)),
        of("Softmax2d")(x(3, 4, 2)),
    ]  # fmt: skip


def shape() -> list[Configuration]:
    return [
        of("Flatten")(x(2, 3, 4)),
        of("Flatten", 0, 1)(x(2, 3, 4)),
        of("Unflatten", 1, (2, 3))(x(2, 6, 2)),
        of("Unflatten", -1, (2, -1))(x(2, 6)),
        of("Fold", (4, 5), (2, 2))(x(2, 12, 12)),
        of("Fold", 4, 2, stride=2, padding=1, dilation=1)(x(8, 9)),
        of("Unfold", (2, 3))(x(2, 3, 4, 5)),
        of("Unfold", 2, dilation=2, padding=1, stride=2)(x(3, 6, 5)),
        of("Upsample", 5)(x(2, 3, 4)),
        of("Upsample", scale_factor=2, mode="bilinear")(x(1, 2, 3, 4)),
        of("Upsample", scale_factor=(1.5, 2.0), mode="bicubic", align_corners=True)(x(1, 2, 3, 4)),
        of("Upsample", (2, 3, 4), mode="trilinear")(x(1, 2, 3, 4, 2)),
        of("Upsample", scale_factor=1.7, mode="linear", recompute_scale_factor=True)(x(1, 2, 7)),
        of("UpsamplingNearest2d", scale_factor=2)(x(1, 2, 3, 4)),
        of("UpsamplingNearest2d", size=(5, 3))(x(1, 2, 3, 4)),
        of("UpsamplingBilinear2d", scale_factor=2)(x(1, 2, 3, 4)),
        of("PixelShuffle", 2)(x(2, 8, 3, 4)),
        of("PixelUnshuffle", 2)(x(2, 3, 4, 6)),
        of("ChannelShuffle", 2)(x(2, 6, 3)),
        of("CosineSimilarity")(x(3, 4), x(3, 4)),
        of("CosineSimilarity", dim=-1, eps=1e-3)(x(3, 4, 2), x(3, 4, 2)),
        of("PairwiseDistance")(x(3, 4), x(3, 4)),
        of("PairwiseDistance", 1.0, keepdim=True)(x(3, 4), x(4)),
    ]


def own() -> list[Configuration]:
    """What PyTorch does not have, or not on every device."""
    return [
        of("Sequential", of("Linear", 4, 5), of("Tanh"), of("Linear", 5, 2))(x(3, 4)),
        of("SyncBatchNorm", 4)(x(3, 4, 5)),
        of("SyncBatchNorm", 4, momentum=0.3, affine=False)(x(3, 4, 2, 2)),
    ]
