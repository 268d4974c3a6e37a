"""Puts this folder on the path, where the tests and the processes that they start find backends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = str(Path(__file__).parent)

sys.path.insert(0, FOLDER)
os.environ["PYTHONPATH"] = os.pathsep.join([FOLDER, os.environ.get("PYTHONPATH", "")])
