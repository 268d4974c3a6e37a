"""Random numbers under `vmap`."""

from __future__ import annotations

import math
from collections.abc import Callable

from ferrule import ops
from ferrule.errors import GraphError
from ferrule.func.batched import all_lifted, in_force
from ferrule.tensor import Tensor


def per_sample(reserve: Callable[[int], Tensor], blocks: int) -> Tensor:
    """The state of a generator to draw ``blocks`` blocks from, where samples that are to have their
    own numbers have a state each.

    Args:
        reserve: sets so many blocks of the generator's stream aside.

    Raises:
        GraphError: the `vmap` in force was not told what to do.
    """
    vmaps = in_force()
    if any(v.randomness == "error" for v in vmaps):
        raise GraphError(
            "vmap: a random function was called in the mapped function. Say whether all samples "
            'are to have the same numbers: vmap(..., randomness="same"), or "different"'
        )
    own = [v for v in vmaps if v.randomness == "different"]
    if not own:
        return reserve(blocks)
    sizes = tuple(v.size for v in own)
    state = reserve(math.prod(sizes) * blocks)
    drawn = ops.arange(
        start=0, step=blocks, length=math.prod(sizes), dtype=state.dtype, device=state.device
    )
    column = ops.reshape(drawn, shape=(*sizes, 1))
    states = ops.cat(ops.mul(column, 0), column, dim=len(sizes)) + state
    return all_lifted(states, own)
