"""What has changed since tests passed: the digests behind ``--changed``.

A test needs not be run again if nothing that it depends on changed since it passed. It depends on
the kernels that core looked up while it ran, each with all code that it reaches, and on a *base*:
all else. What the base cannot take apart it takes whole, so a change may run more tests than it
must, and never fewer.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ferrule import certification, runtime
from ferrule.op import OPS
from ferrule_conformance.case import Target
from ferrule_conformance.reach import Place, Reach
from ferrule_plugins import Backend, plugin_manager

_CORE = ("ferrule", "ferrule_conformance", "ferrule_plugins")


class Code:
    """The code that is under test, as digests.

    Args:
        target: the backend.
        module: of the object that is the backend; may be empty.
        settings: what else the outcome of tests depends on.

    Attributes:
        kernels: op to the digest of its kernel. An op without one has none here.
        base: the digest of all else.
    """

    def __init__(self, target: Target, module: str, settings: Iterable[str] = ()) -> None:
        self.target = target
        active = runtime.active(target.name)
        packs = (plugin_manager.source(name) for name in set(active.packs.values()))
        modules = [module, type(target.backend).__module__]
        modules += [source.target.partition(":")[0] for source in packs if source is not None]
        self._own = frozenset(m.partition(".")[0] for m in modules if m) - set(_CORE)
        self._reach = Reach(self._own)
        found = {op: self._reach.digest(kernel) for op, kernel in target.kernels.items()}
        whole = _hash(f"{file}\0{_hash(file.read_bytes())}" for file in self._files)
        self.kernels = {op: d + whole if opaque else d for op, (d, opaque) in found.items()}
        self.base = _hash([*settings, *self._rest()])

    def _rest(self) -> Iterator[str]:
        """All that is no kernel."""
        yield f"{sys.version} {platform.platform()}"
        yield from sorted(_installed())
        declared = {op.__module__.partition(".")[0] for op in OPS.values()}
        for package in sorted({*_CORE, *declared}):
            yield f"{package} {certification.fingerprint(package)}"
        backend = self.target.backend
        state = {k: v for k, v in getattr(backend, "__dict__", {}).items() if k != "kernels"}
        for member in ("name", "contract", "capabilities"):
            state[member] = getattr(backend, member)
        # storage, with what it shares with kernels; as functions, for an instance holds all kernels
        for member in sorted(n for n in vars(Backend) if not n.startswith("_") and n != "kernels"):
            state.setdefault(f"class {member}", getattr(type(backend), member, None))
        yield from map(str, self._reach.digest(state))
        reached = {(str(Path(f).resolve()), line, name) for f, line, name in self._reach.places}
        for file in self._files:
            if file.suffix == ".py":
                yield f"{file} {_remainder(file, reached, self._is_table(file))}"
            else:
                yield f"{file} {_hash(file.read_bytes())}"

    @cached_property
    def _files(self) -> list[Path]:
        """Those of the packages that are looked into, and of what they import and is no installed
        distribution."""
        found: dict[str, list[Path]] = {}
        waiting = sorted(self._own)
        while waiting:
            package = waiting.pop()
            if package in found or (package not in self._own and self._reach.fixed(package)):
                continue
            found[package] = [f.resolve() for _, f in certification.package_files(package)]
            for file in found[package]:
                if file.suffix == ".py":
                    waiting += sorted(_imports(file) - found.keys() - set(_CORE))
        return sorted({file for files in found.values() for file in files})

    @cached_property
    def _scopes(self) -> dict[Path, list[Mapping[str, Any]]]:
        """The namespaces of modules, by file."""
        found: dict[Path, list[Mapping[str, Any]]] = {}
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if file and not self._reach.fixed(module.__name__):
                found.setdefault(Path(file).resolve(), []).append(vars(module))
        return found

    def _is_table(self, file: Path) -> Callable[[str], bool]:
        """Whether a name in the file means kernels by their ops. They were looked at already."""
        scopes = self._scopes.get(file, [])
        scopes = scopes + [
            vars(kind) for scope in scopes for kind in scope.values() if _is_class(kind)
        ]

        def is_table(name: str) -> bool:
            values = [scope[name] for scope in scopes if name in scope]
            return bool(values) and all(
                isinstance(v, Mapping)
                and v
                and v.keys() <= OPS.keys()
                and all(map(callable, v.values()))
                for v in values
            )

        return is_table


def _installed() -> set[str]:
    """Names and versions of distributions, as their metadata's folders say."""
    return {
        file.name
        for folder in map(Path, sys.path)
        if folder.is_dir()
        for file in folder.iterdir()
        if file.suffix in (".dist-info", ".egg-info")
    }


def _is_class(value: Any) -> bool:
    return isinstance(value, type)


def _hash(parts: bytes | Iterable[str]) -> str:
    data = parts if isinstance(parts, bytes) else "\n".join(parts).encode(errors="surrogatepass")
    return hashlib.sha256(data).hexdigest()


def _imports(file: Path) -> set[str]:
    """Top-level packages that a file imports and that are loaded."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return {name for name in names if name in sys.modules}


def _remainder(file: Path, reached: set[Place], is_table: Callable[[str], bool]) -> str:
    """The digest of what a file holds besides functions that kernels reach, tables of kernels,
    imports and docstrings."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return _hash(file.read_bytes())
    return _hash([ast.dump(_Remainder(str(file), reached, is_table).visit(tree))])


class _Remainder(ast.NodeTransformer):
    def __init__(self, file: str, reached: set[Place], is_table: Callable[[str], bool]) -> None:
        self.file = file
        self.reached = reached
        self.is_table = is_table
        self.depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
        # A function's code begins with its first decorator.
        line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        if (self.file, line, node.name) in self.reached:
            return None
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  the names are those of nodes

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> Any:
        return node if self.depth else None

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> Any:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        whole = len(names) == len(node.targets) and not self.depth
        return None if whole and all(map(self.is_table, names)) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        plain = isinstance(node.target, ast.Name) and not self.depth
        if plain and self.is_table(node.target.id):  # pyright: ignore[reportAttributeAccessIssue]
            return None
        return self.generic_visit(node)
