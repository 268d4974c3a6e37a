"""Hold ferrule's optimizers and schedules against PyTorch's, step by step.

    python tools/compare_optimizers.py [WORD]     # only rows with WORD in them; needs PyTorch

Each row takes the same parameters through the same gradients in both, 20 steps, and gives the
largest difference between the parameters, relative to the largest of them: of a run in ferrule,
of one that PyTorch began and ferrule finished with its ``state_dict()``, and the reverse. A run
that is resumed may agree with one that PyTorch resumed: it then keeps some numbers in another
precision than before. For
schedules it is the largest difference between the rates, and the momenta, of 40 steps, relative to
the largest rate. The exit status is 1 if any is too large.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ferrule_conformance.optimizers.options import SHARED as OPTIMIZERS
from ferrule_conformance.optimizers.options import Options

Array = np.ndarray[Any, Any]

STEPS = 20
SHAPES = ((4, 3), (5,), (), (2, 3, 2))
ALLOWED = {"float32": 2e-5, "float64": 1e-12, "complex128": 1e-12, "bfloat16": 5e-2}
LOOSER = {
    ("Muon", "float32"): 2e-2,  # its iteration is rounded to bfloat16
    ("Muon", "float64"): 2e-2,
    ("Muon", "bfloat16"): 1e-1,
    ("LBFGS", "float32"): 2e-4,  # it divides by differences of gradients
}
LEFT_OUT = {
    **{
        ("LBFGS", label, "bfloat16"): "a loss of 8 bits leads anywhere"
        for label in ("defaults", "lr", "history", "strong_wolfe", "evaluations")
    },
    ("Muon", "no nesterov", "bfloat16"): "PyTorch 2.13 divides the momentum buffer itself there",
}

NO_COMPLEX = ("Adafactor", "Muon")

SCHEDULES: list[tuple[str, Options]] = [
    ("StepLR", {"step_size": 3}),
    ("StepLR", {"step_size": 4, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [3, 7, 7, 20], "gamma": 0.5}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 7}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 9}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 30, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 30}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 41}),
    ("OneCycleLR", {"max_lr": [0.5, 0.1], "total_steps": 45, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.5, "epochs": 9, "steps_per_epoch": 5, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 50, "cycle_momentum": False, "pct_start": 0.5}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 5}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.2], "step_size_up": 5,
                  "step_size_down": 3, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "mode": "exp_range",
                  "gamma": 0.9}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "cycle_momentum": False,
                  "scale_fn": lambda x: 1 / (x + 1), "scale_mode": "iterations"}),
    ("LambdaLR", {"lr_lambda": lambda n: 0.95**n}),
    ("LambdaLR", {"lr_lambda": [lambda n: 0.95**n, lambda n: 1 / (n + 1)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda n: 0.9 if n % 2 else 1.0}),
    ("ReduceLROnPlateau", {"patience": 2}),
    ("ReduceLROnPlateau", {"mode": "max", "factor": 0.5, "patience": 1, "cooldown": 2,
                           "threshold": 0.1, "threshold_mode": "abs", "min_lr": [0.01, 0.02]}),
    ("SequentialLR", {}),
    ("ChainedScheduler", {}),
    ("SWALR", {"swa_lr": 0.05, "anneal_epochs": 6}),
    ("SWALR", {"swa_lr": [0.05, 0.4], "anneal_epochs": 0, "anneal_strategy": "linear"}),
]  # fmt: skip


class Library:
    """ferrule or PyTorch, and the way between its tensors and NumPy's arrays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module = importlib.import_module(name)
        self.optim = importlib.import_module(f"{name}.optim")
        self.schedules = importlib.import_module(f"{name}.optim.lr_scheduler")

    def tensor(self, array: Any, dtype: str | None = None) -> Any:
        x = self.module.tensor(np.array(array))
        return x if dtype is None else x.to(getattr(self.module, dtype))

    def parameter(self, array: Array, dtype: str) -> Any:
        return self.tensor(array, dtype).requires_grad_()

    def array(self, tensor: Any) -> Array:
        x = tensor.detach()
        if "bfloat16" in str(x.dtype):
            x = x.to(self.module.float32)
        return np.array(x.numpy())

    def foreign(self, value: Any) -> Any:
        """A state dict of the other library in the tensors of this one."""
        if isinstance(value, dict):
            return {k: self.foreign(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.foreign, value))
        if not hasattr(value, "detach") or isinstance(value, np.ndarray):
            return value
        if "bfloat16" in str(value.dtype):
            other = PEERS[value.__class__.__module__.partition(".")[0]]
            return self.tensor(other.array(value), "bfloat16")
        return self.tensor(np.array(value.detach().numpy()))

    def optimizer(self, name: str, params: list[Any], options: Options) -> Any:
        options = dict(options)
        if options.get("lr") == "tensor":
            options["lr"] = self.tensor(0.03, "float64")
        return getattr(self.optim, name)(params, **options)


PEERS: dict[str, Library] = {}


class Run:
    """An optimizer of one library on its way."""

    def __init__(self, lib: Library, name: str, options: Options, start: list[Array], dtype: str):
        self.lib, self.name, self.dtype = lib, name, dtype
        self.params = [lib.parameter(x, dtype) for x in start]
        groups: list[Any] = self.params
        if name != "LBFGS" and len(self.params) > 1:
            groups = [{"params": self.params[:1]}, {"params": self.params[1:]}]
        self.optimizer = lib.optimizer(name, groups, options)

    def step(self, gradients: list[Array]) -> None:
        for p, g in zip(self.params, gradients):
            p.grad = self.lib.tensor(g, self.dtype)
        self.optimizer.step(self.closure if self.name == "LBFGS" else None)

    def closure(self) -> Any:
        """A loss with a curved valley."""
        self.optimizer.zero_grad()
        loss: Any = sum(
            ((p - 0.5) ** 2).abs().sum() + 0.3 * ((p * p).abs() ** 2).sum() for p in self.params
        )
        loss.backward()
        return loss

    def values(self) -> list[Array]:
        return [self.lib.array(p) for p in self.params]


def optimizer_rows() -> Iterator[tuple[str, list[float], float]]:
    ours, theirs = PEERS["ferrule"], PEERS["torch"]
    for name, cases in OPTIMIZERS.items():
        for label, options in {"defaults": {}, **cases}.items():
            for dtype, allowed in ALLOWED.items():
                if dtype == "complex128" and name in NO_COMPLEX:
                    continue
                if (name, label, dtype) in LEFT_OUT:
                    print(f"{name}({label}) {dtype}: {LEFT_OUT[name, label, dtype]}")
                    continue
                start, gradients = _data(name, dtype)
                case = name, options, start, gradients, dtype
                straight = _values(theirs, theirs, *case)
                resumed = _values(theirs, theirs, *case, resume=True)
                found = [_difference(_values(ours, ours, *case), straight)]
                for a, b in ((theirs, ours), (ours, theirs)):
                    got = _values(a, b, *case, resume=True)
                    found.append(min(_difference(got, want) for want in (straight, resumed)))
                yield f"{name}({label}) {dtype}", found, LOOSER.get((name, dtype), allowed)


def _values(
    a: Library,
    b: Library,
    name: str,
    options: Options,
    start: list[Array],
    gradients: list[list[Array]],
    dtype: str,
    resume: bool = False,
) -> list[Array]:
    """The parameters after all steps, of which ``b`` takes the second half."""
    run = Run(a, name, options, start, dtype)
    for g in gradients[: STEPS // 2]:
        run.step(g)
    if resume:
        state = b.foreign(run.optimizer.state_dict())
        run = Run(b, name, options, run.values(), dtype)
        run.optimizer.load_state_dict(state)
    for g in gradients[STEPS // 2 :]:
        run.step(g)
    return run.values()


def _data(name: str, dtype: str) -> tuple[list[Array], list[list[Array]]]:
    rng = np.random.default_rng(0)

    def draw(shape: tuple[int, ...]) -> Array:
        x = np.asarray(rng.standard_normal(shape))
        return x + 1j * rng.standard_normal(shape) if dtype.startswith("complex") else x

    shapes = ((6, 4), (3, 5)) if name == "Muon" else SHAPES
    start = [draw(shape) for shape in shapes]
    return start, [[draw(shape) * 0.9**i for shape in shapes] for i in range(STEPS)]


def _difference(got: list[Array], want: list[Array]) -> float:
    found = 0.0
    for a, b in zip(got, want):
        if a.dtype != b.dtype or a.shape != b.shape or not np.isfinite(b).all():
            return float("inf")
        found = max(found, float(np.abs(a - b).max() / np.abs(b).max()))
    return found


def schedule_rows() -> Iterator[tuple[str, list[float], float]]:
    ours, theirs = PEERS["ferrule"], PEERS["torch"]
    for name, options in SCHEDULES:
        for optimizer in ("SGD", "Adam"):
            for lr in ("number", "tensor"):
                # a tensor cannot be made out of one without the loss of some digits
                want = _rates(theirs, theirs, name, options, optimizer, lr)
                found = [
                    float(np.abs(_rates(a, b, name, options, optimizer, lr) - want).max())
                    / max(float(np.abs(want[:, 0]).max()), 1e-30)
                    for a, b in ((ours, ours), (theirs, ours), (ours, theirs))
                ]
                shown = ", ".join(f"{k}={_shown(v)}" for k, v in options.items())
                yield f"{name}({shown}) of {optimizer}, lr a {lr}", found, 1e-12


def _shown(value: Any) -> str:
    return "f" if callable(value) else f"[{_shown(value[0])}, ...]" if isinstance(
        value, list
    ) else str(value)  # fmt: skip


def _rates(a: Library, b: Library, name: str, options: Options, optimizer: str, lr: str) -> Array:
    """The rates and momenta of two groups, over 40 steps, of which ``b`` takes the second half."""
    rng = np.random.default_rng(1)
    metrics = np.concatenate([np.linspace(1, 0, 8), np.full(12, 0.1), rng.uniform(0, 2, 20)])
    found = []

    def make(lib: Library) -> tuple[Any, Any]:
        params = [lib.parameter(np.ones(2), "float64") for _ in range(2)]
        rates = [0.1, 0.3]
        if lr == "tensor":
            rates = [lib.tensor(r, "float64") for r in rates]
        groups = [{"params": [p], "lr": r} for p, r in zip(params, rates)]
        made = getattr(lib.optim, optimizer)(groups)
        return made, _schedule(lib, name, made, options)

    def look(made: Any) -> None:
        groups = made.param_groups
        momentum = [g["momentum"] if "momentum" in g else g["betas"][0] for g in groups]
        found.append([float(g["lr"]) for g in groups] + momentum)

    made, schedule = make(a)
    look(made)
    for n in range(len(metrics)):
        if n == len(metrics) // 2 and a is not b:
            saved = b.foreign(made.state_dict()), b.foreign(schedule.state_dict())
            made, schedule = make(b)
            made.load_state_dict(saved[0])
            schedule.load_state_dict(saved[1])
        made.step()
        schedule.step(*([float(metrics[n])] if name == "ReduceLROnPlateau" else []))
        look(made)
    return np.array(found)


def _schedule(lib: Library, name: str, optimizer: Any, options: Options) -> Any:
    s = lib.schedules
    if name == "SWALR":
        return importlib.import_module(f"{lib.name}.optim.swa_utils").SWALR(optimizer, **options)
    if name == "SequentialLR":
        parts = [
            s.LinearLR(optimizer, start_factor=0.1, total_iters=5),
            s.CosineAnnealingLR(optimizer, T_max=10),
            s.ExponentialLR(optimizer, gamma=0.9),
        ]
        return s.SequentialLR(optimizer, parts, milestones=[5, 16])
    if name == "ChainedScheduler":
        parts = [
            s.ConstantLR(optimizer, factor=0.1, total_iters=4),
            s.ExponentialLR(optimizer, 0.9),
        ]
        return s.ChainedScheduler(parts)
    return getattr(s, name)(optimizer, **options)


def main(word: str = "") -> int:
    PEERS.update((name, Library(name)) for name in ("ferrule", "torch"))
    warnings.filterwarnings("ignore", message=r".*Casting complex values to real.*")
    failures = 0
    print(f"{'':80} {'ferrule':>9} {'resumed':>9} {'and back':>9}")
    tables: list[Callable[[], Iterator[tuple[str, list[float], float]]]] = [
        optimizer_rows,
        schedule_rows,
    ]
    for table in tables:
        for row, differences, allowed in table():
            if word not in row:
                continue
            bad = not all(d <= allowed for d in differences)
            failures += bad
            shown = " ".join(f"{d:9.1e}" for d in differences)
            print(f"{row:80} {shown}{'  DIFFERENT' if bad else ''}", flush=True)
    for name in ("Lion", "LAMB"):
        print(f"{name}: not in PyTorch")
    print(f"{failures} rows differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
