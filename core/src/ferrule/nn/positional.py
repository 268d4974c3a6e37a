"""Telling attention where in a sequence its elements are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.dropout import Dropout
from ferrule.nn.linear import positive
from ferrule.nn.module import Module
from ferrule.tensor import Tensor


class PositionalEncoding(Module):
    """Adds sines and cosines of the position, of wavelengths from 2 pi to ``10000 * 2 pi``::

        y[pos, 2 * i]     = x[pos, 2 * i]     + sin(pos / 10000**(2 * i / d_model))
        y[pos, 2 * i + 1] = x[pos, 2 * i + 1] + cos(pos / 10000**(2 * i / d_model))

    and then drops elements. Takes ``(S, N, d_model)``, with ``batch_first`` ``(N, S, d_model)``,
    without a batch ``(S, d_model)``.

    Attributes:
        pe: ``(max_len, 1, d_model)``, with ``batch_first`` ``(1, max_len, d_model)``: what is
            added, a buffer.

    Args:
        d_model: the number of features.
        dropout: the probability of dropout.
        max_len: the length of the longest sequence.
        batch_first: the order of the first two dims.

    Source: Vaswani et al., arXiv:1706.03762, section 3.5.
    """

    pe: Tensor

    def __init__(
        self,
        d_model: int,
        dropout: float = 0.1,
        max_len: int = 5000,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("PositionalEncoding", d_model=d_model, max_len=max_len)
        self.d_model = d_model
        self.batch_first = batch_first
        self.dropout = Dropout(dropout)
        angles = np.outer(np.arange(max_len), 10000.0 ** (-np.arange(0, d_model, 2) / d_model))
        waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(max_len, -1)
        pe = fe.tensor(waves[:, :d_model], device=device).to(dtype or fe.get_default_dtype())
        self.register_buffer("pe", fe.unsqueeze(pe, 0 if batch_first else 1))

    def forward(self, x: Tensor) -> Tensor:
        time = 1 if self.batch_first and x.ndim == 3 else 0
        longest = self.pe.shape[1 if self.batch_first else 0]
        if x.ndim not in (2, 3) or x.shape[-1] != self.d_model or x.shape[time] > longest:
            raise ShapeError(
                f"PositionalEncoding: the input is {x._type}; it must have 3 dims, or 2 without a "
                f"batch, {self.d_model} features and {longest} steps at most"
            )
        waves = fe.narrow(self.pe, 1 if self.batch_first else 0, 0, x.shape[time])
        if x.ndim == 2:
            waves = fe.squeeze(waves, 0 if self.batch_first else 1)
        return self.dropout(x + waves)

    def extra_repr(self) -> str:
        return f"{self.d_model}, max_len={self.pe.shape[1 if self.batch_first else 0]}"


class RotaryEmbedding(Module):
    """Turns pairs of features by angles that grow with the position, so that the product of a query
    and a key depends on how far they are apart. Pair ``i`` at position ``p`` is turned by
    ``p / base**(2 * i / dim)``::

        a, b -> a * cos(angle) - b * sin(angle), b * cos(angle) + a * sin(angle)

    Give it queries and keys after the map to heads, ``(..., S, D)`` with D of ``dim`` or more; the
    features behind ``dim`` stay as they are.

    Attributes:
        inv_freq: ``(dim // 2,)``: the angle by which each pair is turned from step to step, a
            buffer that is not saved. It is float32 or wider, whatever the dtype of the input.

    Args:
        dim: how many features are turned, an even number.
        base: what the wavelengths grow to, about.
        interleaved: pairs are features ``2 * i`` and ``2 * i + 1``, as in GPT-J and the paper;
            otherwise ``i`` and ``i + dim // 2``, as in GPT-NeoX and Llama.

    Source: Su et al., arXiv:2104.09864.
    """

    inv_freq: Tensor

    def __init__(
        self, dim: int, base: float = 10000.0, interleaved: bool = False, device: Any = None
    ) -> None:  # fmt: skip
        super().__init__()
        positive("RotaryEmbedding", dim=dim)
        if dim % 2:
            raise ArgumentError(f"RotaryEmbedding: dim must be even, to form pairs, not {dim}")
        self.dim = dim
        self.base = float(base)
        self.interleaved = interleaved
        slopes = self.base ** (-np.arange(0, dim, 2) / dim)
        wide = fe.tensor(slopes, device=device).to(fe.float32)
        self.register_buffer("inv_freq", wide, persistent=False)

    def forward(self, x: Tensor, positions: Tensor | None = None, offset: int = 0) -> Tensor:
        """Turn.

        Args:
            x: ``(..., S, D)``.
            positions: of a shape that broadcasts to ``(..., S)``; by default ``offset``,
                ``offset + 1``, ...
            offset: the position of the first element, as where keys of earlier calls are kept.

        Returns:
            The same shape and dtype as ``x``.
        """
        if x.ndim < 2 or x.shape[-1] < self.dim:
            raise ShapeError(
                f"RotaryEmbedding: the input is {x._type}; it must be (..., S, D) with D of "
                f"{self.dim} or more"
            )
        if positions is None:
            positions = fe.arange(offset, offset + x.shape[-2], device=x.device)
        dtype = fe.promote_types(x.dtype, fe.float32)
        slopes = self._slopes(dtype)
        angles = fe.unsqueeze(positions.to(dtype), -1) * slopes
        cos, sin = fe.cos(angles), fe.sin(angles)
        turned = fe.narrow(x, -1, 0, self.dim).to(dtype)
        half = self.dim // 2
        if self.interleaved:
            pairs = ops.reshape(turned, shape=(*turned.shape[:-1], half, 2))
            a, b = fe.unbind(pairs, -1)
            stacked = fe.stack([a * cos - b * sin, b * cos + a * sin], -1)
            y = ops.reshape(stacked, shape=(*stacked.shape[:-2], self.dim))
        else:
            a, b = fe.narrow(turned, -1, 0, half), fe.narrow(turned, -1, half, half)
            y = fe.cat([a * cos - b * sin, b * cos + a * sin], -1)
        y = y.to(x.dtype)
        rest = x.shape[-1] - self.dim
        return y if not rest else fe.cat([y, fe.narrow(x, -1, self.dim, rest)], -1)

    def _slopes(self, dtype: Any) -> Tensor:
        """`inv_freq`, as precise as ``dtype`` can hold it."""
        if dtype is self.inv_freq.dtype:
            return self.inv_freq
        exponents = fe.arange(0, self.dim, 2, device=self.inv_freq.device).to(dtype) / self.dim
        return fe.exp(exponents * -math.log(self.base))

    def extra_repr(self) -> str:
        return f"{self.dim}, base={self.base}, interleaved={self.interleaved}"


class ALiBi(Module):
    """Linear biases of attention: a key ``d`` steps away gets ``-slope * d`` added to its score,
    with a slope of each head's own. They take the place of an encoding of positions.

    Called with the numbers of queries and keys, it gives the bias, ``(num_heads, L, S)``, to be
    passed as the mask of attention. The last query stands at the last key, so that keys of earlier
    steps may be kept.

    Attributes:
        slopes: ``(num_heads,)``: for n heads, a power of two, ``2**(-8 / n)``, its square, ...; for
            another n those of the power of two below it, and then every second one of those of
            twice as many heads. A buffer that is not saved.

    Args:
        num_heads: the number of heads.
        causal: whether keys behind a query get -inf; otherwise they get the bias of their distance.

    Source: Press, Smith, Lewis, arXiv:2108.12409.
    """

    slopes: Tensor

    def __init__(
        self, num_heads: int, causal: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__()
        positive("ALiBi", num_heads=num_heads)
        self.num_heads = num_heads
        self.causal = causal
        below = 2 ** int(math.log2(num_heads))
        slopes = [2.0 ** (-8.0 * (i + 1) / below) for i in range(below)]
        slopes += [2.0 ** (-4.0 * (i + 1) / below) for i in range(0, 2 * (num_heads - below), 2)]
        made = fe.tensor(slopes, dtype=dtype or fe.get_default_dtype(), device=device)
        self.register_buffer("slopes", made, persistent=False)

    def forward(self, length: int, size: int | None = None) -> Tensor:
        """The bias.

        Args:
            length: L, the number of queries.
            size: S, the number of keys, by default L.
        """
        size = length if size is None else size
        if not 0 <= length <= size:
            raise ShapeError(f"ALiBi: there are {length} queries and {size} keys, which are fewer")
        device = self.slopes.device
        rows = fe.unsqueeze(fe.arange(size - length, size, device=device), 1)
        distance = rows - fe.arange(size, device=device)
        far = fe.abs(distance).to(self.slopes.dtype)
        bias = ops.reshape(self.slopes, shape=(self.num_heads, 1, 1)) * -far
        return fe.where(distance < 0, -math.inf, bias) if self.causal else bias

    def extra_repr(self) -> str:
        return f"{self.num_heads}, causal={self.causal}"
