"""The README's code runs as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_example_runs_and_learns(run_python: Callable[..., str]) -> None:
    example = next(
        block
        for block in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        if block.startswith("import ferrule")
    )
    # without a match the test fails, as it should
    accuracy = float(re.search(r"accuracy ([\d.]+) on cpu", run_python(example))[1])  # type: ignore[index]
    assert accuracy > 0.95


def test_every_link_leads_somewhere() -> None:
    # those in docs/ are checked when the book is built: tests/test_book.py
    root = README.parent
    for page in [*root.glob("*.md"), *root.glob("*/README.md"), *root.glob("examples/**/*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
