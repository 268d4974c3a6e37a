"""Level 0: the backend's object is what the contract says."""

from __future__ import annotations

import re

import numpy as np

import ferrule as fe
from ferrule.op import OPS
from ferrule.promotion import real_of
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.failure import Failure
from ferrule_plugins import (
    CONTRACT,
    Backend,
    Capabilities,
    DeviceInfo,
    DType,
    FerruleError,
    MemoryStats,
    Report,
)

OPTIONAL = ("compile", "fused", "communicator", "from_dlpack")
"""Features that are methods of the backend, by name."""


@check(each="backend", level=0)
def protocol(case: Case) -> None:
    """The backend has every member of the protocol, a name that devices can have, and a contract
    version that this ferrule-plugins serves."""
    backend = case.backend
    if not isinstance(backend, Backend):
        lacks = [m for m in vars(Backend) if m[0] != "_" and not hasattr(backend, m)]
        raise Failure(f"it lacks {', '.join(lacks)}")
    if not re.fullmatch(r"[A-Za-z][\w-]*", backend.name):
        raise Failure(f"its name is {backend.name!r}, which no device can have")
    major, minor = backend.contract
    if major != CONTRACT[0] or minor > CONTRACT[1]:
        raise Failure(f"it is written to contract {major}.{minor}; this one is {CONTRACT}")


@check(each="backend", level=0)
def capabilities(case: Case) -> None:
    """The capabilities are frozen data of the right types, the same at every look."""
    found = case.backend.capabilities
    if type(found) is not Capabilities:
        raise Failure(f"capabilities is a {type(found).__name__}, not Capabilities")
    members = {
        "dtypes": (found.dtypes, DType),
        "features": (found.features, str),
        "nondeterministic": (found.nondeterministic, str),
        "flushes_denormals": (found.flushes_denormals, DType),
    }
    for name, (value, kind) in members.items():
        if not isinstance(value, frozenset) or not all(isinstance(v, kind) for v in value):
            raise Failure(f"capabilities.{name} is {value!r}, not a frozenset of {kind.__name__}")
    if not found.dtypes:
        raise Failure("capabilities.dtypes is empty")
    for dtype in found.dtypes:
        if real_of(dtype) not in found.dtypes:
            raise Failure(f"{dtype.name} is declared without {real_of(dtype).name}, its parts'")
    for dtype in found.flushes_denormals:
        if dtype not in found.dtypes or not dtype.is_floating_point:
            raise Failure(
                f"capabilities.flushes_denormals has {dtype.name}, which is no floating dtype that "
                "is declared"
            )
    unknown = found.nondeterministic - OPS.keys()
    if unknown:
        raise Failure(f"capabilities.nondeterministic names {sorted(unknown)}, which are no ops")
    if type(found.preference) is not int:
        raise Failure(f"capabilities.preference is {found.preference!r}, not an int")
    for name in ("asynchronous", "checks_indices"):
        if type(getattr(found, name)) is not bool:
            raise Failure(f"capabilities.{name} is {getattr(found, name)!r}, not True or False")
    if case.backend.capabilities != found:
        raise Failure("capabilities changed between two looks")


@check(each="backend", level=0)
def features(case: Case) -> None:
    """An optional part of the contract is there if it is declared, and declared if it is there."""
    declared = case.backend.capabilities.features
    for name in OPTIONAL:
        present = callable(getattr(case.backend, name, None))
        if name in declared and not present:
            raise Failure(f"the feature {name!r} is declared, and there is no method {name}")
        if present and name not in declared:
            raise Failure(f"there is a method {name}, and the feature {name!r} is not declared")


@check(each="backend", level=0)
def probe(case: Case) -> None:
    """The probe says that the backend runs, on which devices, and never raises."""
    try:
        report, again = case.backend.probe(), case.backend.probe()
    except Exception as error:
        raise Failure(f"the probe raised {error!r}; it must report instead") from error
    if not isinstance(report, Report):
        raise Failure(f"the probe returned {report!r}, not a Report")
    if (report.ok, report.devices) != (again.ok, again.devices):
        raise Failure(f"two probes differ: {report} and {again}")
    if not report.ok:
        raise Failure(f"the probe says no: {report.reason}; what is tested here ran all the same")
    if report.reason or report.remedy:
        raise Failure("the probe says yes and gives a reason or a remedy, as if it had said no")
    if not report.devices or not all(isinstance(d, DeviceInfo) for d in report.devices):
        raise Failure(f"devices is {report.devices!r}, not a tuple with a DeviceInfo for each")
    for key, value in report.details.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise Failure(f"details has {key!r}: {value!r}; both must be strings")


@check(each="backend", level=0)
def kernel_names(case: Case) -> None:
    """Every entry of the kernel table can be called and is named after an op."""
    unknown = sorted(set(case.backend.kernels) - OPS.keys())
    if unknown:
        raise Failure(f"there are kernels for {unknown}, and no such ops")
    for name, kernel in case.backend.kernels.items():
        if not callable(kernel):
            raise Failure(f"the kernel for {name!r} is {kernel!r}, which cannot be called")


@check(each="backend", level=0)
def bookkeeping(case: Case) -> None:
    """``synchronize`` returns, and ``memory_stats`` counts bytes or says that it cannot."""
    case.backend.synchronize(case.device)
    stats = case.backend.memory_stats(case.device)
    if not isinstance(stats, MemoryStats):
        raise Failure(f"memory_stats returned {stats!r}, not MemoryStats")
    for name, value in vars(stats).items():
        if value is not None and (type(value) is not int or value < 0):
            raise Failure(f"memory_stats().{name} is {value!r}, not a number of bytes or None")


@check(each="undeclared dtype", level=0)
def undeclared_dtype(case: Case) -> None:
    """A dtype that the backend does not declare is refused before it sees an array."""
    array = np.zeros(2, case.stored.numpy)
    for name, make in {
        "fe.tensor": lambda: fe.tensor(array, device=case.device),
        "fe.zeros": lambda: fe.zeros(2, dtype=case.stored, device=case.device),
        "cast": lambda: fe.ops.cast(_any_tensor(case), dtype=case.stored),
    }.items():
        try:
            made = make()
        except FerruleError as error:
            if not isinstance(error, fe.DTypeError):
                raise Failure(f"{name} raised {error!r}, not a DTypeError") from error
        else:
            raise Failure(f"{case.stored.name} is not declared, and {name} made {made._type}")


def _any_tensor(case: Case) -> fe.Tensor:
    return fe.tensor(np.zeros(2, case.target.dtypes[0].numpy), device=case.device)
