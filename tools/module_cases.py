"""The cases of `compare_modules.py`, one a line: a module, its arguments, and what it is called
with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Input:
    """An array that is drawn anew for every call.

    Attributes:
        shape: of the array.
        make: draws it.
        learned: its gradient is compared.
        logits: the module takes its `log_softmax`, along the last dim.
    """

    shape: tuple[int, ...]
    make: Callable[[np.random.Generator, tuple[int, ...]], Any]
    learned: bool = False
    logits: bool = False

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        return np.asarray(self.make(rng, self.shape))

    def __repr__(self) -> str:
        return f"x{list(self.shape)}"


def x(*shape: int) -> Input:
    """Normal, and a gradient is wanted."""
    return Input(shape, lambda rng, shape: rng.standard_normal(shape), learned=True)


def fixed(*shape: int) -> Input:
    """Normal."""
    return Input(shape, lambda rng, shape: rng.standard_normal(shape))


def unit(*shape: int, learned: bool = True) -> Input:
    """Between 0 and 1."""
    return Input(shape, lambda rng, shape: rng.uniform(0.05, 0.95, shape), learned)


def ints(high: int, *shape: int) -> Input:
    """Integers below ``high``."""
    return Input(shape, lambda rng, shape: rng.integers(0, high, shape))


def signs(*shape: int) -> Input:
    """1 and -1."""
    return Input(shape, lambda rng, shape: rng.integers(0, 2, shape) * 2.0 - 1.0)


def counts(*shape: int) -> Input:
    """Small whole numbers."""
    return Input(shape, lambda rng, shape: rng.poisson(3.0, shape).astype(float))


def soft(*shape: int) -> Input:
    """Probabilities along dim 1."""
    return Input(shape, lambda rng, shape: rng.dirichlet(np.ones(shape[1]), shape[0]))


def log_soft(*shape: int) -> Input:
    """Log-probabilities along the last dim."""
    return Input(shape, lambda rng, shape: rng.standard_normal(shape), learned=True, logits=True)


def this(value: Any) -> Input:
    """An array as it is."""
    array = np.asarray(value)
    return Input(array.shape, lambda rng, shape: array)


def mask(*shape: int) -> Input:
    """Booleans, seldom True, and never for the first along the last dim."""
    return Input(
        shape, lambda rng, s: (rng.random(s) < 0.3) & (np.arange(s[-1]) > 0 if s else True)
    )


@dataclass(frozen=True)
class Case:
    """A module to compare.

    Attributes:
        name: of the module.
        args, kwargs: its constructor's. An `Input` stands for a tensor, a `Case` for a module.
        inputs, keywords: what it is called with.
        random: its results are random while training.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    random: bool = False

    def __call__(self, *inputs: Any, **keywords: Any) -> Case:
        return Case(self.name, self.args, self.kwargs, inputs, keywords, self.random)

    def __repr__(self) -> str:
        arguments = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        called = ", ".join([*map(repr, self.inputs), *self.keywords])
        return f"({', '.join(arguments)})({called})"


def of(_name: str, *args: Any, **kwargs: Any) -> Case:
    return Case(_name, args, kwargs)


def at_random(_name: str, *args: Any, **kwargs: Any) -> Case:
    return Case(_name, args, kwargs, random=True)


def _dims(name: str) -> int:
    return int(name[-2])


SIZE = {1: (9,), 2: (7, 6), 3: (5, 4, 6)}


def _linear() -> list[Case]:
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


def _conv() -> list[Case]:
    found: list[Case] = []
    for n in (1, 2, 3):
        size = SIZE[n]
        one, other = f"Conv{n}d", f"ConvTranspose{n}d"
        batch, single = x(2, 4, *size), x(4, *size)
        k = tuple(range(3, 3 - n, -1)) if n < 3 else (2, 1, 3)
        found += [
            of(one, 4, 16, 3)(batch),
            of(one, 4, 6, k, stride=2, padding=1, groups=2)(batch),
            of(one, 4, 4, 2, dilation=2, bias=False, groups=4)(single),
            of(one, 4, 5, k, padding="same", dilation=1)(batch),
            of(one, 4, 5, 2, padding="same")(batch),
            of(one, 4, 5, 3, padding="valid")(batch),
            *[
                of(one, 4, 3, 3, padding=1, padding_mode=mode)(batch)
                for mode in ("zeros", "reflect", "replicate", "circular")
            ],
            of(one, 4, 3, 2, padding="same", padding_mode="reflect")(batch),
            of(one, 4, 3, 3, padding="valid", padding_mode="circular")(batch),
            of(one, 4, 3, 3, padding=1, padding_mode="replicate")(single),
            of(f"Lazy{one}", 16, 3)(batch),
            of(f"Lazy{one}", 6, k, stride=2, padding=1, groups=2, bias=False)(single),
            of(other, 4, 16, 3)(batch),
            of(other, 4, 6, k, stride=2, padding=1, output_padding=1, groups=2)(batch),
            of(other, 4, 4, 2, dilation=2, bias=False, groups=4)(single),
            of(other, 4, 2, 3, stride=2)(batch, output_size=[2 * s + 2 for s in size]),
            of(other, 4, 2, 3, stride=2)(batch, [2, 2, *(2 * s + 1 for s in size)]),
            of(f"Lazy{other}", 16, 3)(batch),
            of(f"Lazy{other}", 6, 3, stride=2, groups=2)(single),
        ]
    return found


def _pooling() -> list[Case]:
    found: list[Case] = []
    for n in (1, 2, 3):
        size = SIZE[n]
        batch, single = x(2, 3, *size), x(3, *size)
        k = (3, 2, 2)[:n]
        found += [
            of(f"MaxPool{n}d", 2)(batch),
            of(f"MaxPool{n}d", k, stride=1, padding=1, ceil_mode=True)(batch),
            of(f"MaxPool{n}d", 2, dilation=2, stride=1, return_indices=True)(single),
            of(f"AvgPool{n}d", 2)(batch),
            of(f"AvgPool{n}d", k, 2, 1, True, False)(single),
            of(f"LPPool{n}d", 2, 3)(batch),
            of(f"LPPool{n}d", 3.0, 2, stride=1, ceil_mode=True)(unit(2, 3, *size)),
            of(f"AdaptiveAvgPool{n}d", 3)(batch),
            of(f"AdaptiveAvgPool{n}d", (None, 2, 3)[:n] if n > 1 else 4)(single),
            of(f"AdaptiveMaxPool{n}d", 3)(batch),
            of(f"AdaptiveMaxPool{n}d", 2, return_indices=True)(single),
        ]
        cells = 1
        for s in size:
            cells *= s
        half = tuple(s // 2 for s in size)
        places = np.stack([np.random.default_rng(3).permutation(cells) for _ in range(6)])
        count = int(np.prod(half))
        indices = places[:, :count].reshape(2, 3, *half)
        found += [
            of(f"MaxUnpool{n}d", 2)(x(2, 3, *half), this(indices), output_size=size),
            of(f"MaxUnpool{n}d", 3, 2, 0)(x(3, *half), this(indices[0]), list(size)),
        ]
        if n > 1:
            name, random = f"FractionalMaxPool{n}d", unit(2, 3, n)
            found += [
                of(f"AvgPool{n}d", 2, divisor_override=3)(batch),
                of(name, 2, output_size=2, _random_samples=random)(batch),
                of(name, 2, output_ratio=0.6, return_indices=True, _random_samples=random)(batch),
            ]  # fmt: skip
    return found


def _padding() -> list[Case]:
    found: list[Case] = []
    for n in (1, 2, 3):
        batch, single = x(2, 3, *SIZE[n]), x(3, *SIZE[n])
        sides = (1, 2, 0, 1, 2, 1)[: 2 * n]
        for kind in ("Reflection", "Replication", "Zero", "Circular"):
            found += [
                of(f"{kind}Pad{n}d", 2)(batch),
                of(f"{kind}Pad{n}d", sides)(single),
            ]
        found += [
            of(f"ConstantPad{n}d", 2, 1.5)(batch),
            of(f"ConstantPad{n}d", (-1, *sides[1:]), -2.0)(single),
        ]
    return found


def _normalization() -> list[Case]:
    found: list[Case] = []
    for n in (1, 2, 3):
        batch, single = x(3, 4, *SIZE[n]), x(4, *SIZE[n])
        for kind in ("BatchNorm", "InstanceNorm"):
            name = f"{kind}{n}d"
            found += [
                of(name, 4)(batch),
                of(name, 4, eps=1e-3, momentum=None, affine=True)(batch),
                of(name, 4, momentum=0.3, affine=True, bias=False, track_running_stats=True)(batch),
                of(name, 4, affine=False, track_running_stats=False)(batch),
                of(f"Lazy{name}")(batch),
                of(f"Lazy{name}", affine=False)(batch),
            ]
        found += [of(f"InstanceNorm{n}d", 4, affine=True, track_running_stats=True)(single)]
    return [
        *found,
        of("BatchNorm1d", 5)(x(6, 5)),
        of("LayerNorm", 5)(x(2, 3, 5)),
        of("LayerNorm", (3, 5), eps=1e-3, bias=False)(x(2, 3, 5)),
        of("LayerNorm", [5], elementwise_affine=False)(x(2, 5)),
        of("GroupNorm", 2, 4)(x(3, 4, 5)),
        of("GroupNorm", 4, 4, affine=False)(x(3, 4, 5, 2)),
        of("GroupNorm", 1, 4, eps=1e-2, bias=False)(x(3, 4)),
        of("RMSNorm", 5)(x(2, 3, 5)),
        of("RMSNorm", (3, 5), eps=1e-3, elementwise_affine=False)(x(2, 3, 5)),
        of("LocalResponseNorm", 3)(x(2, 5, 4)),
        of("LocalResponseNorm", 2, alpha=0.5, beta=0.6, k=2.0)(x(2, 5, 4, 3)),
    ]


def _dropout() -> list[Case]:
    shapes = {
        "Dropout": (3, 4), "Dropout1d": (2, 3, 4), "Dropout2d": (2, 3, 4, 5),
        "Dropout3d": (2, 3, 4, 5, 2), "AlphaDropout": (3, 4), "FeatureAlphaDropout": (2, 3, 4),
    }  # fmt: skip
    found: list[Case] = []
    for name, shape in shapes.items():
        found += [at_random(name)(x(*shape)), of(name, p=0.0)(x(*shape))]
        found += [at_random(name, 0.3, False)(x(*shape))]
    return [*found, of("Dropout", 1.0)(x(3, 4)), of("Dropout1d", 1.0)(x(3, 4))]


def _embedding() -> list[Case]:
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


def _activation() -> list[Case]:
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


def _shape() -> list[Case]:
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


def _losses() -> list[Case]:
    found: list[Case] = []
    for reduction in ("none", "mean", "sum"):
        r = {"reduction": reduction}
        found += [
            of("L1Loss", **r)(x(3, 4), x(3, 4)),
            of("MSELoss", **r)(x(3, 4), x(3, 4)),
            of("SmoothL1Loss", beta=0.5, **r)(x(3, 4), x(3, 4)),
            of("HuberLoss", delta=0.5, **r)(x(3, 4), x(3, 4)),
            of("CrossEntropyLoss", **r)(x(5, 4), ints(4, 5)),
            of("CrossEntropyLoss", weight=unit(4), ignore_index=2, label_smoothing=0.1, **r)(
                x(5, 4, 3), ints(4, 5, 3)
            ),
            of("CrossEntropyLoss", label_smoothing=0.2, **r)(x(5, 4), soft(5, 4)),
            of("CrossEntropyLoss", **r)(x(4), ints(4)),
            of("NLLLoss", weight=unit(4), ignore_index=1, **r)(log_soft(5, 4), ints(4, 5)),
            of("GaussianNLLLoss", full=True, **r)(x(3, 4), x(3, 4), unit(3, 4)),
            of("PoissonNLLLoss", **r)(x(3, 4), counts(3, 4)),
            of("PoissonNLLLoss", log_input=False, full=True, **r)(unit(3, 4), counts(3, 4)),
            of("KLDivLoss", **r)(log_soft(3, 4), soft(3, 4)),
            of("KLDivLoss", log_target=True, **r)(log_soft(3, 4), log_soft(3, 4)),
            of("BCELoss", weight=unit(3, 1), **r)(unit(3, 4), unit(3, 4, learned=False)),
            of("BCEWithLogitsLoss", weight=unit(4), pos_weight=unit(4), **r)(
                x(3, 4), unit(3, 4, learned=False)
            ),
            of("CTCLoss", **r)(
                log_soft(12, 3, 5), this(np.array([[1, 2, 2, 3], [4, 1, 3, 2], [2, 1, 1, 0]])),
                this([12, 10, 11]), this([4, 3, 3]),
            ),
            of("CTCLoss", blank=4, zero_infinity=True, **r)(
                log_soft(3, 2, 5), this([1, 2, 1, 1, 1, 2]), (3, 3), (3, 3)
            ),
            of("MarginRankingLoss", margin=0.3, **r)(x(5), x(5), signs(5)),
            of("MultiMarginLoss", **r)(x(3, 4), ints(4, 3)),
            of("MultiMarginLoss", p=2, margin=0.5, weight=unit(4), **r)(x(3, 4), ints(4, 3)),
            of("MultiLabelMarginLoss", **r)(x(2, 4), this([[1, 3, -1, 0], [2, -1, 0, 0]])),
            of("MultiLabelSoftMarginLoss", weight=unit(4), **r)(x(3, 4), ints(2, 3, 4)),
            of("SoftMarginLoss", **r)(x(3, 4), signs(3, 4)),
            of("HingeEmbeddingLoss", margin=0.5, **r)(x(3, 4), signs(3, 4)),
            of("CosineEmbeddingLoss", margin=0.1, **r)(x(3, 4), x(3, 4), signs(3)),
            of("TripletMarginLoss", **r)(x(3, 4), x(3, 4), x(3, 4)),
            of("TripletMarginLoss", margin=0.5, p=1.0, swap=True, **r)(x(3, 4), x(3, 4), x(3, 4)),
            of("TripletMarginWithDistanceLoss", swap=True, **r)(x(3, 4), x(3, 4), x(3, 4)),
        ]  # fmt: skip
    return [*found, of("KLDivLoss", reduction="batchmean")(log_soft(3, 4), soft(3, 4))]


def _recurrent() -> list[Case]:
    found: list[Case] = []
    for name, gates in (("RNN", 1), ("LSTM", 2), ("GRU", 1)):

        def states(layers: int, size: int, gates: int = gates) -> Any:
            one = x(layers, 2, size)
            return (one, one) if gates == 2 else one

        found += [
            of(name, 10, 20)(x(5, 2, 10)),
            of(name, 3, 4, num_layers=2, bidirectional=True)(x(5, 2, 3), states(4, 4)),
            of(name, 3, 4, batch_first=True, bias=False)(x(2, 5, 3)),
            of(name, 3, 4)(x(5, 3)),
            at_random(name, 3, 4, num_layers=2, dropout=0.5)(x(5, 2, 3)),
            of(f"{name}Cell", 10, 20)(x(2, 10)),
            of(f"{name}Cell", 3, 4, bias=False)(x(3)),
        ]
    return [
        *found,
        of("RNN", 3, 4, nonlinearity="relu")(x(5, 2, 3)),
        of("RNNCell", 3, 4, nonlinearity="relu")(x(2, 3), x(2, 4)),
        of("LSTM", 3, 5, 2, proj_size=2, bidirectional=True)(x(5, 2, 3)),
        of("LSTMCell", 3, 4)(x(2, 3), (x(2, 4), x(2, 4))),
    ]


def _attention() -> list[Case]:
    q, kv = x(4, 2, 8), x(5, 2, 8)
    small = {"dim_feedforward": 16, "dropout": 0.0}
    layer, back = (of(f"Transformer{kind}Layer", 8, 2, **small) for kind in ("Encoder", "Decoder"))
    return [
        of("MultiheadAttention", 8, 2)(q, kv, kv),
        of("MultiheadAttention", 8, 4, bias=False, batch_first=True)(q, q, q, need_weights=False),
        of("MultiheadAttention", 8, 2, kdim=3, vdim=6)(q, x(5, 2, 3), x(5, 2, 6)),
        of("MultiheadAttention", 8, 2, add_bias_kv=True, add_zero_attn=True)(
            q, kv, kv, average_attn_weights=False
        ),
        of("MultiheadAttention", 8, 2)(
            q, kv, kv, key_padding_mask=mask(2, 5), attn_mask=mask(4, 5)
        ),
        of("MultiheadAttention", 8, 2)(x(4, 8), x(5, 8), x(5, 8)),
        layer(x(4, 2, 8)),
        *[
            of("TransformerEncoderLayer", 8, 2, **small, **options)(x(4, 2, 8))
            for options in (
                {"norm_first": True}, {"activation": "gelu", "batch_first": True},
                {"bias": False, "layer_norm_eps": 1e-3},
            )
        ],
        layer(x(4, 2, 8), src_mask=mask(4, 4), src_key_padding_mask=mask(2, 4)),
        back(x(4, 2, 8), kv),
        of("TransformerDecoderLayer", 8, 2, **small, norm_first=True, activation="gelu")(
            x(4, 2, 8), kv, tgt_mask=mask(4, 4)
        ),
        of("TransformerEncoder", layer, 2)(x(4, 2, 8)),
        of("TransformerEncoder", layer, 2, norm=of("LayerNorm", 8))(x(4, 2, 8)),
        of("TransformerDecoder", back, 2, norm=of("LayerNorm", 8))(x(4, 2, 8), kv),
        of("Transformer", 8, 2, 1, 2, 16, 0.0)(x(4, 2, 8), kv),
        of("Transformer", 8, 2, 1, 1, 16, 0.0, norm_first=True, batch_first=True)(
            x(2, 4, 8), x(2, 5, 8)
        ),
    ]  # fmt: skip


CASES: list[Case] = [
    *_linear(), *_conv(), *_pooling(), *_padding(), *_normalization(), *_dropout(), *_embedding(),
    *_activation(), *_shape(), *_losses(), *_recurrent(), *_attention(),
]  # fmt: skip
