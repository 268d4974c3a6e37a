"""What mkdocs calls while it builds the book: adds the pages that are written from the code, and
those that lie elsewhere in the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import contract_pages
import repository_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from op_pages import OpReference

_built: dict[str, OpReference] = {}


def _ops() -> OpReference:
    return _built.setdefault("ops", OpReference())


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that are written here in the places of their sections' words."""
    sections: dict[str, list[Any]] = {
        "OPS": ["ops/index.md", *({group.title: group.uri} for group in _ops().groups)],
        "CONTRACT": contract_pages.navigation(),
        "ADR": ["adr/README.md", *_decisions(Path(config.docs_dir))],
        "EXAMPLES": _listed("examples/", without="examples/backends/"),
        "EXAMPLE BACKENDS": _listed("examples/backends/"),
        "PACKAGES": _listed("packages/"),
    }
    config.nav = _filled(config.nav, sections)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    written = {**_ops().pages, **contract_pages.pages()}
    for page, path in repository_pages.pages().items():
        text = repository_pages.text_of(path)
        written[page] = repository_pages.relinked(text, page, path)
    for uri, text in written.items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Make links that lead out of ``docs/`` lead to pages of the book, and take off the mark of
    blocks that tests do not run: to mkdocs, a fence with an unknown word is none."""
    markdown = re.sub(r"^( *```\w+) norun\b", r"\1", markdown, flags=re.M)
    if page.file.generated_by:
        return markdown
    return repository_pages.relinked(markdown, page.file.src_uri, f"docs/{page.file.src_uri}")


def _filled(entry: Any, sections: dict[str, list[Any]]) -> Any:
    if isinstance(entry, list):
        return [_filled(each, sections) for each in entry]
    if isinstance(entry, dict):
        return {title: _filled(each, sections) for title, each in entry.items()}
    return sections.get(entry, entry)


def _decisions(docs: Path) -> list[dict[str, str]]:
    found = sorted((docs / "adr").glob("[0-9]*.md"))
    return [{repository_pages.title_of(f"docs/adr/{p.name}"): f"adr/{p.name}"} for p in found]


def _listed(prefix: str, without: str = " ") -> list[dict[str, str]]:
    return [
        {repository_pages.title_of(path): page}
        for page, path in repository_pages.pages().items()
        if page.startswith(prefix) and not page.startswith(without)
    ]
