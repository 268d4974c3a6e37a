"""The contract between ferrule's core and its backends.

A backend package depends on this distribution alone and never imports core.
"""

from ferrule_plugins import discovery, dtypes, plugin_manager, selection
from ferrule_plugins.backend import (
    CONTRACT,
    Backend,
    Capabilities,
    DeviceInfo,
    DeviceKind,
    Kernel,
    MemoryStats,
    Report,
)
from ferrule_plugins.device import Device
from ferrule_plugins.discovery import BackendStatus
from ferrule_plugins.dtypes import DType
from ferrule_plugins.environment import InvalidSetting
from ferrule_plugins.errors import (
    BackendBroken,
    BackendError,
    BackendIncompatible,
    BackendNotInstalled,
    BackendUnavailable,
    FerruleError,
)
from ferrule_plugins.hooks import hookimpl
from ferrule_plugins.listing import Candidate
from ferrule_plugins.plugin_manager import PluginFailure
from ferrule_plugins.selection import set_backend, use_backend
from ferrule_plugins.spec import Shape, Shaped, Spec

__all__ = [
    "CONTRACT",
    "Backend",
    "BackendBroken",
    "BackendError",
    "BackendIncompatible",
    "BackendNotInstalled",
    "BackendStatus",
    "BackendUnavailable",
    "Candidate",
    "Capabilities",
    "DType",
    "Device",
    "DeviceInfo",
    "DeviceKind",
    "FerruleError",
    "InvalidSetting",
    "Kernel",
    "MemoryStats",
    "PluginFailure",
    "Report",
    "Shape",
    "Shaped",
    "Spec",
    "discovery",
    "dtypes",
    "hookimpl",
    "plugin_manager",
    "selection",
    "set_backend",
    "use_backend",
]
