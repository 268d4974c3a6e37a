"""Configurations of losses."""

from __future__ import annotations

import numpy as np

from ferrule_conformance.modules.configuration import (
    Configuration,
    counts,
    ints,
    log_soft,
    of,
    signs,
    soft,
    this,
    unit,
    x,
)  # fmt: skip


def losses() -> list[Configuration]:
    found: list[Configuration] = []
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
