"""The example backends ``purepython`` and ``null``: built, installed beside the workspace, and run.

They are packages of their own, so this environment does not have them; a folder has, which the
interpreters that are started here find first on their path.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "backends"
BACKENDS = {"purepython": "ferrule_example_purepython", "null": "ferrule_example_null"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which both are installed, from wheels."""
    folder = tmp_path_factory.mktemp("third-party")
    quiet = ("--quiet", "--offline", "--python", sys.executable)
    uv = find_uv_bin()
    for name in BACKENDS:
        subprocess.run(
            [
                *(uv, "build", "--wheel", "--no-build-isolation", *quiet),
                *("--out-dir", folder / "dist", EXAMPLES / name),
            ],
            check=True,
        )
    wheels = sorted((folder / "dist").glob("*.whl"))
    assert len(wheels) == len(BACKENDS)
    subprocess.run(
        [
            *(uv, "pip", "install", "--no-cache", "--no-deps", *quiet),
            *("--target", folder / "site", *wheels),
        ],
        check=True,
    )
    return folder / "site"


@pytest.fixture(scope="module")
def python(site: Path) -> Callable[..., str]:
    """``python("-m", "pytest", ...)``: what an interpreter prints that finds both."""

    def run(*arguments: str | Path) -> str:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("FERRULE_", "PYTEST"))}
        path = os.pathsep.join(filter(None, [str(site), environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env={**environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


FERRULE = "from ferrule.cli import main; import sys; raise SystemExit(main(sys.argv[1:]))"


def test_they_are_found_and_ready(python: Callable[..., str]) -> None:
    found = json.loads(python("-c", FERRULE, "backends", "--json"))["backends"]
    states = {backend["name"]: backend["state"] for backend in found}
    assert {name: states[name] for name in BACKENDS} == dict.fromkeys(BACKENDS, "ready")


@pytest.mark.parametrize("name", BACKENDS)
def test_their_own_tests_pass(python: Callable[..., str], name: str) -> None:
    options = ("-n", "0", "-q", "-p", "no:cacheprovider")
    assert " passed" in python("-m", "pytest", *options, EXAMPLES / name / "tests")


def conformance(python: Callable[..., str], *arguments: str) -> str:
    return " ".join(python("-c", FERRULE, "conformance", *arguments).split())


def test_purepython_has_a_right_kernel_for_every_primitive(python: Callable[..., str]) -> None:
    # in the other dtypes the same functions run, between other roundings
    shown = conformance(
        python, "purepython", "--level", "0-1", "--dtypes", "bool,int64,float16,float32,complex64"
    )
    assert " 0 failed, 0 waived" in shown
    assert " 72 native" in shown


def test_purepython_has_right_gradients(python: Callable[..., str]) -> None:
    ops = "mul,div,pow,matmul,sum,amax,sort,gather,index_add,cumprod,pad,where,atan2"
    assert " 0 failed" in conformance(python, "purepython", "--level", "2", "--ops", ops)


def test_null_conforms_where_the_other_does(python: Callable[..., str]) -> None:
    ops = "add,matmul,sort,cat,full,gather,nonzero,random_bits,svd,fft_r2c"
    shown = conformance(python, "null", "--level", "0-1", "--ops", ops, "--dtypes", "float32,int64")
    assert " 0 failed" in shown


# What their source imports.


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, and every name that it takes from one, dotted."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom() | ast.Name(id="__import__"):
                raise AssertionError(f"{path}:{node.lineno}: an import that cannot be read here")


def sources(name: str) -> list[Path]:
    found = sorted((EXAMPLES / name / "src").rglob("*.py"))
    assert len(found) >= 3
    return found


@pytest.mark.parametrize("name", BACKENDS)
def test_they_import_what_they_declare_and_never_core(name: str) -> None:
    project = tomllib.loads((EXAMPLES / name / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["ferrule-plugins>=1,<2", "numpy>=2.1"]
    allowed = {"numpy", "ferrule_plugins", BACKENDS[name], *sys.stdlib_module_names}
    for path in sources(name):
        assert {module.partition(".")[0] for module in imports(path)} <= allowed, path


@pytest.mark.parametrize("name", BACKENDS)
def test_they_use_what_the_contract_makes_public(name: str) -> None:
    import ferrule_plugins

    for path in sources(name):
        used = {module for module in imports(path) if module.startswith("ferrule_plugins")}
        assert used <= {f"ferrule_plugins.{public}" for public in ferrule_plugins.__all__}, path


def test_the_kernels_of_purepython_do_without_numpy() -> None:
    """It is in the one file that speaks with the host."""
    users = [path.name for path in sources("purepython") if "numpy" in set(imports(path))]
    assert users == ["backend.py"]


@pytest.mark.parametrize("name", BACKENDS)
def test_they_can_be_published(name: str) -> None:
    project = tomllib.loads((EXAMPLES / name / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert project["readme"] == "README.md"
    assert list(project["entry-points"]["ferrule.backends"]) == [name]
    assert len((EXAMPLES / name / "README.md").read_text()) > 500
