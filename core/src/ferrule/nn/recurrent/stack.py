"""Layers of a recurrent network, one above the other, in one direction or in both."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.nn.utils.rnn import PackedSequence, host, pad_packed_sequence, places
from ferrule.tensor import Tensor

Mode = str
_CHUNKS = {"RNN_TANH": 1, "RNN_RELU": 1, "GRU": 3, "LSTM": 4}


class Weights(NamedTuple):
    """The parameters of one layer in one direction."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    weight_hr: Tensor | None


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` have in common.

    With ``G`` affine maps in a layer (1, 4, 3), H = ``hidden_size``, P = ``proj_size`` or else H,
    D = 2 if ``bidirectional`` and 1 otherwise:

    Attributes:
        weight_ih_l[k]: ``(G * H, input_size)``, above the first layer ``(G * H, D * P)``.
        weight_hh_l[k]: ``(G * H, P)``.
        bias_ih_l[k], bias_hh_l[k]: ``(G * H,)``; with ``bias``.
        weight_hr_l[k]: ``(P, H)``; with ``proj_size``.

    And the same with ``_reverse`` for the other direction. All are initially uniform within
    ``1 / sqrt(H)`` of 0.

    The input is ``(T, B, input_size)``, with ``batch_first`` ``(B, T, input_size)``, without a
    batch ``(T, input_size)``, or a `PackedSequence`; the output is the same with ``D * P`` in the
    place of ``input_size``. States are ``(num_layers * D, B, P)``, whatever ``batch_first`` says,
    and without a batch ``(num_layers * D, P)``; by default they begin as zeros.

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
        input_size: the number of features of the input.
        hidden_size: the number of features of the state.
        num_layers: how many layers there are.
        bias: whether the affine maps have one.
        batch_first: the order of the dims of input and output.
        dropout: the probability with which what a layer gives the next one is dropped.
        bidirectional: whether each layer reads the sequence backwards too.
        proj_size: the size that states are projected to; 0 for no projection.
    """

    bias: bool
    batch_first: bool
    bidirectional: bool

    def __init__(
        self,
        mode: Mode,
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
        super().__init__()
        layer = type(self).__name__
        if mode not in _CHUNKS:
            raise ArgumentError(f"{layer}: mode must be one of {', '.join(_CHUNKS)}, not {mode!r}")
        positive(layer, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if isinstance(dropout, bool) or not 0.0 <= dropout <= 1.0:
            raise ArgumentError(f"{layer}: dropout must be a number within [0, 1], not {dropout}")
        if not 0 <= proj_size < hidden_size or (proj_size and mode != "LSTM"):
            raise ArgumentError(
                f"{layer}: proj_size is {proj_size}; only an LSTM has it, and it must be below "
                f"hidden_size, which is {hidden_size}"
            )
        if dropout and num_layers == 1:
            warnings.warn(
                f"{layer}: dropout={dropout} has no effect: it acts between layers, and there is "
                "one. Use num_layers=2 or more, or nn.Dropout",
                stacklevel=3,
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        place = {"device": device, "dtype": dtype}
        for k in range(num_layers):
            for suffix in self._suffixes(k):
                for name, shape in self._shapes(k).items():
                    parameter = Parameter(fe.empty(shape, **place))
                    self.register_parameter(f"{name}_{suffix}", parameter)
        self.reset_parameters()

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self._directions]

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _state_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        rows = _CHUNKS[self.mode] * self.hidden_size
        below = self._directions * self._state_size if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, below),
            "weight_hh": (rows, self._state_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch lays the weights out for cuDNN here, and values have no layout."""

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each layer, one list a direction."""
        return [
            [getattr(self, f"{name}_{suffix}") for name in self._shapes(k)]
            for k in range(self.num_layers)
            for suffix in self._suffixes(k)
        ]

    def _weights(self, suffix: str) -> Weights:
        found: list[Any] = [getattr(self, f"{n}_{suffix}", None) for n in Weights._fields]
        return Weights(*found)

    def _scan(
        self, x: Tensor, states: tuple[Tensor, ...], w: Weights, lengths: Tensor | None,
        reverse: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """One layer in one direction: each state after each step, the output first."""
        raise NotImplementedError(f"{type(self).__name__} has no _scan(); define it")

    def _run(
        self, input: Any, states: tuple[Tensor, ...] | None, sizes: tuple[int, ...]
    ) -> tuple[Any, tuple[Tensor, ...]]:
        """All layers.

        Args:
            input: a tensor or packed sequences.
            states: the initial states; None for zeros.
            sizes: the number of features of each state.

        Returns:
            The output, and the final states.
        """
        x, batch = self._sequence(input)
        packed = isinstance(input, PackedSequence)
        lengths = _lengths(input) if packed else None
        states = self._initial(x, states, sizes, batch)
        if packed and input.sorted_indices is not None:
            states = tuple(ops.index_select(s, input.sorted_indices, dim=1) for s in states)
        final: list[list[Tensor]] = [[] for _ in sizes]
        for k in range(self.num_layers):
            outputs: list[Tensor] = []
            for d, suffix in enumerate(self._suffixes(k)):
                own = tuple(s[k * self._directions + d] for s in states)
                found = self._scan(x, own, self._weights(suffix), lengths, bool(d))
                outputs.append(found[0])
                for each, after in zip(final, found):
                    each.append(after[0 if d else -1])
            x = fe.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
            if self.dropout and k + 1 < self.num_layers:
                x = F.dropout(x, self.dropout, self.training)
        last = tuple(fe.stack(each) for each in final)
        if packed:
            if input.unsorted_indices is not None:
                last = tuple(ops.index_select(s, input.unsorted_indices, dim=1) for s in last)
            return _repacked(x, input), last
        if batch is None:
            return fe.squeeze(x, 1), tuple(fe.squeeze(s, 1) for s in last)
        return (fe.swapaxes(x, 0, 1) if self.batch_first else x), last

    def _sequence(self, input: Any) -> tuple[Tensor, int | None]:
        """The input as ``(T, B, input_size)``, and B; None where it has no batch."""
        layer = type(self).__name__
        if isinstance(input, PackedSequence):
            self._check_features(input.data, 2, "packed data")
            padded, _ = pad_packed_sequence(input._replace(unsorted_indices=None))
            return padded, padded.shape[1]
        if not isinstance(input, Tensor):
            raise ArgumentError(f"{layer}: the input is of type {type(input).__name__}")
        self._check_features(input, 3 if input.ndim == 3 else 2, "input")
        if input.ndim == 2:
            x, batch = fe.unsqueeze(input, 1), None
        else:
            x = fe.swapaxes(input, 0, 1) if self.batch_first else input
            batch = x.shape[1]
        if not x.shape[0]:
            raise ShapeError(f"{layer}: the input is {input._type}; it must have a step or more")
        return x, batch

    def _check_features(self, x: Tensor, ndim: int, what: str) -> None:
        if x.ndim != ndim or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{type(self).__name__}: the {what} is {x._type}; it must have 2 dims, or 3 with a "
                f"batch, and the last size must be {self.input_size}"
            )

    def _initial(
        self, x: Tensor, states: tuple[Tensor, ...] | None, sizes: tuple[int, ...],
        batch: int | None,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        layers = self.num_layers * self._directions
        if states is None:
            place = {"dtype": x.dtype, "device": x.device}
            return tuple(fe.zeros(layers, x.shape[1], n, **place) for n in sizes)
        for given, n in zip(states, sizes):
            wanted = (layers, n) if batch is None else (layers, batch, n)
            if given.shape != wanted:
                raise ShapeError(
                    f"{type(self).__name__}: a state is {given._type}; its shape must be {wanted}, "
                    "(num_layers * directions, batch, features)"
                )
            if given.dtype is not x.dtype and not fe.is_autocast_enabled(x.device):
                raise DTypeError(
                    f"{type(self).__name__}: a state is {given._type} and the input {x._type}; "
                    "their dtypes must be equal, so convert one with .to(dtype)"
                )
        return tuple(fe.unsqueeze(s, 1) for s in states) if batch is None else states

    def extra_repr(self) -> str:
        more = {
            "proj_size": (self.proj_size, 0),
            "num_layers": (self.num_layers, 1),
            "bias": (self.bias, True),
            "batch_first": (self.batch_first, False),
            "dropout": (self.dropout, 0.0),
            "bidirectional": (self.bidirectional, False),
        }
        shown = [f"{name}={value}" for name, (value, default) in more.items() if value != default]
        return ", ".join([str(self.input_size), str(self.hidden_size), *shown])


def _lengths(packed: PackedSequence) -> Tensor | None:
    """The lengths of packed sequences, in their order; None where all are equal."""
    counts = host(packed.batch_sizes)
    if counts[-1] == counts[0]:
        return None
    lengths = (counts > np.arange(counts[0])[:, None]).sum(1)
    return fe.tensor(lengths, device=packed.data.device)


def _repacked(x: Tensor, like: PackedSequence) -> PackedSequence:
    """Sequences ``(T, B, features)`` without their padding."""
    step, place = places(host(like.batch_sizes))
    rows = fe.tensor(step * x.shape[1] + place, device=x.device)
    flat = ops.reshape(x, shape=(x.shape[0] * x.shape[1], x.shape[2]))
    return like._replace(data=ops.index_select.unchecked(flat, rows, dim=0))
