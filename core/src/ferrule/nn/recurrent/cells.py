"""One step of a recurrent network, as a layer."""

from __future__ import annotations

import math
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


class RNNCellBase(Module):
    """What the cells have in common.

    Attributes:
        weight_ih: ``(num_chunks * hidden_size, input_size)``: the map of the input.
        weight_hh: ``(num_chunks * hidden_size, hidden_size)``: the map of the state.
        bias_ih, bias_hh: ``(num_chunks * hidden_size,)``, or None.

    All are initially uniform within ``1 / sqrt(hidden_size)`` of 0.
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows, place = num_chunks * hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(fe.empty(rows, input_size, **place))
        self.weight_hh = Parameter(fe.empty(rows, hidden_size, **place))
        self.register_parameter("bias_ih", Parameter(fe.empty(rows, **place)) if bias else None)
        self.register_parameter("bias_hh", Parameter(fe.empty(rows, **place)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _states(self, input: Tensor, *states: Tensor | None) -> list[Tensor]:
        """The states, zeros for those that are not given."""
        layer = type(self).__name__
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{layer}: the input is {input._type}; it must be ({self.input_size},) or "
                f"(B, {self.input_size})"
            )
        shape = (*input.shape[:-1], self.hidden_size)
        for x in states:
            if x is not None and x.shape != shape:
                raise ShapeError(
                    f"{layer}: the input is {input._type} and the state is {x._type}; the shape of "
                    f"the state must be {shape}"
                )
        return [
            fe.zeros(shape, dtype=input.dtype, device=input.device) if x is None else x
            for x in states
        ]

    def _maps(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """The affine maps of input and state."""
        projected = F.linear(input, self.weight_ih, self.bias_ih)
        return projected, F.linear(hidden, self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """``tanh(W_ih @ x + b_ih + W_hh @ h + b_hh)``, or ``relu`` of it; see `RNNCellBase`.

    Takes ``(B, input_size)`` or ``(input_size,)``, and the state, ``(B, hidden_size)`` or
    ``(hidden_size,)``, by default zeros. Returns the next state.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(
                f'RNNCell: nonlinearity must be "tanh" or "relu", not {nonlinearity!r}'
            )
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        (hidden,) = self._states(input, hx)
        return ops.rnn_cell(*self._maps(input, hidden), nonlinearity=self.nonlinearity)

    def extra_repr(self) -> str:
        more = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + more


class LSTMCell(RNNCellBase):
    """Long short-term memory; see `RNNCellBase` and `ferrule.ops.lstm_cell`. The rows of weights
    and biases are those of i, f, g and o.

    Takes ``(B, input_size)`` or ``(input_size,)``, and a pair of state and cell, both
    ``(B, hidden_size)`` or ``(hidden_size,)``, by default zeros. Returns the next pair.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        hidden, cell = self._states(input, *((None, None) if hx is None else hx))
        projected, recurrent = self._maps(input, hidden)
        return ops.lstm_cell(projected + recurrent, cell)


class GRUCell(RNNCellBase):
    """The gated recurrent unit; see `RNNCellBase` and `ferrule.ops.gru_cell`. The rows of weights
    and biases are those of r, z and n.

    Takes ``(B, input_size)`` or ``(input_size,)``, and the state, ``(B, hidden_size)`` or
    ``(hidden_size,)``, by default zeros. Returns the next state.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        (hidden,) = self._states(input, hx)
        return ops.gru_cell(*self._maps(input, hidden), hidden)
