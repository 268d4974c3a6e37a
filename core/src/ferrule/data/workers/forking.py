"""What a process that was made by ``fork`` must not inherit.

Only the thread that forks goes on in the new process. A lock that another thread held at that
moment would stay locked there for ever, so a fork waits for ferrule's locks.
"""

from __future__ import annotations

import os
import socket
import threading
import weakref
from typing import Any

from ferrule import debug, generator, runtime
from ferrule.tensor_type import TensorType
from ferrule_plugins import Spec, activation, plugin_manager

starting = threading.RLock()
"""Held while a worker is started, so that no other one inherits a connection half made."""

parent_ends: weakref.WeakSet[socket.socket] = weakref.WeakSet()
"""This process's ends of the connections to its workers."""

# In the order in which they are taken where one holds several.
_locks: tuple[Any, ...] = (
    activation.lock,
    plugin_manager._lock,
    runtime._lock,
    generator._lock,
    debug.indices._lock,
    TensorType._lock,
    Spec._lock,
)


def _before() -> None:
    for lock in _locks:
        lock.acquire()


def _after() -> None:
    for lock in reversed(_locks):
        lock.release()


def _in_child() -> None:
    global starting
    _after()
    starting = threading.RLock()  # the fork happened while it was held
    for drawing in generator._generators.values():
        drawing._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)


def close_inherited() -> None:
    """Close the connections of the parent to other workers, which would else seem to be in use
    after the parent's end."""
    for end in tuple(parent_ends):
        end.close()
    parent_ends.clear()
