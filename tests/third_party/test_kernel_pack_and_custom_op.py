"""The example plugins ``kernel_pack`` and ``custom_op``: built, installed beside the workspace, and
covered by conformance without a line of change elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "backends"
NAMES = ("kernel_pack", "custom_op")

FERRULE = "from ferrule.cli import main; import sys; raise SystemExit(main(sys.argv[1:]))"

OPS = "median,bessel_j0,linear_recurrence"


def _install(projects: Iterable[Path], folder: Path) -> Path:
    """Build wheels of the projects and install them into a new folder, without a network."""
    quiet = ("--quiet", "--offline", "--python", sys.executable)
    uv = find_uv_bin()
    for project in projects:
        subprocess.run(
            [
                *(uv, "build", "--wheel", "--no-build-isolation", *quiet),
                *("--out-dir", folder / "dist", project),
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
    return folder / "site"


def _python(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """An interpreter that finds what is installed there."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FERRULE_", "PYTEST"))}
    path = os.pathsep.join(filter(None, [str(site), environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which both are installed, from wheels."""
    return _install((EXAMPLES / name for name in NAMES), tmp_path_factory.mktemp("plugins"))


@pytest.fixture(scope="module")
def scorecard(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """``scorecard(site)``: exit code and JSON of the conformance of the backend cpu there."""

    def run(where: Path = site) -> tuple[int, dict[str, Any]]:
        file = tmp_path_factory.mktemp("scorecard") / "scorecard.json"
        done = _python(where, "-c", FERRULE, "conformance", "cpu", "--ops", OPS, "--json", file)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.returncode, json.loads(file.read_text())

    return run


def test_conformance_covers_them_as_they_are(
    scorecard: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    code, card = scorecard()
    assert code == 0
    assert card["by_op"].keys() == set(OPS.split(","))
    for row in card["by_op"].values():
        assert row["state"] == "native"
        assert row["kind"] == "composite"
        assert row["passed"] > 50
    checked = card["by_check"]
    for check in ("forward", "gradient", "kernel_is_body", "gradient_is_body", "ties"):
        assert checked[check]["passed"], f"{check} looked at none of them"


@pytest.mark.parametrize(
    ("name", "file", "right", "wrong", "op", "check"),
    [
        (
            *("custom_op", "kernel.py", "factors[t] * rows[t - 1]", "factors[t - 1] * rows[t - 1]"),
            *("linear_recurrence", "kernel_is_body"),
        ),
        (
            *(
                "custom_op",
                "op.py",
                "* fe.narrow(y, dim, 0, n - 1)",
                "* fe.narrow(y, dim, 1, n - 1)",
            ),
            *("linear_recurrence", "gradient"),
        ),
        (
            *("kernel_pack", "median.py", "(rows.shape[-1] - 1) // 2", "rows.shape[-1] // 2"),
            *("median", "forward"),
        ),
    ],
)
def test_conformance_finds_what_is_wrong_with_them(
    scorecard: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
    name: str,
    file: str,
    right: str,
    wrong: str,
    op: str,
    check: str,
) -> None:
    for project in NAMES:
        shutil.copytree(EXAMPLES / project, tmp_path / project)
    (source,) = (tmp_path / name).glob(f"src/*/{file}")
    text = source.read_text()
    assert text.count(right) == 1
    source.write_text(text.replace(right, wrong))
    code, card = scorecard(_install((tmp_path / project for project in NAMES), tmp_path))
    assert code == 1
    assert [key for key, row in card["by_op"].items() if row["state"] == "failed"] == [op]
    assert check in card["by_op"][op]["failed_checks"]


def test_the_command_line_says_where_they_come_from(site: Path) -> None:
    shown = _python(site, "-c", FERRULE, "ops", "median").stdout
    assert "native: by a kernel of its own (from example-kernels)" in shown
    shown = _python(site, "-c", FERRULE, "ops", "linear_recurrence").stdout
    assert "(from recurrence)" in shown
    assert "ferrule_example_recurrence.op" in shown
    assert (
        "example kernels: bessel_j0, median on cpu"
        in _python(site, "-c", FERRULE, "backends").stdout
    )


def test_another_backend_runs_the_op_by_its_body(site: Path) -> None:
    code = """
import array_api_strict
import ferrule as fe
from ferrule_example_recurrence import linear_recurrence
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

fe.runtime.install(ArrayNamespaceBackend("strict", array_api_strict))
x = fe.tensor([1.0, 2.0, 3.0], device="strict", requires_grad=True)
linear_recurrence(x, 0.5).sum().backward()
print(x.grad.device, x.grad.tolist(), fe.runtime.active("strict").packs)
"""
    done = _python(site, "-W", "error", "-c", code)
    assert done.stdout == "strict:0 [1.75, 1.5, 1.0] {}\n", done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_its_own_tests_pass(site: Path, name: str) -> None:
    arguments = ("-n", "0", "-q", "-p", "no:cacheprovider")
    done = _python(site, "-m", "pytest", *arguments, EXAMPLES / name / "tests")
    assert done.returncode == 0, done.stdout + done.stderr
