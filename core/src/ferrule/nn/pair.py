"""Sizes for the spatial dims of a tensor: one int for all of them, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule.errors import ArgumentError

Sizes = int | Sequence[int]
"""One int for each spatial dim, or one for all."""

Pair = int | tuple[int, int]
"""A height and a width; one int for both."""

_WORDS = {1: "", 2: " or a pair of ints", 3: " or three ints"}


def sizes(call: str, name: str, value: Any, n: int, least: int = 1) -> tuple[int, ...]:
    """``n`` ints from one int, or from ``n`` of them.

    Raises:
        ArgumentError: it is neither, or one is smaller than ``least``.
    """
    found = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(found) == 1:
        found = found * n
    if len(found) != n or not all(_is_int(i) and i >= least for i in found):
        raise ArgumentError(
            f"{call}: {name} must be an int{_WORDS.get(n, f' or {n} ints')} of at least {least}, "
            f"not {value!r}"
        )
    return tuple(int(i) for i in found)


def pair(call: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """`sizes` for the two dims of an image."""
    height, width = sizes(call, name, value, 2, least)
    return height, width


def _is_int(n: Any) -> bool:
    return hasattr(n, "__index__") and not isinstance(n, bool)
