"""Functions that are called around what a module computes, saves and loads."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ferrule.errors import ArgumentError
from ferrule.nn.boundary import Boundary
from ferrule.tensor import RemovableHandle

if TYPE_CHECKING:
    from ferrule.nn.module import Module

Hook = Callable[..., Any]


class Hooks:
    """The hooks of one module, each kind by the number of its handle, in the order of the calls.

    Attributes:
        forward_pre: with whether they take keyword arguments.
        forward: likewise, and with whether they are called after an error, too.
        backward_pre, backward: see `Module.register_full_backward_hook`.
        state_pre, state_post: see `Module.register_state_dict_post_hook`.
        load_pre, load_post: see `Module.register_load_state_dict_post_hook`.
    """

    def __init__(self) -> None:
        self.forward_pre: dict[int, tuple[Hook, bool]] = {}
        self.forward: dict[int, tuple[Hook, bool, bool]] = {}
        self.backward_pre: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}
        self.state_pre: dict[int, Hook] = {}
        self.state_post: dict[int, Hook] = {}
        self.load_pre: dict[int, Hook] = {}
        self.load_post: dict[int, Hook] = {}

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """``module.forward`` with all that is to be called before and after it."""
        args, kwargs = self._before(module, args, kwargs)
        boundary = None
        if self.backward or self.backward_pre:
            boundary = Boundary(module, self.backward_pre.values(), self.backward.values())
            args = boundary.enter(args)
        called: set[int] = set()
        result = None
        try:
            result = module.forward(*args, **kwargs)
            for key, (hook, with_kwargs, _) in tuple(self.forward.items()):
                called.add(key)
                found = (
                    hook(module, args, kwargs, result)
                    if with_kwargs
                    else hook(module, args, result)
                )
                if found is not None:
                    result = found
            return result if boundary is None else boundary.leave(result)
        except Exception:
            self._after_error(module, args, kwargs, result, called)
            raise

    def _before(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        for hook, with_kwargs in tuple(self.forward_pre.values()):
            if not with_kwargs:
                found = hook(module, args)
                if found is not None:
                    args = found if isinstance(found, tuple) else (found,)
            elif (found := hook(module, args, kwargs)) is not None:
                if not isinstance(found, tuple) or len(found) != 2:
                    raise ArgumentError(
                        "a forward pre-hook with keyword arguments returns both (args, kwargs), or "
                        f"None, and not {found!r}"
                    )
                args, kwargs = found
        return args, kwargs

    def _after_error(
        self, module: Module, args: Any, kwargs: Any, result: Any, called: set[int]
    ) -> None:
        for key, (hook, with_kwargs, always) in tuple(self.forward.items()):
            if not always or key in called:
                continue
            try:
                if with_kwargs:
                    hook(module, args, kwargs, result)
                else:
                    hook(module, args, result)
            except Exception as error:
                warnings.warn(
                    f"a forward hook of {type(module).__name__} that is always called raised "
                    f"{error!r} after another error, which is the one that is reported",
                    stacklevel=2,
                )


def attach(hooks: dict[int, Any], hook: Any, prepend: bool = False) -> RemovableHandle:
    """Add a hook behind the others, or before them."""
    others = dict(hooks) if prepend else {}
    if prepend:
        hooks.clear()
    handle = RemovableHandle(hooks, hook)
    hooks.update(others)
    return handle
