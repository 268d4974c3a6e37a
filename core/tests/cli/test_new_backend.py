"""``ferrule new-backend``: what it refuses, and what it writes.

``tests/test_generated_backends.py`` installs and runs that.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from ferrule.cli.new_backend import library, names, project
from ferrule.errors import ArgumentError
from ferrule_plugins import CONTRACT, Device, discovery, kits
from ferrule_plugins.kits.array_namespace.elementwise import BINARY, OTHERS

Ferrule = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the commands run."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which a test writes modules to be imported."""
    found = tmp_path / "modules"
    found.mkdir()
    monkeypatch.syspath_prepend(str(found))
    before = set(sys.modules)
    yield found
    for name in set(sys.modules) - before:
        del sys.modules[name]


def listing(folder: Path) -> set[str]:
    return {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}


ANY = {
    *("pyproject.toml", "README.md", ".gitignore", ".github/workflows/ci.yml"),
    *("tests/test_conformance.py", "src/ferrule_mine/__init__.py", "src/ferrule_mine/py.typed"),
    "src/ferrule_mine/backend.py",
}


def test_from_scratch_is_the_default(ferrule: Ferrule, folder: Path) -> None:
    code, out, err = ferrule("new-backend", "mine")
    assert (code, err) == (0, "")
    target = folder / "ferrule-mine"
    code_of_it = {"src/ferrule_mine/array.py", "src/ferrule_mine/kernels.py"}
    assert listing(target) == ANY | code_of_it
    assert out.splitlines() == [
        f"wrote ferrule-mine to {target}: 10 files",
        "",
        "next:",
        "  cd ferrule-mine",
        '  python -m pip install -e ".[test]"',
        "  ferrule backends",
        "  ferrule conformance mine --level 0-1",
    ]
    assert [f.name for f in folder.iterdir()] == ["ferrule-mine"]


def test_a_library_is_wrapped_in_under_forty_lines(ferrule: Ferrule, folder: Path) -> None:
    code, _, err = ferrule("new-backend", "mine", "--namespace", "array_api_strict")
    assert (code, err) == (0, "")
    target = folder / "ferrule-mine"
    assert listing(target) == ANY
    source = (target / "src/ferrule_mine/backend.py").read_text()
    assert len(source.splitlines()) < 40
    assert "\nimport array_api_strict as xp\n" in source
    assert 'DTYPES = "bool uint8 int8 int16 int32 int64 float32 float64 complex64' in source
    needs = tomllib.loads((target / "pyproject.toml").read_text())["project"]["dependencies"]
    assert needs == [
        f"ferrule-plugins>={CONTRACT[0]}.{CONTRACT[1]},<{CONTRACT[0] + 1}",
        f"array-api-strict>={metadata.version('array-api-strict')}",
    ]


def test_the_test_has_three_lines() -> None:
    text = project.render("mine", None)["tests/test_conformance.py"]
    assert len(list(filter(None, text.splitlines()))) == 3


def test_every_field_is_filled_in_and_the_actions_variables_are_left() -> None:
    for path, text in project.render("mine", None).items():
        found = text.replace("${{ matrix.python }}", "").replace("$GITHUB_STEP_SUMMARY", "")
        assert "$" not in found, path


@pytest.mark.parametrize("name", ["m", "my_chip", "chip2", "m" * names.LONGEST])
def test_what_is_written_is_formatted_and_linted(name: str, folder: Path) -> None:
    wrapped = library.examine("array_api_strict")
    for kind, of in {"a": None, "b": wrapped}.items():
        project.write(project.render(name, of), folder / kind)
    select = "--select=E,F,W,I,B,UP,SIM,RUF,C4,PIE,RET,PTH,N"
    for command in (["check", select], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", folder],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_has_no_type_errors(folder: Path) -> None:
    for name, of in {"mine": None, "theirs": library.examine("array_api_strict")}.items():
        project.write(project.render(name, of), folder / name)
    settings = {"extraPaths": ["mine/src", "theirs/src"], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors, 0 warnings" in done.stdout


# Names.


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("My-Chip", "'my_chip'"),
        ("my-chip", "'my_chip'"),
        ("my__chip", "'my_chip'"),
        ("chip_", "'chip'"),
        ("_chip", "'chip'"),
        ("class", "'my_class'"),
        ("my chip", "'my_chip'"),
        ("x" * 17, repr("x" * 16)),
        ("2chips", ""),
        ("é", ""),
        ("", ""),
        ("a.b", "'a_b'"),
        ("cuda:1", "'cuda_1'"),
    ],
)
def test_names_that_cannot_be_are_refused(
    refused: Refused, folder: Path, name: str, guess: str
) -> None:
    message = refused("new-backend", name)
    assert f"{name!r} cannot name a backend" in message
    assert ("for instance" in message) == bool(guess)
    assert guess in message
    assert not any(folder.iterdir())


@pytest.mark.parametrize(
    "name", ["cpu", "cuda", "opencl", "auto", "diff", "run", "plugins", "conformance"]
)
def test_names_that_mean_something_else_are_refused(
    refused: Refused, folder: Path, name: str
) -> None:
    message = refused("new-backend", name)
    assert f"choose another name, such as 'my_{name}'" in message
    assert not any(folder.iterdir())


@pytest.mark.parametrize(
    ("installed", "words"),
    [
        ("good", "ferrule-good 1.2.3 is installed and supplies a backend 'good'"),
        ("hooks", "a distribution ferrule-hooks is installed"),
    ],
)
def test_names_that_somebody_has_are_refused(
    install_plugins: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
    folder: Path,
    installed: str,
    words: str,
) -> None:
    monkeypatch.syspath_prepend(str(install_plugins(f"ferrule-{installed}")))
    message = refused("new-backend", installed)
    assert words in message
    assert f"pip uninstall ferrule-{installed}" in message
    assert not any(folder.iterdir())


def test_the_name_of_a_module_that_exists_is_refused(
    modules: Path, refused: Refused, folder: Path
) -> None:
    (modules / "ferrule_mine.py").write_text("raise SystemExit('it is not imported')")
    assert "there is a Python module ferrule_mine already" in refused("new-backend", "mine")
    assert not any(folder.iterdir())


@given(st.text(st.sampled_from("abz019_-.A é"), min_size=1, max_size=8))
def test_a_name_is_good_everywhere_or_refused(name: str) -> None:
    try:
        names.check(name)
    except ArgumentError:
        return
    assert name.isidentifier()
    assert names.package(name).isidentifier()
    assert names.class_name(name).isidentifier()
    assert Device(f"{name}:1").backend == name
    assert canonicalize_name(names.distribution(name)) == names.distribution(name)
    assert name not in discovery.candidates()


# Folders.


def test_an_empty_folder_is_filled_even_the_one_where_the_user_is(
    ferrule: Ferrule, folder: Path
) -> None:
    code, out, _ = ferrule("new-backend", "mine", "--dir", ".")
    assert code == 0
    assert "  cd ." in out.splitlines()
    assert (folder / "pyproject.toml").is_file()
    assert listing(Path.cwd()) == listing(folder)


def test_folders_above_are_made(ferrule: Ferrule, folder: Path) -> None:
    code, out, _ = ferrule("new-backend", "mine", "--dir", "a b/c")
    assert code == 0
    assert '  cd "a b/c"' in out.splitlines()
    assert (folder / "a b" / "c" / "pyproject.toml").is_file()


def test_a_folder_with_something_in_it_is_refused(refused: Refused, folder: Path) -> None:
    target = folder / "ferrule-mine"
    target.mkdir()
    (target / ".hidden").write_text("mine")
    message = refused("new-backend", "mine")
    assert f"{target} is not empty" in message
    assert "--dir" in message
    assert listing(folder) == {"ferrule-mine/.hidden"}


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_file_in_the_way_is_refused(refused: Refused, folder: Path, where: str) -> None:
    (folder / "file").write_text("mine")
    message = refused("new-backend", "mine", "--dir", where)
    assert f"{folder / 'file'} is a file" in message
    assert listing(folder) == {"file"}


def test_a_place_that_cannot_be_written_is_refused(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, folder: Path
) -> None:
    written = Path.write_text

    def full(self: Path, *args: Any, **options: Any) -> int:
        if self.name == "kernels.py":
            raise OSError(28, "No space left on device")
        return written(self, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    message = refused("new-backend", "mine")
    assert "cannot be written (No space left on device)" in message
    assert not any(folder.iterdir())


# Libraries.


def test_options_that_contradict_each_other_are_refused(refused: Refused, folder: Path) -> None:
    assert "--namespace numpy" in refused("new-backend", "mine", "--kind", "array-namespace")
    options = ("--kind", "from-scratch", "--namespace", "numpy")
    assert "leave out --namespace numpy" in refused("new-backend", "mine", *options)
    assert not any(folder.iterdir())


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("no_such_library", "no module 'no_such_library'; install the library first"),
        ("no_such_library.numpy", "pip install no-such-library"),
        ("numpy.nonesuch", "numpy has no module 'numpy.nonesuch'"),
        ("math", "it lacks abs, add, all, any, arange, argmax and "),
        ("3d", "write a module's name"),
        ("", "write a module's name"),
        ("..numpy", "write a module's name"),
    ],
)
def test_what_is_no_namespace_is_refused(
    refused: Refused, folder: Path, module: str, words: str
) -> None:
    assert words in refused("new-backend", "mine", "--namespace", module)
    assert not any(folder.iterdir())


def test_a_library_that_cannot_be_imported_is_refused(modules: Path, refused: Refused) -> None:
    (modules / "halflib.py").write_text("import a_library_that_nobody_has")
    message = refused("new-backend", "mine", "--namespace", "halflib")
    assert "importing halflib raised ModuleNotFoundError: No module named 'a_library" in message
    (modules / "exits.py").write_text("raise RuntimeError('no driver')")
    message = refused("new-backend", "mine", "--namespace", "exits")
    assert "importing exits raised RuntimeError: no driver" in message


NUMPY_WITHOUT = """
    import numpy
    __version__ = "1"
    for name in dir(numpy):
        if name not in {without!r} and not name.startswith("_"):
            globals()[name] = getattr(numpy, name)
    del numpy
    """


def write_library(file: Path, *without: str, after: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(NUMPY_WITHOUT.format(without=without)) + dedent(after))


def test_a_library_that_lacks_little_is_sent_to_the_compatibility_layer(
    modules: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "COMPAT", "no_such_layer")
    write_library(modules / "nearly.py", "permute_dims", "concat")
    message = refused("new-backend", "mine", "--namespace", "nearly")
    assert "nearly lacks concat, permute_dims of the Python array API" in message
    assert "pip install array-api-compat" in message


def test_a_library_is_wrapped_through_the_compatibility_layer_where_it_needs_it(
    modules: Path, ferrule: Ferrule, refused: Refused, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "COMPAT", "layer")
    write_library(modules / "nearly.py", "permute_dims", "concat")
    write_library(modules / "layer" / "nearly.py")
    (modules / "layer" / "__init__.py").write_text("")
    code, out, _ = ferrule("new-backend", "mine", "--namespace", "nearly")
    assert code == 0
    assert "nearly lacks 2 names of the array API (concat, permute_dims), so layer.nearly is" in out
    source = (folder / "ferrule-mine/src/ferrule_mine/backend.py").read_text()
    assert "import layer.nearly as xp\n" in source

    write_library(modules / "layer" / "almost.py", "concat")
    write_library(modules / "almost.py", "permute_dims", "concat")
    message = refused("new-backend", "other", "--namespace", "almost")
    assert "layer.almost does not look like a namespace" in message
    assert "it lacks concat." in message
    write_library(modules / "unknown.py", "concat")
    message = refused("new-backend", "other", "--namespace", "unknown")
    assert "unknown does not look like" in message


def test_dtypes_that_do_not_come_back_are_left_out(modules: Path) -> None:
    """As where a library makes float32 of float64, or NumPy cannot read its arrays."""
    numpy_asarray = """
        def asarray(x, device=None):
            import numpy
            if x.dtype == numpy.float64:
                return x.astype(numpy.float32)
            if x.dtype == numpy.int16:
                raise TypeError("no int16 here")
            return numpy.asarray(x)
        """
    write_library(modules / "single.py", after=numpy_asarray)
    found = library.examine("single")
    assert " ".join(found.dtypes) == "bool uint8 int8 int32 int64 float16 float32 complex64"
    (remark,) = found.remarks
    assert "declared without int16 float64 complex128, which do not get there" in remark
    write_library(modules / "dumb.py", after="def asarray(x, device=None): raise TypeError")
    with pytest.raises(ArgumentError, match="no floating dtype comes back"):
        library.examine("dumb")


def test_all_that_the_kit_uses_of_a_namespace_is_asked_for() -> None:
    """In the kit's source namespaces are called ``xp``."""
    (root,) = kits.__path__
    used: set[str] = set()
    for file in Path(root).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                match node.value:
                    case ast.Name("xp") | ast.Attribute(attr="xp"):
                        used.add(node.attr)
    extensions = {"fft", "linalg"}
    assert used - extensions - {"__name__"} <= library.NEEDED
    named = {*BINARY.values(), *OTHERS.values()}
    assert library.NEEDED - named <= used | {"logical_or", "logical_and"}
