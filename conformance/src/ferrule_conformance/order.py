"""Which tests tell the most, for runs whose time is short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from ferrule_conformance.check import CHECKS
from ferrule_conformance.history import subject
from ferrule_conformance.suite import Trial

_FIRST = ("forward", "gradient", "kernel_is_body", "inferred_spec")
"""The checks that find most, in each round before the others."""


def telling(trials: Sequence[Trial], failed: Collection[str]) -> list[Trial]:
    """The tests in another order: those that failed when they were last run; then level 0; then
    each check of each op once, in the first dtype and sample; then once more, and so on."""
    place = {name: i for i, name in enumerate([*_FIRST, *CHECKS])}
    place.update({name: i for i, name in enumerate(_FIRST)})
    rounds: Counter[tuple[str, str]] = Counter()
    keys: dict[str, tuple[bool, bool, int, int, int]] = {}
    for i, trial in enumerate(trials):
        pair = subject(trial), trial.check.name
        keys[trial.id] = (
            trial.id not in failed,
            trial.level != 0,
            rounds[pair] if trial.level else 0,
            place[trial.check.name],
            i,
        )
        rounds[pair] += 1
    return sorted(trials, key=lambda trial: keys[trial.id])
