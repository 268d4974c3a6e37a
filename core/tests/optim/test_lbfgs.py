"""L-BFGS and its line search, against SciPy and the conditions themselves."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import assume, given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import nn
from ferrule.optim import LBFGS
from ferrule.optim.line_search import Point, strong_wolfe


def rosenbrock(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def closure(optimizer: LBFGS, p: nn.Parameter, calls: list[float]) -> Any:
    def evaluate() -> fe.Tensor:
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        calls.append(loss.item())
        return loss

    return evaluate


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("history", [100, 3])
def test_rosenbrock(search: str | None, history: int) -> None:
    start = np.array([-1.2, 1.0, 0.5, 0.8])
    p, calls = nn.Parameter(fe.tensor(start)), []
    optimizer = LBFGS(
        [p], lr=1.0 if search else 0.2, max_iter=400, line_search_fn=search, history_size=history
    )
    first = optimizer.step(closure(optimizer, p, calls))
    assert first.item() == rosenbrock(start)
    wanted = scipy.optimize.minimize(rosenbrock, start, method="BFGS", tol=1e-9).x
    np.testing.assert_allclose(p.detach().numpy(), wanted, atol=1e-4)
    state = optimizer.state[p]
    assert state["func_evals"] == len(calls)
    assert len(state["old_dirs"]) <= history
    if search:
        assert state["n_iter"] < 60


def test_a_quadratic_in_as_many_steps_as_dims() -> None:
    """With exact slopes the history is that of conjugate directions."""
    matrix = np.diag([1.0, 3.0, 10.0])
    a, target = fe.tensor(matrix), fe.tensor([1.0, -2.0, 3.0], dtype=fe.float64)
    p = nn.Parameter(fe.zeros(3, dtype=fe.float64))
    optimizer = LBFGS([p], max_iter=12, line_search_fn="strong_wolfe")

    def evaluate() -> fe.Tensor:
        optimizer.zero_grad()
        d = p - target
        loss = 0.5 * (d @ (a @ d))
        loss.backward()
        return loss

    optimizer.step(evaluate)
    np.testing.assert_allclose(p.detach().numpy(), target.numpy(), atol=1e-5)


def test_several_parameters_and_one_without_a_gradient() -> None:
    a, b, z = nn.Parameter(fe.ones(2, 2)), nn.Parameter(fe.ones(())), nn.Parameter(fe.ones(3))
    c = nn.Parameter(fe.tensor([1.0 + 2.0j]))
    optimizer = LBFGS([a, z, b, c], lr=0.5)

    def evaluate() -> fe.Tensor:
        optimizer.zero_grad()
        loss = (a**2).sum() + (b - 3.0) ** 2 + (c - 2.0j).abs().square().sum()
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(evaluate)
    np.testing.assert_allclose(a.detach().numpy(), 0.0, atol=1e-4)
    np.testing.assert_allclose(b.detach().numpy(), 3.0, atol=1e-4)
    np.testing.assert_allclose(c.detach().numpy(), [2.0j], atol=1e-4)
    assert z.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_run_can_be_continued(search: str | None, tmp_path: Any) -> None:
    start = fe.tensor([-1.2, 1.0, 0.5], dtype=fe.float64)
    options = {"lr": 0.3, "max_iter": 4, "line_search_fn": search}
    whole, part = nn.Parameter(start), nn.Parameter(start)
    straight, first = LBFGS([whole], **options), LBFGS([part], **options)
    straight.step(closure(straight, whole, []))
    first.step(closure(first, part, []))
    fe.save(first.state_dict(), tmp_path / "state.safetensors")
    again = nn.Parameter(part.detach())
    second = LBFGS([again])
    second.load_state_dict(fe.load(tmp_path / "state.safetensors"))
    for _ in range(2):
        straight.step(closure(straight, whole, []))
        second.step(closure(second, again, []))
    np.testing.assert_array_equal(again.detach().numpy(), whole.detach().numpy())


def test_limits() -> None:
    p, calls = nn.Parameter(fe.tensor([-1.2, 1.0], dtype=fe.float64)), []
    optimizer = LBFGS([p], max_iter=50, max_eval=7, line_search_fn="strong_wolfe")
    optimizer.step(closure(optimizer, p, calls))
    assert 7 <= len(calls) <= 8
    assert LBFGS([p], max_iter=10).param_groups[0]["max_eval"] == 12
    still = nn.Parameter(fe.ones(2, dtype=fe.float64))  # the minimum
    optimizer = LBFGS([still])
    optimizer.step(closure(optimizer, still, []))
    assert "n_iter" in optimizer.state[still]
    assert optimizer.state[still]["n_iter"] == 0
    assert still.tolist() == [1.0, 1.0]


def test_errors() -> None:
    p = nn.Parameter(fe.ones(1))
    with pytest.raises(fe.ArgumentError, match="needs a closure"):
        LBFGS([p]).step()
    with pytest.raises(fe.ArgumentError, match="only one group"):
        LBFGS([{"params": [p]}, {"params": [nn.Parameter(fe.ones(1))]}])
    with pytest.raises(fe.ArgumentError, match="line_search_fn must be None or 'strong_wolfe'"):
        LBFGS([p], line_search_fn="armijo")


@given(
    frequency=st.floats(0.1, 10.0),
    shift=st.floats(-3.0, 3.0),
    bowl=st.floats(0.01, 5.0),
    t=st.floats(1e-3, 100.0),
)
def test_the_strong_wolfe_conditions(frequency: float, shift: float, bowl: float, t: float) -> None:
    """Along a wave in a bowl, from a place where it falls."""

    def at(x: float) -> Point:
        wave = frequency * x + shift
        slope = math.cos(wave) + 2 * bowl * x
        return Point(x, math.sin(wave) / frequency + bowl * x * x, fe.tensor([slope]), slope)

    start = at(0.0)
    assume(start.slope < -1e-2)
    calls: list[float] = []

    def evaluate(x: float) -> Point:
        calls.append(x)
        return at(x)

    point, evaluations = strong_wolfe(evaluate, start, t, 1.0)
    assert evaluations == len(calls) <= 26
    assert point.loss <= start.loss
    if evaluations < 26:  # it did not give up
        assert point.loss <= start.loss + 1e-4 * point.t * start.slope
        assert abs(point.slope) <= 0.9 * abs(start.slope)
