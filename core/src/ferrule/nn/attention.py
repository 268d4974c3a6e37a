"""Attention of several heads."""

from __future__ import annotations

import math
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn import init
from ferrule.nn.linear import Linear, positive
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor
from ferrule_plugins import DType


class MultiheadAttention(Module):
    """Several attentions side by side, each on maps of query, key and value of its own::

        head_i = softmax(Q_i @ K_i.T / sqrt(head_dim)) @ V_i
        output = concat(heads) @ W_out.T + b_out

    Attributes:
        in_proj_weight: ``(3 * embed_dim, embed_dim)``: the maps of query, key and value; None if
            ``kdim`` or ``vdim`` is another size.
        q_proj_weight, k_proj_weight, v_proj_weight: ``(embed_dim, embed_dim)``,
            ``(embed_dim, kdim)`` and ``(embed_dim, vdim)`` in that case, and otherwise None.
        in_proj_bias: ``(3 * embed_dim,)``, initially 0; None without ``bias``.
        out_proj: the last map, a `Linear`, whose bias is initially 0.
        bias_k, bias_v: ``(1, 1, embed_dim)``: one more key and value; None without
            ``add_bias_kv``.

    Args:
        embed_dim: the number of features, a multiple of ``num_heads``.
        num_heads: how many heads there are, of ``embed_dim // num_heads`` features.
        dropout: the probability with which a weight of attention is dropped in training.
        bias: whether the maps have one.
        add_bias_kv: whether a learned key and value is appended.
        add_zero_attn: whether a key and value of zeros is appended.
        kdim, vdim: the numbers of features of key and value, by default ``embed_dim``.
        batch_first: the order of the first two dims.

    Source: Vaswani et al., arXiv:1706.03762.
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None
    batch_first: bool

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ArgumentError(
                f"MultiheadAttention: embed_dim is {embed_dim}, which is no multiple of num_heads, "
                f"{num_heads}"
            )
        if not 0.0 <= dropout <= 1.0:
            raise ArgumentError(f"MultiheadAttention: dropout must lie in [0, 1], not {dropout}")
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn
        place = {"device": device, "dtype": dtype}

        def parameter(name: str, wanted: bool, *shape: int) -> None:
            self.register_parameter(name, Parameter(fe.empty(shape, **place)) if wanted else None)

        same = self.kdim == self.vdim == embed_dim
        if same:
            parameter("in_proj_weight", True, 3 * embed_dim, embed_dim)
        parameter("q_proj_weight", not same, embed_dim, embed_dim)
        parameter("k_proj_weight", not same, embed_dim, self.kdim)
        parameter("v_proj_weight", not same, embed_dim, self.vdim)
        if not same:
            parameter("in_proj_weight", False)
        parameter("in_proj_bias", bias, 3 * embed_dim)
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, **place)
        parameter("bias_k", add_bias_kv, 1, 1, embed_dim)
        parameter("bias_v", add_bias_kv, 1, 1, embed_dim)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (
            self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight,
        ):  # fmt: skip
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for weight in (self.bias_k, self.bias_v):
            if weight is not None:
                init.xavier_normal_(weight)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Args:
            query: ``(L, N, embed_dim)``, with ``batch_first`` ``(N, L, embed_dim)``, without a
                batch ``(L, embed_dim)``.
            key: ``(S, N, kdim)``, likewise.
            value: ``(S, N, vdim)``, likewise.
            key_padding_mask: ``(N, S)``, without a batch ``(S,)``: True for keys that nobody may
                look at, or numbers that are added to the scores.
            need_weights: return the weights too. Without it, a query that may look at no key gives
                zeros; with it, NaN, as in PyTorch.
            attn_mask: ``(L, S)`` or ``(N * num_heads, L, S)``: True where a query may not look at a
                key, or numbers that are added to the scores.
            average_attn_weights: return the mean of the weights over heads.
            is_causal: a hint that ``attn_mask``, which must be given, is causal.

        Returns:
            The output, of the shape of ``query``, and the weights, ``(N, L, S)``, without averaging
            ``(N, num_heads, L, S)``, without a batch ``(L, S)`` and ``(num_heads, L, S)``; None
            without ``need_weights``.
        """
        batched = self._check(query, key, value)
        if is_causal and attn_mask is None:
            raise ArgumentError(
                "MultiheadAttention: is_causal=True is a hint about attn_mask, which is not given; "
                "pass nn.Transformer.generate_square_subsequent_mask(size)"
            )
        # from here on (N, length, features)
        inputs = _arranged(query, key, value, batched, self.batch_first)
        if key_padding_mask is not None and not batched:
            key_padding_mask = fe.unsqueeze(key_padding_mask, 0)
        n, length, size = inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[1]
        causal = is_causal and key_padding_mask is None and not need_weights
        bias = self._bias(key_padding_mask, None if causal else attn_mask, query.dtype,
                          (n, length, size))  # fmt: skip
        q, k, v = self._projected(*inputs)
        if self.bias_k is not None and self.bias_v is not None:
            shape = (n, 1, self.embed_dim)
            k = fe.cat([k, ops.expand(self.bias_k, shape=shape)], 1)
            v = fe.cat([v, ops.expand(self.bias_v, shape=shape)], 1)
        if self.add_zero_attn:
            zero = fe.zeros(n, 1, self.embed_dim, dtype=k.dtype, device=k.device)
            k, v = fe.cat([k, zero], 1), fe.cat([v, zero], 1)
        if bias is not None and (more := k.shape[1] - size):
            bias = F.pad(bias, (0, more))
        q, k, v = (self._heads(x) for x in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            scores = ops.matmul(q * (1.0 / math.sqrt(self.head_dim)), fe.swapaxes(k, -2, -1))
            weights = ops.softmax(scores if bias is None else scores + bias, dim=-1)
            if dropout:
                weights = F.dropout(weights, dropout)
            found = ops.matmul(weights, v)
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            found = F.scaled_dot_product_attention(q, k, v, bias, dropout, causal)
        found = ops.permute(found, dims=(0, 2, 1, 3))
        output = self.out_proj(ops.reshape(found, shape=(n, length, self.embed_dim)))
        if not batched:
            return fe.squeeze(output, 0), None if weights is None else fe.squeeze(weights, 0)
        return output if self.batch_first else fe.swapaxes(output, 0, 1), weights

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        biases = (None,) * 3 if self.in_proj_bias is None else fe.chunk(self.in_proj_bias, 3)
        if self.in_proj_weight is None:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        elif query is key and key is value:  # one product for all three
            return fe.chunk(F.linear(query, self.in_proj_weight, self.in_proj_bias), 3, -1)
        else:
            weights = fe.chunk(self.in_proj_weight, 3)
        inputs = (query, key, value)
        return tuple(F.linear(x, w, b) for x, w, b in zip(inputs, weights, biases))

    def _heads(self, x: Tensor) -> Tensor:
        """``(N, length, embed_dim)`` as ``(N, num_heads, length, head_dim)``."""
        split = ops.reshape(x, shape=(*x.shape[:2], self.num_heads, self.head_dim))
        return ops.permute(split, dims=(0, 2, 1, 3))

    def _bias(
        self, padding: Tensor | None, mask: Tensor | None, dtype: DType, sizes: tuple[int, int, int]
    ) -> Tensor | None:
        """What is added to the scores, of a shape that broadcasts to ``(N, num_heads, L, S)``."""
        n, length, size = sizes
        bias = None
        if mask is not None:
            shapes = [(length, size), (n * self.num_heads, length, size)]
            if mask.shape not in shapes:
                raise ShapeError(
                    f"MultiheadAttention: attn_mask is {mask._type}; its shape must be "
                    f"{shapes[0]} or {shapes[1]}"
                )
            bias = additive("MultiheadAttention: attn_mask", mask, dtype)
            if mask.ndim == 3:
                bias = ops.reshape(bias, shape=(n, self.num_heads, length, size))
        if padding is None:
            return bias
        if padding.shape != (n, size):
            raise ShapeError(
                f"MultiheadAttention: key_padding_mask is {padding._type}; its shape must be "
                f"{(n, size)}"
            )
        padding = additive("MultiheadAttention: key_padding_mask", padding, dtype)
        padding = ops.reshape(padding, shape=(n, 1, 1, size))
        return padding if bias is None else bias + padding

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> bool:
        """Refuse what does not fit; whether there is a batch."""
        given = f"query is {query._type}, key is {key._type} and value is {value._type}"
        if query.ndim not in (2, 3) or not query.ndim == key.ndim == value.ndim:
            raise ShapeError(
                f"MultiheadAttention: {given}; each must have 3 dims, or 2 without a batch"
            )
        n = 0 if self.batch_first else 1
        batches = {x.shape[n] for x in (query, key, value)} if query.ndim == 3 else {1}
        time = key.ndim - 2 if self.batch_first else 0
        wanted = (self.embed_dim, self.kdim, self.vdim)
        if (
            len(batches) > 1
            or key.shape[time] != value.shape[time]
            or (query.shape[-1], key.shape[-1], value.shape[-1]) != wanted
        ):
            raise ShapeError(
                f"MultiheadAttention: {given}; their last sizes must be {wanted}, those of the "
                "batch equal, and key and value of one length"
            )
        return query.ndim == 3


def additive(name: str, mask: Tensor, dtype: DType) -> Tensor:
    """A mask as numbers to add to scores: -inf where one of bools is True.

    Raises:
        DTypeError: it is neither bool nor floating.
    """
    if mask.dtype.is_floating_point:
        return mask.to(dtype)
    if mask.dtype.category != "bool":
        raise DTypeError(f"{name} is {mask._type}; it must be of bools or floats")
    zero = fe.zeros((), dtype=dtype, device=mask.device)
    return ops.where(mask, -math.inf, zero)


def _arranged(
    query: Tensor, key: Tensor, value: Tensor, batched: bool, batch_first: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The three as ``(N, length, features)``; what is one tensor stays one."""

    def arrange(x: Tensor) -> Tensor:
        if not batched:
            return fe.unsqueeze(x, 0)
        return x if batch_first else fe.swapaxes(x, 0, 1)

    q = arrange(query)
    k = q if key is query else arrange(key)
    return q, k, k if value is key else arrange(value)
