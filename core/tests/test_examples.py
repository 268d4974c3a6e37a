"""The examples run, each in an interpreter of its own, and reach what they promise."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

PROMISES = {
    "array_api.py": r"two components hold 99\.\d% .*\nSciPy finds the wave at frequency 5\n",
    "custom_op.py": r"agree with finite differences\nsquareplus runs by its body, in 5 ops",
    "digits.py": r"\n3[345]\d of 357 test images are recognised\n",
    "fit_a_line.py": r"slope (2\.9|3\.0)\d .*, offset 0\.(4[5-9]|5[0-5])",
}


def test_every_example_is_listed() -> None:
    assert sorted(PROMISES) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", PROMISES)
def test_it_reaches_what_it_promises(name: str, run_python: Callable[..., str]) -> None:
    assert re.search(PROMISES[name], run_python((EXAMPLES / name).read_text()))


@pytest.mark.parametrize("name", PROMISES)
def test_it_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 60
