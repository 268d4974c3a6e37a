"""The environment variables that steer plugins. Each is read when it is needed, never at import."""

from __future__ import annotations

import os
import re

from packaging.utils import canonicalize_name

from ferrule_plugins.errors import FerruleError

AUTOLOAD = "FERRULE_PLUGIN_AUTOLOAD"
"""``0`` turns discovery off: hook plugins stay out, and so do backends that `PLUGINS` omits."""

PLUGINS = "FERRULE_PLUGINS"
"""The backends that may be used, each ``name`` or ``name@distribution``, between commas."""

BACKEND = "FERRULE_BACKEND"
"""The device to use where the program chooses none: ``cpu``, ``cuda:1``, ``auto``."""

_SWITCH = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
_ITEM = re.compile(r"(?P<name>[A-Za-z][\w-]*)(?:@(?P<distribution>[A-Za-z0-9][\w.-]*))?")


class InvalidSetting(FerruleError, ValueError):
    """An environment variable has a value that ferrule cannot follow.

    Args:
        variable: its name.
        value: its value.
        reason: what is wrong with that, a sentence without its full stop.
        remedy: what to write instead.
    """

    def __init__(self, variable: str, value: str, reason: str, *, remedy: str) -> None:
        self.variable = variable
        self.value = value
        self.reason = reason
        self.remedy = remedy
        super().__init__(
            f"the environment has {variable}={value!r}: {reason}. To mend it: {remedy}"
        )


def autoload() -> bool:
    """Whether plugins that nobody named may be used. An unset or empty variable means yes.

    Raises:
        InvalidSetting: `AUTOLOAD` is not a switch.
    """
    value = os.environ.get(AUTOLOAD, "").strip()
    if not value:
        return True
    try:
        return _SWITCH[value.lower()]
    except KeyError:
        raise InvalidSetting(
            AUTOLOAD,
            value,
            "it is a switch",
            remedy=f"set {AUTOLOAD}=0 to turn discovery off, or unset it",
        ) from None


def allowed() -> dict[str, str | None] | None:
    """The backends that may be used, each with the distribution it must come from, if one is set.

    ``None`` allows all that are installed.

    Raises:
        InvalidSetting: `PLUGINS` or `AUTOLOAD` cannot be understood.
    """
    value = os.environ.get(PLUGINS, "").strip()
    if not value:
        return None if autoload() else {}
    named: dict[str, str | None] = {}
    for item in filter(None, map(str.strip, value.split(","))):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise InvalidSetting(
                PLUGINS,
                value,
                f"{item!r} is neither a backend's name nor name@distribution",
                remedy=f"separate the backends with commas, as in {PLUGINS}=cpu,cuda@ferrule-cuda",
            )
        name, distribution = match["name"], match["distribution"]
        distribution = distribution and canonicalize_name(distribution)
        if named.setdefault(name, distribution) != distribution:
            raise InvalidSetting(
                PLUGINS,
                value,
                f"it names {name!r} more than once, from different distributions",
                remedy=f"keep one of them: {name}@{distribution or named[name]}",
            )
    return named
