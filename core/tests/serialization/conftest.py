"""Fixtures for checkpoints."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def torch_format() -> ModuleType:
    """The module ``torch_format.py``, which the tests beside it cannot import by name."""
    path = Path(__file__).with_name("torch_format.py")
    spec = importlib.util.spec_from_file_location("ferrule_tests_torch_format", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def torch_file(torch_format: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """``torch_file(value, name="file.pt", **options)``: a file with what ``torch_bytes`` of
    ``torch_format.py`` gives."""

    def write(value: Any, name: str = "file.pt", **options: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(torch_format.torch_bytes(value, **options))
        return path

    return write
