"""The pytest plugin as its users meet it: in processes of its own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUITE = ("--pyargs", "ferrule_conformance")


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in an empty folder, where warnings are errors."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def timeless(card: dict[str, Any]) -> dict[str, Any]:
    """A scorecard without dates and times."""
    for part in (card, *card["by_op"].values(), *card["by_module"].values()):
        part.pop("seconds")
    del card["date"]
    return card


def test_a_backend_that_conforms(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path, *SUITE, "--ferrule-backend=sound:backend", "--ferrule-ops=add,softmax,sum", "-v",
        "--ferrule-json=card.json", "--ferrule-markdown=card.md",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ferrule_conformance::sound-softmax-0-float32-gradient PASSED" in done.stdout
    assert "3 ops: 2 native, 1 decomposed, 0 host, 0 waived, 0 failed" in done.stdout
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["by_op"]["softmax"]["state"] == "decomposed"
    assert card["tests"]["passed"] == card["by_op"]["add"]["passed"] + sum(
        card["by_op"][op]["passed"] for op in ("softmax", "sum")
    )
    assert "| add | native |" in (tmp_path / "card.md").read_text()


def test_workers_come_to_the_same_scorecard(tmp_path: Path) -> None:
    cards = []
    for workers in ("0", "2"):
        done = run_pytest(
            tmp_path, *SUITE, "--ferrule-backend=broken_backend:backend", "-n", workers, "-q",
            "--ferrule-ops=exp,softmax", "--ferrule-json=card.json",
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        assert "softmax_off-softmax-0-float32-kernel_is_body" in done.stdout
        card = json.loads((tmp_path / "card.json").read_text())
        cards.append(timeless(card))
    assert cards[0] == cards[1]
    assert cards[0]["ops"] == {
        "total": 2, "native": 1, "decomposed": 0, "host": 0, "waived": 0, "failed": 1,
    }  # fmt: skip
    assert cards[0]["by_op"]["softmax"]["failed_checks"] == sorted(
        {failure["check"] for failure in cards[0]["failures"]}
    )


def test_the_line_in_a_failure_reproduces_it(tmp_path: Path) -> None:
    test = "softmax_off-softmax-1-float64-kernel_is_body"
    done = run_pytest(
        tmp_path, *SUITE, "--ferrule-backend=broken_backend:backend", "--ferrule-ops=softmax",
        "--ferrule-seed=7", "-n", "2",
    )  # fmt: skip
    message = done.stdout[done.stdout.index(f"{test}: softmax(float64[2,3,2], dim=1)") :]
    lines = message.splitlines()[:5]
    assert lines[2].startswith("found: output 0 against the body's: 12 of 12 elements are wrong")
    assert lines[3] == "seed: 7"
    title, _, command = lines[4].partition(": ")
    assert title == "reproduce"
    python, *arguments = shlex.split(command)
    assert python == "python"
    again = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert again.returncode == 1
    assert "\n".join(lines) in again.stdout
    assert "1 failed" in again.stdout


def test_waivers(tmp_path: Path) -> None:
    (tmp_path / "waivers.toml").write_text(
        '[[waiver]]\nid = "softmax_off-softmax-0-float32-forward"\nreason = "1 % off"\n'
        'link = "https://example.org/3"\n'
    )
    arguments = (
        *SUITE, "--ferrule-backend=broken_backend:backend", "--ferrule-waivers=waivers.toml",
        "--ferrule-only=softmax_off-softmax-0-float32-forward", "-ra",
    )  # fmt: skip
    done = run_pytest(tmp_path, *arguments)
    assert done.returncode == 0, done.stdout
    assert "1 waived" in done.stdout and "waived: 1 % off (https://example.org/3)" in done.stdout

    text = (tmp_path / "waivers.toml").read_text()
    (tmp_path / "waivers.toml").write_text(text.replace("-0-", "-9-"))
    done = run_pytest(tmp_path, *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'softmax_off-softmax-9-float32-forward' matches no test" in done.stderr


def test_what_passed_is_left_out_if_nothing_changed(tmp_path: Path) -> None:
    arguments = (*SUITE, "--ferrule-backend=broken_backend:backend", "--ferrule-ops=softmax")
    first = run_pytest(tmp_path, *arguments, "--ferrule-dtypes=float32", "-n", "2")
    assert first.returncode == 1, first.stdout
    failed = int(first.stdout.rpartition(" failed, ")[0].rpartition(" ")[2])
    again = run_pytest(tmp_path, *arguments, "--ferrule-changed", "--ferrule-dtypes=float32")
    assert again.returncode == 1
    assert f"{failed} tests: 0 passed, {failed} failed" in " ".join(again.stdout.split())
    assert "--changed: " in again.stdout and "nothing changed since" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name it with --ferrule-backend=cpu"),
        (["--ferrule-backend=no-such"], "backend 'no-such' is not installed"),
        (["--ferrule-backend=sound:backend", "--ferrule-ops=soft"], "there is no op 'soft'"),
        (["--ferrule-backend=sound:backend", "--ferrule-level=x"], "levels are written"),
        (["--ferrule-backend=sound:backend", "--ferrule-level=5"], "pytest has no level 5"),
        (["--ferrule-backend=sound:backend", "--ferrule-device=1"], "has only 1 device"),
        (
            ["--ferrule-backend=sound:backend", "--ferrule-certificate=c.json"],
            "--certificate: a certificate is of a distribution",
        ),
    ],
)
def test_errors_of_usage(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = run_pytest(tmp_path, *SUITE, *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plugin_is_harmless_to_others(tmp_path: Path) -> None:
    (tmp_path / "test_of_others.py").write_text(
        "import sys\n\n"
        "def test_nothing_of_weight_was_imported():\n"
        "    assert 'ferrule_conformance.plugin' in sys.modules\n"
        "    assert not {'numpy', 'ferrule', 'rich', 'typer'} & sys.modules.keys()\n"
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout and "Conformance" not in done.stdout


def test_its_folder_holds_no_tests_without_a_backend(tmp_path: Path) -> None:
    import ferrule_conformance

    folder = Path(str(ferrule_conformance.__file__)).parent
    done = run_pytest(tmp_path, str(folder))
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr
