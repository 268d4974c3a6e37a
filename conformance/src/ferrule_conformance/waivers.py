"""Tests that are known to fail, with the reason and a link to where that is being mended."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path


class WaiverError(ValueError):
    """The waivers cannot be followed. The text names file, entry and remedy."""


@dataclass(frozen=True)
class Waiver:
    """One entry: a test, or all tests that begin alike.

    Attributes:
        pattern: a test's id, or with ``*`` at the end the beginning of several.
        reason: why it fails.
        link: where that is followed up.
    """

    pattern: str
    reason: str
    link: str

    def matches(self, id: str) -> bool:
        if self.pattern.endswith("*"):
            return id.startswith(self.pattern[:-1])
        return id == self.pattern


def read(path: Path | str) -> list[Waiver]:
    """The waivers in a TOML file of ``[[waiver]]`` tables with ``id``, ``reason`` and ``link``.

    Raises:
        WaiverError: the file cannot be read, or an entry is not complete.
    """
    try:
        found = tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise WaiverError(f"the waivers cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise WaiverError(f"{path} is not TOML: {error}") from error
    if set(found) - {"waiver"} or not isinstance(found.get("waiver", []), list):
        raise WaiverError(f"{path} must hold [[waiver]] tables and nothing else")
    waivers = []
    for entry in found.get("waiver", []):
        for key in ("id", "reason", "link"):
            if not isinstance(entry.get(key), str) or not entry[key].strip():
                raise WaiverError(f"{path}: the waiver {entry!r} needs {key!r}, a text")
        unknown = set(entry) - {"id", "reason", "link"}
        if unknown or "*" in entry["id"][:-1] or entry["id"] == "*":
            wrong = f"the key {min(unknown)!r}" if unknown else f"the id {entry['id']!r}"
            raise WaiverError(
                f"{path}: {wrong} is not understood; an id is a test's, or its beginning with one "
                "* at the end"
            )
        waivers.append(Waiver(entry["id"], entry["reason"], entry["link"]))
    return waivers


def refuse_unused(waivers: Sequence[Waiver], ids: Collection[str]) -> None:
    """Raise `WaiverError` for a waiver of a test that does not exist."""
    for waiver in waivers:
        if not any(map(waiver.matches, ids)):
            raise WaiverError(
                f"the waiver {waiver.pattern!r} matches no test; remove it, or correct its id"
            )


def waiver_of(id: str, waivers: Sequence[Waiver]) -> Waiver | None:
    """The first waiver of a test."""
    return next((w for w in waivers if w.matches(id)), None)
