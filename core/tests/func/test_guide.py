"""The guide's code runs as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "transforms.md"


def test_its_blocks_run_one_after_the_other(run_python: Callable[..., str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) >= 8
    run_python("\n".join(blocks))
