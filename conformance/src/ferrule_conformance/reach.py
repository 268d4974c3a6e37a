"""Digests of functions by everything that they can reach, so that equal digests mean equal code.

A digest covers a function's bytecode and constants, its defaults, its closure, and the values of
the globals that it names, and all that these reach in turn. It stops at what is *fixed*: the
standard library and distributions in ``site-packages``, whose versions tell. What cannot be looked
into makes the digest *opaque*: whoever compares must then compare whole files as well.
"""

from __future__ import annotations

import builtins
import contextvars
import ctypes
import dis
import functools
import hashlib
import sys
import sysconfig
import threading
import types
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Place = tuple[str, int, str]
"""Where a function is: file, first line, name."""

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented))
_BLANK = (
    contextvars.Context, contextvars.ContextVar, type(threading.Lock()), type(threading.RLock()),
    threading.Event, weakref.ref,
)  # fmt: skip
"""What has an identity and no code; what it holds was put there by code that is looked at."""

_SKIPPED = {
    "__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__firstlineno__",
    "__static_attributes__", "__annotate__", "__annotate_func__", "__annotations_cache__",
    "__abstractmethods__", "_abc_impl", "__builtins__",
}  # fmt: skip


class Reach:
    """Follows values, and writes down what they are.

    Args:
        own: top-level packages that are looked into wherever they are installed.
    """

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.places: set[Place] = set()
        self._fixed: dict[str, bool] = {}

    def digest(self, value: Any) -> tuple[str, bool]:
        """The digest of a value, and whether it is opaque."""
        walk = _Walk(self)
        walk.value(value)
        return hashlib.sha256("\n".join(walk.parts).encode(errors="surrogatepass")).hexdigest(), (
            walk.opaque
        )

    def fixed(self, module: str | None) -> bool:
        """Whether a module changes only with the version of its distribution."""
        top = (module or "builtins").partition(".")[0]
        found = self._fixed.get(top)
        if found is None:
            found = self._fixed[top] = top not in self.own and _is_installed(top)
        return found


def _is_installed(top: str) -> bool:
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return top != "__main__"
    module = sys.modules.get(top)
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    if file is None:
        return False
    paths = sysconfig.get_paths()
    where = Path(file).resolve()
    if not {"site-packages", "dist-packages"}.isdisjoint(where.parts):
        return True  # also those of the user, and of the system beneath a virtual environment
    return any(where.is_relative_to(Path(paths[p]).resolve()) for p in ("purelib", "platlib"))


class _Walk:
    """One digest in the making: a text, and the number of each object that was met."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.parts: list[str] = []
        self.opaque = False
        self.met: dict[int, int] = {}
        self.kept: list[Any] = []  # so that no other object takes an address that was met

    def value(self, x: Any) -> None:
        if isinstance(x, _PLAIN):
            self.parts.append(f"{type(x).__name__} {x!r}")
            return
        if id(x) in self.met:
            self.parts.append(f"again {self.met[id(x)]}")
            return
        self.met[id(x)] = len(self.met)
        self.kept.append(x)
        match x:
            case _ if isinstance(x, _BLANK):
                self.parts.append(type(x).__name__)
            case ctypes.CDLL():
                self._library(x)
            case types.CodeType():
                self._code(x)
            case types.FunctionType():
                self._function(x)
            case types.ModuleType():
                self._module(x)
            case type():
                self._class(x)
            case types.MethodType():
                self._several("method", x.__func__, x.__self__)
            case types.BuiltinFunctionType():
                self._builtin(x)
            case functools.partial():
                self._several("partial", x.func, x.args, x.keywords)
            case property():
                self._several("property", x.fget, x.fset, x.fdel)
            case staticmethod() | classmethod():
                self._several(type(x).__name__, x.__func__)
            case tuple() | list():
                self._several(type(x).__name__, *x)
            case set() | frozenset():
                self._unordered(x)
            case Mapping():
                self._several(
                    f"mapping of {len(x)}", *(part for item in x.items() for part in item)
                )
            case np.ndarray() if x.dtype != object:
                content = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
                self.parts.append(f"array {x.dtype} {x.shape} {content}")
            case np.generic() | np.dtype() | np.ufunc():
                self.parts.append(f"numpy {x!r}")
            case _:
                self._instance(x)

    def _library(self, library: ctypes.CDLL) -> None:
        self.parts.append(f"library {library._name} {_hash_of(Path(library._name or ''))}")

    def _several(self, title: str, *values: Any) -> None:
        self.parts.append(f"{title} ({len(values)}")
        for value in values:
            self.value(value)
        self.parts.append(")")

    def _unordered(self, values: Any) -> None:
        """The order of a set of texts differs from process to process."""
        digests = []
        for value in values:
            digest, opaque = self.reach.digest(value)
            self.opaque |= opaque
            digests.append(digest)
        self.parts.append(f"set {sorted(digests)}")

    def _code(self, code: types.CodeType) -> None:
        self.parts.append(
            f"code {code.co_name} {code.co_code.hex()} {code.co_exceptiontable.hex()} "
            f"{code.co_names} {code.co_varnames} {code.co_freevars} {code.co_cellvars} "
            f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount} {code.co_flags}"
        )
        for constant in code.co_consts:
            self.value(constant)

    def _function(self, f: types.FunctionType) -> None:
        module = f.__globals__.get("__name__", f.__module__)
        if self.reach.fixed(module):
            self.parts.append(f"function {module}.{f.__qualname__}")
            if f.__closure__ is None:
                return
        else:
            code = f.__code__
            self.reach.places.add((code.co_filename, code.co_firstlineno, code.co_name))
            self._code(code)
            self._globals(f)
        cells = [_content(cell) for cell in f.__closure__ or ()]
        self._several("state", f.__defaults__, f.__kwdefaults__, vars(f), *cells)

    def _globals(self, f: types.FunctionType) -> None:
        names, imports = _names(f.__code__)
        if imports:
            # What a function imports when it runs is not there yet to be looked at.
            self.opaque = True
        for name in sorted(names & f.__globals__.keys()):
            found = f.__globals__[name]
            self.parts.append(f"global {name}")
            if isinstance(found, types.ModuleType) and not self.reach.fixed(found.__name__):
                self.parts.append(f"module {found.__name__}")
                self._attributes(found, names, {id(found)})
            else:
                self.value(found)
        for name in sorted(names - f.__globals__.keys()):
            if not hasattr(builtins, name):
                self.parts.append(f"name {name}")

    def _attributes(self, module: types.ModuleType, names: frozenset[str], seen: set[int]) -> None:
        """What of a module a function may mean that has these names in it."""
        for name in sorted(names & vars(module).keys()):
            found = vars(module)[name]
            self.parts.append(f"attribute {name}")
            if not isinstance(found, types.ModuleType) or self.reach.fixed(found.__name__):
                self.value(found)
            elif id(found) not in seen:
                self._attributes(found, names, seen | {id(found)})
        if "__getattr__" in vars(module):
            self.opaque = True

    def _module(self, module: types.ModuleType) -> None:
        self.parts.append(f"module {module.__name__}")
        if not self.reach.fixed(module.__name__):
            self.opaque = True  # any of its attributes may be meant

    def _builtin(self, f: types.BuiltinFunctionType) -> None:
        self.parts.append(f"builtin {f.__module__}.{f.__qualname__}")
        if f.__self__ is not None and not isinstance(f.__self__, types.ModuleType):
            self.value(f.__self__)
        elif f.__module__ is not None and not self.reach.fixed(f.__module__):
            self.opaque = True

    def _class(self, kind: type) -> None:
        self.parts.append(f"class {kind.__module__}.{kind.__qualname__}")
        if self.reach.fixed(kind.__module__):
            return
        self._several("bases", *kind.__bases__)
        for name, member in sorted(vars(kind).items()):
            if name not in _SKIPPED:
                self.parts.append(f"member {name}")
                self.value(member)

    def _instance(self, x: Any) -> None:
        kind = type(x)
        wrapped = _attribute(x, "__wrapped__")
        if wrapped is not None:  # a function with a cache, whose content does not count
            self._several(f"wrapped by {kind.__qualname__}", wrapped)
            return
        self.value(kind)
        if isinstance(x, (types.MemberDescriptorType, types.GetSetDescriptorType)):
            self.parts.append(x.__name__)
            return
        state = {
            name: value
            for name, value in (_attribute(x, "__dict__") or {}).items()
            # what is worked out on demand follows from the rest
            if not isinstance(getattr(kind, name, None), functools.cached_property)
        }
        for base in kind.__mro__:
            slots = vars(base).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                name = f"_{base.__name__}{name}" if name.startswith("__") else name
                if name not in _SKIPPED and (found := _attribute(x, name)) is not None:
                    state.setdefault(name, found)
        if state:
            self._several(f"state of {kind.__qualname__}", state)
            return
        try:
            reduced = x.__reduce_ex__(4)
        except Exception:
            self.opaque = True
            return
        self._several(f"made of {kind.__qualname__}", reduced)


def _attribute(x: Any, name: str) -> Any:
    """An attribute; None where there is none, or where asking for it fails."""
    try:
        return getattr(x, name, None)
    except Exception:  # a __getattr__ may raise anything
        return None


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


@functools.cache
def _hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


@functools.cache
def _names(code: types.CodeType) -> tuple[frozenset[str], bool]:
    """All names in a function and in those within it, and whether one of them imports."""
    names = set(code.co_names)
    imports = any(i.opname == "IMPORT_NAME" for i in dis.get_instructions(code))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            more, also = _names(constant)
            names |= more
            imports |= also
    return frozenset(names), imports
