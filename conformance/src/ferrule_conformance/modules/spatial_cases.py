"""Configurations of convolutions, pooling, padding and normalisation over space."""

from __future__ import annotations

import numpy as np

from ferrule_conformance.modules.configuration import Configuration, of, this, unit, x

SIZE = {1: (9,), 2: (7, 6), 3: (5, 4, 6)}
"""By the number of dims that are no channels."""


def conv() -> list[Configuration]:
    found: list[Configuration] = []
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


def pooling() -> list[Configuration]:
    found: list[Configuration] = []
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


def padding() -> list[Configuration]:
    found: list[Configuration] = []
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


def normalization() -> list[Configuration]:
    found: list[Configuration] = []
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
