"""What ferrule asks this distribution for. Core and NumPy are imported when it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ferrule_plugins import Backend, Kernel, hookimpl


@hookimpl
def ferrule_register_ops() -> Iterable[Any]:
    from ferrule_example_recurrence import linear_recurrence

    return [linear_recurrence]


@hookimpl
def ferrule_register_kernels(backend: Backend) -> Mapping[str, Kernel] | None:
    """The kernel is written for the arrays of one backend. Others run the op by its body."""
    if backend.name != "cpu":
        return None
    from ferrule_example_recurrence.kernel import linear_recurrence

    return {"linear_recurrence": linear_recurrence}
