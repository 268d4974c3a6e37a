"""The pluggy manager behind the hooks of `ferrule_plugins.hooks`, loaded on first use.

A plugin that cannot be imported, or whose answer raises, is recorded for the doctor and otherwise
passed over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from ferrule_plugins import environment, hooks
from ferrule_plugins.environment import InvalidSetting
from ferrule_plugins.listing import Candidate, installed

GROUP = "ferrule.plugins"
"""The entry-point group in which distributions announce modules or objects with hooks."""


@dataclass(frozen=True)
class PluginFailure:
    """What went wrong with one plugin.

    Attributes:
        name: the plugin's name.
        distribution: the distribution that supplies it, if one does.
        version: that distribution's version.
        doing: what failed: ``"import"``, or the name of the hook that was called.
        error: what was raised.
    """

    name: str
    distribution: str | None
    version: str | None
    doing: str
    error: BaseException

    def __str__(self) -> str:
        source = f" (from {self.distribution} {self.version})" if self.distribution else ""
        text = " ".join(str(self.error).split())
        return f"plugin {self.name!r}{source}: {self.doing}: {type(self.error).__name__}: {text}"


# Reentrant, because a plugin may call a hook while it is imported.
_lock = threading.RLock()
_loading: pluggy.PluginManager | None = None
_loaded: pluggy.PluginManager | None = None
_sources: dict[str, Candidate] = {}
_failures: dict[tuple[str, str], PluginFailure] = {}


def manager() -> pluggy.PluginManager:
    """The manager, with every installed plugin that loads. ``FERRULE_PLUGIN_AUTOLOAD=0`` is heeded.

    Plugins of one's own process join with ``manager().register(module_or_object)``.
    """
    global _loading, _loaded
    if _loaded is not None:
        return _loaded
    with _lock:
        if _loading is None:
            _loading = pluggy.PluginManager(hooks.PROJECT)
            _loading.add_hookspecs(hooks)
            for candidate in _wanted():
                _register(_loading, candidate)
            _loaded = _loading
        return _loading


def call_hook(hook: str, /, **arguments: Any) -> list[tuple[str, Any]]:
    """Ask every plugin on its own, so that one that raises does not silence the others.

    Args:
        hook: the hook's name, as in `ferrule_plugins.hooks`.
        arguments: the hook's arguments.

    Returns:
        Plugin's name and answer, in pluggy's order (the last registered first); no ``None``.
    """
    answers: list[tuple[str, Any]] = []
    for implementation in reversed(getattr(manager().hook, hook).get_hookimpls()):
        name = implementation.plugin_name
        try:
            if implementation.hookwrapper or implementation.wrapper:
                raise TypeError("a wrapper has nothing to wrap: each plugin is asked on its own")
            answer = implementation.function(*(arguments[a] for a in implementation.argnames))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            record(name, hook, error)
        else:
            _failures.pop((name, hook), None)
            if answer is not None:
                answers.append((name, answer))
    return answers


def failures() -> list[PluginFailure]:
    """What went wrong so far, by plugin: the latest failure of its import and of each hook."""
    manager()
    return [failure for _, failure in sorted(_failures.items())]


def source(name: str) -> Candidate | None:
    """The installed distribution's claim that a plugin's name stands for; None for a plugin that
    joined in this process."""
    return _sources.get(name)


def _wanted() -> Iterator[Candidate]:
    try:
        if environment.autoload():
            yield from installed(GROUP).candidates
    except InvalidSetting as error:
        record(error.variable, "import", error)


def _register(plugins: pluggy.PluginManager, candidate: Candidate) -> None:
    # Two distributions may use one name here: hooks are for many to answer.
    name = candidate.name if candidate.name not in _sources else str(candidate)
    _sources[name] = candidate
    try:
        gap = candidate.contract_gap()
        if gap is not None:
            raise ImportError(f"{gap[0]}. To mend it: {gap[1]}")
        plugin = EntryPoint(candidate.name, candidate.target, GROUP).load()
        plugins.register(plugin, name)
        _refuse_unknown_hooks(plugins, plugin)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if plugins.has_plugin(name):
            plugins.unregister(name=name)
        record(name, "import", error)


def _refuse_unknown_hooks(plugins: pluggy.PluginManager, plugin: Any) -> None:
    for caller in plugins.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            unknown = not caller.has_spec() and not implementation.optionalhook
            if unknown and implementation.plugin is plugin:
                raise pluggy.PluginValidationError(plugin, f"there is no hook {caller.name!r}")


def record(name: str, doing: str, error: BaseException) -> None:
    """Note for the doctor what went wrong with the plugin called ``name``."""
    source = _sources.get(name)
    _failures[name, doing] = PluginFailure(
        name,
        source and source.distribution,
        source and source.version,
        doing,
        error,
    )
