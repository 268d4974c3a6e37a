"""The kernel table as core gets it, guarded: operands are read-only, results are arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ferrule_cpu.backend import NumpyBackend

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="session")
def kernels() -> dict[str, Callable[..., Any]]:
    """Kernels that raise where they write to an operand, and whose results are checked to be
    arrays. Warnings are errors, so a kernel that warns fails too."""
    return {name: _guarded(name, kernel) for name, kernel in NumpyBackend().kernels.items()}


def _guarded(name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*operands: Any, **attrs: Any) -> Any:
        arrays = [o for o in operands if isinstance(o, np.ndarray)]
        before = [a.tobytes() for a in arrays]  # bytes, for NaN and -0.0 count as well
        for array in arrays:
            array.flags.writeable = False
        found = kernel(*operands, **attrs)
        for result in found if isinstance(found, tuple) else (found,):
            assert type(result) is np.ndarray, f"{name} gave {type(result).__name__}"
        assert [a.tobytes() for a in arrays] == before, f"{name} wrote to an operand"
        return found

    return guarded
