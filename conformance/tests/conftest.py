"""Puts this folder on the path, where the tests and the processes that they start find backends,
and keeps what runs remember out of the user's state folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent)

sys.path.insert(0, FOLDER)
os.environ["PYTHONPATH"] = os.pathsep.join([FOLDER, os.environ.get("PYTHONPATH", "")])


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of the test."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("FERRULE_STATE", str(folder))
    return folder
