"""Tensors print as NumPy's arrays do, with what NumPy does not know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import ferrule as fe
from ferrule import Tensor

SHOWN: dict[str, tuple[Callable[[], Tensor], str]] = {
    "default float": (lambda: fe.tensor([1.0, 2.5]), "tensor([1. , 2.5], device='cpu:0')"),
    "default integer": (lambda: fe.tensor([1, 2]), "tensor([1, 2], device='cpu:0')"),
    "bool": (lambda: fe.tensor([True, False]), "tensor([ True, False], device='cpu:0')"),
    "no dims": (lambda: fe.tensor(3.0), "tensor(3., device='cpu:0')"),
    "another float": (
        lambda: fe.tensor([1.0], dtype=fe.float64),
        "tensor([1.], dtype=ferrule.float64, device='cpu:0')",
    ),
    "another integer": (
        lambda: fe.tensor([1], dtype=fe.uint8),
        "tensor([1], dtype=ferrule.uint8, device='cpu:0')",
    ),
    "bfloat16": (
        lambda: fe.tensor([1.5, 2.0], dtype=fe.bfloat16),
        "tensor([1.5, 2. ], dtype=ferrule.bfloat16, device='cpu:0')",
    ),
    "complex": (lambda: fe.tensor([1 + 2j]), "tensor([1.+2.j], device='cpu:0')"),
    "four digits": (lambda: fe.tensor([1 / 3]), "tensor([0.3333], device='cpu:0')"),
    "not finite": (
        lambda: fe.tensor([float("nan"), float("-inf")]),
        "tensor([ nan, -inf], device='cpu:0')",
    ),
    "empty": (lambda: fe.zeros(0, 3), "tensor([], size=(0, 3), device='cpu:0')"),
    "a leaf": (
        lambda: fe.tensor([1.0], requires_grad=True),
        "tensor([1.], device='cpu:0', requires_grad=True)",
    ),
    "a result": (
        lambda: fe.tensor([1.0], requires_grad=True) * 2,
        "tensor([2.], device='cpu:0', grad_fn='mul')",
    ),
    "aligned rows": (
        lambda: fe.tensor([[1, 20], [300, 4]]),
        "tensor([[  1,  20],\n        [300,   4]], device='cpu:0')",
    ),
}


@pytest.mark.parametrize("case", SHOWN)
@pytest.mark.usefixtures("on_cpu")
def test_what_is_shown(case: str) -> None:
    make, expected = SHOWN[case]
    assert repr(make()) == str(make()) == expected


def test_large_tensors_are_abridged() -> None:
    text = repr(fe.zeros(1000, 1000))
    assert "..." in text
    assert len(text) < 1000
    assert "..." not in repr(fe.zeros(1000))


def test_the_users_print_options_do_not_change_the_digits_shown() -> None:
    with np.printoptions(precision=2):
        assert "0.3333" in repr(fe.tensor([1 / 3]))


def test_the_default_dtype_is_what_needs_no_mention() -> None:
    fe.set_default_dtype(fe.float64)
    try:
        assert "dtype" not in repr(fe.tensor([1.0]))
        assert "dtype=ferrule.float32" in repr(fe.tensor([1.0], dtype=fe.float32))
    finally:
        fe.set_default_dtype(fe.float32)


def test_printing_records_nothing_and_needs_no_grad_mode() -> None:
    x = fe.tensor([1.0], requires_grad=True)
    with fe.profiler.count_ops() as ops:
        repr(x * 2)
    assert dict(ops.counts) == {"mul": 1}
