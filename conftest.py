"""Fixtures that the members' tests and the workspace's tests share."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# How long one example takes says more about the machine's other work than about the code.
settings.register_profile("workspace", deadline=None)
settings.load_profile("workspace")

ROOT = Path(__file__).parent


@pytest.fixture(scope="session")
def plugin_distributions() -> ModuleType:
    """The module ``tests/plugin_distributions.py``, which no test folder can import by name."""
    path = ROOT / "tests" / "plugin_distributions.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def plugin_site(plugin_distributions: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all the little backends are installed, right and wrong ones."""
    folder = tmp_path_factory.mktemp("plugins") / "site"
    return plugin_distributions.install(plugin_distributions.BACKENDS, folder)


@pytest.fixture
def install_plugins(plugin_distributions: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """``install_plugins(*names, into="site")``: install little distributions into a new folder."""

    def install(*names: str, into: str = "site") -> Path:
        wanted = [plugin_distributions.BY_NAME[name] for name in names]
        return plugin_distributions.install(wanted, tmp_path / into)

    return install


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """``run_python(code, *sites, **environ)``: what a fresh interpreter prints.

    The sites come first on its path, it inherits none of ferrule's environment variables, and to
    it a warning is an error.
    """

    def run(code: str, *sites: Path, **environ: str) -> str:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FERRULE_")}
        path = os.pathsep.join(filter(None, [*map(str, sites), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**inherited, "PYTHONPATH": path, **environ},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
