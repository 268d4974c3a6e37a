"""What schedules share: groups, resuming, warnings, errors."""

from typing import Any

import pytest

import ferrule as fe
from ferrule.optim import SGD, Adagrad, lr_scheduler, swa_utils


def sgd(*rates: float) -> SGD:
    groups = [{"params": [fe.nn.Parameter(fe.ones(1))], "lr": lr} for lr in rates or (0.1,)]
    return SGD(groups)


def test_groups_keep_their_proportions() -> None:
    optimizer = sgd(0.1, 0.4)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    optimizer.step()
    scheduler.step()
    assert [g["lr"] for g in optimizer.param_groups] == [0.05, 0.2]
    assert [g["initial_lr"] for g in optimizer.param_groups] == [0.1, 0.4]
    assert scheduler.base_lrs == [0.1, 0.4]


def test_one_function_per_group() -> None:
    optimizer = sgd(0.1, 0.4)
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda n: n + 1, lambda n: 1.0])
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.2, 0.4]


def test_the_last_rates_do_not_follow_the_tensor() -> None:
    lr = fe.tensor(0.1, dtype=fe.float64)
    optimizer = SGD([fe.nn.Parameter(fe.ones(1))], lr=lr)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    before = scheduler.get_last_lr()
    optimizer.step()
    scheduler.step()
    assert float(before[0]) == 0.1
    assert float(scheduler.base_lrs[0]) == 0.1
    assert lr.item() == 0.05


def test_going_on_from_a_step() -> None:
    optimizer = sgd()
    optimizer.param_groups[0].update(initial_lr=0.1, lr=0.025)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.5, last_epoch=2)
    assert scheduler.last_epoch == 3
    assert scheduler.get_last_lr() == [0.025]
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.0125]


def test_going_on_without_a_first_rate() -> None:
    with pytest.raises(fe.ArgumentError, match="last_epoch is 2, and group 0 has no 'initial_lr'"):
        lr_scheduler.ExponentialLR(sgd(), gamma=0.5, last_epoch=2)


def test_a_step_ahead_of_the_optimizer_warns() -> None:
    optimizer = sgd()
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match="before optimizer.step"):
        scheduler.step()


def test_a_given_epoch_is_deprecated_and_uses_the_closed_form() -> None:
    optimizer = sgd()
    for name, options, wanted in (
        ("StepLR", {"step_size": 2}, 0.1 * 0.1**2),
        ("MultiStepLR", {"milestones": [1, 5, 9]}, 0.1 * 0.1**2),
        ("ConstantLR", {"total_iters": 9, "factor": 0.5}, 0.05),
        ("LinearLR", {"total_iters": 10, "start_factor": 0.5}, 0.1 * 0.75),
        ("ExponentialLR", {"gamma": 0.5}, 0.1 * 0.5**5),
        ("PolynomialLR", {"total_iters": 10}, 0.05),
        ("CosineAnnealingLR", {"T_max": 10}, 0.05),
    ):
        optimizer = sgd()
        scheduler = getattr(lr_scheduler, name)(optimizer, **options)
        optimizer.step()
        with pytest.warns(UserWarning, match="deprecated"):
            scheduler.step(5)
        assert scheduler.get_last_lr() == pytest.approx([wanted]), name


def test_objects_with_attributes_are_saved_and_functions_are_not() -> None:
    class Factor:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        def __call__(self, n: float) -> float:
            return self.factor

    def none(n: float) -> float:
        return 1.0

    optimizer = sgd(0.1, 0.1)
    state = lr_scheduler.LambdaLR(optimizer, [Factor(0.5), none]).state_dict()
    assert state["lr_lambdas"] == [{"factor": 0.5}, None]
    other = lr_scheduler.LambdaLR(optimizer, [Factor(0.7), none])
    other.load_state_dict(state)
    assert other.lr_lambdas[0](0) == 0.5
    assert state["lr_lambdas"] == [{"factor": 0.5}, None]
    cyclic = lr_scheduler.CyclicLR(optimizer, 0.1, 0.2, scale_fn=Factor(0.5))
    again = lr_scheduler.CyclicLR(optimizer, 0.1, 0.2, scale_fn=Factor(0.7))
    again.load_state_dict(cyclic.state_dict())
    assert again.scale_fn(1) == 0.5


def test_the_keys_are_pytorchs() -> None:
    keys = {"base_lrs", "last_epoch", "_step_count", "_is_initial", "_last_lr"}
    keys |= {"_get_lr_called_within_step"}
    assert lr_scheduler.StepLR(sgd(), 3).state_dict().keys() == keys | {"step_size", "gamma"}


def test_a_group_that_was_added_later() -> None:
    optimizer = sgd()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    optimizer.add_param_group({"params": [fe.nn.Parameter(fe.ones(1))], "lr": 0.2})
    scheduler.step(1.0)
    scheduler.step(1.0)
    assert scheduler.get_last_lr() == [0.05, 0.1]
    fixed = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5, min_lr=[0.01, 0.01])
    optimizer.add_param_group({"params": [fe.nn.Parameter(fe.ones(1))]})
    fixed.step(1.0)
    with pytest.raises(fe.ArgumentError, match="now has 3 groups"):
        fixed.step(1.0)


def test_a_schedule_of_ones_own() -> None:
    class Halves(lr_scheduler.LRScheduler):
        def get_lr(self) -> list[Any]:
            return [base / 2**self.last_epoch for base in self.base_lrs]

    optimizer = sgd()
    scheduler = Halves(optimizer)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.05]
    with pytest.raises(NotImplementedError, match="get_lr"):
        lr_scheduler.LRScheduler(optimizer)


OPTIMIZER = sgd(0.1, 0.2)
s: Any = lr_scheduler
swa: Any = swa_utils.SWALR


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: s.StepLR("sgd", 3), "takes an optimizer, not str"),
        (lambda: s.CyclicLR(None, 0.1, 0.2), "takes an optimizer, not NoneType"),
        (lambda: s.ConstantLR(OPTIMIZER, factor=1.5), "factor must be from 0 to 1"),
        (lambda: s.LinearLR(OPTIMIZER, start_factor=0.0), "start_factor must be above 0"),
        (lambda: s.LinearLR(OPTIMIZER, end_factor=-1.0), "end_factor must be from 0 to 1"),
        (lambda: s.LambdaLR(OPTIMIZER, [len]), "lr_lambda has 1 values, .* has 2 groups"),
        (lambda: s.MultiplicativeLR(OPTIMIZER, 0.5), "lr_lambda must be a function, not 0.5"),
        (lambda: s.CosineAnnealingWarmRestarts(OPTIMIZER, 0), "T_0 must be an int of at least 1"),
        (lambda: s.CosineAnnealingWarmRestarts(OPTIMIZER, 2, 0.5), "T_mult must be an int"),
        (lambda: s.OneCycleLR(OPTIMIZER, 0.1), "give total_steps, or both"),
        (lambda: s.OneCycleLR(OPTIMIZER, 0.1, 0), "total_steps must be an int above 0"),
        (lambda: s.OneCycleLR(OPTIMIZER, 0.1, 9, pct_start=2.0), "pct_start must be a float"),
        (lambda: s.OneCycleLR(OPTIMIZER, 0.1, 9, anneal_strategy="log"), "must be 'cos' or"),
        (lambda: s.OneCycleLR(OPTIMIZER, [0.1], 9), "max_lr has 1 values"),
        (lambda: s.CyclicLR(OPTIMIZER, 0.1, 0.2, mode="square"), "mode must be 'triangular'"),
        (lambda: s.ReduceLROnPlateau(OPTIMIZER, factor=1.0), "factor must be below 1"),
        (lambda: s.ReduceLROnPlateau(OPTIMIZER, "least"), "mode must be 'min' or 'max'"),
        (lambda: s.ReduceLROnPlateau(OPTIMIZER, threshold_mode="x"), "must be 'rel' or 'abs'"),
        (lambda: s.SequentialLR(OPTIMIZER, [], []), "needs at least one scheduler"),
        (
            lambda: s.SequentialLR(OPTIMIZER, [s.StepLR(OPTIMIZER, 1)], [3]),
            "1 schedulers and 1 milestones",
        ),
        (
            lambda: s.ChainedScheduler([s.StepLR(OPTIMIZER, 1), s.StepLR(sgd(), 1)]),
            "scheduler 1 .StepLR. belongs to another optimizer",
        ),
        (
            lambda: s.ChainedScheduler([s.ReduceLROnPlateau(OPTIMIZER)]),
            "ReduceLROnPlateau, whose step.. needs a metric",
        ),
        (
            lambda: s.SequentialLR(
                OPTIMIZER,
                [s.LinearLR(OPTIMIZER), s.ChainedScheduler([s.StepLR(OPTIMIZER, 2)])],
                [1],
            ),
            "scheduler 1 is a ChainedScheduler, which cannot take over",
        ),
        (lambda: s.StepLR(OPTIMIZER, 0), "StepLR: step_size must be .* at least 1, not 0"),
        (lambda: s.CosineAnnealingLR(OPTIMIZER, 0), "T_max must be .* at least 1, not 0"),
        (lambda: swa(OPTIMIZER, 0.1, anneal_epochs=-1), "anneal_epochs must be"),
        (lambda: swa(OPTIMIZER, 0.1, anneal_strategy="log"), "must be 'cos' or"),
    ],
)
def test_errors(make: Any, said: str) -> None:
    with pytest.raises(fe.ArgumentError, match=said):
        make()


def test_no_momentum_to_cycle() -> None:
    optimizer = Adagrad([fe.nn.Parameter(fe.ones(1))])
    with pytest.raises(fe.ArgumentError, match="Adagrad has neither momentum nor betas"):
        s.OneCycleLR(optimizer, 0.1, 10)
    s.OneCycleLR(optimizer, 0.1, 10, cycle_momentum=False)


def test_the_schedule_has_ended() -> None:
    optimizer = sgd()
    scheduler = s.OneCycleLR(optimizer, 0.1, 2)
    optimizer.step()
    scheduler.step()
    scheduler.step()
    with pytest.raises(fe.ArgumentError, match="step 3, and total_steps is 2"):
        scheduler.step()
