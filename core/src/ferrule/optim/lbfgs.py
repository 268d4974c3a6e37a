"""L-BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.optim.line_search import Point, strong_wolfe
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range
from ferrule.tensor import Tensor


class LBFGS(Optimizer):
    """A quasi-Newton method, with the inverse Hessian in the form of the last changes of
    parameters and gradient. One `step` makes several iterations.

    State, that of the first parameter: ``func_evals``, ``n_iter``, ``d`` (the direction), ``t``
    (the step length), ``old_dirs`` (changes of the gradient), ``old_stps`` (of the parameters),
    ``ro`` (one over their products), ``H_diag``, ``prev_flat_grad``, ``prev_loss``.

    Args:
        params: tensors on one device, in one group.
        lr: the step length; with a line search, that which is tried first.
        max_iter: the most iterations per step.
        max_eval: the most evaluations of the closure per step; ``1.25 * max_iter`` if None.
        tolerance_grad: stop where no element of the gradient is larger.
        tolerance_change: stop where neither parameters nor loss change by more.
        history_size: how many changes are kept.
        line_search_fn: ``"strong_wolfe"``, or None for steps of the length ``lr``.

    Source: Liu, Nocedal, Mathematical Programming 45 (1989).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        options = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        for option in ("max_iter", "max_eval", "tolerance_grad", "tolerance_change"):
            check_range("LBFGS", option, group[option])
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ArgumentError(
                "LBFGS: line_search_fn must be None or 'strong_wolfe', not "
                f"{group['line_search_fn']!r}"
            )

    def add_param_group(self, param_group: Group) -> None:
        if self.param_groups:
            raise ArgumentError(
                "LBFGS: there can be only one group of parameters, because it takes one step for "
                "all of them"
            )
        super().add_param_group(param_group)

    # Python's rules for overriding ask for an optional closure
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to ``max_iter`` iterations.

        Args:
            closure: computes the loss anew, with its gradients. It is called many times.

        Returns:
            What the closure returned before the first iteration.
        """
        if closure is None:
            raise ArgumentError(
                "LBFGS.step: needs a closure that clears the gradients, computes the loss, calls "
                "backward() and returns the loss"
            )
        group = self.param_groups[0]
        with fe.no_grad():
            return self._iterate(closure, group, self.state[group["params"][0]])

    def _iterate(self, closure: Callable[[], Any], group: Group, state: State) -> Any:
        lr = float(group["lr"])
        first = self._loss(closure)
        loss, gradient = float(first), self._gradient()
        state["func_evals"] = state.get("func_evals", 0) + 1
        state.setdefault("n_iter", 0)
        evaluations = 1
        if _largest(gradient) <= group["tolerance_grad"]:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d = -gradient
                t = min(1.0, 1.0 / float(gradient.abs().sum())) * lr
                state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            else:
                self._remember(gradient, state, group["history_size"])
                d, t = _direction(gradient, state), lr
            before = loss
            state.update(d=d, t=t, prev_flat_grad=gradient, prev_loss=before)
            slope = float(gradient @ d)
            if slope > -group["tolerance_change"]:
                break
            spent = 0
            if group["line_search_fn"] is not None:
                start = Point(0.0, loss, gradient, slope)
                point, spent = self._search(closure, start, t, d, group, evaluations)
                t, loss, gradient = point.t, point.loss, point.gradient
                state["t"] = t
                self._move(d, t)
            else:
                self._move(d, t)
                if iteration < group["max_iter"]:  # nobody would look at the last one
                    loss, gradient, spent = float(self._loss(closure)), self._gradient(), 1
            evaluations += spent
            state["func_evals"] += spent
            if (
                evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(d * t) <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first

    def _search(
        self, closure: Callable[[], Any], start: Point, t: float, d: Tensor, group: Group,
        evaluations: int,
    ) -> tuple[Point, int]:  # fmt: skip
        params = group["params"]
        origin = [p.detach() for p in params]

        def evaluate(t: float) -> Point:
            self._move(d, t)
            loss, gradient = float(self._loss(closure)), self._gradient()
            for p, value in zip(params, origin):
                p._rebind("step", value)
            return Point(t, loss, gradient, float(gradient @ d))

        return strong_wolfe(
            evaluate, start, t, _largest(d),
            max_iterations=max(group["max_eval"] - evaluations, 0),
        )  # fmt: skip

    @staticmethod
    def _remember(gradient: Tensor, state: State, size: int) -> None:
        """Add the last step's change to the history, unless its curvature is not positive."""
        y = gradient - state["prev_flat_grad"]
        s = state["d"] * state["t"]
        ys = y @ s
        if float(ys) > 1e-10:
            for key, value in (("old_dirs", y), ("old_stps", s), ("ro", 1.0 / ys)):
                # a new list: state dicts that were handed out do not change
                kept = state[key][1:] if len(state[key]) == size else state[key]
                state[key] = [*kept, value]
            state["H_diag"] = ys / (y @ y)

    @staticmethod
    def _loss(closure: Callable[[], Any]) -> Any:
        with fe.enable_grad():
            return closure()

    def _gradient(self) -> Tensor:
        """All gradients, one after the other."""
        parts = []
        for p in self._all():
            g = fe.zeros_like(p) if p.grad is None else p.grad.detach()
            parts.append((fe.view_as_real(g) if g.dtype.is_complex else g).reshape(-1))
        return fe.cat(parts)

    def _move(self, d: Tensor, t: float) -> None:
        """Add ``t * d`` to the parameters."""
        start = 0
        for p in self._all():
            shape = (*p.shape, 2) if p.dtype.is_complex else p.shape
            size = math.prod(shape)
            part = d[start : start + size].reshape(shape) * t
            part = fe.view_as_complex(part) if p.dtype.is_complex else part
            p._rebind("step", p + part)
            start += size

    def _restored(self, p: Tensor, number: int, key: str, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._restored(p, number, key, v) for v in value]
        if not isinstance(value, (Tensor, np.ndarray)):
            return value
        kept = fe.as_tensor(value).detach()
        dtype = fe.view_as_real(p.detach()).dtype if p.dtype.is_complex else p.dtype
        return kept.to(device=p.device, dtype=dtype)


def _direction(gradient: Tensor, state: State) -> Tensor:
    """The inverse Hessian times the downward gradient, by two loops over the history."""
    changes = list(zip(state["old_dirs"], state["old_stps"], state["ro"]))
    q = -gradient
    weights = []
    for y, s, ro in reversed(changes):
        weights.append((s @ q) * ro)
        q = q - y * weights[-1]
    r = q * state["H_diag"]
    for (y, s, ro), weight in zip(changes, reversed(weights)):
        r = r + s * (weight - (y @ r) * ro)
    return r


def _largest(x: Tensor) -> float:
    return float(x.abs().max())
