"""Bytes and operations on paper."""

from __future__ import annotations

from typing import Any

import pytest

from ferrule_conformance.speed.work import bytes_moved, known, operations
from ferrule_plugins import Spec, dtypes


def spec(*shape: int, dtype: Any = dtypes.float32) -> Spec:
    return Spec(shape, dtype)


def test_bytes_are_counted_once_in_and_once_out() -> None:
    operands = [spec(3, 4), None, spec(4, dtype=dtypes.int64)]
    assert bytes_moved(operands, [spec(3, 4, dtype=dtypes.bool_)]) == 12 * 4 + 4 * 8 + 12
    assert bytes_moved([], [spec(2, dtype=dtypes.complex128)]) == 32


def test_an_op_without_a_formula_counts_its_largest_tensor() -> None:
    assert not known("exp")
    assert operations("exp", [spec(3, 4)], [spec(3, 4)], {}) == 12
    assert operations("sum", [spec(3, 4)], [spec()], {}) == 12
    assert operations("full", [], [spec(5)], {}) == 5


def multiplications(shape_x: tuple[int, ...], shape_w: tuple[int, ...]) -> int:
    """A convolution without padding, by loops."""
    n, c, height, width = shape_x
    out, _, kh, kw = shape_w
    places = [(i, j) for i in range(height - kh + 1) for j in range(width - kw + 1)]
    return sum(c * kh * kw for _ in range(n * out) for _ in places)


def test_convolutions() -> None:
    x, w, y = spec(2, 3, 6, 5), spec(4, 3, 3, 2), spec(2, 4, 4, 4)
    want = 2 * multiplications(x.shape, w.shape)
    assert operations("conv", [x, w, None], [y], {}) == want
    assert operations("conv_input", [y, w], [x], {"input_size": x.shape}) == want
    assert operations("conv_weight", [y, x], [w], {"weight_size": w.shape}) == want


@pytest.mark.parametrize(
    ("op", "operands", "outputs", "attrs", "want"),
    [
        ("matmul", [spec(2, 3), spec(3, 4)], [spec(2, 4)], {}, 2 * 2 * 3 * 4),
        ("matmul", [spec(5, 2, 3), spec(3, 4)], [spec(5, 2, 4)], {}, 2 * 5 * 2 * 3 * 4),
        ("matmul", [spec(3), spec(3)], [spec()], {}, 2 * 3),
        ("linear", [spec(7, 3), spec(2, 3), spec(2)], [spec(7, 2)], {}, 2 * 7 * 3 * 2),
        (
            "scaled_dot_product_attention",
            [spec(2, 3, 4), spec(2, 5, 4), spec(2, 5, 6), None],
            [spec(2, 3, 6)], {},
            2 * 2 * 3 * 5 * (4 + 6),  # scores, and their products with the values
        ),
        (
            "einsum", [spec(2, 3), spec(3, 4)], [spec(2, 4)], {"equation": "ij, jk -> ik"},
            2 * 2 * 3 * 4,
        ),
        ("multi_dot", [spec(2, 3), spec(3, 4)], [spec(2, 4)], {}, 2 * 2 * 3 * 4),
        (  # (a b) c takes 2 * 10 * (30 * 5 + 5 * 60), and a (b c) more
            "multi_dot", [spec(10, 30), spec(30, 5), spec(5, 60)], [spec(10, 60)], {}, 9000,
        ),
        ("multi_dot", [spec(3), spec(3, 4)], [spec(4)], {}, 2 * 3 * 4),
        ("cov", [spec(3, 5), None, None], [spec(3, 3)], {}, 2 * 9 * 5),
        (
            "lstm_scan", [spec(7, 2, 12), spec(2, 3), spec(2, 3), spec(12, 3), None, None],
            [spec(7, 2, 3)], {}, 7 * 2 * 2 * 12 * 3,
        ),
        ("solve", [spec(3, 3), spec(3, 2)], [spec(3, 2)], {}, 18 + 36),
        ("cholesky", [spec(2, 6, 6)], [spec(2, 6, 6)], {}, 2 * 216 // 3),
        (
            "fft_c2c",
            [spec(3, 8, dtype=dtypes.complex64)], [spec(3, 8, dtype=dtypes.complex64)],
            {"dims": (1,)}, 5 * 24 * 3,
        ),
        ("fft_r2c", [spec(8)], [spec(5, dtype=dtypes.complex64)], {"dims": (0,)}, 5 * 8 * 3 // 2),
    ],
)  # fmt: skip
def test_formulas(
    op: str, operands: list[Spec | None], outputs: list[Spec], attrs: dict[str, Any], want: int
) -> None:
    assert known(op)
    assert operations(op, operands, outputs, attrs) == want


def test_a_complex_product_is_four_real_ones() -> None:
    x = spec(3, 3, dtype=dtypes.complex64)
    assert operations("matmul", [x, x], [x], {}) == 4 * 2 * 27
