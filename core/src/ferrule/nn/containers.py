"""Modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from ferrule.errors import ArgumentError
from ferrule.nn.module import Module


class _Numbered(Module):
    """Modules in order, named ``"0"``, ``"1"``, ..."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend([] if modules is None else modules)

    def _items(self) -> list[Module]:
        return [value for value in self.__dict__.values() if isinstance(value, Module)]

    def _names(self) -> list[str]:
        return [name for name, value in self.__dict__.items() if isinstance(value, Module)]

    def _check_item(self, i: int, module: Any) -> None:
        if not isinstance(module, Module):
            raise ArgumentError(
                f"{type(self).__name__}: item {i} is {module!r}, which is not a module"
            )

    def _renumber(self, modules: list[Module]) -> None:
        for name in self._names():
            delattr(self, name)
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        for i, module in enumerate(modules, len(self)):
            self._check_item(i, module)
            setattr(self, str(i), module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put a module in before ``index``."""
        self._check_item(index, module)
        modules = self._items()
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: int = -1) -> Module:
        """Take a module out."""
        modules = self._items()
        module = modules.pop(index)
        self._renumber(modules)
        return module

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Any:
        modules = self._items()
        if isinstance(index, slice):
            part = type(self)()
            for name, module in zip(self._names()[index], modules[index]):
                setattr(part, name, module)
            return part
        try:
            return modules[index]
        except IndexError:
            raise IndexError(
                f"{type(self).__name__} has {len(modules)} modules, and none at {index}"
            ) from None

    def __setitem__(self, index: int, module: Module) -> None:
        self._check_item(index, module)
        setattr(self, self._names()[index], module)

    def __delitem__(self, index: int | slice) -> None:
        modules = self._items()
        del modules[index]
        self._renumber(modules)

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._items())

    def __reversed__(self) -> Iterator[Module]:
        return reversed(self._items())

    def __contains__(self, module: object) -> bool:
        return any(m is module for m in self._items())

    def __add__(self, other: Iterable[Module]) -> Self:
        return type(self)().extend([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(tuple(other))


class Sequential(_Numbered):
    """Modules, each applied to what the one before it returned::

    nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    nn.Sequential({"hidden": nn.Linear(4, 8), "act": nn.ReLU()})
    """

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            super().__init__()
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            super().__init__(modules)

    def forward(self, input: Any) -> Any:
        for module in self._items():
            input = module(input)
        return input

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int) or times < 1:
            raise ArgumentError(f"Sequential: it is repeated an int of times, not {times!r}")
        return Sequential(*(list(self) * times))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        return self.extend((self * times)[len(self) :])


class ModuleList(_Numbered):
    """A list of modules, to be called as one likes."""

    def __repr__(self) -> str:
        """As that of every module, with runs of equal ones on one line: ``(0-5): 6 x ...``."""
        runs: list[tuple[str, int, int]] = []
        for i, module in enumerate(self._items()):
            text = repr(module)
            if runs and runs[-1][0] == text:
                runs[-1] = (text, runs[-1][1], i)
            else:
                runs.append((text, i, i))
        if not runs:
            return f"{type(self).__name__}()"
        lines = [
            f"({first}): {text}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {text}"
            for text, first, last in runs
        ]
        inner = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {inner}\n)"


class ModuleDict(Module):
    """Modules by name, to be called as one likes."""

    def __init__(
        self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None
    ) -> None:
        super().__init__()
        self.update({} if modules is None else modules)

    def update(
        self, modules: Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]
    ) -> None:
        """Add or replace modules."""
        given = modules.items() if isinstance(modules, ModuleDict) else modules
        for name, module in dict(given).items():
            self[name] = module

    def clear(self) -> None:
        """Take all modules out."""
        for name in self._named_items():
            delattr(self, name)

    def _named_items(self) -> dict[str, Module]:
        return {n: value for n, value in self.__dict__.items() if isinstance(value, Module)}

    def keys(self) -> Iterable[str]:
        return self._named_items().keys()

    def values(self) -> Iterable[Module]:
        return self._named_items().values()

    def items(self) -> Iterable[tuple[str, Module]]:
        return self._named_items().items()

    def pop(self, key: str) -> Module:
        """Take a module out."""
        module = self[key]
        del self[key]
        return module

    def __getitem__(self, key: str) -> Module:
        return self._named_items()[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._named_items()[key]  # a KeyError for what is not a module
        delattr(self, key)

    def __contains__(self, key: str) -> bool:
        return key in self._named_items()

    def __len__(self) -> int:
        return len(self._named_items())

    def __iter__(self) -> Iterator[str]:
        return iter(self._named_items())
