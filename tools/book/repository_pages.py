"""Pages of the book that lie elsewhere in the repository, and links between all of them."""

from __future__ import annotations

import ast
import os.path
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

_LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]*)(#[^)\s]*)?(\))")


def pages() -> dict[str, str]:
    """What is shown as it lies there: page address to repository path."""
    found = {"contributing.md": "CONTRIBUTING.md"}
    for readme in sorted(ROOT.glob("*/README.md")):
        if (readme.parent / "pyproject.toml").exists():
            found[f"packages/{readme.parent.name}.md"] = f"{readme.parent.name}/README.md"
    for readme in sorted(ROOT.glob("examples/backends/*/README.md")):
        name = readme.parent.name
        found[f"examples/backends/{name}.md"] = f"examples/backends/{name}/README.md"
    for script in sorted(ROOT.glob("examples/*.py")):
        found[f"examples/{script.stem}.md"] = f"examples/{script.name}"
    return found


def text_of(path: str) -> str:
    """The Markdown of a page of `pages`; a script becomes its docstring above its code."""
    text = (ROOT / path).read_text()
    if not path.endswith(".py"):
        return text
    about = ast.get_docstring(ast.parse(text)) or ""
    return f"# {Path(path).name}\n\n{about}\n\n```python\n{text}```\n"


def title_of(path: str) -> str:
    """What the navigation calls it."""
    match = re.search(r"^# (.+)$", text_of(path), re.M)
    assert match is not None, f"{path} has no title"
    return match[1].replace("`", "")


def relinked(text: str, page: str, path: str) -> str:
    """A page's text with links that lead to the book's pages.

    Args:
        page: the page's address in the book.
        path: where its text lies in the repository, from which its links are meant.
    """
    book = {source: address for address, source in pages().items()}

    def lead(match: re.Match[str]) -> str:
        target = os.path.normpath(Path(path).parent / match[2])
        address = target.removeprefix("docs/") if target.startswith("docs/") else book.get(target)
        if address is None:
            return match[0]
        relative = os.path.relpath(address, Path(page).parent)
        return f"{match[1]}{relative}{match[3] or ''}{match[4]}"

    return _LINK.sub(lead, text)
