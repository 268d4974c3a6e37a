"""The example backends ``torch`` and ``jax``, where their libraries are installed: built, installed
beside the workspace, and run.

The whole of conformance takes minutes (torch) or hours (jax); the packages' READMEs have its
outcome. Here are the primitives' forward results in float32.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

EXAMPLES = Path(__file__).parents[2] / "examples" / "backends"

NEEDS = {"torch": ("torch", "array_api_compat"), "jax": ("jax", "jaxlib")}

FERRULE = "from ferrule.cli import main; import sys; raise SystemExit(main(sys.argv[1:]))"

Python = Callable[..., str]


@pytest.fixture(scope="module", params=NEEDS)
def name(request: pytest.FixtureRequest) -> str:
    missing = [
        module for module in NEEDS[request.param] if importlib.util.find_spec(module) is None
    ]
    if missing:
        pytest.skip(
            f"{' and '.join(missing)} cannot be imported, and is too heavy to install for this: "
            f"pip install ./examples/backends/{request.param}"
        )
    return request.param


@pytest.fixture(scope="module")
def python(name: str, tmp_path_factory: pytest.TempPathFactory) -> Python:
    """``python("-m", "pytest", ...)``: what an interpreter prints that finds the backend."""
    folder = tmp_path_factory.mktemp(name)
    quiet = ("--quiet", "--offline", "--python", sys.executable)
    uv = find_uv_bin()
    subprocess.run(
        [
            *(uv, "build", "--wheel", "--no-build-isolation", *quiet),
            *("--out-dir", folder / "dist", EXAMPLES / name),
        ],
        check=True,
    )
    subprocess.run(
        [
            *(uv, "pip", "install", "--no-cache", "--no-deps", *quiet),
            *("--target", folder / "site", *(folder / "dist").glob("*.whl")),
        ],
        check=True,
    )

    def run(*arguments: str | Path) -> str:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("FERRULE_", "PYTEST"))}
        path = os.pathsep.join(filter(None, [str(folder / "site"), environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env={**environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def test_it_is_found_and_ready(name: str, python: Python) -> None:
    rows = [line.split() for line in python("-c", FERRULE, "backends").splitlines()]
    assert [row[1] for row in rows if row[:1] == [name]][:1] == ["ready"]


def test_the_primitives_conform_in_float32(name: str, python: Python) -> None:
    waivers = EXAMPLES / name / "src" / f"ferrule_example_{name}" / "waivers.toml"
    limits = ("--level", "0-1", "--dtypes", "float32", "--waivers", waivers)
    python("-c", FERRULE, "conformance", name, *limits)


def test_its_own_tests_pass(name: str, python: Python) -> None:
    python("-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", EXAMPLES / name / "tests")
