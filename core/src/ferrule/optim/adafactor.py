"""Adafactor."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, CheckpointError
from ferrule.optim.optimizer import Optimizer, State
from ferrule.optim.options import Group, check_range, given, rate
from ferrule.tensor import Tensor


class Adafactor(Optimizer):
    """Adaptive steps whose second moments are kept as one row and one column per matrix; see
    ``fe.ops.adafactor_step`` for the equations.

    State: ``step``, and ``row_var`` and ``col_var``, or ``variance`` where the parameter has less
    than two dims.

    Args:
        params: tensors, or groups: dicts of ``"params"`` and options. Complex ones are refused.
        lr: the greatest relative step; a number or a tensor.
        beta2_decay: the power of the step's number that is the weight of a new square.
        eps: the least mean of squares, the parameter's precision if None; and the least size of a
            parameter.
        d: the size from which on updates are clipped.
        weight_decay: as that of `AdamW`.
        maximize: climb instead of descend.
        foreach: PyTorch's; it cannot be True.

    Source: Shazeer, Stern, arXiv:1804.04235.
    """

    complex_params = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        eps, d, decay = group["eps"], group["d"], group["beta2_decay"]
        if not isinstance(eps, (tuple, list)) or len(eps) != 2:
            raise ArgumentError(f"Adafactor: eps must be two numbers, not {eps!r}")
        if eps[0] is not None:
            check_range("Adafactor", "eps[0]", eps[0])
        check_range("Adafactor", "eps[1]", eps[1])
        check_range("Adafactor", "weight_decay", group["weight_decay"])
        if not isinstance(decay, Real) or not float(decay) <= 0.0:
            raise ArgumentError(f"Adafactor: beta2_decay must be at most 0, not {decay!r}")
        if not isinstance(d, Real) or not float(d) >= 1.0:
            raise ArgumentError(f"Adafactor: d must be at least 1, not {d!r}")

    def _updated(self, p: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if group["eps"][0] is None:  # of the parameter's own dtype, which update() may not see
            group = {**group, "eps": (float(fe.finfo(p.dtype).eps), group["eps"][1])}
        return super()._updated(p, grad, state, group)

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        if not state:
            state["step"] = fe.zeros((), dtype=fe.int64, device=param.device)
            for key, shape in _shapes(param).items():
                state[key] = fe.zeros(shape, dtype=param.dtype, device=param.device)
        step = state["step"] + 1
        eps1, eps2 = group["eps"]
        param, *found = ops.adafactor_step(
            param, grad, rate(group, param), step,
            state.get("row_var"), state.get("col_var"), state.get("variance"),
            beta2_decay=group["beta2_decay"], eps1=eps1, eps2=eps2, d=group["d"],
            **given(group, "weight_decay", "maximize"),
        )  # fmt: skip
        state.update(zip(_shapes(param), found), step=step)
        return param

    def _restored(self, p: Tensor, number: int, key: str, value: Any) -> Any:
        if key in self.numbers:
            return super()._restored(p, number, key, value)
        found = fe.as_tensor(value).detach()
        wanted = _shapes(p).get(key)
        if found.shape != wanted:
            raise CheckpointError(
                f"Adafactor.load_state_dict: {key!r} of parameter {number} is {found._type}, and "
                f"the parameter is {p._type}; build the same model that was saved"
            )
        return found.to(device=p.device, dtype=p.dtype)


def _shapes(param: Tensor) -> dict[str, tuple[int, ...]]:
    """The tensors of the state, and their shapes."""
    shape = param.shape
    if len(shape) < 2:
        return {"variance": shape}
    return {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, shape[-1])}
