"""Text from a language model, one token after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.nn import functional as F
from ferrule.random import Generator
from ferrule.tensor import Tensor

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""Called with tokens of shape ``(B, L)`` and a state, None at the start; returns the logits of the
token after them, ``(B, V)``, and the state after them."""


def next_token_loss(logits: Tensor, labels: Tensor | None) -> Tensor | None:
    """The mean cross entropy of each token of a text with the scores that stand before it.

    Args:
        logits: ``(B, L, V)``, the scores of the token after each.
        labels: integers of shape ``(B, L)``: the text itself, and -100 where no token is to be
            predicted. None: no loss.

    Raises:
        ShapeError: the shapes do not fit, or there is no token to predict.
    """
    if labels is None:
        return None
    if labels.shape != logits.shape[:2] or labels.shape[1] < 2:
        raise ShapeError(
            f"labels are {labels.shape} for scores of {logits.shape[:2]} tokens; they must be the "
            "same tokens, two at least in a row"
        )
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


def probabilities(
    logits: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    """How likely each token is to be drawn.

    Args:
        logits: ``(B, V)``.
        temperature: what the logits are divided by; below 1 the likely become likelier.
        top_k: draw from that many of the likeliest alone, and from those as likely as the last.
        top_p: draw from the fewest of the likeliest whose probabilities, after ``top_k``, add up
            to at least that, and from one at least (nucleus sampling). Source: Holtzman et al.,
            arXiv:1904.09751.

    Returns:
        ``(B, V)``, in float32 or float64.

    Raises:
        ArgumentError: an argument is out of its range.
        ShapeError: the logits have another number of dims, or none to choose from.
    """
    if logits.ndim != 2 or not logits.shape[1]:
        raise ShapeError(f"logits must be (B, V) with V at least 1, not {logits.shape}")
    if not 0.0 < temperature < math.inf:
        raise ArgumentError(
            f"temperature must be positive, not {temperature}; the likeliest token is the argmax, "
            "which generate(do_sample=False) takes"
        )
    if top_k is not None and (not isinstance(top_k, int) or top_k < 1):
        raise ArgumentError(f"top_k must be an int of at least 1, not {top_k!r}")
    if top_p is not None and not 0.0 <= top_p <= 1.0:
        raise ArgumentError(f"top_p must lie in [0, 1], not {top_p}")
    # Where few bits are kept, many tokens are equally likely, and sums of them are off.
    logits = logits.float() if logits.dtype.itemsize < 4 else logits
    logits = logits / temperature
    if top_k is not None and top_k < logits.shape[1]:
        least = fe.topk(logits, top_k, dim=1)[0][:, -1:]
        logits = fe.masked_fill(logits, logits < least, -math.inf)
    if top_p is not None and top_p < 1.0:
        logits = _nucleus(logits, top_p)
    return F.softmax(logits, 1)


def sample(logits: Tensor, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Draw one token per row: int64 of shape ``(B,)``.

    Args:
        logits: ``(B, V)``.
        generator: where the random bits come from; by default that of the device.
        options: temperature, top_k and top_p, see `probabilities`.
    """
    return fe.multinomial(probabilities(logits, **options), 1, generator=generator)[:, 0]


def _nucleus(logits: Tensor, top_p: float) -> Tensor:
    ordered, order = fe.sort(logits, dim=1)  # the least likely first
    surplus = fe.cumsum(F.softmax(ordered, 1), 1) <= 1.0 - top_p
    surplus[:, -1] = False  # rounding may leave none
    return fe.masked_fill(logits, fe.scatter(surplus, 1, order, surplus), -math.inf)


def generate(
    step: Step,
    input_ids: Tensor,
    max_new_tokens: int,
    *,
    do_sample: bool = False,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    eos_token_id: int | None = None,
    pad_token_id: int | None = None,
    use_cache: bool = True,
    generator: Generator | None = None,
) -> Tensor:
    """``input_ids`` and what a model would write after them.

    Args:
        step: the model.
        input_ids: integers of shape ``(B, L)``, ``L`` at least 1.
        max_new_tokens: how many to add.
        do_sample: whether to draw tokens, with the `probabilities` that ``temperature``, ``top_k``
            and ``top_p`` make; otherwise the likeliest is taken.
        eos_token_id: after this token a row is at its end, and gets ``pad_token_id`` (by default
            the same) from there on. When all are at their end, it stops.
        use_cache: whether to go on from the model's state; otherwise all is computed anew for every
            token, with the same result.
        generator: where the random bits come from; by default that of the device.

    Returns:
        int64 of shape ``(B, L + n)`` with ``n`` at most ``max_new_tokens``.
    """
    check_tokens("generate", input_ids)
    if not isinstance(max_new_tokens, int) or max_new_tokens < 0:
        raise ArgumentError(f"generate: max_new_tokens must be an int, not {max_new_tokens!r}")
    if not input_ids.shape[1]:
        raise ShapeError("generate: input_ids has no token to go on from; begin with at least one")
    if not do_sample and (temperature, top_k, top_p) != (1.0, None, None):
        raise ArgumentError(
            "generate: temperature, top_k and top_p are of use only if tokens are drawn; pass "
            "do_sample=True"
        )
    options = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "generator": generator,
    }
    pad = eos_token_id if pad_token_id is None else pad_token_id
    ended = fe.zeros(input_ids.shape[0], dtype=fe.bool, device=input_ids.device)
    ids = fed = input_ids.to(fe.int64)
    state = None
    with fe.no_grad():
        for _ in range(max_new_tokens):
            logits, state = step(fed, state)
            tokens = sample(logits, **options) if do_sample else logits.argmax(1)
            if eos_token_id is not None:
                assert pad is not None
                tokens = fe.where(ended, pad, tokens)
                ended = ended | (tokens == eos_token_id)
            ids = fe.cat([ids, tokens.reshape(-1, 1)], 1)
            if eos_token_id is not None and ended.all().item():
                break
            fed = ids[:, -1:] if use_cache else ids
            state = state if use_cache else None
    return ids


def check_tokens(name: str, input_ids: Tensor) -> None:
    """Refuse what is not a batch of rows of integers."""
    if input_ids.ndim != 2:
        raise ShapeError(
            f"{name}: input_ids must be (batch, length), not {input_ids.shape}; a single row is "
            "given as input_ids[None]"
        )
    if input_ids.dtype.category != "integer":
        raise DTypeError(f"{name}: input_ids must be integers, not {input_ids.dtype.name}")
