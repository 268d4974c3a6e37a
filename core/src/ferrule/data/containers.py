"""Tuples, lists and dicts made anew with other members."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence
from typing import Any


def is_named_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def like(example: Any, members: Any) -> Any:
    """A dict or a list of members as an object of the example's own kind, where one can be made.
    Tuples become lists, as PyTorch has it in batches."""
    if type(example) in (dict, list, tuple):
        return members
    try:
        if isinstance(example, MutableMapping):  # which may hold more than its members
            twin = copy.copy(example)
            twin.update(members)
            return twin
        if isinstance(example, MutableSequence):
            row = copy.copy(example)
            row[:] = members
            return row
        kind: Any = type(example)
        return kind(members)
    except TypeError:  # a kind that is made otherwise
        return dict(members) if isinstance(example, Mapping) else list(members)
