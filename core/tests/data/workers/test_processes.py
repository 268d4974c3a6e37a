"""Whatever ends a program, no worker and no memory outlives it.

A program runs in a session of its own, and all its processes inherit its standard output: when that
has been closed, the last of them is gone.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="needs Linux to see which processes of a session run"
)

PROGRAM = """
import sys
import ferrule as fe
from ferrule.data import DataLoader, Dataset

class Endless(Dataset):
    def __len__(self):
        return 10**9

    def __getitem__(self, index):
        return fe.full((300, 300), float(index))

if __name__ == "__main__":
    method = sys.argv[1]
    workers = 2 if method == "fork" else 1
    loader = DataLoader(Endless(), 4, num_workers=workers, multiprocessing_context=method)
    batches = iter(loader)
    next(batches)
    print("ready", flush=True)
    for batch in batches:
        if sys.argv[2] == "raise":
            raise KeyError("unhandled")
"""

SHARED = Path("/dev/shm")


def shared_memory() -> set[str]:
    return {p.name for p in SHARED.iterdir()} if SHARED.is_dir() else set()


def start(folder: Path, method: str, what: str) -> "subprocess.Popen[str]":
    script = folder / "program.py"
    script.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(script), method, what],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def running(session: int) -> list[str]:
    """Processes of a session that do not end by themselves. One that has just closed its output
    may still be on its way out, so each is waited for a while."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = stat.read_text().rsplit(")", 1)
            if int(fields.split()[3]) != session:
                continue
            ending = os.pidfd_open(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not select.select([ending], [], [], 20)[0]:
            found.append(name)
        os.close(ending)
    return found


def finish(process: "subprocess.Popen[str]") -> str:
    """What the program wrote to its standard error, once all its processes are gone."""
    try:
        _, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return errors


@pytest.mark.parametrize(
    ("method", "name", "to_all"),
    [
        ("fork", "SIGINT", True),  # Ctrl-C in a terminal
        ("fork", "SIGKILL", False),
        ("spawn", "SIGINT", True),
        ("forkserver", "SIGKILL", False),
    ],
)
def test_signals(method: str, name: str, to_all: bool, tmp_path: Path) -> None:
    before = shared_memory()
    process = start(tmp_path, method, "loop")
    number = signal.Signals[name]
    (os.killpg if to_all else os.kill)(process.pid, number)
    errors = finish(process)
    assert process.returncode == -number
    assert errors.count("Traceback") == (name == "SIGINT")
    assert errors.count("KeyboardInterrupt") == (name == "SIGINT")
    assert "resource_tracker" not in errors
    assert running(process.pid) == []
    assert shared_memory() <= before


def test_an_exception_that_nobody_handles(tmp_path: Path) -> None:
    process = start(tmp_path, "fork", "raise")
    errors = finish(process)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "KeyError: 'unhandled'"
    assert errors.count("Traceback") == 1
    assert running(process.pid) == []
