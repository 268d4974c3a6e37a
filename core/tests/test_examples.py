"""The examples run, each in an interpreter of its own, and reach what they promise."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

PROMISES = {
    "array_api.py": r"two components hold 99\.\d% .*\nSciPy finds the wave at frequency 5\n",
    "character_gpt.py": r"a guess costs 4\.6\d\n(.*\n)+on text .* not seen: [12]\.[0-3]\d\n\nThe ",
    "co2_forecast.py": r"ago: off by 1\.54 ppm\n.*rise: off by 0\.70 ppm\nLSTM: off by 0\.[56]",
    "custom_op.py": r"agree with finite differences\nsquareplus runs by its body, in 5 ops",
    "digits.py": r"\n3[345]\d of 357 test images are recognised\n",
    "fit_a_line.py": r"slope (2\.9|3\.0)\d .*, offset 0\.(4[5-9]|5[0-5])",
    "resnet_fashion.py": r"epoch 1: .*, ([6-9]\d\d of 1000|(2[5-9]|3[0-5])\d of 357) test images",
    "minilm.py": r" 0\.6946  That is a happy dog\n(.*\n)+off .* by at most \de-0[5-9]",
}


def test_every_example_is_listed() -> None:
    assert sorted(PROMISES) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", PROMISES)
def test_it_reaches_what_it_promises(name: str, run_python: Callable[..., str]) -> None:
    assert re.search(PROMISES[name], run_python((EXAMPLES / name).read_text()))


@pytest.mark.parametrize("name", PROMISES)
def test_it_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 60
