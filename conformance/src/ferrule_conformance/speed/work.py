"""What a call costs on paper: bytes that must move, and operations that must be done."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ferrule_plugins import Shape, Spec

Operands = Sequence[Spec | None]


def bytes_moved(operands: Operands, outputs: Sequence[Spec]) -> int:
    """Each operand read once, each result written once."""
    specs = [*(x for x in operands if x is not None), *outputs]
    return sum(math.prod(s.shape) * s.dtype.itemsize for s in specs)


def operations(op: str, operands: Operands, outputs: Sequence[Spec], attrs: dict[str, Any]) -> int:
    """Multiplications and additions. Of an op without a formula here it is one for each element of
    the largest operand or result, so memory bounds it."""
    shapes = [() if x is None else x.shape for x in operands]
    if op in FORMULAS:
        count = FORMULAS[op](shapes, [y.shape for y in outputs], attrs)
        complex_ = any(y.dtype.is_complex for y in outputs) and op not in _REAL_OPERATIONS
        return round(count * (4 if complex_ else 1))
    return max((math.prod(s) for s in (*shapes, *(y.shape for y in outputs))), default=0)


def known(op: str) -> bool:
    """The operations of that op are counted by a formula."""
    return op in FORMULAS


Formula = Callable[[list[Shape], list[Shape], dict[str, Any]], float]


def _matmul(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return 2 * math.prod(y[0]) * x[0][-1]


def _conv(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return 2 * math.prod(y[0]) * math.prod(x[1][1:])


def _conv_input(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return 2 * math.prod(x[0]) * math.prod(x[1][1:])


def _conv_weight(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return 2 * math.prod(x[0]) * math.prod(attrs["weight_size"][1:])


def _attention(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    query, key, value = x[:3]
    return 2 * math.prod(y[0][:-1]) * key[-2] * (query[-1] + value[-1])


def _bilinear(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return 2 * math.prod(x[0][:-1]) * math.prod(x[2])


def _einsum(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    """As one sum over all labels, a product of the operands in each term."""
    operands = attrs["equation"].replace(" ", "").split("->")[0].split(",")
    sizes = {label: n for word, shape in zip(operands, x) for label, n in zip(word, shape)}
    return len(x) * math.prod(sizes.values())


def _chain(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    """Matrices in the best order, as T. Cormen et al., Introduction to Algorithms, finds it."""
    n = [math.prod(x[0][:-1]), *(math.prod(s[1:]) if i else s[-1] for i, s in enumerate(x))]
    least = {(i, i): 0 for i in range(len(x))}
    for length in range(1, len(x)):
        for i in range(len(x) - length):
            j = i + length
            least[i, j] = min(
                least[i, k] + least[k + 1, j] + 2 * n[i] * n[k + 1] * n[j + 1] for k in range(i, j)
            )
    return least[0, len(x) - 1]


def _covariance(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return 2 * math.prod(y[0]) * x[0][-1]


def _scan(weight: int) -> Formula:
    """The state times a matrix at each step; what elements take beside it is small."""
    return lambda x, y, attrs: 2 * math.prod(x[0][:2]) * math.prod(x[weight])


def _of_square(share: float) -> Formula:
    """``share * n**3`` for each n x n matrix."""
    return lambda x, y, attrs: share * math.prod(x[0][:-2]) * x[0][-1] ** 3


def _solve(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    n = x[0][-1]
    return 2 / 3 * math.prod(x[0][:-2]) * n**3 + 2 * math.prod(y[0]) * n


def _triangular(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    return math.prod(y[0]) * x[0][-1]


def _qr(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
    *lead, m, n = x[0]
    k = min(m, n)
    return math.prod(lead) * (2 * m * n * k - (m + n) * k**2 + 2 / 3 * k**3)


def _fft(share: float) -> Formula:
    """``5 N log2 N`` for each complex transform of N points, and half of it for a real one: the
    count that FFTW's benchmarks use."""

    def formula(x: list[Shape], y: list[Shape], attrs: dict[str, Any]) -> float:
        whole = max(x[0], y[0], key=math.prod)
        points = math.prod(whole[d] for d in attrs["dims"])
        return share * 5 * math.prod(whole) * math.log2(max(points, 1))

    return formula


FORMULAS: dict[str, Formula] = {
    "matmul": _matmul,
    "linear": _matmul,
    "conv": _conv,
    "conv_input": _conv_input,
    "conv_weight": _conv_weight,
    "scaled_dot_product_attention": _attention,
    "bilinear": _bilinear,
    "einsum": _einsum,
    "multi_dot": _chain,
    "cov": _covariance,
    "rnn_scan": _scan(2),
    "gru_scan": _scan(2),
    "lstm_scan": _scan(3),
    # Golub and Van Loan, Matrix Computations, 4th edition: chapters 3 to 5.
    "cholesky": _of_square(1 / 3),
    "inv": _of_square(2),
    "det": _of_square(2 / 3),
    "slogdet": _of_square(2 / 3),
    "lu_factor": _of_square(2 / 3),
    "solve": _solve,
    "solve_triangular": _triangular,
    "qr": _qr,
    "fft_c2c": _fft(1),
    "fft_r2c": _fft(1 / 2),
    "fft_c2r": _fft(1 / 2),
}
"""By the shapes of operands and results, and the attributes. A complex product counts as four
real ones."""

_REAL_OPERATIONS = {"fft_c2c", "fft_r2c", "fft_c2r"}
"""Those whose formulas count real operations already."""
