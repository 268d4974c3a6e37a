"""Every code block in the documentation does what it says, and the book is built of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("*/README.md"),
        *ROOT.glob("examples/**/README.md"),
        *ROOT.glob("docs/**/*.md"),
    ]
)

FOLLOWED = {"docs/first_backend.md": "tests/test_first_backend.py follows it word by word"}
"""Pages whose blocks another test runs."""

NOT_RUN = {
    "README.md: python -m pip install uv && python -m uv run ferrule train digits": (
        "installs into this environment; .ci/run does the same"
    ),
    "README.md: python -m pip install uv && python -m uv run pytest": "these are the tests",
    "README.md: @composite(dtypes=floating": "quotes ferrule.ops.softmax, which declares it",
    "docs/models.md: fe.load_model": "the file is published elsewhere",
    "README.md: python -m pip install ./plugins": "tests/test_wheels.py installs what is built",
    "CONTRIBUTING.md: git clone": "is how one gets here",
    "CONTRIBUTING.md: uv run pytest": "what .ci/run consists of",
    "CONTRIBUTING.md: ferrule new-backend": "tests/test_generated_backends.py does so",
    "CONTRIBUTING.md: ferrule backends": "mychip is yours; tests/test_first_backend.py has one",
    "CONTRIBUTING.md: uv run mkdocs serve": "tests/test_book.py builds it",
    "conformance/README.md: pip install ferrule-conformance": "what is installed already",
    "docs/conformance.md: ferrule conformance cpu": "takes minutes, and .ci/run does it",
    "docs/installing.md: git clone": "is how one gets here",
    "examples/backends/custom_op/README.md: pip install": "tests/third_party does so",
    "examples/backends/jax/README.md: pip install": "JAX is heavy",
    "examples/backends/kernel_pack/README.md: pip install": "tests/third_party does so",
    "examples/backends/null/README.md: python -m pip install": "tests/third_party does so",
    "examples/backends/purepython/README.md: import ferrule": "the package is not installed here",
    "examples/backends/purepython/README.md: python -m pip install": "tests/third_party does so",
    "examples/backends/torch/README.md: pip install": "PyTorch is heavy",
}
"""Blocks marked ``norun``, by page and first words, with the reason."""

PROGRAMS = ("ferrule", "pytest", "python")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the rest of that line, its text, and the line it begins on."""

    language: str
    info: str
    text: str
    line: int

    @property
    def runs(self) -> bool:
        return "norun" not in self.info.split()


def blocks(text: str) -> Iterator[Block]:
    for match in re.finditer(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", text, re.M | re.S):
        lines = [line.removeprefix(match[1]) for line in match[4].splitlines()]
        line = text.count("\n", 0, match.start()) + 2
        yield Block(match[2], match[3].strip(), "\n".join(lines) + "\n", line)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run(command: list[str], folder: Path, page: Path = ROOT) -> None:
    """Run a command of a page. What lies beside a page as a package can be imported."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FERRULE_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            **inherited,
            "PATH": path,
            "PYTHONPATH": str(page.parent / "src"),
            "FERRULE_STATE": str(folder / "state"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def with_blocks(language: str) -> list[Path]:
    return [
        page
        for page in PAGES
        if name_of(page) not in FOLLOWED
        and any(b.language == language and b.runs for b in blocks(page.read_text()))
    ]


@pytest.mark.parametrize("page", with_blocks("python"), ids=name_of)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    program = ""
    for block in blocks(page.read_text()):
        if block.language == "python" and block.runs:
            # so that a traceback tells the page's lines
            program += "\n" * (block.line - 1 - program.count("\n")) + block.text
    script = tmp_path / page.with_suffix(".py").name.replace("README", "readme")
    script.write_text(program)
    run([sys.executable, "-W", "error", str(script)], tmp_path, page)


@pytest.mark.parametrize("page", with_blocks("sh"), ids=name_of)
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    for block in blocks(page.read_text()):
        if block.language == "sh" and block.runs:
            for line in block.text.splitlines():
                command = line.partition("  #")[0].strip()
                if command:
                    assert command.startswith(PROGRAMS), (
                        f"{name_of(page)}: {command} is none of {PROGRAMS}: mark its block norun"
                    )
                    run(["bash", "-c", command], tmp_path, page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_other_blocks_are_what_they_claim(page: Path) -> None:
    for block in blocks(page.read_text()):
        match block.language:
            case "toml":
                tomllib.loads(block.text)
            case "json":
                json.loads(block.text)
            case "python":
                compile(block.text, str(page), "exec")
            case "sh" | "text":
                pass
            case other:
                raise AssertionError(
                    f"{name_of(page)}:{block.line}: nobody knows what {other!r} is"
                )


def test_what_is_not_run_has_a_reason() -> None:
    marked = [
        f"{name_of(page)}: {block.text.splitlines()[0]}"
        for page in PAGES
        if name_of(page) not in FOLLOWED
        for block in blocks(page.read_text())
        if not block.runs
    ]
    for found in marked:
        assert any(found.startswith(start) for start in NOT_RUN), f"{found} has no reason"
    for start in NOT_RUN:
        assert any(found.startswith(start) for found in marked), f"{start} is not there any more"


def test_a_block_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    text = "a\n\n```python\nx = 1\n```\n\n- item\n\n  ```python norun\n  1 / 0\n  ```\n"
    first, second = blocks(text)
    assert (first.text, first.line, first.runs) == ("x = 1\n", 4, True)
    assert (second.text, second.line, second.runs) == ("1 / 0\n", 10, False)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run([sys.executable, "-c", second.text], tmp_path)
