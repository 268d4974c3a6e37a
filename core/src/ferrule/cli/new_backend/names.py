"""What a new backend may be called."""

from __future__ import annotations

import keyword
import re
from importlib import metadata
from importlib.util import find_spec

from ferrule.errors import ArgumentError
from ferrule_plugins import discovery, selection

LONGEST = 16
"""Longer names make no good device names, and break lines of the package that is written."""

_PATTERN = re.compile(r"[a-z]([a-z0-9]|_(?=[a-z0-9]))*")
"""A Python identifier that a package index, and every file system, keeps as it is."""


def distribution(name: str) -> str:
    """What is uploaded and installed."""
    return f"ferrule-{name.replace('_', '-')}"


def package(name: str) -> str:
    """What is imported."""
    return f"ferrule_{name}"


def class_name(name: str) -> str:
    """``my_chip`` becomes ``MyChipBackend``."""
    return "".join(part.capitalize() for part in name.split("_")) + "Backend"


_TAKEN = {
    selection.AUTO: "means the fastest backend that works",
    "diff": "is a word of the command line: ferrule conformance diff",
    "run": "is a word of the command line: ferrule conformance run",
    "plugins": "would make a second ferrule-plugins",
    "conformance": "would make a second ferrule-conformance",
    **{name: f"is the backend of {distribution(name)}" for name in discovery.FIRST_PARTY},
}
"""Names that mean something else, and what."""


def check(name: str) -> None:
    """See that a new backend can have that name.

    Raises:
        ArgumentError: it is no good name, or somebody has it.
    """
    if _PATTERN.fullmatch(name) is None or keyword.iskeyword(name) or len(name) > LONGEST:
        raise ArgumentError(
            f"{name!r} cannot name a backend: it becomes part of a device's name, of a Python "
            f"module's and of a distribution's. Take up to {LONGEST} of a-z, 0-9 and single "
            f"underscores, with a letter first, and no word of Python's{_suggestion(name)}"
        )
    if name in _TAKEN:
        raise ArgumentError(
            f"{name!r} {_TAKEN[name]}; choose another name, such as {'my_' + name!r}"
        )
    for candidate in discovery.candidates().get(name, ()):
        raise ArgumentError(
            f"{candidate} is installed and supplies a backend {name!r}; choose another name, or "
            f"pip uninstall {candidate.distribution}"
        )
    if _is_installed(distribution(name)):
        raise ArgumentError(
            f"a distribution {distribution(name)} is installed, and the new one would be called "
            f"so; choose another name, or pip uninstall {distribution(name)}"
        )
    if find_spec(package(name)) is not None:
        raise ArgumentError(
            f"there is a Python module {package(name)} already, and the new one would be called "
            "so; choose another name, or take that module off sys.path"
        )


def _suggestion(name: str) -> str:
    guess = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:LONGEST].rstrip("_")
    guess = f"my_{guess}" if keyword.iskeyword(guess) else guess
    return f", for instance {guess!r}" if _PATTERN.fullmatch(guess) else ""


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
