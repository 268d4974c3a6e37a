"""From a docstring to Markdown."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises):")
_ITEM = re.compile(r"([\w*][\w*, .]*): (.*)")
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_TITLES = {"Args": "Arguments"}


def markdown(text: str | None) -> str:
    """The docstring, with its sections as bold titles over lists, and nothing in its prose taken
    for Markdown that is not code."""
    lines = inspect.cleandoc(text or "").splitlines()
    out: list[str] = []
    section = items = literal = False
    for line in lines:
        indented = line.startswith("    ")
        if found := _SECTION.fullmatch(line):
            out += ["", f"**{_TITLES.get(found[1], found[1])}**", ""]
            section, items, literal = True, False, False
        elif section and indented:
            item = _ITEM.fullmatch(line.strip()) if not line.startswith("     ") else None
            if item:
                out.append(f"- `{item[1]}`: {prose(item[2])}")
                items = True
            else:
                out.append("    " * items + prose(line.strip()))
        elif literal and (indented or not line):
            out.append(line)
        else:
            section = section and not line
            literal = line.endswith("::")
            out.append(prose(re.sub(r" ?::$", ":", line)))
            if literal:
                out.append("")
    return "\n".join(out)


def first_sentence(text: str | None) -> str:
    """The first sentence, on one line, without its full stop."""
    paragraph = inspect.cleandoc(text or "").partition("\n\n")[0]
    words = " ".join(paragraph.split())
    return prose(re.split(r"\.(?=\s|$)", words)[0].rstrip(".:"))


def prose(line: str) -> str:
    """A line in which only code means something to Markdown."""
    parts = _CODE.split(line)
    return "".join(
        part if i % 2 else re.sub(r"([*_<|])", r"\\\1", part) for i, part in enumerate(parts)
    )
