"""Ops and kernels that a test adds are gone after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ferrule as fe
from ferrule.op import forget_plans


@pytest.fixture(autouse=True)
def _declarations_end_with_the_test() -> Iterator[None]:
    before = dict(fe.OPS)
    yield
    fe.OPS.clear()
    fe.OPS.update(before)


@pytest.fixture
def give_kernel() -> Iterator[Callable[[str, Callable[..., Any]], None]]:
    """``give_kernel(op, function)``: the cpu backend has this kernel for the rest of the test."""
    kernels = fe.runtime.active("cpu").kernels
    before = dict(kernels)

    def give(op: str, kernel: Callable[..., Any]) -> None:
        kernels[op] = kernel
        forget_plans()

    yield give
    kernels.clear()
    kernels.update(before)
    forget_plans()
