"""Level 3: what is made of random bits by exact arithmetic is the same on every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import ferrule as fe
from ferrule import runtime
from ferrule_conformance import reference_backend
from ferrule_conformance.call import host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import same_bits
from ferrule_plugins import Device, DType

_SEED = 0x5EED_0F_FE_44
_WEIGHTS = np.geomspace(1e-6, 3.0, 24).reshape(3, 8)
_WEIGHTS[0, 2] = 0.0


@check(each="op", level=3, when=lambda case: case.subject.name == "random_bits")
def draws(case: Case) -> None:
    """One seed gives the same uniform numbers, integers, permutations, trials and choices as
    everywhere, bit by bit."""
    reference = reference_backend.device()
    known = runtime.active(reference.backend).dtypes
    common = tuple(d for d in case.target.dtypes if d in known)
    here, there = _drawn(case.device, common), _drawn(reference, common)
    for (name, got), (_, want) in zip(here, there):
        same_bits(got, want, what=f"{name}: ")


def _drawn(device: Device, dtypes: tuple[DType, ...]) -> Iterator[tuple[str, Any]]:
    """Each draw's name and result, all of one stream."""
    generator = fe.Generator(device, seed=_SEED)
    options: dict[str, Any] = {"generator": generator}

    def draw(name: str, make: Callable[[], fe.Tensor]) -> tuple[str, Any]:
        return name, host(make())

    for dtype in dtypes:
        if dtype.is_floating_point:
            weights = fe.tensor(_WEIGHTS, dtype=dtype, device=device)
            chances = weights / 4.0
            few = fe.tensor([0.0, 1.0, 0.25], dtype=dtype, device=device)
            each = f"of {dtype.name}"
            yield draw(
                f"rand {each}",
                lambda d=dtype: fe.rand(5, 7, dtype=d, device=device, **options),
            )
            yield draw(f"bernoulli {each}", lambda p=chances: fe.bernoulli(p, **options))
            yield draw(f"bernoulli at the ends {each}", lambda p=few: fe.bernoulli(p, **options))
            for replacement in (True, False):
                yield draw(
                    f"multinomial {each}, replacement={replacement}",
                    lambda w=weights, r=replacement: fe.multinomial(w, 7, r, **options),
                )
    for low, high in ((0, 10), (-7, 2**31), (0, 2**32), (-(2**63), 2**63 - 1), (0, 2**40 + 1)):
        yield draw(
            f"randint from {low} to {high}",
            lambda a=low, b=high: fe.randint(a, b, (4, 9), device=device, **options),
        )
    yield draw("randperm", lambda: fe.randperm(257, device=device, **options))
