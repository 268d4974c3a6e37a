"""The files of a new backend package: from templates, all of them or none."""

from __future__ import annotations

import tempfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from ferrule.cli.new_backend import names
from ferrule.cli.new_backend.library import Library
from ferrule.errors import ArgumentError
from ferrule_plugins import CONTRACT

_SUFFIX = ".template"
"""Templates end so, lest anything takes them for Python."""

_ANYWHERE = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "ci.yml": ".github/workflows/ci.yml",
    "__init__.py": "src/{package}/__init__.py",
    "py.typed": "src/{package}/py.typed",
    "test_conformance.py": "tests/test_conformance.py",
}
"""Template to path, whatever else a template is called: it goes beside the package's other code."""


def check_folder(folder: Path) -> Path:
    """The whole path of a folder into which a package can be written.

    Raises:
        ArgumentError: something is there already.
    """
    folder = folder.expanduser().resolve()
    for parent in folder.parents:
        if parent.exists() and not parent.is_dir():
            raise ArgumentError(f"{parent} is a file; choose another folder with --dir")
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"{folder} is a file; choose another folder with --dir")
    if folder.exists() and any(folder.iterdir()):
        raise ArgumentError(
            f"{folder} is not empty, and nothing in it will be written over; choose a new folder "
            "with --dir, or empty it"
        )
    return folder


def render(name: str, library: Library | None) -> dict[str, str]:
    """Path to text, for a backend from scratch or one over a library."""
    kind = "from_scratch" if library is None else "array_namespace"
    major, minor = CONTRACT
    requirements = [f"ferrule-plugins>={major}.{minor},<{major + 1}"]
    requirements += ["numpy>=2.1"] if library is None else library.requirements
    fields = {
        "name": name,
        "package": names.package(name),
        "distribution": names.distribution(name),
        "class_name": names.class_name(name),
        "contract": repr(CONTRACT),
        "requirements": "\n".join(f'    "{r}",' for r in requirements),
        "namespace": library.module if library else "",
        "dtypes": " ".join(library.dtypes) if library else "",
    }
    found: dict[str, str] = {}
    for folder in ("any", kind):
        for template in sorted(_templates(folder), key=lambda t: t.name):
            title = template.name.removesuffix(_SUFFIX)
            path = _ANYWHERE.get(title, "src/{package}/" + title).format(**fields)
            found[path] = Template(template.read_text("utf-8")).substitute(fields)
    return found


def _templates(folder: str) -> list[Traversable]:
    root = files("ferrule.cli.new_backend") / "templates" / folder
    return [template for template in root.iterdir() if template.name.endswith(_SUFFIX)]


def write(texts: dict[str, str], folder: Path) -> None:
    """Write the files beside the folder, and then put them in its place.

    Raises:
        ArgumentError: the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".ferrule-", dir=folder.parent) as staging:
            for path, text in texts.items():
                file = Path(staging) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8", newline="\n")
            folder.mkdir(exist_ok=True)  # which may be where the user is, so it is not replaced
            for item in sorted(Path(staging).iterdir()):
                item.rename(folder / item.name)
    except OSError as error:
        raise ArgumentError(
            f"{folder} cannot be written ({error.strerror or error}); choose another with --dir"
        ) from error
