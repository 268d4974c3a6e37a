"""The dependency rule: which member may import which, and nothing that it does not declare.

core -> plugins <- backend-*          conformance -> core, plugins
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

ARROWS = {
    "plugins": frozenset[str](),
    "core": frozenset({"plugins"}),
    "backend": frozenset({"plugins"}),
    "conformance": frozenset({"core", "plugins"}),
}
"""A member's role, which is its folder up to the first dash, and the roles that it may import."""

_CUPY = {"cupy-cuda12x", "cupy-cuda13x"}
PROVIDERS = {"cupy": _CUPY, "cupyx": _CUPY}
"""Import name to distributions, where they differ and none of them can be installed everywhere."""


class Member:
    """One member of the workspace, as its files describe it.

    Attributes:
        folder: its folder.
        role: the folder's name up to the first dash.
        packages: the names under which it is imported.
        declared: the distributions that it depends on, extras included, and itself.
    """

    def __init__(self, folder: Path) -> None:
        project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        requirements = [*project.get("dependencies", [])]
        for extra in project.get("optional-dependencies", {}).values():
            requirements += extra
        self.folder = folder
        self.role = folder.name.partition("-")[0]
        self.packages = {path.parent.name for path in folder.glob("src/*/__init__.py")}
        self.declared = {canonicalize_name(Requirement(text).name) for text in requirements}
        self.distribution = canonicalize_name(project["name"])

    def imports(self) -> Iterator[tuple[str, str]]:
        """Every import of a top-level package, with the file and line in which it stands."""
        for path in sorted(self.folder.glob("src/**/*.py")):
            for node in ast.walk(ast.parse(path.read_text(), str(path))):
                where = f"{path.relative_to(self.folder.parent)}:{getattr(node, 'lineno', 0)}"
                for name in _imported_by(node):
                    yield name.partition(".")[0], where


def _imported_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case ast.Call(
            func=ast.Name(id="__import__" | "import_module")
            | ast.Attribute(attr="import_module" | "find_spec"),
            args=[ast.Constant(value=str(module)), *_],
        ) if not module.startswith("."):
            return [module]
        case _:
            return []


def violations(root: Path, installed: Mapping[str, list[str]]) -> list[str]:
    """What in the workspace breaks the rule, one line each.

    Args:
        root: the folder of the workspace.
        installed: import names to the distributions that supply them.
    """
    workspace = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    members = [Member(root / name) for name in workspace["members"]]
    owners = {package: member for member in members for package in member.packages}
    found: list[str] = []
    for member in members:
        if member.role not in ARROWS:
            found.append(f"{member.folder.name}: no rule says what it may import")
            continue
        for name, where in member.imports():
            owner = owners.get(name)
            if owner is member or name in sys.stdlib_module_names:
                continue
            if owner is not None and owner.role not in ARROWS[member.role]:
                found.append(f"{where}: {member.folder.name} must not import {owner.folder.name}")
            suppliers = {owner.distribution} if owner else _suppliers(name, installed)
            if not suppliers & member.declared:
                found.append(
                    f"{where}: {name} is imported, but {member.distribution} declares no "
                    f"dependency on {' or '.join(sorted(suppliers))}"
                )
    return found


def _suppliers(name: str, installed: Mapping[str, list[str]]) -> set[str]:
    named = PROVIDERS.get(name) or set(installed.get(name, [name]))
    return {canonicalize_name(distribution) for distribution in named}


def test_this_workspace_keeps_the_rule() -> None:
    assert violations(ROOT, packages_distributions()) == []


def test_every_member_is_looked_at() -> None:
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    members = [Member(ROOT / name) for name in workspace["members"]]
    assert {member.role for member in members} == set(ARROWS)
    for member in members:
        assert len(member.packages) == 1, member.folder
        assert any(True for _ in member.imports()), f"{member.folder} imports nothing"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A small workspace that keeps the rule."""
    dependencies = {
        "plugins": ["numpy"],
        "core": ["ferrule-plugins", "numpy"],
        "backend-x": ["Ferrule_Plugins>=1,<2", "pyyaml"],
        "conformance": ["ferrule-core", "ferrule-plugins"],
    }
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.uv.workspace]\nmembers = {list(dependencies)}\n"
    )
    for folder, requires in dependencies.items():
        package = tmp_path / folder / "src" / f"ferrule_{folder.replace('-', '_')}"
        package.mkdir(parents=True)
        (tmp_path / folder / "pyproject.toml").write_text(
            f'[project]\nname = "ferrule-{folder}"\ndependencies = {requires}\n'
            '[project.optional-dependencies]\nextra = ["matplotlib[x]>=3"]\n'
        )
        (package / "__init__.py").write_text("import os.path\nfrom . import sibling\n")
        (package / "sibling.py").write_text("import numpy\n" if "numpy" in requires else "")
    return tmp_path


INSTALLED = {"yaml": ["PyYAML"], "numpy": ["numpy"], "matplotlib": ["matplotlib"]}


def write(workspace: Path, folder: str, source: str) -> None:
    package = workspace / folder / "src" / f"ferrule_{folder.replace('-', '_')}" / "deep"
    package.mkdir(exist_ok=True)
    (package / "module.py").write_text(source)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("core", "import ferrule_plugins.spec"),
        ("backend-x", "from ferrule_plugins import Spec"),
        ("conformance", "import ferrule_core, ferrule_plugins"),
        ("core", "from ferrule_core.deep import module"),
        ("core", "from ..ferrule_backend_x import looks_alike"),
        ("backend-x", "import yaml"),
        ("backend-x", "def plot():\n    import matplotlib.pyplot"),
        ("core", "importlib.import_module('.nn', __package__)"),
    ],
)
def test_allowed_arrows(workspace: Path, folder: str, source: str) -> None:
    write(workspace, folder, source)
    assert violations(workspace, INSTALLED) == []


@pytest.mark.parametrize(
    ("folder", "source", "forbidden"),
    [
        ("backend-x", "import ferrule_core", "core"),
        ("backend-x", "def late():\n    from ferrule_core.nn import Module", "core"),
        ("backend-x", "if TYPE_CHECKING:\n    import ferrule_core as fe", "core"),
        ("backend-x", "import importlib\nimportlib.import_module('ferrule_core.nn')", "core"),
        ("backend-x", "__import__('ferrule_core')", "core"),
        ("backend-x", "import ferrule_conformance", "conformance"),
        ("core", "import numpy, ferrule_backend_x", "backend-x"),
        ("core", "from ferrule_conformance import check", "conformance"),
        ("plugins", "import ferrule_core", "core"),
        ("plugins", "try:\n    import ferrule_backend_x\nexcept ImportError: ...", "backend-x"),
        ("conformance", "import ferrule_backend_x", "backend-x"),
    ],
)
def test_forbidden_arrows(workspace: Path, folder: str, source: str, forbidden: str) -> None:
    write(workspace, folder, source)
    found = violations(workspace, INSTALLED)
    assert any(f"{folder} must not import {forbidden}" in line for line in found)
    assert all(f"{folder}/src" in line and "module.py:" in line for line in found)


@pytest.mark.parametrize(
    ("folder", "source", "missing"),
    [
        ("core", "import yaml", "declares no dependency on pyyaml"),
        ("backend-x", "import numpy.linalg", "declares no dependency on numpy"),
        ("plugins", "from cupy import array", "no dependency on cupy-cuda12x or cupy-cuda13x"),
        ("conformance", "import unheard_of", "declares no dependency on unheard-of"),
    ],
)
def test_imports_that_are_not_declared(
    workspace: Path, folder: str, source: str, missing: str
) -> None:
    write(workspace, folder, source)
    (found,) = violations(workspace, INSTALLED)
    assert missing in found


def test_a_member_without_a_rule(workspace: Path) -> None:
    (workspace / "core").rename(workspace / "kernel")
    text = (workspace / "pyproject.toml").read_text()
    (workspace / "pyproject.toml").write_text(text.replace("'core'", "'kernel'"))
    found = violations(workspace, INSTALLED)
    assert found == ["kernel: no rule says what it may import"]
