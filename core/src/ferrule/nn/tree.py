"""The tree that modules form: their parts, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeGuard

from ferrule.errors import ArgumentError
from ferrule.nn.hooks import Hooks
from ferrule.nn.parameter import Buffer, Parameter
from ferrule.tensor import Tensor

if TYPE_CHECKING:
    from ferrule.nn.module import Module


def is_module(value: Any) -> TypeGuard[Module]:
    """Whether it is a module; only modules are trees."""
    return isinstance(value, Tree)


class Tree:
    """What `Module` knows of its parts. Parameters and submodules are attributes, found by looking
    at the attributes; only of buffers it is noted which they are."""

    if TYPE_CHECKING:
        # parts are attributes of any name: net[0].weight

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        self._buffers: dict[str, bool] = {}  # name: whether it is saved
        self._hooks: Hooks | None = None  # made when there is one

    def _all_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Tree, Parameter, Buffer)):
            if "_buffers" not in self.__dict__:
                kind = "submodule" if isinstance(value, Tree) else type(value).__name__.lower()
                raise AttributeError(
                    f"{type(self).__name__}: {kind} {name!r} is assigned before the module is set "
                    "up; call super().__init__() first"
                )
            self._buffers.pop(name, None)
            if isinstance(value, Buffer):
                self._buffers[name] = value.persistent
        elif isinstance(value, Tensor) and isinstance(self.__dict__.get(name), Parameter):
            raise ArgumentError(
                f"{type(self).__name__}.{name} is a parameter, and a plain tensor would not be "
                f"learned in its place; assign nn.Parameter(...), or write into it with "
                f".{name}.copy_(...) under no_grad()"
            )
        elif name in self.__dict__.get("_buffers", ()) and not isinstance(value, Tensor | None):
            raise ArgumentError(
                f"{type(self).__name__}.{name} is a buffer: assign a tensor or None, not {value!r}"
            )
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._buffers.pop(name, None)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Announce ``tensor`` as part of the module's state, though it is not learned.

        Args:
            name: the attribute that holds it.
            tensor: its value; None for none as yet, which is not saved.
            persistent: whether `state_dict` has it.
        """
        self._check_name("register_buffer", name, tensor, Tensor, "tensor")
        object.__setattr__(self, name, tensor)
        self._buffers[name] = persistent

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Assign a parameter by name; None stands for one that is left out."""
        self._check_name("register_parameter", name, param, Parameter, "Parameter")
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Assign a submodule by name."""
        self._check_name("add_module", name, module, Tree, "module")
        setattr(self, name, module)

    register_module = add_module

    def _check_name(self, call: str, name: str, value: Any, kind: type, word: str) -> None:
        if "_buffers" not in self.__dict__:
            raise AttributeError(
                f"{call}: {type(self).__name__} is not set up; call super().__init__() first"
            )
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"{call}: a name is a string without dots, not {name!r}")
        if value is not None and not isinstance(value, kind):
            raise ArgumentError(f"{call}: {name!r} must be a {word}, not {value!r}")
        replaceable = (Tree, Parameter, type(None))
        if name not in self._buffers and not isinstance(getattr(self, name, None), replaceable):
            raise ArgumentError(
                f"{call}: {type(self).__name__} has an attribute {name!r} already; take another "
                "name"
            )

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules, each once, with their names."""
        seen: set[int] = set()
        for name, value in tuple(self.__dict__.items()):
            if is_module(value) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Module]:
        """The direct submodules, each once."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with dotted names; shared ones once."""
        memo = set() if memo is None else memo
        if remove_duplicate and self in memo:
            return
        memo.add(self)
        assert is_module(self)
        yield prefix, self
        for name, value in tuple(self.__dict__.items()):
            if is_module(value):
                yield from value.named_modules(memo, joined(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, shared ones once."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters with dotted names, each module's own before those below it; shared ones
        once."""
        return self._named(own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters, shared ones once."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers with dotted names, shared ones once."""
        return self._named(own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Buffers, shared ones once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _named(
        self,
        own: Callable[[Tree], Iterator[tuple[str, Any]]],
        prefix: str,
        recurse: bool,
        remove_duplicate: bool,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in modules:
            for name, value in own(module):
                if remove_duplicate and id(value) in seen:
                    continue
                seen.add(id(value))
                yield joined(path, name), value

    def get_submodule(self, target: str) -> Module:
        """The submodule of that dotted name.

        Raises:
            AttributeError: there is none; its text says where the path ends.
        """
        assert is_module(self)
        found: Module = self
        path = ""
        for name in filter(None, target.split(".")):
            part = getattr(found, name, None)
            if not is_module(part):
                names = ", ".join(n for n, _ in found.named_children()) or "none"
                raise AttributeError(
                    f"{path or type(self).__name__} has no submodule {name!r}; it has {names}"
                )
            found, path = part, joined(path, name)
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Assign a submodule by its dotted name.

        Args:
            target: the name.
            module: the submodule.
            strict: there must be one of that name already.

        Raises:
            AttributeError: the path ends before the last part of the name, or, if ``strict``, with
                it.
        """
        path, _, name = target.rpartition(".")
        if not name:
            raise ArgumentError("set_submodule: a module cannot be its own submodule; give a name")
        if strict:
            self.get_submodule(target)
        self.get_submodule(path).add_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of that dotted name."""
        path, _, name = target.rpartition(".")
        found = getattr(self.get_submodule(path), name, None)
        if not isinstance(found, Parameter):
            raise AttributeError(f"{path or type(self).__name__} has no parameter {name!r}")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of that dotted name."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = getattr(module, name, None)
        if name not in module._buffers or found is None:
            raise AttributeError(f"{path or type(self).__name__} has no buffer {name!r}")
        return found

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses, before the submodules."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        parts = [
            f"({name}): {value!r}".replace("\n", "\n  ")
            for name, value in self.__dict__.items()
            if is_module(value)
        ]
        if not parts:
            return f"{type(self).__name__}({extra})"
        lines = [*extra.splitlines(), *parts]
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def joined(path: str, name: str) -> str:
    """A dotted name."""
    return f"{path}.{name}" if path else name


def own_parameters(module: Tree) -> Iterator[tuple[str, Parameter]]:
    """The parameters that are attributes of the module itself."""
    for name, value in tuple(module.__dict__.items()):
        if isinstance(value, Parameter):
            yield name, value


def own_buffers(module: Tree) -> Iterator[tuple[str, Tensor]]:
    """The buffers of the module itself, but for those that are None."""
    for name in tuple(module._buffers):
        value = getattr(module, name)
        if value is not None:
            yield name, value
