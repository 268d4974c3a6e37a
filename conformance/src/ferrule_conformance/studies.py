"""What is tested besides ops: modules, optimizers, models in training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ferrule_conformance import modules, optimizers, training
from ferrule_conformance.case import Study, Target
from ferrule_conformance.check import Each
from ferrule_plugins import DType, dtypes


def _by_name(each: Each, studies: Iterable[Study]) -> list[tuple[Each, str, Sequence[Study]]]:
    groups: dict[str, list[Study]] = {}
    for study in studies:
        groups.setdefault(study.name, []).append(study)
    return [(each, name, group) for name, group in groups.items()]


STUDIES: list[tuple[Each, str, Sequence[Study]]] = [
    *_by_name("module", modules.CONFIGURATIONS),
    *_by_name("optimizer", optimizers.CONFIGURATIONS),
    *_by_name("training", training.TRAININGS),
]
"""Which checks they meet, their name, and their configurations, whose numbers are in the ids of
tests."""


def dtypes_of(target: Target, each: Each, index: int) -> tuple[DType, ...]:
    """The dtypes in which a configuration is tried: float32 or, on a backend without it, float64;
    for the first of a module float16 too."""
    found = [d for d in (dtypes.float32, dtypes.float64) if d in target.dtypes][:1]
    if each == "module" and index == 0 and dtypes.float16 in target.dtypes:
        found.append(dtypes.float16)
    return tuple(found)
