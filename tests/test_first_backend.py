"""The tutorial, followed word by word: its commands, its files, and what it says will be shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from ferrule import certification

PAGE = Path(__file__).parents[1] / "docs" / "first_backend.md"

NOT_RUN = {
    "python -m pip install ferrule ferrule-cpu ferrule-conformance": "this workspace has them",
    "python -m pip install build twine": "so does it build, and nobody uploads",
    "python -m build": "tests/test_generated_backends.py builds without a network",
    "python -m twine upload dist/*": "nobody uploads",
    "ferrule conformance mychip -n auto --certificate src/ferrule_mychip/"
    f"{certification.RESOURCE}": "it takes minutes",
    "python -m pytest -q": "half a minute, and tests/test_generated_backends.py runs it",
}
"""Lines that are not run, with the reason."""


@dataclass(frozen=True)
class Block:
    """A fenced block of the page: its language, the file that it is or is part of, its text."""

    language: str
    title: str
    text: str


def blocks() -> Iterator[Block]:
    for match in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        title = re.search(r'title="(.*?)"', match[2])
        yield Block(match[1], title[1] if title else "", match[3])


class Newcomer:
    """Somebody with a terminal in an empty folder, and an environment with ferrule.

    It is a virtual environment of its own that sees this one's packages, so that what is installed
    there is installed nowhere else.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "work"
        self.folder.mkdir()
        self._venv = home / "venv"
        subprocess.run(
            [find_uv_bin(), "venv", "--quiet", "--python", sys.executable, self._venv], check=True
        )
        self._environ = {"VIRTUAL_ENV": str(self._venv), "FERRULE_STATE": str(home / "state")}
        self._bin = self._venv / ("Scripts" if os.name == "nt" else "bin")
        (packages,) = self._venv.glob("**/site-packages")
        ours = sysconfig.get_path("purelib")
        (packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
        ferrule = self._bin / "ferrule"
        ferrule.write_text(
            f"#!{self._bin / 'python'}\nfrom ferrule.cli import main\nraise SystemExit(main())\n"
        )
        ferrule.chmod(0o755)

    def types(self, line: str) -> str:
        """What a command prints."""
        if line.startswith("cd "):
            self.folder = (self.folder / line.removeprefix("cd ")).resolve()
            return ""
        if line == 'python -m pip install -e ".[test]"':  # without a network
            line = (
                f"{find_uv_bin()} pip install --quiet --offline --no-deps --no-build-isolation "
                f"--python {self._bin / 'python'} -e ."
            )
        return self._runs(["bash", "-c", line])

    def runs(self, code: str) -> str:
        """What a program prints, to which warnings are errors."""
        return self._runs([self._bin / "python", "-W", "error", "-c", code])

    def _runs(self, command: list[str | Path]) -> str:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FERRULE_")}
        path = f"{self._bin}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**inherited, **self._environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def shows(printed: str, promised: str) -> bool:
    """Whether the line is in what was printed, whatever stands in the place of ``...``, and however
    the terminal broke it."""
    words = (r"[\s\S]{0,120}?" if w == "..." else re.escape(w) for w in promised.split())
    return re.search(r"(?<!\S)" + r"\s*".join(words), printed) is not None


@pytest.mark.skipif(os.name == "nt", reason="the page's commands are those of a POSIX shell")
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path)
    printed = ""
    skipped: set[str] = set()
    for block in blocks():
        match block:
            case Block("sh", "", text):
                printed = ""
                for line in text.splitlines():
                    if line in NOT_RUN:
                        skipped.add(line)
                    else:
                        printed += newcomer.types(line)
            case Block("text", "", text):
                for line in text.splitlines():
                    assert shows(printed, line), f"{line!r} is not in\n{printed}"
            case Block("python", "", text):
                printed = newcomer.runs(text)
                assert printed
            case Block("python", "src/ferrule_mychip/kernels.py" as path, text):
                assert (newcomer.folder / path).is_file()
                (newcomer.folder / path).write_text(text)
            case Block("python", path, text):  # the page shows what was written
                assert (newcomer.folder / path).read_text() == text
            case Block("toml", path, text):
                mychip = newcomer.folder.parent / "ferrule-mychip"
                assert all(part in (mychip / path).read_text() for part in text.split("\n\n"))
            case _:
                raise AssertionError(f"nobody knows what to do with {block}")
    assert skipped == set(NOT_RUN)


def test_what_is_not_shown_is_noticed() -> None:
    assert shows("a  native 3 0\nb host", "a native ... 0")
    assert not shows("a  native 3 0\nb host", "b native")
    assert not shows("ba native", "a native")
