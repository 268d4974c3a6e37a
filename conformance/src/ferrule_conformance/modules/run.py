"""Running a configuration of a module: on any device and in any dtype with the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import ferrule as fe
from ferrule_conformance import reference_backend
from ferrule_conformance.call import Array, host, widen
from ferrule_conformance.case import Case
from ferrule_conformance.modules.configuration import Configuration, Input
from ferrule_plugins import Device, DType
from ferrule_plugins.dtypes import CONTINUOUS

RATE = 0.1
"""The learning rate of the steps of training."""

State = dict[str, Array]


class Run:
    """A module on a device, and the arrays that it is called with.

    Args:
        case: its configuration, and the dtype in which all numbers can be held.
        device: where it runs.
        dtype: in which it runs.
        state: its parameters and buffers; without any it keeps those that it was made with.
    """

    def __init__(
        self, case: Case, device: Device, dtype: DType, state: State | None = None
    ) -> None:
        assert isinstance(case.study, Configuration)
        self.case, self.device, self.dtype = case, device, dtype
        self.configuration = case.study
        with reference_backend.selected(case.target.seed):
            self.module: fe.nn.Module = self._made(self.configuration)
        self.module.to(device=device, dtype=dtype)
        if self.configuration.module.startswith("Lazy"):
            self.forward()
        if state is not None:
            self.module.load_state_dict({k: self._placed(v) for k, v in state.items()})

    def forward(self, training: bool = True) -> list[fe.Tensor]:
        """The results, in the order in which they are returned."""
        self.module.train(training)
        self.leaves: dict[str, fe.Tensor] = {}
        rng = self.case.rng(stream=1)
        inputs = [self._input(v, str(i), rng) for i, v in enumerate(self.configuration.inputs)]
        keywords = {k: self._input(v, k, rng) for k, v in self.configuration.keywords.items()}
        with fe.fork_rng([self.device]):
            fe.random.default_generator(self.device).manual_seed(self.case.target.seed)
            return list(_tensors(self.module(*inputs, **keywords)))

    def gradients(self) -> dict[str, Array]:
        """Those of a weighted sum of the results in training, by inputs and by parameters."""
        self._backward()
        leaves = {**self.leaves, **dict(self.module.named_parameters())}
        return {name: host(x.grad) for name, x in leaves.items() if x.grad is not None}

    def train(self, steps: int) -> State:
        """The parameters and buffers after so many steps of gradient descent."""
        for _ in range(steps):
            self._backward()
            with fe.no_grad():
                for p in self.module.parameters():
                    if p.grad is not None:
                        p -= RATE * p.grad
        return self.state()

    def state(self) -> State:
        """The parameters and buffers."""
        return {name: host(x) for name, x in self.module.state_dict().items()}

    @property
    def parts(self) -> list[Array]:
        """The arrays that take part."""
        return [*self.state().values(), *(host(x) for x in self.leaves.values())]

    def _backward(self) -> None:
        self.module.zero_grad()
        ys = [y for y in self.forward() if y.requires_grad]
        rng = self.case.rng(stream=2)
        weights = [self._placed(np.asarray(rng.standard_normal(y.shape))) for y in ys]
        if ys:
            fe.autograd.backward(ys, weights)

    def _input(self, value: Any, name: str, rng: np.random.Generator) -> Any:
        if isinstance(value, tuple):
            return tuple(self._input(v, f"{name}.{i}", rng) for i, v in enumerate(value))
        if not isinstance(value, Input):
            return value
        x = self._placed(value.draw(rng))
        if value.learned and x.dtype.category in CONTINUOUS:
            self.leaves[f"input {name}"] = x.requires_grad_()
        return fe.log_softmax(x, -1) if value.logits else x

    def _placed(self, array: Array) -> fe.Tensor:
        """On the device; floats as the case's dtype can hold them, in the dtype of the run."""
        if array.dtype.kind == "f" or array.dtype == self.dtype.numpy:
            array = widen(array.astype(self.case.stored.numpy)).astype(self.dtype.numpy)
        return fe.tensor(array, device=self.device)

    def _made(self, value: Any) -> Any:
        """Arguments, with tensors and modules in the places of what stands for them."""
        if isinstance(value, Input):
            drawn = value.draw(self.case.rng(stream=3))
            return fe.tensor(drawn.astype(np.float32))
        if isinstance(value, Configuration):
            args = [self._made(v) for v in value.args]
            return getattr(fe.nn, value.module)(
                *args, **{k: self._made(v) for k, v in value.kwargs.items()}
            )
        return value


def initial_state(case: Case) -> State:
    """Parameters and buffers to begin with. They are moved away from the 0 and 1 with which many
    begin, which would hide what is done with them."""
    rng = case.rng(stream=4)
    found = Run(case, reference_backend.device(), fe.float64).state()
    return {
        name: x + rng.uniform(0.05, 0.25, x.shape) if x.dtype == np.float64 else x
        for name, x in found.items()
    }


def _tensors(value: Any) -> Iterator[fe.Tensor]:
    if isinstance(value, fe.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
