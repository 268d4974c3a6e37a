"""What the user asks of a run, as text."""

from __future__ import annotations

from dataclasses import dataclass

from ferrule import runtime
from ferrule_conformance.suite import LEVELS

SPEED = 5
"""The level that has no tests: a report of how fast ops are."""


@dataclass(frozen=True)
class Request:
    """What the user asks for, as text; None where nothing was said.

    Attributes:
        backend: a backend's name, or ``module:attribute``.
        levels: ``0-2``, ``1,3``.
        ops, dtypes, only: names between commas.
        device: ``1``, ``cuda:1``.
        changed: only tests on whose outcome something bears that changed since they passed.
        seed: what inputs are drawn from.
        waivers: a file.
        fallback: what becomes of primitives without a kernel.
        json, markdown, html, junit, certificate: files to write.
        budget: seconds after which no further test is begun.
    """

    backend: str
    levels: str | None = None
    ops: str | None = None
    dtypes: str | None = None
    only: str | None = None
    device: str | None = None
    changed: bool = False
    seed: int = 0
    waivers: str | None = None
    fallback: runtime.Fallback = "allow"
    json: str | None = None
    markdown: str | None = None
    html: str | None = None
    junit: str | None = None
    certificate: str | None = None
    budget: float | None = None

    @property
    def files(self) -> dict[str, str]:
        """The files to write, by what they will hold."""
        kinds = ("json", "markdown", "html", "junit", "certificate")
        return {kind: file for kind in kinds if (file := getattr(self, kind)) is not None}

    @property
    def selective(self) -> str:
        """The option that leaves tests out; empty if none does."""
        for option in ("ops", "dtypes", "only"):
            if getattr(self, option) is not None:
                return f"--{option}"
        return "--changed" if self.changed else ""


def names_in(text: str | None) -> frozenset[str] | None:
    """Names between commas."""
    return None if text is None else frozenset(filter(None, map(str.strip, text.split(","))))


def levels_in(text: str | None) -> frozenset[int]:
    """Levels as the user writes them; without any, all that have tests.

    Raises:
        LookupError: they are not understood, or there are no such levels.
    """
    if text is None:
        return frozenset(LEVELS)
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise LookupError(f"levels are written 2, 0-2 or 1,3, not {text!r}")
        found |= set(range(int(first), int(last or first) + 1))
    unknown = sorted(found - {*LEVELS, SPEED})
    if unknown or not found:
        wrong = f"there is no level {str(unknown[0])!r}" if unknown else f"{text!r} is no level"
        raise LookupError(f"{wrong} in this suite; there are 0 to {SPEED}")
    return frozenset(found)
