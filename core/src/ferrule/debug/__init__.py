"""Looking for mistakes that are too dear to look for all the time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrule.debug import indices
from ferrule.debug.indices import check_indices, checking, pending, queue, report

if TYPE_CHECKING:
    from ferrule.debug.comparison import Comparison, Divergence, EndToEnd, diff, diff_op

__all__ = [
    "Comparison",
    "Divergence",
    "EndToEnd",
    "check_indices",
    "checking",
    "diff",
    "diff_op",
    "indices",
    "pending",
    "queue",
    "report",
]


def __getattr__(name: str) -> Any:
    # imported when it is asked for: dispatch imports this package, and these are made of ops
    if name in __all__:
        return getattr(import_module("ferrule.debug.comparison"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
