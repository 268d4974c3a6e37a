"""The loopback: every member of the contract, passed on to another backend and counted."""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ferrule_example_null.sealed import Sealed, unseal
from ferrule_plugins import (
    Backend,
    BackendError,
    BackendUnavailable,
    Capabilities,
    Device,
    Kernel,
    MemoryStats,
    Report,
    Spec,
    discovery,
)

OF = "FERRULE_NULL_OF"
"""The environment variable that names the backend behind the wall; without it, ``cpu``."""

COUNTS = "FERRULE_NULL_COUNTS"
"""The environment variable that names a file; each process adds a line to it when it ends, with
what it counted, as JSON."""

_METHODS = frozenset({"from_dlpack", "fused", "compile", "communicator"})
"""Features that are methods and not kernels. They are not passed on."""


class NullBackend:
    """Computes what another backend computes, on arrays that nobody else can look into.

    Args:
        of: the name of the other backend; by default what `OF` says.

    Attributes:
        calls: how often each kernel has run, by op.
        transfers: how often ``from_host`` and ``to_host`` have.
    """

    name = "null"
    contract = (1, 0)

    def __init__(self, of: str | None = None) -> None:
        self._of = of or os.environ.get(OF, "").strip() or "cpu"
        self._counting = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.transfers: Counter[str] = Counter()
        if os.environ.get(COUNTS):
            atexit.register(self._write_counts, Path(os.environ[COUNTS]))

    def _write_counts(self, path: Path) -> None:
        counted = {"calls": self.calls, "transfers": self.transfers}
        with path.open("a") as file:
            file.write(json.dumps(counted) + "\n")

    @cached_property
    def _inner(self) -> Backend:
        if self._of == self.name:
            raise BackendUnavailable(self.name, "it cannot wrap itself", remedy=f"unset {OF}")
        return discovery.load(self._of)

    @cached_property
    def capabilities(self) -> Capabilities:
        """The other backend's, without `_METHODS`; none if it cannot be had, which `probe` says."""
        try:
            found = self._inner.capabilities
        except BackendError:
            return Capabilities(dtypes=frozenset())
        return replace(found, features=found.features - _METHODS, preference=-100)

    @cached_property
    def kernels(self) -> Mapping[str, Kernel]:
        """The other backend's, each on sealed arrays."""
        try:
            found = self._inner.kernels
        except BackendError:
            return {}
        return {op: self._counted(op, kernel) for op, kernel in found.items()}

    def _counted(self, op: str, kernel: Kernel) -> Kernel:
        receiver = f"the kernel for {op!r}"

        def passed_on(*operands: Any, **attrs: Any) -> Any:
            if "device" in attrs:
                attrs["device"] = self._behind(attrs["device"])
            found = kernel(*(unseal(x, receiver) for x in operands), **attrs)
            self._count(self.calls, op)
            return tuple(map(Sealed, found)) if isinstance(found, tuple) else Sealed(found)

        return passed_on

    def _count(self, counts: Counter[str], what: str) -> None:
        with self._counting:
            counts[what] += 1

    def _behind(self, device: Device) -> Device:
        """The other backend's device with the same index."""
        return Device(f"{self._of}:{device.index}")

    def probe(self) -> Report:
        """It runs where the other one runs."""
        try:
            report = self._inner.probe()
        except BackendError as error:
            return Report(
                ok=False,
                reason=f"the backend that it wraps {error.state}: {error.reason}",
                remedy=f"{error.remedy}; or name another one in {OF}",
            )
        return replace(report, details={"wraps": self._of, **report.details})

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> Sealed:
        self._count(self.transfers, "from_host")
        return Sealed(self._inner.from_host(array, self._behind(device)))

    def to_host(self, array: Sealed) -> np.ndarray[Any, Any]:
        self._count(self.transfers, "to_host")
        return self._inner.to_host(unseal(array, "to_host"))

    def spec(self, array: Sealed) -> Spec:
        return self._inner.spec(unseal(array, "spec"))

    def synchronize(self, device: Device) -> None:
        self._inner.synchronize(self._behind(device))

    def memory_stats(self, device: Device) -> MemoryStats:
        return self._inner.memory_stats(self._behind(device))
