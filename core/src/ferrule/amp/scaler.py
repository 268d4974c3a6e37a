"""Keeping gradients in the range of float16."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.amp.casting import HALVES
from ferrule.errors import ArgumentError, CheckpointError, DTypeError, GraphError
from ferrule.tensor import Tensor
from ferrule_plugins import Device
from ferrule_plugins.dtypes import float16


class _Pending:
    """What happened to an optimizer's gradients since the last `GradScaler.update`.

    Attributes:
        finite: for each device, whether all its gradients are, as a tensor.
        stepped: whether `GradScaler.step` was called.
    """

    def __init__(self, finite: list[Tensor]) -> None:
        self.finite = finite
        self.stepped = False
        self._bad: bool | None = None

    @property
    def bad(self) -> bool:
        """Whether there is an infinity or a NaN. Reads one value from each device, once."""
        if self._bad is None:
            self._bad = not all(x.item() for x in self.finite)
        return self._bad


class GradScaler:
    """Multiplies the loss, so that small gradients do not vanish in float16, and divides the
    gradients again. A step whose gradients are not finite is left out, and the scale lowered::

        scaler = fe.amp.GradScaler()
        with fe.amp.autocast("cuda", dtype=fe.float16):
            loss = loss_fn(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    bfloat16 has the range of float32 and needs none of this.

    Args:
        device: understood for PyTorch's sake; the scale is where the tensors are.
        init_scale: the scale to begin with.
        growth_factor: by what it grows after ``growth_interval`` steps without infinity or NaN.
        backoff_factor: by what it shrinks after a step with one.
        growth_interval: see there.
        enabled: False makes every method do nothing but step the optimizer.

    Source: Micikevicius et al., "Mixed precision training", arXiv:1710.03740.
    """

    def __init__(
        self,
        device: Any = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._enabled = bool(enabled)
        self._scale = _positive("init_scale", init_scale)
        self.set_growth_factor(growth_factor)
        self.set_backoff_factor(backoff_factor)
        self.set_growth_interval(growth_interval)
        self._growth_tracker = 0
        self._pending: dict[int, tuple[Any, _Pending]] = {}

    def scale(self, outputs: Any) -> Any:
        """``outputs`` times the scale: a tensor, or a list, tuple or other iterable of such."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if outputs.dtype in HALVES:  # which the scale itself may not fit in
                return (outputs.float() * self._scale).to(outputs.dtype)
            return outputs * self._scale
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(x) for x in outputs])
        if hasattr(outputs, "__iter__") and not isinstance(outputs, (str, Mapping)):
            return map(self.scale, outputs)
        raise ArgumentError(
            f"GradScaler.scale: takes a tensor or an iterable of tensors, not {outputs!r}"
        )

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, to clip or look at them.
        `step` does it otherwise.

        Raises:
            GraphError: it was done already since the last `update`, or there are no gradients.
            DTypeError: a gradient is float16, where small ones have vanished.
        """
        if not self._enabled:
            return
        before = self._of(optimizer)
        if before is not None:
            what = "step() was called" if before.stepped else "unscale_() was called already"
            raise GraphError(
                f"GradScaler.unscale_: {what} for this {type(optimizer).__name__} since the last "
                "update(); call update() at the end of each iteration"
            )
        self._pending[id(optimizer)] = optimizer, self._unscaled(optimizer)

    def _unscaled(self, optimizer: Any) -> _Pending:
        params = [
            p for group in optimizer.param_groups for p in group["params"] if p.grad is not None
        ]
        if not params:
            raise GraphError(
                f"GradScaler: no parameter of this {type(optimizer).__name__} has a gradient; call "
                "scaler.scale(loss).backward() first"
            )
        for p in params:
            if p.grad.dtype is float16:
                raise DTypeError(
                    f"GradScaler: a gradient is {p.grad._type}, where what the scale keeps from "
                    "vanishing would vanish again; keep the parameters in float32, model.float(), "
                    "and let autocast convert them"
                )
        inverse = float(np.float32(1.0 / self._scale))
        finite: dict[Device, list[Tensor]] = {}
        with fe.no_grad():
            for p in params:
                p.grad = grad = p.grad * inverse
                finite.setdefault(grad.device, []).append(fe.isfinite(grad).all())
            return _Pending([fe.stack(each).all() for each in finite.values()])

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)`` with unscaled gradients, or nothing if one of them is
        not finite.

        Returns:
            What the optimizer's step returned; None if it was left out.

        Raises:
            GraphError: as `unscale_`, or it was called already since the last `update`.
            ArgumentError: a closure was given, whose gradients would not be scaled.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if kwargs.get("closure") is not None or any(callable(a) for a in args):
            raise ArgumentError(
                "GradScaler.step: a closure computes gradients that are not scaled; step without "
                "one, or use bfloat16 and no scaler"
            )
        pending = self._of(optimizer)
        if pending is None:
            pending = self._unscaled(optimizer)
            self._pending[id(optimizer)] = optimizer, pending
        elif pending.stepped:
            raise GraphError(
                f"GradScaler.step: step() was called already for this {type(optimizer).__name__} "
                "since the last update(); call update() at the end of each iteration"
            )
        pending.stepped = True
        return None if pending.bad else optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Move the scale: down if some gradient was not finite since the last call, up if none was
        for ``growth_interval`` calls; or set it.

        Raises:
            GraphError: no gradients were unscaled since the last call.
        """
        if not self._enabled:
            return
        bad = [pending.bad for _, pending in self._pending.values()]
        if new_scale is not None:
            self._scale = _positive(
                "new_scale", new_scale.item() if isinstance(new_scale, Tensor) else new_scale
            )
        elif not self._pending:
            raise GraphError("GradScaler.update: call step(optimizer) or unscale_(optimizer) first")
        elif any(bad):
            self._scale = float(np.float32(self._scale * self._backoff_factor))
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._growth_tracker = 0
                grown = self._scale * self._growth_factor
                if grown <= float(np.finfo(np.float32).max):
                    self._scale = float(np.float32(grown))
        self._pending.clear()

    def found_inf(self, optimizer: Any) -> bool:
        """Whether this optimizer's gradients, unscaled since the last `update`, are not finite."""
        pending = self._of(optimizer)
        return pending is not None and pending.bad

    def _of(self, optimizer: Any) -> _Pending | None:
        found = self._pending.get(id(optimizer))
        return None if found is None else found[1]

    def get_scale(self) -> float:
        """The scale; 1 if not enabled."""
        return self._scale if self._enabled else 1.0

    def is_enabled(self) -> bool:
        return self._enabled

    def get_growth_factor(self) -> float:
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        if not 1.0 < new_factor < math.inf:
            raise ArgumentError(f"GradScaler: growth_factor must be above 1, not {new_factor!r}")
        self._growth_factor = float(new_factor)

    def get_backoff_factor(self) -> float:
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        if not 0.0 < new_factor < 1.0:
            raise ArgumentError(
                f"GradScaler: backoff_factor must lie between 0 and 1, not {new_factor!r}"
            )
        self._backoff_factor = float(new_factor)

    def get_growth_interval(self) -> int:
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        if not isinstance(new_interval, int) or new_interval < 1:
            raise ArgumentError(
                f"GradScaler: growth_interval must be an int of 1 or more, not {new_interval!r}"
            )
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """PyTorch's keys; empty if not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises:
            CheckpointError: it lacks a key, as that of a scaler that was not enabled does; nothing
                was changed.
        """
        if not self._enabled:
            return
        missing = self.state_dict().keys() - state_dict.keys()
        if missing:
            raise CheckpointError(
                f"GradScaler.load_state_dict: {sorted(missing)[0]!r} is missing; a scaler that was "
                "not enabled has no state: load none, or GradScaler(enabled=False)"
            )
        scale = _positive("scale", state_dict["scale"])
        self.set_growth_factor(state_dict["growth_factor"])
        self.set_backoff_factor(state_dict["backoff_factor"])
        self.set_growth_interval(state_dict["growth_interval"])
        self._scale = scale
        self._growth_tracker = int(state_dict["_growth_tracker"])


def _positive(name: str, value: Any) -> float:
    found = float(np.float32(value))
    if not 0.0 < found < math.inf:
        raise ArgumentError(f"GradScaler: {name} must be above 0 and finite, not {value!r}")
    return found
