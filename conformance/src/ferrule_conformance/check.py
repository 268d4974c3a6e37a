"""What a check is, and all that there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ferrule_conformance.case import Case

Each = Literal[
    "backend", "dtype", "undeclared dtype", "op", "call", "module", "optimizer", "training"
]

Predicate = Callable[[Case], bool]


@dataclass(frozen=True)
class Check:
    """A plain function of a case that raises `Failure` where the backend is wrong.

    Attributes:
        name: the function's name.
        run: the function.
        each: what it is applied to.
        levels: the level at which it runs for a primitive, and for a composite.
        when: the cases that it has something to say about.
    """

    name: str
    run: Callable[[Case], None]
    each: Each
    levels: tuple[int, int]
    when: Predicate

    @property
    def claim(self) -> str:
        """What it checks, in one sentence."""
        return " ".join((self.run.__doc__ or "").split("\n\n")[0].split())

    def level(self, case: Case) -> int:
        return self.levels[0] if case.op is None or case.op.primitive else self.levels[1]


CHECKS: dict[str, Check] = {}
"""Every check, by name, in the order in which they run."""


def check(
    *, each: Each, level: int | tuple[int, int], when: Predicate = lambda case: True
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Declare a function to be a check; see `Check` for the arguments."""
    levels = level if isinstance(level, tuple) else (level, level)

    def declare(run: Callable[[Case], None]) -> Callable[[Case], None]:
        name = run.__name__
        assert name not in CHECKS and run.__doc__
        CHECKS[name] = Check(name, run, each, levels, when)
        return run

    return declare
