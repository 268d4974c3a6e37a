"""What `--changed` runs again: all that a change bears on."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ferrule import runtime
from ferrule_conformance.case import Target
from ferrule_conformance.changes import Code
from ferrule_conformance.history import History
from ferrule_conformance.request import Request
from ferrule_conformance.session import Session
from ferrule_plugins import Device

FILES = {
    "__init__.py": """
from edited.kernels import KERNELS
from edited.storage import Edited

backend = Edited(KERNELS)
""",
    "kernels.py": """
import functools

import numpy as np

from edited import arithmetic
from sound import KIT

SCALE = 1.0

def quiet(function):
    @functools.wraps(function)
    def kernel(*arrays, **attrs):
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays, **attrs))
    return kernel

def exp(x):
    return scaled(np.exp(x))

def scaled(x):
    return x * x.dtype.type(SCALE) if x.dtype.kind == "f" else x

def neg(x):
    return arithmetic.negative(x)

KERNELS = {
    **KIT,
    "exp": quiet(exp),
    "neg": quiet(neg),
    "abs": quiet(lambda x: np.abs(x)),
}
""",
    "arithmetic.py": """
import numpy as np

def negative(x):
    return np.negative(x)

def unused(x):
    return x
""",
    "storage.py": """
import sound

LIMIT = 5

class Edited(sound.SoundBackend):
    def __init__(self, kernels):
        super().__init__("edited")
        self.kernels = dict(kernels)

    def to_host(self, array):
        return super().to_host(array)
""",
    "table.txt": "1 2 3\n",
}

Change = Callable[..., None]


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """``change("kernels.py", old, new)`` edits the package, which is then imported anew."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "edited"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)

    def edit(file: str = "", old: str = "", new: str = "") -> None:
        if file:
            text = (folder / file).read_text() if (folder / file).exists() else ""
            assert text.count(old) == 1 or not old
            (folder / file).write_text(text.replace(old, new) if old else text + new)
        for name in [n for n in sys.modules if n.partition(".")[0] == "edited"]:
            del sys.modules[name]
        importlib.invalidate_caches()

    edit()
    return edit


def code() -> Code:
    return Code(Target(runtime.locate("edited:backend")), "edited")


def differing(before: Code, after: Code) -> set[str]:
    ops = before.kernels.keys() | after.kernels.keys()
    return {op for op in ops if before.kernels.get(op) != after.kernels.get(op)}


@pytest.mark.parametrize(
    ("edit", "ops"),
    [
        (("kernels.py", "scaled(np.exp(x))", "scaled(np.exp(+x))"), {"exp"}),
        (("kernels.py", "SCALE = 1.0", "SCALE = 2.0"), {"exp"}),
        (("kernels.py", "return x * x.dtype", "return x + 0 * x.dtype"), {"exp"}),
        (("arithmetic.py", "np.negative(x)", "np.negative(+x)"), {"neg"}),
        (("kernels.py", "np.abs(x)", "np.abs(+x)"), {"abs"}),
        (("kernels.py", '"neg": quiet(neg)', '"neg": quiet(np.negative)'), {"neg"}),
        (("kernels.py", 'all="ignore"', 'over="ignore"'), {"exp", "neg", "abs"}),
        (("kernels.py", '"neg": quiet(neg),', '"neg": quiet(neg), "tan": np.tan,'), {"tan"}),
        (("kernels.py", "", "\ndef tan(x):\n    return x\n\nKERNELS['tan'] = tan\n"), {"tan"}),
    ],
)
def test_a_kernel_is_all_that_it_reaches(
    edit: tuple[str, str, str], ops: set[str], change: Change
) -> None:
    before = code()
    change(*edit)
    after = code()
    assert differing(before, after) == ops


def test_what_is_no_code_changes_nothing(change: Change) -> None:
    before = code()
    change("kernels.py", "def exp(x):\n", "def exp(x):\n    # says what it does\n")
    change("storage.py", "LIMIT = 5", "# a limit\nLIMIT = 5")
    after = code()
    assert differing(before, after) == set()
    assert after.base == before.base


def test_a_new_kernel_in_a_table_changes_itself_alone(change: Change) -> None:
    before = code()
    change("kernels.py", "KERNELS = {", "def tan(x):\n    return np.tan(x)\n\nKERNELS = {")
    change("kernels.py", '    "exp"', '    "tan": tan,\n    "exp"')
    after = code()
    assert differing(before, after) == {"tan"}
    assert after.base == before.base


@pytest.mark.parametrize(
    "edit",
    [
        ("storage.py", "super().to_host(array)", "super().to_host(+array)"),
        ("storage.py", "LIMIT = 5", "LIMIT = 6"),
        ("storage.py", "", "\nimport os\nos.environ.setdefault('EDITED', '1')\n"),
        ("arithmetic.py", "    return x\n", "    return +x\n"),
        ("table.txt", "2", "4"),
        ("more.py", "", "x = 1\n"),
    ],
)
def test_the_base_is_all_else(edit: tuple[str, str, str], change: Change) -> None:
    before = code()
    change(*edit)
    assert code().base != before.base


def test_settings_belong_to_the_base(change: Change) -> None:
    target = Target(runtime.locate("edited:backend"))
    assert Code(target, "edited", ["seed 0"]).base != Code(target, "edited", ["seed 1"]).base


def test_what_cannot_be_looked_into_is_taken_with_all_files(change: Change) -> None:
    late = "def exp(x):\n    from edited.arithmetic import unused\n    x = unused(x)\n"
    change("kernels.py", "def exp(x):\n", late)
    before = code()
    change("table.txt", "2", "4")
    assert differing(before, code()) == {"exp"}


def run(**asked: object) -> tuple[set[str], dict[str, str], list[str]]:
    """The subjects that were run, the outcomes, and the notes."""
    request = Request("edited:backend", ops="exp,neg,sin,tanh,softmax", dtypes="float32", **asked)  # pyright: ignore[reportArgumentType]
    session = Session(request)
    try:
        outcomes = {r.id: r.outcome for r in session.run()}
        session.write()
    finally:
        session.close()
    return {r.op or "" for r in session.scorecard.results}, outcomes, session.notes


def test_runs_do_what_changed_and_no_more(change: Change) -> None:
    subjects, outcomes, notes = run(changed=True)
    assert subjects == {"exp", "neg", "sin", "tanh", "softmax"}
    assert set(outcomes.values()) == {"passed"}
    assert notes == ["--changed: no earlier run is known, so all is run"]

    assert run(changed=True)[0] == set()

    change("kernels.py", "scaled(np.exp(x))", "scaled(np.exp(x) * (1 + (x > 9) * x.dtype.type(1)))")
    subjects, outcomes, _ = run(changed=True)
    assert "exp" in subjects and "softmax" in subjects  # whose body has it
    assert "neg" not in subjects and "sin" not in subjects
    assert set(outcomes.values()) == {"passed"}
    assert run(changed=True)[0] == set()

    change("arithmetic.py", "np.negative(x)", "np.negative(np.negative(x))")
    subjects, outcomes, _ = run(changed=True)
    failed = {id for id, outcome in outcomes.items() if outcome == "failed"}
    assert "neg" in subjects and "edited-neg-0-float32-forward" in failed
    assert History(Device("edited")).failed == failed
    assert set(run(changed=True)[1]) == failed  # they are run until they pass

    change("arithmetic.py", "np.negative(np.negative(x))", "np.negative(x)")
    _, outcomes, _ = run(changed=True)
    assert failed <= outcomes.keys() and set(outcomes.values()) == {"passed"}
    assert History(Device("edited")).failed == set()


def test_other_settings_run_everything(change: Change) -> None:
    everything = run()[1].keys()
    assert run(changed=True, seed=1)[1].keys() == everything


def test_a_damaged_history_is_none(change: Change, state: Path) -> None:
    run()
    (file,) = state.glob("history/edited/*.json")
    file.write_text(file.read_text()[:-40])
    assert run(changed=True)[2] == ["--changed: no earlier run is known, so all is run"]
