"""Optimizers to test: configurations of all those of ``fe.optim``."""

from __future__ import annotations

from dataclasses import dataclass

from ferrule_conformance.optimizers.options import OWN, SHARED, Options


@dataclass(frozen=True, eq=False)
class Configuration:
    """An optimizer and its options.

    Attributes:
        optimizer: its name in ``fe.optim``.
        options: other than the defaults.
    """

    optimizer: str
    options: Options

    @property
    def name(self) -> str:
        """What selects it."""
        return f"optim.{self.optimizer}"

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.options.items())
        return f"{self.optimizer}({options})"


CONFIGURATIONS: list[Configuration] = [
    Configuration(optimizer, options)
    for optimizer, sets in {**SHARED, **OWN}.items()
    for options in ({}, *sets.values())
]

__all__ = ["CONFIGURATIONS", "Configuration"]
