"""What ``ferrule new-backend`` writes: built, installed, found, and tested by its own test.

``tests/test_first_backend.py`` follows an author who goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from ferrule.cli import main


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a package of each kind."""
    folder = tmp_path_factory.mktemp("generated")
    assert main(["new-backend", "mychip", "--dir", str(folder / "mychip")]) == 0
    options = ["--namespace", "array_api_strict", "--dir", str(folder / "mylib")]
    assert main(["new-backend", "mylib", *options]) == 0
    return folder


def build_and_install(project: Path, site: Path) -> Path:
    """Build a wheel from an sdist, without a network, and install it into a folder. The wheel."""
    out = site.with_name(f"{site.name}-dist")
    uv = find_uv_bin()
    quiet = ("--quiet", "--offline", "--python", sys.executable)
    subprocess.run(
        [uv, "build", *quiet, "--no-build-isolation", "--out-dir", out, project], check=True
    )
    (wheel,) = out.glob("*.whl")
    subprocess.run(
        [uv, "pip", "install", *quiet, "--no-cache", "--no-deps", "--target", site, wheel],
        check=True,
    )
    return wheel


@pytest.fixture(scope="module")
def site(projects: Path) -> Path:
    """Where both are installed."""
    for name in ("mychip", "mylib"):
        build_and_install(projects / name, projects / "site" / name)
    return projects / "site"


@pytest.fixture(scope="module")
def python(site: Path) -> Callable[..., str]:
    """``python("-m", "pytest")``: what an interpreter prints to which both are installed.

    Args:
        first: a folder of packages before theirs.
        code: with which it must end.
    """

    def run(
        *arguments: str | Path,
        first: Path | None = None,
        cwd: Path | None = None,
        code: int = 0,
    ) -> str:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FERRULE_")}
        sites = [site / "mychip", site / "mylib"]
        path = os.pathsep.join(map(str, ([first] if first else []) + sites))
        state = str(site.parent / "state")
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env={**inherited, "PYTHONPATH": path, "FERRULE_STATE": state},
            cwd=cwd,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


COMMAND = "import sys; from ferrule.cli import main; sys.exit(main(sys.argv[1:]))"


def states(python: Callable[..., str], folder: Path, *options: str) -> dict[str, str]:
    """The scorecard's row of each op after a run of conformance, which must pass."""
    file = folder / "scorecard.json"
    python("-c", COMMAND, "conformance", *options, "--json", file)
    document = json.loads(file.read_text())
    assert document["tests"]["failed"] == 0
    assert document["tests"]["passed"] > 0
    return {op: row["state"] for op, row in document["by_op"].items()}


def test_the_wheel_holds_the_package_alone(site: Path) -> None:
    for name in ("mychip", "mylib"):
        (wheel,) = (site / f"{name}-dist").glob("*.whl")
        files = zipfile.ZipFile(wheel).namelist()
        roots = {f.split("/")[0] for f in files}
        assert {r for r in roots if not r.endswith(".dist-info")} == {f"ferrule_{name}"}
        assert f"ferrule_{name}/py.typed" in files


def test_both_are_ready(python: Callable[..., str]) -> None:
    report = json.loads(python("-W", "error", "-c", COMMAND, "backends", "--json"))
    by_name = {b["name"]: b for b in report["backends"]}
    for name in ("mychip", "mylib"):
        assert by_name[name]["state"] == "ready", by_name[name]
        assert by_name[name]["distribution"] == f"ferrule-{name}"
        assert by_name[name]["devices"]


def test_a_library_conforms(python: Callable[..., str], tmp_path: Path) -> None:
    ops = ("square", "exp", "sum", "matmul")
    states(python, tmp_path, "mylib", "--level", "0")
    found = states(python, tmp_path, "mylib", "--ops", ",".join(ops), "--dtypes", "float32,int64")
    assert found == dict.fromkeys(ops, "native")


def test_from_scratch_conforms_by_its_own_test(python: Callable[..., str], projects: Path) -> None:
    assert "1 passed" in python(*PYTEST, "tests", cwd=projects / "mychip")


PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_its_own_test_can_fail(
    python: Callable[..., str], projects: Path, site: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "site"
    shutil.copytree(site / "mychip", wrong)
    kernels = wrong / "ferrule_mychip" / "kernels.py"
    kernels.write_text(kernels.read_text().replace("np.negative(x.memory)", "x.memory"))
    text = (projects / "mychip" / "tests" / "test_conformance.py").read_text()
    assert "levels=(0, 1)" in text
    test = tmp_path / "test_small.py"
    test.write_text(text.replace("levels=(0, 1)", 'ops=["neg"], dtypes=["float32"]'))
    printed = python(*PYTEST, test, cwd=tmp_path, first=wrong, code=1)
    assert "mychip-neg-0-float32-forward: neg(float32[3,4])\n" in printed
    assert "the worst at (0, 0): got " in printed


def test_running_on_the_host_is_an_error_unless_it_is_allowed(python: Callable[..., str]) -> None:
    code = """
import ferrule as fe
try:
    fe.ones(3, device="mychip")
except fe.MissingKernel as error:
    print(error)
fe.set_backend("mychip", fallback="allow")
print(fe.ones(3).sum().item())
print([entry.op for entry in fe.fallbacks()])
"""
    refusal, total, ledger = python("-W", "error", "-c", code).splitlines()
    assert "backend 'mychip' has no kernel for the primitive 'full'" in refusal
    assert 'fe.set_backend("mychip", fallback="warn")' in refusal
    assert (total, ledger) == ("3.0", "['full', 'sum']")
