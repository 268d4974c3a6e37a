"""Every member as a user gets it: built, looked into, and installed alone into an empty venv."""

from __future__ import annotations

import email
import email.message
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

ROOT = Path(__file__).parents[1]
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]

PACKAGES = {
    "ferrule-plugins": "ferrule_plugins",
    "ferrule": "ferrule",
    "ferrule-cpu": "ferrule_cpu",
    "ferrule-cuda": "ferrule_cuda",
    "ferrule-opencl": "ferrule_opencl",
    "ferrule-conformance": "ferrule_conformance",
}
"""Distribution to the package that it holds."""

TRAIN_STEP = """
import ferrule as fe
x = fe.randn(3, 4, requires_grad=True)
y = (x * 2).sum()
y.backward()
assert x.grad.shape == (3, 4)
print(x.grad.numpy().tolist())
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command prints, without this process's Python path and ferrule settings."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "FERRULE_")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all wheels and sdists; each wheel is built from its sdist."""
    folder = tmp_path_factory.mktemp("dist")
    # The development group has the build backend, so that building needs no network.
    run(
        *(find_uv_bin(), "build", "--all-packages", "--no-build-isolation", "--offline"),
        *("--python", sys.executable, "--out-dir", folder),
        cwd=ROOT,
    )
    return folder


@pytest.fixture(scope="module")
def wheels(dist: Path) -> dict[str, Path]:
    """Distribution to wheel."""
    return {canonicalize_name(path.name.split("-")[0]): path for path in dist.glob("*.whl")}


@pytest.fixture
def venv(wheels: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """``venv(*distributions)``: an empty venv's Python, after installing wheels into it.

    Dependencies come from the package index, and other members of the workspace from their wheels,
    whatever the index may offer under those names.
    """

    def make(*distributions: str) -> Path:
        run(find_uv_bin(), "venv", "--python", sys.executable, tmp_path / "venv")
        python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        members = tmp_path / "members.txt"
        members.write_text("".join(f"{k} @ {path.as_uri()}\n" for k, path in wheels.items()))
        run(
            *(find_uv_bin(), "pip", "install", "--python", python, "--constraints", members),
            *(wheels[name] for name in distributions),
        )
        return python

    return make


def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def project(name: str) -> dict[str, object]:
    """The ``project`` table of the member that is that distribution."""
    for member in WORKSPACE["members"]:
        table = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
        if table["name"] == name:
            return table
    raise LookupError(name)


def test_every_member_is_built(dist: Path, wheels: dict[str, Path]) -> None:
    assert set(wheels) == set(PACKAGES)
    sdists = {canonicalize_name(path.name.split("-")[0]) for path in dist.glob("*.tar.gz")}
    assert sdists == set(PACKAGES)
    assert len(WORKSPACE["members"]) == len(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_wheel_holds_its_package_and_nothing_else(wheels: dict[str, Path], name: str) -> None:
    package = PACKAGES[name]
    with zipfile.ZipFile(wheels[name]) as archive:
        files = {file for file in archive.namelist() if not file.endswith("/")}
        (licence,) = (file for file in files if file.endswith("/licenses/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert f"{package}/__init__.py" in files
    assert f"{package}/py.typed" in files
    roots = {file.split("/")[0] for file in files}
    assert {root for root in roots if not root.endswith(".dist-info")} == {package}
    assert not [file for file in files if "__pycache__" in file or "/tests/" in file]
    (source,) = ROOT.glob(f"*/src/{package}")
    modules = {str(path.relative_to(source.parent)) for path in source.rglob("*.py")}
    assert {file for file in files if file.endswith(".py")} == modules


def test_the_templates_of_new_backends_are_packed(dist: Path, wheels: dict[str, Path]) -> None:
    source = ROOT / "core" / "src"
    templates = {str(path.relative_to(source)) for path in source.rglob("*.template")}
    assert templates
    with zipfile.ZipFile(wheels["ferrule"]) as archive:
        assert templates <= set(archive.namelist())
    (path,) = dist.glob("ferrule-[0-9]*.tar.gz")
    with tarfile.open(path) as archive:
        files = {"/".join(file.split("/")[1:]) for file in archive.getnames()}
    assert {f"src/{template}" for template in templates} <= files


@pytest.mark.parametrize("name", PACKAGES)
def test_a_wheel_tells_its_name_licence_and_needs(wheels: dict[str, Path], name: str) -> None:
    told, table = metadata(wheels[name]), project(name)
    assert told["Name"] == name
    assert told["Version"] == table["version"]
    assert told["Summary"] == table["description"]
    assert told["License-Expression"] == "Apache-2.0"
    assert told.get_all("License-File") == ["LICENSE"]
    assert told["Requires-Python"] == ">=3.11"
    assert told["Description-Content-Type"] == "text/markdown"
    assert len(str(told.get_payload())) > 200, "the README has no paragraph"
    required = list(map(Requirement, told.get_all("Requires-Dist") or ()))
    assert all(requirement.url is None for requirement in required)
    contract = [r for r in required if r.name == "ferrule-plugins"]
    if name != "ferrule-plugins":
        assert [str(r.specifier) for r in contract] == ["<2,>=1"]


@pytest.mark.parametrize("name", PACKAGES)
def test_an_sdist_can_be_built_and_tested_from(dist: Path, name: str) -> None:
    (path,) = dist.glob(f"{name.replace('-', '_')}-[0-9]*.tar.gz")
    with tarfile.open(path) as archive:
        files = {"/".join(file.split("/")[1:]) for file in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", f"src/{PACKAGES[name]}/py.typed"} <= files
    assert any(file.startswith("tests/test_") for file in files)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_wheel_installs_alone_and_is_imported(venv: Callable[..., Path], name: str) -> None:
    python = venv(name)
    code = f"import {PACKAGES[name]} as package; print(package.__file__)"
    imported_from = Path(run(python, "-W", "error", "-c", code).strip())
    assert imported_from.is_relative_to(python.parents[1])


def test_forward_and_backward_with_the_cpu_backend(venv: Callable[..., Path]) -> None:
    python = venv("ferrule", "ferrule-cpu")
    assert run(python, "-W", "error", "-c", TRAIN_STEP) == f"{[[2.0] * 4] * 3}\n"


def test_without_a_backend_the_error_says_what_to_install(venv: Callable[..., Path]) -> None:
    python = venv("ferrule")
    code = """
import ferrule as fe
from ferrule_plugins import BackendNotInstalled
assert fe.backends() == []
try:
    fe.randn(3)
except BackendNotInstalled as error:
    print(error.remedy)
"""
    assert run(python, "-W", "error", "-c", code) == "pip install ferrule-cpu\n"
