"""The base class of layers and models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn.blame import locate
from ferrule.nn.hooks import attach
from ferrule.nn.lazy import is_uninitialized
from ferrule.nn.state import IncompatibleKeys, State, move
from ferrule.tensor import RemovableHandle, Tensor
from ferrule_plugins import Device, DType
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.nn.check import Check

__all__ = ["IncompatibleKeys", "Module"]


class Module(State):
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

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The computation. Call the module itself, which also runs its hooks."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define it")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except Exception as error:
            locate(error, self)
            raise

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns, if not None, takes the
        place of the arguments.

        Args:
            hook: the function.
            prepend: call it before the others.
            with_kwargs: call ``hook(module, args, kwargs)``, which returns both.
        """
        return attach(self._all_hooks().forward_pre, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns, if not None, takes
        the place of the output.

        Args:
            hook: the function.
            prepend: call it before the others.
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: call it also when an error was raised; the output is then None.
        """
        return attach(self._all_hooks().forward, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the results of `forward` are
        complete; what it returns, if not None, takes their place.

        ``grad_output`` is a tuple with one gradient for each result, None where there is none.
        """
        return attach(self._all_hooks().backward_pre, hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the arguments of
        `forward` are complete; what it returns, if not None, takes the place of ``grad_input``.

        Both are tuples with one gradient for each positional argument and each result, None where
        there is none. If no argument requires a gradient, the hook is called when the gradients of
        the results are complete.
        """
        return attach(self._all_hooks().backward, hook, prepend)

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it in training mode."""
        if not isinstance(mode, bool):
            raise ArgumentError(f"train: mode is True or False, not {mode!r}")
        self.training = mode
        for child in self.children():
            child.train(mode)
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

    def check(self, backend: str, *inputs: Any, backward: bool = True, **kwargs: Any) -> Check:
        """What would become of a call of this model on a backend, and of its gradient: by module
        and op, whether it is native, decomposed, on the host, or fails, and why. ::

            print(model.check("cuda", (1, 3, 224, 224)))

        Nothing is computed. The model stays where and as it is, and the backend need not be able to
        run here: its package is imported, its probe asked, and no more.

        Args:
            backend: its name, or ``module:attribute``.
            inputs: what the model is called with: tensors, of which only the types matter; anything
                with a shape and a dtype (``fe.Spec((8, 16), fe.int64)``, arrays); a shape, of the
                dtype of the first parameter; a shape with a dtype, ``((8, 16), "int64")``. Other
                values are passed on.
            backward: the gradients of the parameters too, and of inputs that require one.
            kwargs: keyword arguments of the call.

        Raises:
            BackendError: the backend is not installed, or broken.
            FerruleError: the call is wrong on any backend.
        """
        from ferrule.nn.check import check

        return check(self, backend, inputs, kwargs, backward)

    # Where parameters and buffers are, and of which dtype.

    def to(
        self, *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False
    ) -> Self:
        """Move parameters and buffers to a device, and convert the floating and complex ones to a
        dtype, in place: ``net.to("cuda")``, ``net.to(fe.float64)``, ``net.to("cuda", fe.float16)``,
        ``net.to(tensor)``.

        Args:
            args: a device, a dtype, both, or a tensor that has them.
            device, dtype: the same by name.
            non_blocking: understood for PyTorch's sake; copies are made as the backend makes them.

        Raises:
            ArgumentError: the dtype is neither floating nor complex.
        """
        for arg in args:
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, (str, Device)):
                device = arg
            elif arg is not None and not isinstance(arg, bool):
                dtype = arg
        wanted = None if dtype is None else DType.of(dtype)
        if wanted is not None and wanted.category not in CONTINUOUS:
            raise ArgumentError(
                f"to: a module is converted to floating or complex dtypes, not {wanted.name}"
            )
        return self._convert(
            lambda x: x.to(device=device, dtype=wanted if x.dtype.category in CONTINUOUS else None)
        )

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move parameters and buffers to a device without their values, which are undefined."""
        return self._convert(
            lambda x: (
                x.to(device=device)
                if is_uninitialized(x)
                else fe.empty(x.shape, dtype=x.dtype, device=device)
            ),
            recurse,
        )

    def type(self, dst_type: Any) -> Self:
        """All parameters and buffers, of whatever dtype, as ``dst_type``."""
        dtype = DType.of(dst_type)
        return self._convert(lambda x: x.to(dtype=dtype))

    def half(self) -> Self:
        """Floating parameters and buffers as float16."""
        return self._floating(fe.float16)

    def bfloat16(self) -> Self:
        """Floating parameters and buffers as bfloat16."""
        return self._floating(fe.bfloat16)

    def float(self) -> Self:
        """Floating parameters and buffers as float32."""
        return self._floating(fe.float32)

    def double(self) -> Self:
        """Floating parameters and buffers as float64."""
        return self._floating(fe.float64)

    def cpu(self) -> Self:
        """On the device named ``cpu``."""
        return self.to("cpu")

    def _floating(self, dtype: DType) -> Self:
        return self._convert(lambda x: x.to(dtype=dtype) if x.dtype.is_floating_point else x)

    def _convert(self, convert: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        move([*self.parameters(recurse), *self.buffers(recurse)], convert)
        return self
