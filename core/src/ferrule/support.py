"""Asking a backend what it can do, before anything runs::

fe.backend("cuda").supports("softmax", fe.float16)
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import ferrule as fe
from ferrule import runtime
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import (
    BackendUnavailable,
    DType,
    FerruleError,
    Spec,
    discovery,
    dtypes,
)
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.op import Op
    from ferrule.runtime import ActiveBackend
    from ferrule.samples import Sample

How = Literal["native", "decomposed", "host", "no"]

_RANK: tuple[How, ...] = ("native", "decomposed", "host", "no")


@dataclass(frozen=True)
class Support:
    """Whether a backend can do something, and how. True if it can.

    Attributes:
        ok: a call would succeed as things stand.
        how: ``"native"``: by the backend's own kernel; ``"decomposed"``: by the body of a
            composite, out of native kernels; ``"host"``: it, or a part of it, has no kernel and
            runs on the host, if `ferrule.set_backend` allows it; ``"no"``: not at all.
        reason: why it is not native; empty if it is.
        remedy: what to do if it is not ok.
        missing: the primitives without a kernel.
    """

    ok: bool
    how: How
    reason: str = ""
    remedy: str = ""
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        text = f"{self.how}: {self.reason}" if self.reason else self.how
        return f"{text}. To mend it: {self.remedy}" if self.remedy else text


def own_support(active: ActiveBackend, op: Op) -> Support:
    """What becomes of a call of ``op`` itself, apart from dtypes and from what its body consists
    of."""
    if op.name in active.kernels:
        return Support(True, "native")
    if not op.primitive:
        return Support(True, "decomposed", "it has no kernel, and its body runs")
    reason, missing = f"no kernel for {op.name}", (op.name,)
    if op.feature is not None and op.feature not in active.backend.capabilities.features:
        reason += f", which is part of {op.feature!r}, and the backend does not offer that"
    if not runtime.has_host_kernel(op):
        remedy = "the package that declares the op must supply a kernel"
        return Support(False, "no", f"{reason}, not even on the host", remedy, missing)
    if active.fallback == "error":
        remedy = f'run it on the host: fe.set_backend("{active.name}", fallback="warn")'
        return Support(False, "host", reason, remedy, missing)
    return Support(True, "host", reason, missing=missing)


def undeclared(active: ActiveBackend, dtype: DType) -> Support:
    """What becomes of tensors of a dtype that the backend does not declare."""
    names = " ".join(d.name for d in dtypes.ALL if d in active.dtypes)
    return Support(
        False,
        "no",
        f"the backend has no {dtype.name}",
        f"convert with .to(dtype) to one of {names}, or use another backend",
    )


def worst(op: Op, found: Mapping[str, Support]) -> Support:
    """What becomes of a call, given what becomes of the ops that it consists of, itself among them,
    and of the dtypes that occur."""
    how = _RANK[max(_RANK.index(s.how) for s in found.values())]
    if how in ("native", "decomposed"):
        if op.name in found and found[op.name].how == "native":
            return Support(True, "native")
        parts = [name for name, s in found.items() if s.how == "native"]
        return Support(True, how, f"it has no kernel, and its body runs: {', '.join(parts)}")
    culprits = [s for s in found.values() if s.how == how]
    missing = tuple(name for s in culprits for name in s.missing)
    reasons = list(dict.fromkeys(s.reason for s in culprits))
    if how == "host" and len(reasons) > 1:
        reasons = [f"no kernel for {', '.join(missing)}"]
    remedies = "; ".join(dict.fromkeys(s.remedy for s in culprits if s.remedy))
    return Support(all(s.ok for s in culprits), how, "; ".join(reasons), remedies, missing)


class BackendInquiry:
    """A backend to ask questions, whether or not it can run here.

    Attributes:
        name: what selects it.
        available: it can run here.
        reason, remedy: why not, and what mends that; empty if it can.
        dtypes: what it declares, in the order of promotion.
        features: the optional parts of the contract that it offers.
        native: the ops that it has kernels for.
    """

    def __init__(self, name: str) -> None:
        self._active = runtime.described(name)
        self.name = self._active.name
        self.reason = self.remedy = ""
        try:
            discovery.load(self.name)
        except BackendUnavailable as error:
            self.reason, self.remedy = error.reason, error.remedy
        self.available = not self.reason
        self.dtypes = tuple(d for d in dtypes.ALL if d in self._active.dtypes)
        self.features = self._active.backend.capabilities.features
        self.native = frozenset(self._active.kernels) & fe.OPS.keys()

    def supports(self, op: str | Op, dtype: Any = None, *, backward: bool = False) -> Support:
        """Whether, and how, the backend computes an op. Its sample calls are gone through on types
        alone: nothing runs, and the backend need not be able to.

        Args:
            op: an op, or its name, as ``ferrule ops`` lists them.
            dtype: that of its operands; without one, the first that op and backend share of
                float32, float64, int32, int64, complex64 and bool.
            backward: its gradient too.
        """
        found = fe.OPS.get(op) if isinstance(op, str) else op
        if found is None:
            close = difflib.get_close_matches(str(op), fe.OPS, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "`ferrule ops` lists them"
            return Support(False, "no", f"there is no op {op!r}", remedy)
        if not isinstance(found, fe.Op):
            raise ArgumentError(f"supports: an op or its name is wanted, not {op!r}")
        wanted = self._swept(found) if dtype is None else DType.of(dtype)
        if wanted is not None and wanted not in self._active.dtypes:
            return undeclared(self._active, wanted)
        return _of_samples(self._active, found, wanted, backward)

    def _swept(self, op: Op) -> DType | None:
        names = ("float32", "float64", "int32", "int64", "complex64", "bool")
        shared = [d for d in map(DType.of, names) if d in op.dtypes and d in self._active.dtypes]
        return shared[0] if shared else None

    def __repr__(self) -> str:
        state = "available" if self.available else f"unavailable: {self.reason}"
        return f"<backend {self.name!r}, {state}, {len(self.native)} native ops>"


def backend(name: str | None = None) -> BackendInquiry:
    """A backend, to ask what it can do: ``fe.backend("cuda").supports("softmax", fe.float16)``.

    It need not be able to run here: its package is imported, its probe asked, and no more.

    Args:
        name: an installed backend, one that `ferrule.runtime.install` was given, or
            ``module:attribute``; by default the selected one.

    Raises:
        BackendError: it is not installed, or broken.
    """
    return BackendInquiry(runtime.get_backend() if name is None else runtime.name_of(name))


def _of_samples(active: ActiveBackend, op: Op, dtype: DType | None, backward: bool) -> Support:
    """The worst of what becomes of an op's sample calls."""
    from ferrule.inspection import Inspected, Inspection

    itself = own_support(active, op)
    found: dict[str, Support] = {}
    refused: list[str] = []
    traced = False
    for sample in op.samples:
        lacking = [d for d in _fixed(sample) if d not in active.dtypes]
        if lacking:
            refused.append(undeclared(active, lacking[0]).reason)
            continue
        calls: list[Inspected] = []
        try:
            with Inspection(active, calls.append):
                _run(op, sample, dtype, backward)
        except FerruleError as error:
            refused.append(str(error))
            if not calls:
                continue
        traced = True
        for call in calls:
            found.update(call.found)
    if traced:
        found.setdefault(op.name, itself)
        return worst(op, found)
    if refused:
        return Support(False, "no", refused[0], "use another dtype or another backend")
    return itself  # it has no samples that could say more


def _fixed(sample: Sample) -> list[DType]:
    """The dtypes that a sample insists on."""
    fixed = [i.dtype for i in sample.inputs if i is not None and i.dtype is not None]
    return fixed + [v for v in sample.attrs.values() if isinstance(v, DType)]


def _run(op: Op, sample: Sample, dtype: DType | None, backward: bool) -> None:
    """Make a sample's call on types, and its gradient."""
    roles = {"mask": fe.bool, "index": fe.int64}
    where = runtime.device()
    operands: list[Tensor | None] = []
    for i, each in enumerate(sample.inputs):
        if each is None:
            operands.append(None)
            continue
        role = op.schema.role(i)
        kind = each.dtype or roles.get(role) or dtype or fe.float32
        x = Tensor(None, TensorType(Spec(each.shape, kind), where))
        if backward and role == "value" and kind.category in CONTINUOUS:
            x.requires_grad_()
        operands.append(x)
    attrs = dict(sample.attrs)
    if dtype is not None and op.schema.creates and "dtype" in op.schema.attributes:
        attrs["dtype"] = dtype
    results = op(*operands, **attrs)
    results = results if isinstance(results, tuple) else (results,)
    ends = [y for y in results if y.requires_grad]
    starts = [x for x in operands if x is not None and x.requires_grad]
    if ends and starts:
        entering = [Tensor(None, y._type) for y in ends]
        fe.autograd.grad(ends, starts, entering, allow_unused=True)
