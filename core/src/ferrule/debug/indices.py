"""Finding indices that are out of range on backends that queue their work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ferrule_plugins import Device

if TYPE_CHECKING:
    from ferrule.index_check import Guard

_CHECKING: ContextVar[bool] = ContextVar("ferrule.check_indices", default=False)

checking = _CHECKING.get
"""Whether indices are checked on asynchronous backends."""

pending: dict[Device, list[tuple[Guard, tuple[Any, Any]]]] = {}
"""By device, the checks whose outcome nobody has looked at: the smallest and the largest index of
each, as the backend's arrays."""

_KEPT = 4096
_lock = threading.Lock()


@contextmanager
def check_indices(enabled: bool = True) -> Iterator[None]:
    """Find indices that are out of range on backends that queue their work.

    Synchronous backends check every index before they use it, with or without this. On an
    asynchronous one (a GPU) the answer would have to be waited for, so by default an index out of
    range gives an undefined result there, though never a read or write outside a tensor's memory.
    Within this block the device computes the smallest and the largest index of each call, and the
    first that is out of range is raised as an `OutOfRange`, which names the op, at the next
    synchronisation: ``fe.synchronize()``, ``.numpy()``, ``.item()``, or a move to another device.

    It holds for the thread or async task that enters it, and may decorate a function.

    Args:
        enabled: False turns it off within an outer block.
    """
    token = _CHECKING.set(enabled)
    try:
        yield
    finally:
        _CHECKING.reset(token)


def queue(device: Device, guard: Guard, ends: tuple[Any, Any]) -> None:
    """Have a check judged at the next synchronisation of the device."""
    with _lock:
        waiting = pending.setdefault(device, [])
        waiting.append((guard, ends))
        full = len(waiting) >= _KEPT
    if full:  # a loop that never synchronises must not fill the memory
        report(device)


def report(device: Device) -> None:
    """Judge the checks that are pending on a device. Waits for it.

    Raises:
        OutOfRange: the first that failed. Those after it may be its consequences, and are dropped.
    """
    with _lock:
        waiting = pending.pop(device, [])
    for guard, ends in waiting:
        guard.judge(ends)
