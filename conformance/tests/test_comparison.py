"""What counts as equal, and what the message says where it is not."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from ferrule_conformance.comparison import agree, same_bits
from ferrule_conformance.failure import Failure
from ferrule_conformance.tolerance import Allowance

ONE = Allowance(1.0)
EPS = float(np.finfo(np.float32).eps)


def f32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_error_within_the_allowance_is_equal() -> None:
    agree(f32(1.0 + EPS, 1000.0), np.array([1.0, 1000.0 * (1 + EPS / 2)]), ONE)


def test_message_names_the_worst_element_and_ulps() -> None:
    with pytest.raises(Failure) as failure:
        agree(f32(1.0, 2.0 + 16 * EPS, 4.0 + 4 * EPS), np.array([1.0, 2.0, 4.0]), ONE)
    text = str(failure.value)
    assert "1 of 3 elements are wrong, the worst at (1,)" in text
    assert "got 2.00000191, want 2, off by 8 ULPs of float32" in text


def test_floor_is_absolute() -> None:
    agree(f32(EPS), np.array([0.0]), Allowance(1.0, floor=1.0))
    with pytest.raises(Failure):
        agree(f32(EPS), np.array([0.0]), Allowance(1.0, floor=0.0))


def test_denormals_are_compared_in_units_of_their_own() -> None:
    least = float(np.finfo(np.float32).smallest_subnormal)
    agree(f32(2 * least), np.array([least]), ONE)
    with pytest.raises(Failure, match="off by 3 ULPs"):
        agree(f32(4 * least), np.array([least]), ONE)


def test_a_want_next_to_0_is_no_warning() -> None:
    with pytest.raises(Failure, match="no rounding explains"):
        agree(np.array([9.0]), np.array([1e-320]), ONE)


@pytest.mark.parametrize(
    ("got", "want"),
    [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (np.inf, -np.inf), (3e38, np.inf)],
)
def test_exceptional_values_must_be_the_same(got: float, want: float) -> None:
    with pytest.raises(Failure, match="no rounding"):
        agree(f32(got), np.array([want]), Allowance(1e9, floor=1e9))


def test_equal_exceptional_values_are_equal() -> None:
    agree(f32(np.nan, np.inf, -np.inf), np.array([np.nan, np.inf, -np.inf]), ONE)
    agree(f32(np.inf), np.array([1e39]), ONE)  # which float32 cannot hold


def test_signed_zero_counts_on_demand() -> None:
    agree(f32(0.0), np.array([-0.0]), ONE)
    with pytest.raises(Failure, match="want -0"):
        agree(f32(0.0), np.array([-0.0]), ONE, signed_zero=True)


def test_integers_are_exact_whatever_the_allowance() -> None:
    agree(np.array([1, 2], np.int8), np.array([1, 2]), ONE)
    with pytest.raises(Failure, match=r"the first at \(1,\): got 3, want 2"):
        agree(np.array([1, 3], np.int8), np.array([1, 2]), Allowance(100.0))


def test_bfloat16_has_its_own_eps() -> None:
    got = np.array([1.0078125], ml_dtypes.bfloat16)
    agree(got, np.array([1.0]), ONE)
    with pytest.raises(Failure, match="ULPs of bfloat16"):
        agree(got, np.array([1.0]), Allowance(0.5))


def test_complex_error_is_that_of_the_modulus() -> None:
    got = np.array([1000 + 1e-5j], np.complex64)
    agree(got, np.array([1000 + 0j]), ONE)
    with pytest.raises(Failure):
        agree(np.array([1 + 1e-5j], np.complex64), np.array([1 + 0j]), ONE)


def test_shapes_must_be_equal() -> None:
    with pytest.raises(Failure, match="shape"):
        agree(f32(1.0), np.array(1.0), ONE)


def test_same_bits_tells_nans_apart() -> None:
    quiet = np.array([0x7FC00000, 0x7FC00001], np.uint32).view(np.float32)
    same_bits(quiet, quiet.copy())
    with pytest.raises(Failure, match=r"element \(1,\).*0x7fc00001.*0x7fc00000"):
        same_bits(quiet, quiet[[0, 0]])
    with pytest.raises(Failure, match="float64"):
        same_bits(f32(1.0), np.array([1.0]))
