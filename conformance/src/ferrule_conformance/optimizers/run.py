"""Running an optimizer: on any device and in any dtype with the same numbers."""

from __future__ import annotations

import numpy as np

import ferrule as fe
from ferrule_conformance.call import Array, host, widen
from ferrule_conformance.case import Case
from ferrule_conformance.optimizers import Configuration
from ferrule_plugins import Device, DType

STEPS = 5
SHAPES = ((4, 3), (5,), (), (2, 3, 2))
MATRICES = ((6, 4), (3, 5))
"""What `Muon` takes."""

RATE = 0.03
"""In the tensor of options that ask for one."""


def steps(case: Case, device: Device, dtype: DType) -> tuple[list[Array], list[Array]]:
    """The parameters before and after some steps.

    `LBFGS` descends into a curved valley; the others are given random gradients, which shrink.

    Args:
        case: the optimizer, and the dtype in which all numbers can be held.
        device, dtype: where and in what the parameters are.
    """
    assert isinstance(case.study, Configuration)
    rng = case.rng()

    def draw(shape: tuple[int, ...], scale: float = 1.0) -> fe.Tensor:
        drawn = np.asarray(rng.standard_normal(shape) * scale).astype(case.stored.numpy)
        return fe.tensor(widen(drawn).astype(dtype.numpy), device=device)

    name, options = case.study.optimizer, dict(case.study.options)
    if options.get("lr") == "tensor":
        options["lr"] = fe.tensor(RATE, dtype=dtype, device=device)
    shapes = MATRICES if name == "Muon" else SHAPES
    params = [draw(shape).requires_grad_() for shape in shapes]
    start = [host(p) for p in params]
    optimizer = getattr(fe.optim, name)(params, **options)

    def closure() -> fe.Tensor:
        optimizer.zero_grad()
        loss = fe.stack([((p - 0.5) ** 2).sum() + 0.3 * (p**4).sum() for p in params]).sum()
        loss.backward()
        return loss

    for n in range(STEPS):
        for p in params:
            p.grad = draw(p.shape, 0.9**n)
        optimizer.step(closure if name == "LBFGS" else None)
    return start, [host(p) for p in params]
