"""Finding the first op of which two backends make different things."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import ferrule as fe
from ferrule import generator, runtime
from ferrule.debug import reproduction as reproductions
from ferrule.debug.closeness import relative
from ferrule.debug.lockstep import Divergence, Lockstep, Nearest
from ferrule.errors import ArgumentError
from ferrule.modes import enable_grad
from ferrule.nn.check import tensors_in
from ferrule.nn.preserved import preserved
from ferrule.tensor import Tensor
from ferrule_plugins import Device
from ferrule_plugins.dtypes import CONTINUOUS

__all__ = ["Comparison", "Divergence", "EndToEnd", "Nearest", "diff", "diff_op"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class EndToEnd:
    """How far apart a result is if each backend computes it alone, from beginning to end.

    Attributes:
        name: ``"output"``, ``"output 1"``, ``"gradient of encoder.weight"``.
        relative: the largest distance, as a part of the largest magnitude; infinite where there is
            a NaN or an infinity in one and not in the other.
        units: the same in units of the dtype's eps.
    """

    name: str
    relative: float
    units: float


@dataclass
class Comparison:
    """What `diff` has found. True if no op diverges. ``print`` shows it.

    Attributes:
        backends: the two.
        compared: how many ops ran on both.
        divergence: the first op whose results differ; None if there is none.
        nearest: the op whose results were closest to differing, before that.
        end_to_end: outputs and gradients of the whole, computed by each backend alone.
        failure: why the second backend could not compute the whole; empty if it did.
        reproduction: the file that was written; None if none was.
        note: what else is to be known.
    """

    backends: tuple[str, str]
    compared: int = 0
    divergence: Divergence | None = None
    nearest: Nearest | None = None
    end_to_end: list[EndToEnd] = field(default_factory=list)
    failure: str = ""
    reproduction: Path | None = None
    note: str = ""

    def __bool__(self) -> bool:
        return self.divergence is None

    def __str__(self) -> str:
        a, b = self.backends
        lines = [f"{a} and {b}: {self.compared} ops compared, each with equal inputs."]
        if self.divergence is not None:
            lines.append(f"The first that differs: {self.divergence}")
        else:
            lines.append("None differs by more than is allowed.")
        if self.nearest is not None and self.nearest.excess:
            near = self.nearest
            place = f" {near.place}" if str(near.place) else ""
            lines.append(
                f"Of those that agree, {near.op}{place} came closest to differing: "
                f"{near.ulps:.3g} ULPs, {near.excess:.1%} of what is allowed."
            )
        for kind in ("output", "gradient"):
            worst = max(
                (e for e in self.end_to_end if e.name.startswith(kind)),
                key=lambda e: e.relative,
                default=None,
            )
            if worst is not None:
                lines.append(
                    f"End to end, {worst.name} differs most: by {worst.relative:.3g} of its "
                    f"largest element ({worst.units:.3g} eps)."
                )
        if self.failure:
            lines.append(f"{b} alone could not compute the whole: {self.failure}")
        if self.note:
            lines.append(self.note)
        if self.reproduction is not None:
            lines.append(f"To see it alone: python {self.reproduction}")
        return "\n".join(lines)

    __repr__ = __str__


def diff(
    model: Callable[..., Any],
    inputs: Any = (),
    backends: Sequence[str] = ("cpu", "cuda"),
    *,
    backward: bool = True,
    tolerance: float | None = None,
    reproduction: str | Path | None = "divergence.py",
) -> Comparison:
    """Run a model on two backends in lockstep, and find the first op, forward or in a gradient, of
    which they make different things::

        print(fe.debug.diff(model, x, backends=("cpu", "opencl")))

    Each op runs on both backends with the inputs that the first one computed, so that an op is not
    blamed for what its predecessors did. After that the second backend computes the whole alone,
    and outputs and gradients are compared. Both draw the same random bits. The model, its
    gradients, buffers and mode, and the default generators are as before.

    Args:
        model: a module, or a function; where it returns a loss, it must not call ``backward``.
        inputs: a tensor, a tuple or list of arguments, or a mapping of keyword arguments.
        backends: the one that is trusted, and the other: names, devices, or ``module:attribute``.
        backward: the gradients of parameters, and of inputs that require one, too. Outputs that are
            not scalars get gradients between 0.5 and 1.5.
        tolerance: how many times ``eps * max(|value|, floor)`` results may be apart, in the place
            of a table; see `ferrule.debug.closeness`.
        reproduction: a file to write, which runs the op that diverges alone. None for none.

    Raises:
        BackendError: a backend cannot be used.
    """
    names = _two(backends)
    here, there = map(_device, names)
    modules = _modules_of(model)
    lockstep = Lockstep(there, tolerance)
    found = Comparison(names)
    with preserved(*modules), fe.use_backend(here):
        state = generator.default_generator(here).state
        for module in modules:
            module.to(here)
        with lockstep:
            ours = _whole(model, modules, inputs, here, backward)
    found.compared, found.nearest = lockstep.compared, lockstep.nearest
    found.divergence = lockstep.divergence
    try:
        with preserved(*modules), fe.use_backend(there):
            generator.default_generator(there).state = state
            for module in modules:
                module.to(there)
            theirs = _whole(model, modules, inputs, there, backward)
    except Exception as error:
        found.failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
    else:
        for name, a in ours.items():
            found.end_to_end.append(EndToEnd(name, *relative(a, theirs.get(name, a[..., None]))))
        _hint(found, ours)
    if found.divergence is not None and reproduction is not None:
        path, found.note = reproductions.write(
            Path(reproduction), found.divergence, names, tolerance
        )
        found.reproduction = path
    return found


def diff_op(
    op: Any,
    *operands: Any,
    backends: Sequence[str],
    attributes: Mapping[str, Any] | None = None,
    tolerance: float | None = None,
) -> Comparison:
    """Run one op on two backends, and compare the results, as `diff` does::

        fe.debug.diff_op("softmax", x, backends=("cpu", "opencl"), attributes={"dim": 1})

    Args:
        op: an op, or its name.
        operands: tensors, arrays, Python numbers, or None.
        attributes: by name; a device is put in.
        backends, tolerance: as in `diff`.
    """
    names = _two(backends)
    here, there = map(_device, names)
    known = fe.OPS.get(op) if isinstance(op, str) else op
    if not isinstance(known, fe.Op):
        raise ArgumentError(f"diff_op: there is no op {op!r}; `ferrule ops` lists them")
    lockstep = Lockstep(there, tolerance)
    placed = [
        fe.tensor(x, device=here) if isinstance(x, (np.ndarray, Tensor)) else x for x in operands
    ]
    given = dict(attributes or {})
    if known.schema.creates:
        given["device"] = here
    with fe.use_backend(here), fe.no_grad(), lockstep:
        known(*placed, **given)
    return Comparison(names, lockstep.compared, lockstep.divergence, lockstep.nearest)


def _two(backends: Sequence[str]) -> tuple[str, str]:
    if isinstance(backends, str) or len(backends) != 2:
        raise ArgumentError(f"diff compares two backends, not {backends!r}")
    first, second = map(str, backends)
    return first, second


def _device(name: str) -> Device:
    located = runtime.name_of(name)
    index = name.rpartition(":")[2]
    return runtime.device(f"{located}:{index}" if index.isdecimal() else located)


def _modules_of(function: Any) -> list[fe.nn.Module]:
    """The modules that a function is, is a method of, or refers to by name."""
    if isinstance(function, fe.nn.Module):
        return [function]
    if isinstance(function, partial):
        parts = (function.func, *function.args, *function.keywords.values())
        return [m for part in parts if callable(part) for m in _modules_of(part)]
    owner = getattr(function, "__self__", None)
    if isinstance(owner, fe.nn.Module):
        return [owner]
    if not inspect.isfunction(function):
        return []
    names = inspect.getclosurevars(function)
    values = [*names.nonlocals.values(), *names.globals.values()]
    return [v for v in values if isinstance(v, fe.nn.Module)]


def _whole(
    model: Callable[..., Any],
    modules: list[fe.nn.Module],
    inputs: Any,
    device: Device,
    backward: bool,
) -> dict[str, Array]:
    """All outputs and gradients, by name."""
    leaves: dict[str, Tensor] = {}

    def place(x: Any) -> Any:
        if isinstance(x, Tensor):
            moved = x.detach().to(device=device).detach()
            if x.requires_grad and backward:
                leaves[f"input {len(leaves)}"] = moved.requires_grad_()
            return moved
        if isinstance(x, Mapping):
            return {key: place(v) for key, v in x.items()}
        if type(x) in (tuple, list):
            return type(x)(place(v) for v in x)
        return x

    placed = place(inputs)
    if isinstance(placed, Mapping):
        args, kwargs = (), placed
    else:
        args, kwargs = placed if isinstance(placed, (tuple, list)) else (placed,), {}
    with enable_grad():
        outputs = tensors_in(model(*args, **kwargs))
        for i, module in enumerate(modules):
            lead = f"{i}: " if len(modules) > 1 else ""
            for name, p in module.named_parameters():
                if p.requires_grad:
                    leaves[f"{lead}{name}"] = p
        found = {
            "output" if len(outputs) == 1 else f"output {i}": y.detach().numpy()
            for i, y in enumerate(outputs)
        }
        ends = [y for y in outputs if y.requires_grad]
        if backward and ends and leaves:
            wanted = list(leaves.values())
            entering = [_entering(y, i) for i, y in enumerate(ends)]
            gradients = fe.autograd.grad(ends, wanted, entering, allow_unused=True)
            for name, g in zip(leaves, gradients):
                if g is not None:
                    found[f"gradient of {name}"] = g.detach().numpy()
    return found


def _entering(y: Tensor, i: int) -> Tensor:
    """The gradient that enters at an output. Equal ones would hide elements that change places."""
    values = np.random.default_rng(i).uniform(0.5, 1.5, y.shape) if y.shape else np.ones(())
    return fe.tensor(values, dtype=y.dtype, device=y.device)


def _hint(found: Comparison, ours: dict[str, Array]) -> None:
    """Say what it means if the whole differs and no op does."""
    if found.divergence is not None:
        return
    for each in found.end_to_end:
        dtype = ours[each.name].dtype
        eps = float(fe.finfo(fe.DType.of(dtype)).eps) if _rounds(dtype) else 0.0
        if each.relative > math.sqrt(eps):
            found.note = (
                f"{each.name} differs end to end, though no op does with equal inputs. Rounding "
                "errors that grow on the way may do that, or memory in another layout: see "
                "`ferrule conformance`"
            )
            return


def _rounds(dtype: Any) -> bool:
    return fe.DType.of(dtype).category in CONTINUOUS
