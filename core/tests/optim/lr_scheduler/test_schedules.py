"""Every schedule against PyTorch's numbers, which PyTorch 2.13 printed for these arguments."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule.optim import SGD, Adam, Optimizer, lr_scheduler, swa_utils

LAST = 1e-9
"""The tables have ten digits behind the point."""

RATES: list[tuple[str, dict[str, Any], list[float]]] = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}, [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125]),
    (
        "MultiStepLR",
        {"milestones": [2, 4, 4], "gamma": 0.5},
        [0.1, 0.1, 0.05, 0.05, 0.0125, 0.0125],
    ),
    ("ConstantLR", {"factor": 0.25, "total_iters": 3}, [0.025, 0.025, 0.025, 0.1, 0.1]),
    (
        "LinearLR",
        {"start_factor": 0.2, "end_factor": 0.8, "total_iters": 4},
        [0.02, 0.035, 0.05, 0.065, 0.08, 0.08],
    ),
    ("ExponentialLR", {"gamma": 0.5}, [0.1, 0.05, 0.025, 0.0125, 0.00625]),
    ("PolynomialLR", {"total_iters": 4, "power": 2.0}, [0.1, 0.05625, 0.025, 0.00625, 0, 0]),
    (
        "CosineAnnealingLR",
        {"T_max": 4, "eta_min": 0.02},
        [0.1, 0.0882842712, 0.06, 0.0317157288, 0.02, 0.0317157288, 0.06, 0.0882842712, 0.1,
        0.0882842712, 0.06],
    ),
    (
        "CosineAnnealingWarmRestarts",
        {"T_0": 2, "T_mult": 2, "eta_min": 0.02},
        [0.1, 0.06, 0.1, 0.0882842712, 0.06, 0.0317157288, 0.1, 0.0969551813, 0.0882842712,
        0.0753073373],
    ),
    (
        "OneCycleLR",
        {"max_lr": 0.5, "total_steps": 10},
        [0.02, 0.26, 0.5, 0.475242316, 0.405872827, 0.305631011, 0.194370989, 0.094129173,
        0.024759684, 2e-06],
    ),
    (
        "OneCycleLR",
        {
            "max_lr": 0.5, "epochs": 5, "steps_per_epoch": 2, "anneal_strategy": "linear",
            "pct_start": 0.4, "three_phase": True,
        },
        [0.02, 0.18, 0.34, 0.5, 0.34, 0.18, 0.02, 0.013334, 0.006668, 2e-06],
    ),
    (
        "CyclicLR",
        {"base_lr": 0.01, "max_lr": 0.09, "step_size_up": 2},
        [0.01, 0.05, 0.09, 0.05, 0.01, 0.05, 0.09],
    ),
    (
        "CyclicLR",
        {
            "base_lr": 0.01, "max_lr": 0.09, "step_size_up": 2, "step_size_down": 4,
            "mode": "triangular2",
        },
        [0.01, 0.05, 0.09, 0.07, 0.05, 0.03, 0.01, 0.03, 0.05, 0.04, 0.03, 0.02, 0.01],
    ),
    (
        "CyclicLR",
        {"base_lr": 0.01, "max_lr": 0.09, "step_size_up": 2, "mode": "exp_range", "gamma": 0.5},
        [0.01, 0.03, 0.03, 0.015, 0.01, 0.01125, 0.01125],
    ),
    (
        "SWALR",
        {"swa_lr": 0.02, "anneal_epochs": 4},
        [0.1, 0.0882842712, 0.06, 0.0317157288, 0.02, 0.02],
    ),
    (
        "SWALR",
        {"swa_lr": 0.02, "anneal_epochs": 2, "anneal_strategy": "linear"},
        [0.1, 0.06, 0.02, 0.02],
    ),
    ("LambdaLR", {"lr_lambda": lambda n: 1 / (n + 1)}, [0.1, 0.05, 0.0333333333, 0.025, 0.02]),
    (
        "MultiplicativeLR",
        {"lr_lambda": lambda n: 1 / (n + 1)},
        [0.1, 0.05, 0.0166666667, 0.0041666667, 0.0008333333],
    ),
    ("Sequential", {}, [0.01, 0.04, 0.07, 0.1, 0.0853553391, 0.05, 0.05, 0.05, 0.1, 0.1]),
    ("Chained", {}, [0.01, 0.009, 0.081, 0.0729, 0.06561, 0.059049]),
]  # fmt: skip
NAMES = [f"{name}-{i}" for i, (name, _, _) in enumerate(RATES)]

MOMENTA = {
    8: [
        0.95,
        0.9,
        0.85,
        0.8549515566,
        0.8688255099,
        0.8888739533,
        0.9111260467,
        0.9311744901,
        0.9450484434,
        0.95,
    ],
    9: [0.95, 0.9166666667, 0.8833333333, 0.85, 0.8833333333, 0.9166666667, 0.95, 0.95, 0.95, 0.95],
    11: [0.9, 0.85, 0.8, 0.825, 0.85, 0.875, 0.9, 0.875, 0.85, 0.8625, 0.875, 0.8875, 0.9],
    12: [0.9, 0.875, 0.875, 0.89375, 0.9, 0.8984375, 0.8984375],
}
"""What the schedules of those numbers do to the momentum."""


def schedule(name: str, optimizer: Optimizer, options: dict[str, Any]) -> Any:
    s = lr_scheduler
    if name == "SWALR":
        return swa_utils.SWALR(optimizer, **options)
    if name == "Sequential":
        parts = [s.LinearLR(optimizer, 0.1, total_iters=3), s.CosineAnnealingLR(optimizer, 4)]
        return s.SequentialLR(optimizer, [*parts, s.ConstantLR(optimizer, 0.5, 2)], [3, 6])
    if name == "Chained":
        parts = [s.ConstantLR(optimizer, 0.1, 2), s.ExponentialLR(optimizer, 0.9)]
        return s.ChainedScheduler(parts)
    return getattr(s, name)(optimizer, **options)


def sgd(lr: Any = 0.1) -> SGD:
    return SGD([fe.nn.Parameter(fe.ones(1))], lr=lr)


def rates(optimizer: Optimizer, scheduler: Any, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(("name", "options", "wanted"), RATES, ids=NAMES)
def test_rates(name: str, options: dict[str, Any], wanted: list[float]) -> None:
    optimizer = sgd()
    scheduler = schedule(name, optimizer, options)
    assert rates(optimizer, scheduler, len(wanted) - 1) == pytest.approx(wanted[:-1], abs=LAST)
    assert scheduler.get_last_lr() == pytest.approx(wanted[-1:], abs=LAST)


@pytest.mark.parametrize(("name", "options", "wanted"), RATES, ids=NAMES)
def test_a_rate_that_is_a_tensor_stays_that_tensor(
    name: str, options: dict[str, Any], wanted: list[float]
) -> None:
    lr = fe.tensor(0.1, dtype=fe.float64)
    optimizer = sgd(lr)
    scheduler = schedule(name, optimizer, options)
    assert rates(optimizer, scheduler, len(wanted)) == pytest.approx(wanted, abs=LAST)
    assert optimizer.param_groups[0]["lr"] is lr
    assert scheduler.get_last_lr()[0] is not lr


@pytest.mark.parametrize("make", [sgd, lambda: Adam([fe.nn.Parameter(fe.ones(1))], lr=0.1)])
@pytest.mark.parametrize("number", MOMENTA)
def test_momenta(make: Callable[[], Optimizer], number: int) -> None:
    name, options, _ = RATES[number]
    optimizer = make()
    scheduler = schedule(name, optimizer, options)
    group, found = optimizer.param_groups[0], []
    for _ in MOMENTA[number]:
        found.append(group["betas"][0] if "betas" in group else group["momentum"])
        optimizer.step()
        if len(found) < len(MOMENTA[number]):
            scheduler.step()
    assert found == pytest.approx(MOMENTA[number], abs=LAST)


@pytest.mark.parametrize(("name", "options", "wanted"), RATES, ids=NAMES)
def test_a_schedule_can_be_continued(
    name: str, options: dict[str, Any], wanted: list[float], tmp_path: Any
) -> None:
    half = len(wanted) // 2
    first = sgd()
    scheduler = schedule(name, first, options)
    rates(first, scheduler, half)
    fe.save({"o": first.state_dict(), "s": scheduler.state_dict()}, tmp_path / "state.safetensors")
    saved = fe.load(tmp_path / "state.safetensors")
    second = sgd(0.7)
    again = schedule(name, second, options)
    second.load_state_dict(saved["o"])
    again.load_state_dict(saved["s"])
    found = rates(second, again, len(wanted) - half - 1)
    found += [float(r) for r in again.get_last_lr()]
    assert found == pytest.approx(wanted[half:], abs=LAST)


class TestPlateau:
    def test_rates(self) -> None:
        optimizer = sgd()
        scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5, cooldown=1)
        found = [0.1]
        for metric in (1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.5):
            scheduler.step(metric)
            found += scheduler.get_last_lr()
        assert found == [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025]

    def test_upwards(self) -> None:
        optimizer = sgd()
        scheduler = lr_scheduler.ReduceLROnPlateau(
            optimizer, "max", threshold=0.1, threshold_mode="abs", patience=0, min_lr=0.002
        )
        found = []
        for metric in (1.0, 1.2, 1.25, 1.25, 1.4, 1.4):
            scheduler.step(fe.tensor(metric))
            found += scheduler.get_last_lr()
        assert found == pytest.approx([0.1, 0.1, 0.01, 0.002, 0.002, 0.002])

    def test_state(self, tmp_path: Any) -> None:
        first, second = sgd(), sgd()
        schedules = [lr_scheduler.ReduceLROnPlateau(o, patience=2) for o in (first, second)]
        schedules[0].step(math.inf)  # nothing was better so far
        schedules[0].step(1.0)
        schedules[0].step(1.0)
        schedules[0].step(1.0)
        fe.save(schedules[0].state_dict(), tmp_path / "state.safetensors")
        schedules[1].load_state_dict(fe.load(tmp_path / "state.safetensors"))
        schedules[1].step(1.0)
        assert schedules[1].get_last_lr() == pytest.approx([0.01])

    def test_nan_is_no_improvement(self) -> None:
        scheduler = lr_scheduler.ReduceLROnPlateau(sgd(), patience=0, factor=0.5)
        scheduler.step(1.0)
        scheduler.step(math.nan)
        assert scheduler.get_last_lr() == [0.05]


def test_cosine_ends_where_it_should_after_very_many_steps() -> None:
    optimizer = sgd()
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=2000, eta_min=0.001)
    rates(optimizer, scheduler, 2000)
    assert scheduler.get_last_lr() == pytest.approx([0.001], rel=1e-9)


@pytest.mark.parametrize("epoch", [0, 1.5, 2, 5.999, 6, 13.25, 14, 500])
def test_warm_restarts_at_a_fraction(epoch: float) -> None:
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(sgd(), T_0=2, T_mult=2)
    scheduler.step(epoch)
    start, length = 0, 2
    while epoch >= start + length:
        start, length = start + length, length * 2
    height = (1 + math.cos(math.pi * (epoch - start) / length)) / 2
    assert scheduler.get_last_lr() == pytest.approx([0.1 * height])
