"""Modules that hold parameters in a list or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ferrule.errors import ArgumentError
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class _Values(Module):
    """Values under names that are no attributes of the class: tensors become parameters."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}

    def _put(self, key: str, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value, value.requires_grad or value.dtype.is_floating_point)
        setattr(self, key, value)
        self._keys[key] = None

    def _take(self, key: str) -> Any:
        value = getattr(self, key)
        delattr(self, key)
        del self._keys[key]
        return value

    def __len__(self) -> int:
        return len(self._keys)

    def extra_repr(self) -> str:
        return "\n".join(f"({key}): {_described(getattr(self, key))}" for key in self._keys)

    def __repr__(self) -> str:
        lines = self.extra_repr().replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {lines}\n)" if lines else f"{type(self).__name__}()"


class ParameterList(_Values):
    """A list of parameters, named ``"0"``, ``"1"``, ... Tensors become parameters; other values are
    held as they are, and are not part of the state."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend([] if values is None else values)

    def append(self, value: Any) -> Self:
        """Add a value at the end."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add values at the end."""
        if isinstance(values, Tensor):
            raise ArgumentError("ParameterList: a list of tensors is wanted, not one tensor")
        for value in tuple(values):
            self.append(value)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take a value out."""
        values = list(self)
        value = values.pop(index)
        for key in tuple(self._keys):
            self._take(key)
        self.extend(values)
        return value

    def _key(self, index: int) -> str:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ParameterList has {len(self)} values, and none at {index}")
        return str(index % len(self))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._key(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._key(index), value)

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, key) for key in self._keys])

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)


class ParameterDict(_Values):
    """Parameters by name. Tensors become parameters; other values are held as they are, and are not
    part of the state."""

    def __init__(
        self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None
    ) -> None:
        super().__init__()
        self.update({} if parameters is None else parameters)

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace values."""
        given = parameters.items() if isinstance(parameters, ParameterDict) else parameters
        for key, value in dict(given).items():
            self[key] = value

    def keys(self) -> Iterable[str]:
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        return [getattr(self, key) for key in self._keys]

    def items(self) -> Iterable[tuple[str, Any]]:
        return [(key, getattr(self, key)) for key in self._keys]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of that name, or ``default``."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of that name, which becomes ``default`` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a value out."""
        value = self[key]
        self._take(key)
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out what was added last."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take everything out."""
        for key in tuple(self._keys):
            self._take(key)

    def copy(self) -> ParameterDict:
        """Another of the same values."""
        return ParameterDict(dict(self.items()))

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another, with ``default`` under each name."""
        return ParameterDict(dict.fromkeys(keys, default))

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise ArgumentError(f"ParameterDict: names are strings, and {key!r} is not")
        if key not in self._keys and hasattr(self, key):
            raise ArgumentError(
                f"ParameterDict: it has an attribute {key!r} already; take another name"
            )
        self._put(key, value)

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __or__(self, other: Any) -> ParameterDict:
        return ParameterDict({**dict(self.items()), **dict(other.items())})

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self


def _described(value: Any) -> str:
    if isinstance(value, Parameter):
        return f"Parameter: {value._type} on {value.device}"
    return f"{type(value).__name__}"
