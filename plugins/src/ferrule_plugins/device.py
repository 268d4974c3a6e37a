"""Names of devices: ``backend[:index]``."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, final

_PATTERN = re.compile(r"(?P<backend>[A-Za-z][\w-]*)(?::(?P<index>\d+))?")


@final
class Device:
    """One device of one backend, written ``"cpu"``, ``"cuda:1"``. Equal devices are one object.

    Args:
        name: ``backend`` or ``backend:index``; without an index, device 0 is meant.

    Raises:
        ValueError: the name is not of that form.
    """

    __slots__ = ("backend", "index")

    backend: str
    index: int

    def __new__(cls, name: str | Device) -> Device:
        return name if isinstance(name, Device) else _intern(*_parse(name))

    def __str__(self) -> str:
        return f"{self.backend}:{self.index}"

    def __repr__(self) -> str:
        return f"device({str(self)!r})"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Device, (str(self),)


def _parse(name: str) -> tuple[str, int]:
    match = _PATTERN.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise ValueError(
            f"{name!r} is not a device; write a backend's name, with an index where it has several "
            'devices: "cpu", "cuda:1"'
        )
    return match["backend"], int(match["index"] or 0)


@cache
def _intern(backend: str, index: int) -> Device:
    device = object.__new__(Device)
    device.backend = backend
    device.index = index
    return device
