"""The base class of layers and models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn.state import load, placed, set_value
from ferrule.nn.tree import Tree, joined, own_buffers, own_parameters
from ferrule.tensor import RemovableHandle, Tensor
from ferrule_plugins import Device, DType


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` did not find a counterpart for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module(Tree):
    """A function with parameters. Subclasses assign their parts in ``__init__``, after
    ``super().__init__()``, and compute in ``forward``.

    Attributes that are a `Parameter` or a module belong to it by being there. Buffers, which are
    saved but not learned, are tensors announced with `register_buffer`.

    Attributes:
        training: whether layers that behave differently in training do so.
    """

    training: bool

    def __init__(self) -> None:
        super().__init__()
        self.training = True
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

    # State.

    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and persistent buffers by dotted name. The values are those of now: later
        training does not change them."""
        state: dict[str, Tensor] = {}
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            for name, value in module._own_state():
                state[joined(path, name)] = value.detach()
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
            joined(path, name): value
            for path, module in self.named_modules(remove_duplicate=False)
            for name, value in module._own_state()
        }
        return IncompatibleKeys(*load(type(self).__name__, own, state_dict, strict))

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        yield from own_parameters(self)
        for name, value in own_buffers(self):
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
    # errors take any attribute, whatever their class declares
    error._ferrule_module = (culprit, note)  # pyright: ignore[reportAttributeAccessIssue]
