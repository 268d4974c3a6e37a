"""The base class of layers and models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn.parameter import Parameter
from ferrule.nn.state import load, placed, set_value
from ferrule.tensor import RemovableHandle, Tensor
from ferrule_plugins import Device, DType


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` did not find a counterpart for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A function with parameters. Subclasses assign their parts in ``__init__``, after
    ``super().__init__()``, and compute in ``forward``.

    Attributes that are a `Parameter` or a module belong to it by being there. Buffers, which are
    saved but not learned, are tensors announced with `register_buffer`.

    Attributes:
        training: whether layers that behave differently in training do so.
    """

    training: bool

    if TYPE_CHECKING:
        # parts are attributes of any name: net[0].weight

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        self.training = True
        self._buffers: dict[str, bool] = {}  # name: whether it is saved
        self._forward_pre_hooks: dict[int, tuple[Callable[..., Any], bool]] = {}
        self._forward_hooks: dict[int, tuple[Callable[..., Any], bool]] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The computation. Call the module itself, which also runs its hooks."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define it")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._forward_pre_hooks or self._forward_hooks:
                return self._call_with_hooks(args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            _locate(error, self)
            raise

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook, with_kwargs in tuple(self._forward_pre_hooks.values()):
            if with_kwargs:
                found = hook(self, args, kwargs)
                if found is not None:
                    args, kwargs = found
            elif (found := hook(self, args)) is not None:
                args = found if isinstance(found, tuple) else (found,)
        result = self.forward(*args, **kwargs)
        for hook, with_kwargs in tuple(self._forward_hooks.values()):
            found = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            if found is not None:
                result = found
        return result

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns, if not None, takes the
        place of the arguments. ``with_kwargs``: ``hook(module, args, kwargs)``, returning both."""
        return RemovableHandle(self._forward_pre_hooks, (hook, with_kwargs))

    def register_forward_hook(
        self, hook: Callable[..., Any], *, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns, if not None, takes
        the place of the output. ``with_kwargs``: ``hook(module, args, kwargs, output)``."""
        return RemovableHandle(self._forward_hooks, (hook, with_kwargs))

    # Parts.

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Module, Parameter)):
            if "_buffers" not in self.__dict__:
                kind = "parameter" if isinstance(value, Parameter) else "submodule"
                raise AttributeError(
                    f"{type(self).__name__}: {kind} {name!r} is assigned before the module is set "
                    "up; call super().__init__() first"
                )
            self._buffers.pop(name, None)
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
        self._check_name("register_buffer", name, tensor, Tensor)
        object.__setattr__(self, name, tensor)
        self._buffers[name] = persistent

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Assign a parameter by name; None stands for one that is left out."""
        self._check_name("register_parameter", name, param, Parameter)
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Assign a submodule by name."""
        self._check_name("add_module", name, module, Module)
        setattr(self, name, module)

    register_module = add_module

    def _check_name(self, call: str, name: str, value: Any, kind: type) -> None:
        if "_buffers" not in self.__dict__:
            raise AttributeError(
                f"{call}: {type(self).__name__} is not set up; call super().__init__() first"
            )
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"{call}: a name is a string without dots, not {name!r}")
        if value is not None and not isinstance(value, kind):
            raise ArgumentError(f"{call}: {name!r} must be a {kind.__name__}, not {value!r}")
        replaceable = (Module, Parameter, type(None))
        if name not in self._buffers and not isinstance(getattr(self, name, None), replaceable):
            raise ArgumentError(
                f"{call}: {type(self).__name__} has an attribute {name!r} already; take another "
                "name"
            )

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules, each once, with their names."""
        seen: set[int] = set()
        for name, value in tuple(self.__dict__.items()):
            if isinstance(value, Module) and id(value) not in seen:
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
        yield prefix, self
        for name, value in tuple(self.__dict__.items()):
            if isinstance(value, Module):
                yield from value.named_modules(memo, _joined(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, shared ones once."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters with dotted names, each module's own before those below it; shared ones
        once."""
        return self._named(_own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters, shared ones once."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers with dotted names, shared ones once."""
        return self._named(_own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Buffers, shared ones once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _named(
        self,
        own: Callable[[Module], Iterator[tuple[str, Any]]],
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
                yield _joined(path, name), value

    def get_submodule(self, target: str) -> Module:
        """The submodule of that dotted name.

        Raises:
            AttributeError: there is none; its text says where the path ends.
        """
        found: Module = self
        path = ""
        for name in filter(None, target.split(".")):
            part = getattr(found, name, None)
            if not isinstance(part, Module):
                names = ", ".join(n for n, _ in found.named_children()) or "none"
                raise AttributeError(
                    f"{path or type(self).__name__} has no submodule {name!r}; it has {names}"
                )
            found, path = part, _joined(path, name)
        return found

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

    # State.

    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and persistent buffers by dotted name. The values are those of now: later
        training does not change them."""
        state: dict[str, Tensor] = {}
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            for name, value in module._own_state():
                state[_joined(path, name)] = value.detach()
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Take the values of `state_dict`, converted to this module's dtypes and devices.

        Args:
            state_dict: tensors or arrays by name.
            strict: whether missing and unexpected names are errors. Wrong shapes always are.

        Returns:
            The missing and the unexpected names.

        Raises:
            CheckpointError: something does not fit. It lists all that does not, and nothing has
                been changed.
        """
        own = {
            _joined(path, name): value
            for path, module in self.named_modules(remove_duplicate=False)
            for name, value in module._own_state()
        }
        return IncompatibleKeys(*load(type(self).__name__, own, state_dict, strict))

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        yield from _own_parameters(self)
        for name, value in _own_buffers(self):
            if self._buffers[name]:
                yield name, value

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it in training mode."""
        if not isinstance(mode, bool):
            raise ArgumentError(f"train: mode is True or False, not {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all below it in evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for gradients of all parameters, or stop asking."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zeros."""
        for p in self.parameters():
            if p.grad is not None:
                p.grad = None if set_to_none else fe.zeros_like(p)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn`` on every module, those below before this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, device: Any = None, dtype: Any = None) -> Self:
        """Move parameters and buffers to a device, and convert the floating ones to a dtype, in
        place: ``net.to("cuda")``, ``net.to(fe.float64)``, ``net.to("cuda", fe.float16)``.

        Raises:
            ArgumentError: the dtype is not floating.
        """
        for arg in args:
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, (str, Device)):
                device = arg
            elif arg is not None:
                dtype = arg
        wanted = None if dtype is None else DType.of(dtype)
        if wanted is not None and not wanted.is_floating_point:
            raise ArgumentError(f"to: a module is converted to floating dtypes, not {wanted.name}")
        tensors = [*self.parameters(), *self.buffers()]
        moved = [placed(t, device, wanted) for t in tensors]
        for tensor, value in zip(tensors, moved):
            set_value(tensor, value)
        return self

    def half(self) -> Self:
        """Floating parameters and buffers as float16."""
        return self.to(fe.float16)

    def bfloat16(self) -> Self:
        """Floating parameters and buffers as bfloat16."""
        return self.to(fe.bfloat16)

    def float(self) -> Self:
        """Floating parameters and buffers as float32."""
        return self.to(fe.float32)

    def double(self) -> Self:
        """Floating parameters and buffers as float64."""
        return self.to(fe.float64)

    def cpu(self) -> Self:
        """On the device named ``cpu``."""
        return self.to("cpu")

    # How it is shown.

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses, before the submodules."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        parts = [
            f"({name}): {value!r}".replace("\n", "\n  ")
            for name, value in self.__dict__.items()
            if isinstance(value, Module)
        ]
        if not parts:
            return f"{type(self).__name__}({extra})"
        lines = [*extra.splitlines(), *parts]
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _own_parameters(module: Module) -> Iterator[tuple[str, Parameter]]:
    for name, value in tuple(module.__dict__.items()):
        if isinstance(value, Parameter):
            yield name, value


def _own_buffers(module: Module) -> Iterator[tuple[str, Tensor]]:
    for name in tuple(module._buffers):
        value = getattr(module, name)
        if value is not None:
            yield name, value


def _locate(error: Exception, module: Module) -> None:
    """Say in a note where below ``module`` the error was raised.

    Each module that the error passes on its way out replaces the note by its own, with the longer
    path, if it finds the culprit below itself.
    """
    culprit, before = getattr(error, "_ferrule_module", (module, None))
    path = next((name for name, m in module.named_modules() if m is culprit), None)
    if path is None:
        culprit, before, path = module, None, ""
    inside = f"{path} ({type(culprit).__name__}) of {type(module).__name__}"
    note = f"in {inside if path else type(module).__name__}"
    notes = getattr(error, "__notes__", [])
    if before in notes:
        notes[notes.index(before)] = note
    else:
        error.add_note(note)
    error._ferrule_module = (culprit, note)  # pyright: ignore[reportAttributeAccessIssue]
