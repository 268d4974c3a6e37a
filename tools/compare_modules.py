"""Hold ferrule's modules against PyTorch's: the same arguments, weights and inputs.

    python tools/compare_modules.py             # all; needs PyTorch
    python tools/compare_modules.py Conv LSTM   # those whose name begins so
    python tools/compare_modules.py --verbose   # every case

For each case, in float32 and in float64: names, shapes and dtypes of the state dict, its weights
copied; results, gradients of inputs and parameters, and the state after one step in training mode
and one in evaluation mode. For each module besides: the constructor's arguments, and `repr`; and,
for layers with parameters, the spread of their initial values. A case is one line of the table in
`ferrule_conformance.modules`.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import ferrule as fe
from ferrule_conformance.modules import SHARED, Configuration, Input

torch: Any = importlib.import_module("torch")

TOLERANCE = {"float32": 2e-5, "float64": 2e-8}
"""Of the largest difference, relative to the largest magnitude, or to 1 if that is smaller. PyTorch
has constants of float32 in some kernels for float64: those of hardsigmoid and celu."""

INITIAL_SPREAD = 0.15
"""By how much a standard deviation or an extreme of a sample may differ, relatively."""


@dataclass
class Row:
    """What was found of one module."""

    name: str
    cases: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def compare(self, what: str, ours: Any, theirs: Any, dtype: str) -> None:
        kind = what.split()[0]
        for a, b in zip(_leaves(ours), _leaves(theirs), strict=True):
            x, y = _array(a), _array(b)
            if x.shape != y.shape or (b is not None and x.dtype != y.dtype):
                self.problems.append(f"{what}: {x.dtype}{x.shape}, not {y.dtype}{y.shape}")
                continue
            if not x.size:
                continue
            same = (x == y) | (np.isnan(x) & np.isnan(y))
            difference = np.where(same, 0.0, np.abs(_wide(x) - _wide(y)))
            finite = np.abs(_wide(y))[np.isfinite(y)]
            scale = max(1.0, float(finite.max(initial=0.0)))
            error = float(np.nan_to_num(difference, nan=np.inf).max()) / scale
            if dtype == "float32":
                self.worst[kind] = max(error, self.worst.get(kind, 0.0))
            if not error <= TOLERANCE[dtype]:
                self.problems.append(f"{what}: off by {error:.2g}")


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _array(x: Any) -> np.ndarray:
    return np.asarray(0.0) if x is None else np.asarray(x.detach().numpy())


def _given(
    inputs: tuple[Any, ...], dtype: str, framework: Any, leaves: list[Any] | None = None
) -> list[Any]:
    """The inputs; and, added to ``leaves``, what they are computed from."""
    leaves = [] if leaves is None else leaves
    found: list[Any] = []
    for i, one in enumerate(inputs):
        if isinstance(one, (tuple, list)) and any(isinstance(x, Input) for x in one):
            found.append(tuple(_given(tuple(one), dtype, framework, leaves)))
            continue
        if not isinstance(one, Input):
            found.append(one)
            continue
        array = one.draw(np.random.default_rng(i + 1))
        x = framework.tensor(array)
        if one.learned and array.dtype.kind == "f":
            x = x.to(getattr(framework, dtype)).requires_grad_()
        elif array.dtype.kind == "f":
            x = x.to(getattr(framework, dtype))
        leaves.append(x)
        found.append(framework.log_softmax(x, -1) if one.logits else x)
    return found


def _built(case: Configuration, dtype: str, seed: int = 0) -> tuple[Any, Any]:
    torch.manual_seed(seed)
    fe.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(torch.nn, case.module)(*_for(case.args, torch), **_for(case.kwargs, torch))
        ours = getattr(fe.nn, case.module)(*_for(case.args, fe), **_for(case.kwargs, fe))
    return ours.to(getattr(fe, dtype)), theirs.to(getattr(torch, dtype))


def _for(value: Any, framework: Any) -> Any:
    """Arguments, with inputs as tensors and layers by name as layers."""
    if isinstance(value, Input):
        return framework.tensor(value.draw(np.random.default_rng(9)).astype(np.float32))
    if isinstance(value, Configuration):
        kind = getattr(framework.nn, value.module)
        return kind(*_for(value.args, framework), **_for(value.kwargs, framework))
    if isinstance(value, dict):
        return {key: _for(v, framework) for key, v in value.items()}
    return (
        type(value)(_for(v, framework) for v in value)
        if isinstance(value, (tuple, list))
        else value
    )


def _step(
    module: Any, case: Configuration, dtype: str, framework: Any
) -> tuple[Any, list[Any], list[Any]]:
    """The results, and the gradients of inputs and parameters."""
    given: list[Any] = []
    inputs = _given(case.inputs, dtype, framework, given)
    keywords = {k: _given((v,), dtype, framework, given)[0] for k, v in case.keywords.items()}
    module.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = module(*inputs, **keywords)
    leaves = [t for t in _leaves(y) if t is not None and t.requires_grad]
    if not leaves:
        return y, [], []
    total: Any = 0.0
    for i, t in enumerate(leaves):
        c = np.random.default_rng(100 + i).standard_normal(tuple(t.shape))
        total = total + (t * framework.tensor(np.asarray(c)).to(t.dtype)).sum()
    total.backward()
    of_inputs = [x.grad for x in given if x.requires_grad]
    return y, of_inputs, [p.grad for p in module.parameters()]


def _compare_case(row: Row, case: Configuration, dtype: str) -> None:
    ours, theirs = _built(case, dtype)
    if "Lazy" in case.module:
        ours(*_given(case.inputs, dtype, fe)), theirs(*_given(case.inputs, dtype, torch))
    state = {k: v.detach().numpy() for k, v in theirs.state_dict().items()}
    mine = ours.state_dict()
    if list(mine) != list(state):
        row.problems.append(f"keys {list(mine)}, not {list(state)}")
    for key in set(mine) & set(state):
        if mine[key].shape != state[key].shape or mine[key].dtype.name != str(state[key].dtype):
            row.problems.append(f"{key} is {mine[key]._type}")
    ours.load_state_dict(state)
    shown = repr(theirs).replace("NonDynamicallyQuantizable", "")  # a name without a meaning here
    if dtype == "float32" and repr(ours) != shown:
        row.problems.append(f"repr {ours!r}, not {shown}")
    if [n for n, _ in ours.named_parameters()] != [n for n, _ in theirs.named_parameters()]:
        row.problems.append("the names of parameters differ")
    for training in (True, False) if not case.random else (False,):
        ours.train(training), theirs.train(training)
        found = _step(ours, case, dtype, fe)
        wanted = _step(theirs, case, dtype, torch)
        mode = "training" if training else "evaluation"
        for what, a, b in zip(("output", "input-gradient", "gradient"), found, wanted):
            row.compare(f"{what} in {mode}", a, b, dtype)
    after = theirs.state_dict()
    for key, value in ours.state_dict().items():
        row.compare(f"state {key}", value, after[key], dtype)


def _compare_signature(row: Row) -> None:
    ours, theirs = (
        [
            (p.name, p.kind.name, p.default)
            for p in inspect.signature(getattr(module, row.name).__init__).parameters.values()
            if p.name != "self"
        ]
        for module in (fe.nn, torch.nn)
    )
    if any(kind.startswith("VAR") for _, kind, _ in theirs):
        return
    for a, b in zip(ours, theirs):
        functions = callable(a[2]) and callable(b[2])
        if a[:2] != b[:2] or (a[2] != b[2] and not functions):
            row.problems.append(f"argument {a[0]}={a[2]}, not {b[0]}={b[2]}")
    if len(ours) < len(theirs):
        row.problems.append(f"no argument {theirs[len(ours)][0]}")


def _compare_initial(row: Row, case: Configuration) -> None:
    """The spread of the initial values, over as many layers as it takes."""
    drawn: tuple[dict[str, list[Any]], ...] = ({}, {})
    for seed in range(60):
        ours, theirs = _built(case, "float32", seed)
        if "Lazy" in case.module:
            (
                ours(*_given(case.inputs, "float32", fe)),
                theirs(*_given(case.inputs, "float32", torch)),
            )
        for module, found in zip((ours, theirs), drawn):
            for name, p in module.named_parameters():
                found.setdefault(name, []).append(p.detach().numpy().ravel())
    for name in drawn[0].keys() & drawn[1].keys():
        a, b = (np.concatenate(found[name]).astype(float) for found in drawn)
        if a.size < 400:
            continue
        for what in ("std", "min", "max"):
            x, y = getattr(a, what)(), getattr(b, what)()
            loose = 2.5 * INITIAL_SPREAD if what != "std" else INITIAL_SPREAD
            if abs(x - y) > loose * max(abs(y), 1e-6):
                row.problems.append(f"initial {name}: {what} is {x:.3g}, not {y:.3g}")


def compare(names: list[str]) -> list[Row]:
    rows: dict[str, Row] = {}
    for case in SHARED:
        if names and not any(case.module.startswith(n) for n in names):
            continue
        new = case.module not in rows
        row = rows.setdefault(case.module, Row(case.module))
        row.cases += 1
        if not hasattr(fe.nn, case.module):
            if new:
                row.problems.append("ferrule has none")
            continue
        before = len(row.problems)
        try:
            if new:
                _compare_signature(row)
                _compare_initial(row, case)
            for dtype in TOLERANCE:
                _compare_case(row, case, dtype)
        except Exception as error:
            row.problems.append(f"{type(error).__name__}: {error}")
        row.problems[before:] = [f"{case}: {p}" for p in row.problems[before:]]
    return list(rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    rows = compare(given.names)
    table = Table(title=f"ferrule.nn against torch.nn {torch.__version__}, float32")
    kinds = ("output", "input-gradient", "gradient", "state")
    for column in ("module", "cases", *kinds, "problems"):
        table.add_column(column, justify="left" if column in ("module", "problems") else "right")
    for row in rows:
        shown = [f"{row.worst[k]:.1e}" if k in row.worst else "" for k in kinds]
        problems = str(len(row.problems) or "")
        table.add_row(row.name, str(row.cases), *shown, problems)
    console = Console(width=160)
    console.print(table)
    for row in rows:
        for problem in row.problems if given.verbose else row.problems[:4]:
            console.print(f"{row.name}: {problem}", markup=False, highlight=False)
    wrong = sum(bool(row.problems) for row in rows)
    cases = sum(row.cases for row in rows)
    console.print(f"{len(rows)} modules, {cases} cases; {wrong} modules differ")
    torch_has = {
        n
        for n in dir(torch.nn)
        if inspect.isclass(getattr(torch.nn, n))
        and issubclass(getattr(torch.nn, n), torch.nn.Module)
    }
    console.print("no case for:", ", ".join(sorted(torch_has - {c.module for c in SHARED})))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
