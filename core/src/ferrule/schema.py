"""An op's signature, read as its schema.

Positional parameters are operands, keyword-only parameters are static attributes, and annotations
say what they are: `Mask` and `Index` operands take no part in promotion and get no gradient; `Dim`,
`Dims`, `Shape` and friends are checked and brought to canonical form before a kernel sees them.
"""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from ferrule.errors import ArgumentError, DeclarationError, DTypeError, OutOfRange, ShapeError
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType, Shape, Shaped

Role = Literal["value", "mask", "index"]

T = TypeVar("T")
Mask = Annotated[T, "mask"]
"""``condition: Mask[Tensor]``: a boolean operand."""
Index = Annotated[T, "index"]
"""``index: Index[Tensor]``: an operand of integers."""

Dim = Annotated[int, "dim"]
"""One dim of the first operand; negative ones count from the end."""
Dims = Annotated[Any, "dims"]
"""Dims of the first operand: an int, several, or None for all of them."""
Sizes = Annotated[Any, "sizes"]
"""A shape for the elements of the first operand; one size may be -1, for what remains."""
Scalar = bool | int | float | complex
"""A Python number whose type matters."""

# PyTorch's names for the first two operands are understood besides our own.
_ALIASES = ("input", "other")


@dataclass(frozen=True)
class Operand:
    """One positional parameter."""

    name: str
    role: Role
    optional: bool


@dataclass(frozen=True)
class Attribute:
    """One keyword-only parameter; ``default`` is ``inspect.Parameter.empty`` if there is none."""

    name: str
    kind: str
    default: Any
    canonical: Callable[[Any, tuple[Any, ...]], Any]


class Schema:
    """What an op takes.

    Attributes:
        operands: the positional parameters, in order; for a variadic op the one that repeats.
        variadic: the op takes any number of operands (``*xs``).
        attributes: the keyword-only parameters by name, in order.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = function.__name__
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
        kinds = inspect.Parameter
        self.variadic = any(p.kind is kinds.VAR_POSITIONAL for p in parameters)
        self.operands: list[Operand] = []
        self.attributes: dict[str, Attribute] = {}
        for p in parameters:
            if p.name not in hints:
                raise DeclarationError(f"{self.name}: parameter {p.name!r} has no annotation")
            if p.kind is kinds.KEYWORD_ONLY:
                kind = _kind(hints[p.name], self.name, p.name)
                attribute = Attribute(p.name, kind, p.default, _canonical(kind, p.name))
                self.attributes[p.name] = attribute
            elif p.kind is kinds.VAR_KEYWORD or (self.variadic and self.operands):
                raise DeclarationError(
                    f"{self.name}: {p} fits no op; see 'Add an op' in CONTRIBUTING.md"
                )
            else:
                role = _role(hints[p.name])
                self.operands.append(Operand(p.name, role, p.default is None))
        self.arity = len(self.operands)
        self.required = sum(not o.optional for o in self.operands)
        self.creates = "device" in self.attributes
        self.roles: tuple[Role, ...] = tuple(o.role for o in self.operands)

    def bind(
        self, args: tuple[Any, ...], attrs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort the arguments of a call into operands and attributes, with defaults filled in.

        Surplus positional arguments are attributes, in order.

        Raises:
            ArgumentError: an argument is missing, unknown or given twice.
        """
        attrs = dict(attrs)
        if self.variadic:
            operands = args
        else:
            operands, surplus = list(args[: self.arity]), args[self.arity :]
            for i in range(len(operands), self.arity):
                operands.append(self._named_operand(i, attrs))
            if len(surplus) > len(self.attributes):
                raise ArgumentError(f"takes {self}, but got {len(args)} positional arguments")
            for name, value in zip(self.attributes, surplus):
                if name in attrs:
                    raise ArgumentError(f"got {name!r} twice, by position and by name")
                attrs[name] = value
        unknown = attrs.keys() - self.attributes.keys()
        if unknown:
            raise ArgumentError(f"has no argument {sorted(unknown)[0]!r}; it takes {self}")
        bound = {}
        for name, attribute in self.attributes.items():
            value = attrs.get(name, attribute.default)
            if value is inspect.Parameter.empty:
                raise ArgumentError(f"needs {name!r}; it takes {self}")
            bound[name] = value
        return tuple(operands), bound

    def _named_operand(self, i: int, attrs: dict[str, Any]) -> Any:
        names = (self.operands[i].name, *_ALIASES[i : i + 1])
        for name in names:
            if name in attrs:
                return attrs.pop(name)
        if self.operands[i].optional:
            return None
        raise ArgumentError(f"needs {self.operands[i].name!r}; it takes {self}")

    def canonical(self, operands: tuple[Any, ...], attrs: dict[str, Any]) -> dict[str, Any]:
        """Attributes checked and in canonical form: hashable, and dims non-negative.

        Args:
            operands: the operands' types, which give dims their meaning.
            attrs: all attributes, as `bind` gives them.
        """
        return {n: self.attributes[n].canonical(v, operands) for n, v in attrs.items()}

    def operand(self, i: int) -> Operand:
        """The parameter that the ``i``-th operand of a call is given for."""
        return self.operands[0 if self.variadic else i]

    def role(self, i: int) -> Role:
        """The role of the ``i``-th operand of a call."""
        return self.roles[0] if self.variadic else self.roles[i]

    def __str__(self) -> str:
        operands = [o.name + ("=None" if o.optional else "") for o in self.operands]
        if self.variadic:
            operands = ["*" + operands[0]]
        attributes = [
            a.name if a.default is inspect.Parameter.empty else f"{a.name}={a.default!r}"
            for a in self.attributes.values()
        ]
        return f"({', '.join(operands + attributes)})"


def _role(hint: Any) -> Role:
    for option in (hint, *typing.get_args(hint)):
        metadata = getattr(option, "__metadata__", ())
        if metadata:
            return metadata[0]
    return "value"


def _kind(hint: Any, op: str, name: str) -> str:
    """The word for an attribute's annotation: one of the keys of `_CANONICAL`, ``"?"`` after it
    where None is allowed too."""
    options = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    optional = type(None) in options
    options = tuple(o for o in options if o is not type(None))
    if frozenset(options) == frozenset(typing.get_args(Scalar)):
        kind = "scalar"
    elif len(options) == 1:
        (option,) = options
        metadata = getattr(option, "__metadata__", ())
        origin = typing.get_origin(option)
        if metadata:
            kind = metadata[0]
        elif option in _PLAIN:
            kind = _PLAIN[option]
        elif origin is Literal:
            kind = "str"
        elif origin is tuple:
            kind = "tuple"
        else:
            kind = ""
    else:
        kind = ""
    if kind not in _CANONICAL:
        raise DeclarationError(
            f"{op}: attribute {name!r} is annotated {hint!r}; use int, float, bool, str, Scalar, "
            "Dim, Dims, Shape, Sizes, DType, Device or a tuple of ints"
        )
    return kind + "?" * optional


def _canonical(kind: str, name: str) -> Callable[[Any, tuple[Any, ...]], Any]:
    check = _CANONICAL[kind.rstrip("?")]
    optional = kind.endswith("?")

    def canonical(value: Any, operands: tuple[Any, ...]) -> Any:
        return None if value is None and optional else check(value, operands, name)

    return canonical


def _is_integer(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, (bool, str))


def _first(operands: tuple[Any, ...]) -> TensorType | None:
    return next((o for o in operands if isinstance(o, TensorType)), None)


def _dim(value: Any, operands: tuple[Any, ...], name: str) -> int:
    if not _is_integer(value):
        raise ArgumentError(f"{name} must be an int, not {value!r}")
    first = _first(operands)
    ndim = 0 if first is None else max(first.ndim, 1)  # 0-d tensors have the dim 0, as in PyTorch
    dim = value.__index__()
    if not -ndim <= dim < ndim:
        raise OutOfRange(
            f"{name}={dim} is out of range; the dims of {first} are {-ndim}..{ndim - 1}"
        )
    return dim + ndim if dim < 0 else dim


def _dims(value: Any, operands: tuple[Any, ...], name: str) -> tuple[int, ...]:
    first = _first(operands)
    ndim = 0 if first is None else first.ndim
    if value is None:
        return tuple(range(ndim))
    if _is_integer(value):
        value = (value,)
    if not isinstance(value, (tuple, list)):
        raise ArgumentError(f"{name} must be an int, several ints or None, not {value!r}")
    dims = tuple(_dim(v, operands, name) for v in value)
    if len(set(dims)) < len(dims):
        raise ShapeError(f"{name}={tuple(value)} names one dim twice")
    return dims if ndim else ()


def _shape(value: Any, operands: tuple[Any, ...], name: str) -> Shape:
    value = (value,) if _is_integer(value) else value
    if not isinstance(value, (tuple, list)) or not all(map(_is_integer, value)):
        raise ArgumentError(f"{name} must be a tuple of ints, not {value!r}")
    return tuple(v.__index__() for v in value)


def _sizes(value: Any, operands: tuple[Any, ...], name: str) -> Shape:
    shape = _shape(value, operands, name)
    first = _first(operands)
    if -1 not in shape or first is None:
        return shape
    size, known = math.prod(first.shape), -math.prod(shape)
    if shape.count(-1) > 1 or known <= 0 or size % known:
        raise ShapeError(f"{size} elements do not fill the shape {shape}")
    return tuple(size // known if n == -1 else n for n in shape)


def _tuple(value: Any, operands: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    if not isinstance(value, (tuple, list)):
        raise ArgumentError(f"{name} must be a tuple, not {value!r}")
    return tuple(_tuple(v, operands, name) if isinstance(v, (tuple, list)) else v for v in value)


def _integer(value: Any, operands: tuple[Any, ...], name: str) -> int:
    if not _is_integer(value):
        raise ArgumentError(f"{name} must be an int, not {value!r}")
    return value.__index__()


def _floating(value: Any, operands: tuple[Any, ...], name: str) -> float:
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise ArgumentError(f"{name} must be a float, not {value!r}")
    try:
        return float(value)
    except TypeError:  # a complex number in a tensor or an array
        raise ArgumentError(f"{name} must be a float, not {value!r}") from None


def _scalar(value: Any, operands: tuple[Any, ...], name: str) -> Scalar:
    if not isinstance(value, typing.get_args(Scalar)):
        raise ArgumentError(f"{name} must be a Python number, not {value!r}")
    return value


def _boolean(value: Any, operands: tuple[Any, ...], name: str) -> bool:
    if value not in (True, False) or isinstance(value, float):
        raise ArgumentError(f"{name} must be True or False, not {value!r}")
    return bool(value)


def _string(value: Any, operands: tuple[Any, ...], name: str) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"{name} must be a string, not {value!r}")
    return value


def _dtype(value: Any, operands: tuple[Any, ...], name: str) -> DType:
    try:
        return DType.of(value)
    except TypeError as error:
        raise DTypeError(str(error)) from None


def _device(value: Any, operands: tuple[Any, ...], name: str) -> Device:
    return Device(value)


_UNIONS = (typing.Union, types.UnionType)
_PLAIN: dict[Any, str] = {
    int: "int",
    float: "float",
    bool: "bool",
    str: "str",
    DType: "dtype",
    Device: "device",
    Shape: "shape",
}
_CANONICAL: dict[str, Callable[[Any, tuple[Any, ...], str], Any]] = {
    "dim": _dim,
    "dims": _dims,
    "shape": _shape,
    "sizes": _sizes,
    "tuple": _tuple,
    "int": _integer,
    "float": _floating,
    "scalar": _scalar,
    "bool": _boolean,
    "str": _string,
    "dtype": _dtype,
    "device": _device,
}

__all__ = ["Dim", "Dims", "Index", "Mask", "Scalar", "Schema", "Shape", "Shaped", "Sizes"]
