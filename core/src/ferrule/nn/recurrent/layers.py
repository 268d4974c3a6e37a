"""Recurrent layers over whole sequences."""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.recurrent.stack import RNNBase, Weights
from ferrule.tensor import Tensor


class RNN(RNNBase):
    """The Elman network: ``h[t] = tanh(W_ih @ x[t] + b_ih + W_hh @ h[t - 1] + b_hh)``, or ``relu``
    of it. Returns the output and the final state; see `RNNBase` for shapes and parameters.

    Source: Elman, "Finding structure in time", Cognitive Science 14 (1990).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(f'RNN: nonlinearity must be "tanh" or "relu", not {nonlinearity!r}')
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, device=device, dtype=dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (hidden,) = self._run(input, None if hx is None else (hx,), (self.hidden_size,))
        return output, hidden

    def _scan(
        self, x: Tensor, states: tuple[Tensor, ...], w: Weights, lengths: Tensor | None,
        reverse: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        projected = F.linear(x, w.weight_ih, _together(w))
        found = ops.rnn_scan(
            projected, *states, w.weight_hh, lengths, nonlinearity=self.nonlinearity,
            reverse=reverse,
        )  # fmt: skip
        return (found,)


class LSTM(RNNBase):
    """Long short-term memory; see `ferrule.ops.lstm_cell` for the equations and `RNNBase` for
    shapes and parameters, whose rows are those of i, f, g and o.

    Takes the input and a pair of states: ``h``, and the cell ``c``, ``(num_layers * D, B, H)``.
    Returns the output and the final pair.

    Sources: see `ferrule.ops.lstm_cell`; ``proj_size``: Sak, Senior, Beaufays, arXiv:1402.1128.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip

    def forward(
        self, input: Any, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        if hx is not None and (not isinstance(hx, (tuple, list)) or len(hx) != 2):
            raise ArgumentError("LSTM: hx must be a pair of tensors, the state h and the cell c")
        states = None if hx is None else tuple(hx)
        output, (hidden, cell) = self._run(input, states, (self._state_size, self.hidden_size))
        return output, (hidden, cell)

    def _scan(
        self, x: Tensor, states: tuple[Tensor, ...], w: Weights, lengths: Tensor | None,
        reverse: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        projected = F.linear(x, w.weight_ih, _together(w))
        return ops.lstm_scan(
            projected, *states, w.weight_hh, w.weight_hr, lengths, reverse=reverse
        )  # fmt: skip


class GRU(RNNBase):
    """Gated recurrent units; see `ferrule.ops.gru_cell` for the equations and `RNNBase` for shapes
    and parameters, whose rows are those of r, z and n. Returns the output and the final state.

    Source: Cho et al., arXiv:1406.1078.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            device=device, dtype=dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (hidden,) = self._run(input, None if hx is None else (hx,), (self.hidden_size,))
        return output, hidden

    def _scan(
        self, x: Tensor, states: tuple[Tensor, ...], w: Weights, lengths: Tensor | None,
        reverse: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        projected = F.linear(x, w.weight_ih, w.bias_ih)
        found = ops.gru_scan(
            projected, *states, w.weight_hh, w.bias_hh, lengths, reverse=reverse
        )  # fmt: skip
        return (found,)


def _together(w: Weights) -> Tensor | None:
    """Both biases in one: they are added anyway."""
    if w.bias_ih is None or w.bias_hh is None:
        return None
    return w.bias_ih + w.bias_hh
