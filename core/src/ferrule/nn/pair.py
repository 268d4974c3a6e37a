"""Sizes for the two dims of an image."""

from __future__ import annotations

from typing import Any

from ferrule.errors import ArgumentError

Pair = int | tuple[int, int]
"""A height and a width; one int for both."""


def pair(call: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """Two ints from one int or two.

    Raises:
        ArgumentError: it is neither, or one is smaller than ``least``.
    """
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(_is_int(n) and n >= least for n in both):
        raise ArgumentError(
            f"{call}: {name} must be an int or a pair of ints of at least {least}, not {value!r}"
        )
    return both


def _is_int(n: Any) -> bool:
    return isinstance(n, int) and not isinstance(n, bool)
