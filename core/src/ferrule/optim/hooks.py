"""Functions that run before and after the steps, the saving and the loading of an optimizer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Self

from ferrule.errors import ArgumentError
from ferrule.tensor import RemovableHandle

Hook = Callable[..., Any]


class Hooked:
    """The hooks of an optimizer, in the order in which they run.

    Each ``register`` method returns a handle whose ``remove()`` takes the hook away again. With
    ``prepend`` the hook runs before those that are there.
    """

    def __init__(self) -> None:
        self._step_pre_hooks: dict[int, Hook] = {}
        self._step_post_hooks: dict[int, Hook] = {}
        self._state_dict_pre_hooks: dict[int, Hook] = {}
        self._state_dict_post_hooks: dict[int, Hook] = {}
        self._load_state_dict_pre_hooks: dict[int, Hook] = {}
        self._load_state_dict_post_hooks: dict[int, Hook] = {}
        self._stepping = False
        # whether there was a step: schedules warn if they are ahead of the first one
        self._opt_called = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])

    step: Callable[..., Any]

    def register_step_pre_hook(
        self, hook: Callable[[Self, tuple[Any, ...], dict[str, Any]], Any]
    ) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step. If it returns a pair, that takes
        the place of ``args``, which begin with the optimizer, and ``kwargs``."""
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(
        self, hook: Callable[[Self, tuple[Any, ...], dict[str, Any]], None]
    ) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[[Self], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return _placed(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Self, dict[str, Any]], Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; what it returns, if not None, is
        returned instead."""
        return _placed(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Self, dict[str, Any]], Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)``, of a shallow copy, before `load_state_dict`; what
        it returns, if not None, is loaded instead."""
        return _placed(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Self], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after `load_state_dict`."""
        return _placed(self._load_state_dict_post_hooks, hook, prepend)


def _placed(hooks: dict[int, Hook], hook: Hook, prepend: bool) -> RemovableHandle:
    before = dict(hooks) if prepend else {}
    handle = RemovableHandle(hooks, hook)
    for key in before:  # to the end
        hooks[key] = hooks.pop(key)
    return handle


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A class's ``step`` between its hooks. A ``step`` that calls that of its base class is one
    step, not two."""

    @wraps(step)
    def run(self: Hooked, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = self._opt_called = True
        try:
            given = (self, *args)
            for hook in tuple(self._step_pre_hooks.values()):
                found = hook(self, given, kwargs)
                if found is None:
                    continue
                if not isinstance(found, tuple) or len(found) != 2:
                    raise ArgumentError(
                        f"{type(self).__name__}.step: a hook before it returns None or the pair of "
                        f"args and kwargs, not {found!r}"
                    )
                given, kwargs = found
            result = step(*given, **kwargs)
            for hook in tuple(self._step_post_hooks.values()):
                hook(self, given, kwargs)
        finally:
            self._stepping = False
        return result

    return run
