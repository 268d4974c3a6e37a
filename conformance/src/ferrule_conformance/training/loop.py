"""Training a model on a device."""

from __future__ import annotations

import numpy as np

import ferrule as fe
from ferrule_conformance import reference_backend
from ferrule_conformance.call import Array, host
from ferrule_conformance.training import Training
from ferrule_conformance.training.data import initial
from ferrule_plugins import Device, DType

SEED = 2024
"""Of what is dropped."""


class Loop:
    """A model in training. It begins with the same numbers everywhere.

    Args:
        training: what is trained, and how.
        device: where.
        dtype: of parameters and data.

    Attributes:
        model: the model.
        optimizer: its optimizer.
        data: what it learns from.
    """

    def __init__(self, training: Training, device: Device, dtype: DType) -> None:
        self.training, self.device, self.dtype = training, device, dtype
        with reference_backend.selected():
            self.model = training.make()
        start = {name: initial(name, host(x)) for name, x in self.model.state_dict().items()}
        self.model.to(device=device, dtype=dtype)
        self.model.load_state_dict({name: self._placed(x) for name, x in start.items()})
        self.data = [self._placed(x) for x in training.data()]
        kind = getattr(fe.optim, training.optimizer)
        self.optimizer: fe.optim.Optimizer = kind(self.model.parameters(), **training.options)

    def step(self) -> fe.Tensor:
        """The loss before this step. Nothing waits for it."""
        self.optimizer.zero_grad()
        loss = self.training.loss(self.model, *self.data)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def losses(self, steps: int) -> Array:
        """The losses before each of so many steps, from the first seed on."""
        with fe.fork_rng([self.device]):
            fe.random.default_generator(self.device).manual_seed(SEED)
            return np.array([host(self.step()) for _ in range(steps)])

    def state(self) -> dict[str, Array]:
        """Parameters and buffers."""
        return {name: host(x) for name, x in self.model.state_dict().items()}

    def _placed(self, array: Array) -> fe.Tensor:
        if array.dtype.kind == "f":
            array = array.astype(self.dtype.numpy)
        return fe.tensor(array, device=self.device)
