"""What a backend is: the protocol that core calls and the records that travel with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from ferrule_plugins.device import Device
from ferrule_plugins.dtypes import DType
from ferrule_plugins.spec import Spec

CONTRACT: tuple[int, int] = (1, 0)
"""The version (major, minor) of the contract that this distribution describes."""

Kernel = Callable[..., Any]
"""A function on a backend's own arrays: operands by position, attributes by keyword."""

DeviceKind = Literal["accelerator", "gpu", "cpu"]


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do. Core asks for these and never for a backend's name.

    Attributes:
        dtypes: the element types it stores and computes with. Others are refused by core. A
            complex dtype comes with the floating dtype of its parts.
        features: optional parts of the contract that it offers. Some are methods:
            ``from_dlpack(array, device)``, which takes over another library's array without a
            copy, or raises BufferError where it cannot; ``fused``, ``compile``, ``communicator``.
            Others are kernels for the primitives declared with that feature: ``linalg``,
            ``linalg.eig``, ``fft``.
        nondeterministic: ops whose kernels may give other bits on a second run.
        asynchronous: kernels return before their work is done, which `Backend.synchronize` waits
            for. Core then does not look at the values of indices, so kernels of ops that declare
            bounds must never read or write outside a buffer, whatever the indices are: clip them,
            wrap them or skip them. `ferrule.debug.check_indices` finds them nevertheless.
        checks_indices: the backend's kernels of ops that declare bounds for their indices raise
            `IndexError` for any that lies outside, before they write; negative ones included, where
            the bounds begin at 0. Core then need not look first, and says which op and index it
            was. It means nothing on an asynchronous backend.
        flushes_denormals: floating dtypes in which kernels may take denormal operands for zeros,
            and give zeros for denormal results, as some processors do. Storage keeps denormals in
            any case.
        preference: among backends whose devices are of the same kind, ``"auto"`` takes the
            highest.
    """

    dtypes: frozenset[DType]
    features: frozenset[str] = frozenset()
    nondeterministic: frozenset[str] = frozenset()
    preference: int = 0
    asynchronous: bool = False
    checks_indices: bool = False
    flushes_denormals: frozenset[DType] = frozenset()


@dataclass(frozen=True)
class DeviceInfo:
    """One device as the doctor shows it. ``memory`` is in bytes, where it is known."""

    name: str
    kind: DeviceKind
    memory: int | None = None


@dataclass(frozen=True)
class Report:
    """A probe's answer: whether the backend can run here, and if not, why and what to do.

    Attributes:
        ok: it can run.
        devices: what it would run on, in the order of their indices.
        reason: why it cannot run, one sentence; empty if it can.
        remedy: the command or the change that would mend it; empty if it can run.
        details: further rows for the doctor, such as versions of the libraries beneath.
    """

    ok: bool
    devices: tuple[DeviceInfo, ...] = ()
    reason: str = ""
    remedy: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MemoryStats:
    """Bytes on one device; ``None`` where the backend cannot tell.

    Attributes:
        allocated: held by arrays that are alive.
        reserved: held by the backend's allocator, arrays included.
        total: the device's capacity.
    """

    allocated: int | None = None
    reserved: int | None = None
    total: int | None = None


@runtime_checkable
class Backend(Protocol):
    """The whole of what core asks of a backend.

    A kernel may rely on this: shapes, dtypes, devices and attributes are checked; array operands of
    an elementwise op have one dtype and broadcastable shapes; dims are non-negative, and no size of
    a shape is -1; indices lie within the bounds that their op declares, unless the capabilities say
    ``asynchronous`` or ``checks_indices``. An elementwise kernel of two operands accepts a Python
    scalar in either place. In return it treats its inputs as read-only, returns arrays of exactly
    the inferred spec (a view of an input is welcome), and is deterministic unless
    `Capabilities.nondeterministic` names its op. Kernels of linear algebra do not raise on account
    of values: a matrix that has no such factor, or is singular, gets NaN throughout its results,
    and no other matrix does.
    """

    @property
    def name(self) -> str: ...
    @property
    def contract(self) -> tuple[int, int]: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def kernels(self) -> Mapping[str, Kernel]: ...

    def probe(self) -> Report:
        """Say whether this backend can run here. Never raises."""
        ...

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> Any:
        """Copy a NumPy array to ``device`` as one of this backend's arrays."""
        ...

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """Give the array as a NumPy array, a view where that costs nothing."""
        ...

    def spec(self, array: Any) -> Spec:
        """Shape and dtype of one of this backend's arrays."""
        ...

    def synchronize(self, device: Device) -> None:
        """Return when all work queued on ``device`` is done."""
        ...

    def memory_stats(self, device: Device) -> MemoryStats: ...
