"""Parameters that are computed from others whenever they are read.

A parametrised module gets a class of its own, below the one that it had, on which the parametrised
tensors are properties. What they are computed from is in ``module.parametrizations``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import ferrule as fe
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.nn.containers import ModuleDict, ModuleList
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.nn.state import set_value
from ferrule.tensor import Tensor

M = TypeVar("M", bound=Module)

_CACHE: ContextVar[dict[tuple[int, str], Tensor] | None] = ContextVar(
    "ferrule.nn.parametrize", default=None
)


@contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrised tensor is computed once, when it is first read. Writing to what it
    is computed from has no effect until the outermost such block ends, but assigning to it does."""
    if _CACHE.get() is not None:
        yield
        return
    token = _CACHE.set({})
    try:
        yield
    finally:
        _CACHE.reset(token)


class ParametrizationList(ModuleList):
    """The parametrisations of one tensor, each applied to what the one before it gave.

    Attributes:
        original: what the first is applied to, a parameter or buffer; if the first takes several,
            they are ``original0``, ``original1``, ...
        is_tensor: whether it takes one.
        unsafe: whether shape and dtype may change.
    """

    is_tensor: bool
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ArgumentError("ParametrizationList: there must be a parametrization")
        super().__init__(modules)
        self.unsafe = unsafe
        value: Any = original.detach()
        with fe.no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    # which may say that it has none after all, and takes the value as it is
                    with suppress(NotImplementedError):
                        value = module.right_inverse(value)
        type_ = original._type
        self.is_tensor = isinstance(value, Tensor)
        self.ntensors = 1 if self.is_tensor else len(_several(value))
        if self.is_tensor:
            if value.dtype is not type_.dtype:
                raise DTypeError(
                    f"register_parametrization: right_inverse gave {value._type} for {type_}; the "
                    "dtype must stay"
                )
            _write(original, value)
            _register(self, "original", original)
        else:
            for i, each in enumerate(value):
                _register(self, f"original{i}", _like(original, each))
        if not unsafe:
            found = self()
            _check_same("register_parametrization", "the parametrization", found, type_)

    def right_inverse(self, value: Tensor) -> None:
        """Set what the tensor is computed from so that it becomes ``value``.

        Raises:
            ArgumentError: a parametrisation has no ``right_inverse``.
        """
        found: Any = value
        with fe.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise ArgumentError(
                        f"{type(module).__name__} has no right_inverse, so what it computes cannot "
                        "be assigned to; define it, or write to what it is computed from"
                    )
                found = module.right_inverse(found)
            values = [found] if self.is_tensor else _several(found)
            if len(values) != self.ntensors or not isinstance(values[0], Tensor):
                raise ArgumentError(
                    f"right_inverse must give {self.ntensors} tensors, as it did at first"
                )
            for own, each in zip(self._originals(), values):
                if own.dtype is not each.dtype:
                    raise DTypeError(
                        f"right_inverse gave {each._type} for {own._type}; the dtype must stay"
                    )
                _write(own, each)

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Tensor:
        first, *rest = list(self)
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value


def register_parametrization(
    module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> M:
    """Compute a parameter or buffer whenever it is read: ``module.weight`` becomes
    ``parametrization(module.parametrizations.weight.original)``.

    If the parametrisation has a method ``right_inverse``, the value from then on is
    ``parametrization(right_inverse(old value))``, and the tensor can be assigned to. It may return
    several tensors, which the parametrisation then takes. A second parametrisation of the same
    tensor is applied to what the first gives.

    Args:
        module: what has the tensor.
        tensor_name: its name.
        parametrization: a module from a tensor to one of the same shape and dtype.
        unsafe: do not check that.

    Returns:
        The module.

    Raises:
        ArgumentError: there is no such tensor.
        ShapeError, DTypeError: the parametrisation changes shape or dtype.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        found = module.parametrizations[tensor_name]
        if not unsafe:
            value = getattr(module, tensor_name)
            after = parametrization(value)
            _check_same("register_parametrization", "the parametrization", after, value._type)
            if hasattr(parametrization, "right_inverse"):
                back = parametrization.right_inverse(after)
                _check_same("register_parametrization", "right_inverse", back, value._type)
        found.append(parametrization)
        found.unsafe = found.unsafe or unsafe
        return module
    own = {**dict(module.named_parameters("", False)), **dict(module.named_buffers("", False))}
    original = own.get(tensor_name)
    if original is None:
        raise ArgumentError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer "
            f"{tensor_name!r}; it has {', '.join(own) or 'none'}"
        )
    made = ParametrizationList([parametrization], original, unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.__class__ = _parametrized(type(module))
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = made
    setattr(type(module), tensor_name, _property(tensor_name))
    return module


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make an ordinary parameter or buffer of a parametrised tensor.

    Args:
        module: what has the tensor.
        tensor_name: its name.
        leave_parametrized: leave it with the value that was computed, and not with what that was
            computed from, which must then be one tensor.

    Returns:
        The module.

    Raises:
        ArgumentError: it is not parametrised, or is computed from several tensors, and they are to
            be left.
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(
            f"remove_parametrizations: {tensor_name!r} of {type(module).__name__} is not "
            "parametrized"
        )
    found = module.parametrizations[tensor_name]
    if not found.is_tensor and not leave_parametrized:
        raise ArgumentError(
            f"remove_parametrizations: {tensor_name!r} is computed from {found.ntensors} tensors, "
            "so they cannot be left in its place; pass leave_parametrized=True"
        )
    if found.is_tensor:
        original = found.original
        if leave_parametrized:
            with fe.no_grad():
                value = getattr(module, tensor_name)
            _write(original, value)
    else:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of the module is parametrised, or the one that is named."""
    found = module.__dict__.get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrised."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def _parametrized(kind: Any) -> type:
    """A class below ``kind`` for one module."""

    def deepcopy(self: Any, memo: dict[int, Any]) -> Any:
        twin = kind.__new__(kind)
        memo[id(self)] = twin
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        twin.__class__ = _parametrized(kind)
        for name in twin.parametrizations:
            setattr(type(twin), name, _property(name))
        return twin

    def reduce(self: Any, protocol: Any) -> Any:
        raise ArgumentError(
            f"a parametrized {kind.__name__} cannot be pickled, since its class is made at run "
            "time; save its state_dict(), or call remove_parametrizations first"
        )

    return type(
        f"Parametrized{kind.__name__}",
        (kind,),
        {"__deepcopy__": deepcopy, "__reduce_ex__": reduce, "__module__": __name__},
    )


def _property(name: str) -> property:
    def get(self: Any) -> Tensor:
        cache = _CACHE.get()
        if cache is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in cache:
            cache[key] = self.parametrizations[name]()
        return cache[key]

    def set(self: Any, value: Tensor) -> None:
        cache = _CACHE.get()
        if cache is not None:
            cache.pop((id(self), name), None)
        self.parametrizations[name].right_inverse(value)

    return property(get, set)


def _several(found: Any) -> Sequence[Tensor]:
    if not isinstance(found, Sequence) or not all(isinstance(x, Tensor) for x in found):
        raise ArgumentError(
            f"right_inverse must give a tensor or several, and gave {type(found).__name__}"
        )
    return found


def _like(original: Tensor, value: Tensor) -> Tensor:
    if isinstance(original, Parameter):
        return Parameter(value.detach(), original.requires_grad)
    return value.detach().requires_grad_(original.requires_grad)


def _write(x: Tensor, value: Tensor) -> None:
    """Give ``x`` a value of whatever shape. It stays the object that optimizers know, and a
    gradient that does not fit it any more is forgotten."""
    gradient = x.grad
    set_value(x, value.detach())
    if gradient is not None and gradient._type is x._type:
        x.grad = gradient


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _check_same(call: str, what: str, found: Any, type_: Any) -> None:
    if not isinstance(found, Tensor):
        raise ArgumentError(f"{call}: {what} gave {type(found).__name__}, not a tensor")
    if found.dtype is not type_.dtype or found.shape != type_.shape:
        kind = DTypeError if found.dtype is not type_.dtype else ShapeError
        raise kind(
            f"{call}: {what} gave {found._type} for {type_}; shape and dtype must stay, unless "
            "unsafe=True is passed"
        )
