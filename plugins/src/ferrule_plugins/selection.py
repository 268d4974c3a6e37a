"""Which device is meant where a call names none.

Strongest first: `use_backend`, `set_backend`, the environment's ``FERRULE_BACKEND``, ``"cpu"``. The
first two belong to the thread or async task that made them, as context variables do: a new thread
starts without them, a new task with a copy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ferrule_plugins import discovery, environment
from ferrule_plugins.backend import DeviceKind
from ferrule_plugins.device import Device
from ferrule_plugins.errors import BackendError, BackendUnavailable

AUTO = "auto"
"""In place of a backend's name: the fastest one that can run here."""

DEFAULT = "cpu"

_SPEED: dict[DeviceKind, int] = {"cpu": 0, "gpu": 1, "accelerator": 2}

_used: ContextVar[Device | None] = ContextVar("ferrule_used_backend", default=None)
_set: ContextVar[Device | None] = ContextVar("ferrule_set_backend", default=None)

# The default is looked up for every tensor that is created, and os.environ.get takes ten times as
# long as a look into the dictionary beneath it, which is keyed in the system's encoding.
_environ: Any = getattr(os.environ, "_data", os.environ)
_key: Any = os.environ.encodekey(environment.BACKEND)
if _environ is os.environ:
    _key = environment.BACKEND
_defaults: dict[Any, Device] = {}


def selected() -> Device:
    """The device that is meant now. Its backend has been loaded.

    Raises:
        BackendError: nothing was chosen, and the default's backend cannot be used.
        InvalidSetting: ``FERRULE_BACKEND`` does not name a device.
    """
    return _used.get() or _set.get() or _defaults.get(_environ.get(_key)) or _read_default()


def set_backend(name: str | Device | None) -> None:
    """Choose the device for all that follows in this thread or async task.

    Inside ``with use_backend(...)`` the block's choice stays in force until the block ends.

    Args:
        name: ``"cpu"``, ``"cuda:1"``, ``"auto"``; ``None`` takes an earlier choice back.

    Raises:
        BackendError: its backend cannot be used. The earlier choice remains.
        ValueError: ``name`` is not a device's name. The earlier choice remains.
    """
    _set.set(None if name is None else resolve(name))


@contextmanager
def use_backend(name: str | Device) -> Iterator[Device]:
    """Choose the device for a ``with`` block, or for the calls of a decorated function.

    Args:
        name: ``"cpu"``, ``"cuda:1"``, ``"auto"``.

    Raises:
        BackendError: its backend cannot be used.
        ValueError: ``name`` is not a device's name.
    """
    device = resolve(name)
    token = _used.set(device)
    try:
        yield device
    finally:
        _used.reset(token)


def resolve(name: str | Device) -> Device:
    """The device that ``name`` names, its backend loaded and its index known to exist.

    Raises:
        BackendError: its backend cannot be used, or has fewer devices.
        ValueError: ``name`` is not a device's name.
    """
    device = Device(name)
    if device.backend == AUTO:
        if device.index:
            raise ValueError(f"{AUTO!r} chooses the device as well; write it without an index")
        return _fastest()
    count = max(len(discovery.devices(device.backend)), 1)
    if device.index >= count:
        last = f" to {device.backend}:{count - 1}" if count > 1 else ""
        raise BackendUnavailable(
            device.backend,
            f"{device} is asked for, but it has only {count} device{'s'[: bool(last)]}",
            remedy=f"choose {device.backend}:0{last}",
        )
    return device


def _read_default() -> Device:
    value = os.environ.get(environment.BACKEND, "")
    try:
        device = resolve(value.strip() or DEFAULT)
    except BackendError as error:
        if value:
            error.add_note(f"{environment.BACKEND}={value!r} asks for it")
        raise
    except ValueError as error:
        raise environment.InvalidSetting(
            environment.BACKEND,
            value,
            "it does not name a device",
            remedy=f"set {environment.BACKEND}=cpu, or cuda:1, or auto, or unset it",
        ) from error
    _defaults[_environ.get(_key)] = device
    return device


def _fastest() -> Device:
    reasons: list[str] = []
    ranked: list[tuple[int, int, str]] = []
    for name in sorted(discovery.candidates()):
        try:
            backend, devices = discovery.load(name), discovery.devices(name)
        except BackendError as error:
            reasons.append(f"{name} {error.state} ({error.reason})")
        else:
            kind = devices[0].kind if devices else "cpu"
            ranked.append((-_SPEED.get(kind, 0), -backend.capabilities.preference, name))
    if not ranked:
        raise BackendUnavailable(
            AUTO,
            f"no backend can run here: {'; '.join(reasons) or 'none is installed'}",
            remedy="pip install ferrule-cpu",
        )
    return Device(min(ranked)[2])
