"""Errors come before any kernel runs, begin with the call, and say what mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import DTypeError, FerruleError, ShapeError

CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "shapes that do not broadcast": (
        lambda x: x + fe.ones(4, device=x.device),
        r"^add\(float32\[2,3\], float32\[4\]\): the shapes \(2, 3\) and \(4,\) do not broadcast: "
        r"sizes 3 and 4 meet at dim -1",
    ),
    "three shapes": (
        lambda x: fe.where(x > 0, x, fe.ones(5, 3, device=x.device)),
        r"^where\(bool\[2,3\], float32\[2,3\], float32\[5,3\]\): .*sizes 2 and 5 meet at dim -2",
    ),
    "inner sizes": (lambda x: x @ x, r"^matmul\(float32\[2,3\], float32\[2,3\]\): the last size"),
    "no dims to multiply": (
        lambda x: fe.matmul(x, fe.tensor(1.0, device=x.device)),
        r"^matmul\(float32\[2,3\], float32\[\]\): both tensors need at least one dim; use \*",
    ),
    "dtypes of matmul": (
        lambda x: x @ x.T.double(),
        r"^matmul\(float32\[2,3\], float64\[3,2\]\): operands have the dtypes float32 and float64; "
        r"convert them with \.to\(dtype\)",
    ),
    "cat": (
        lambda x: fe.cat([x, x[0:1, 0:2]]),
        r"^cat\(float32\[2,3\], float32\[1,2\]\): operand 1 has the shape \(1, 2\), operand 0",
    ),
    "expand": (lambda x: x.expand(4, 3), r"^expand\(float32\[2,3\], shape=\(4, 3\)\): the shapes"),
    "maximum of nothing": (
        lambda x: fe.amax(x[:0], 0),
        r"^amax\(float32\[0,3\], dim=\(0,\)\): the maximum of no elements|^amax.*dim=0",
    ),
    "a mask that is none": (
        lambda x: fe.where(x, x, x),
        r"^where\(.*\): condition must be bool, not float32; convert it with \.bool\(\)",
    ),
    "an index that is none": (
        lambda x: fe.gather(x, 0, x),
        r"^gather\(.*\): index must be integer, not float32; convert it with \.long\(\)",
    ),
    "complex order": (
        lambda x: x.to(fe.complex64) < 1,
        r"^lt\(complex64\[2,3\], int\): complex64 is not among its dtypes .*convert with \.to",
    ),
    "too large a result": (
        lambda x: x.reshape(2, 3, 1).expand(2, 3, 2**61),
        r"^expand\(.*would need more memory than can be addressed",
    ),
    "clamp without bounds": (lambda x: fe.clamp(x), r"clamp.*one of min and max must be given"),
}


@pytest.mark.parametrize("case", CALLS)
def test_the_text_begins_with_the_call(case: str) -> None:
    call, message = CALLS[case]
    for _ in range(2):  # a call that failed is not remembered as one that works
        with pytest.raises(FerruleError, match=message):
            call(fe.ones(2, 3))


@pytest.mark.parametrize("case", CALLS)
def test_no_kernel_of_the_op_that_fails_runs(case: str, add_backend: Any) -> None:
    backend = add_backend("counting")
    call, message = CALLS[case]
    name = message.lstrip("^").split("\\(")[0].split(".")[0]
    x = fe.ones(2, 3, device="counting")
    with pytest.raises(FerruleError, match=message):
        call(x)
    assert name in fe.OPS
    assert backend.calls[name] == 0


def test_shape_errors_are_value_errors_and_dtype_errors_type_errors() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        fe.ones(2) + fe.ones(3)
    with pytest.raises(TypeError, match="not among its dtypes"):
        ~fe.ones(2)
    assert issubclass(ShapeError, FerruleError)
    assert issubclass(DTypeError, FerruleError)


def test_an_error_inside_a_kernel_says_which_kernel_and_call(give_kernel: Any) -> None:
    def broken(x: Any) -> Any:
        raise ZeroDivisionError("oh")

    give_kernel("exp", broken)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match=r"^oh") as caught:
            fe.exp(fe.ones(2, 3))
        assert caught.value.__notes__ == [
            "raised by the 'exp' kernel of backend 'cpu', called as exp(float32[2,3])"
        ]


def test_an_error_inside_a_body_says_which_composite(give_kernel: Any) -> None:
    def broken(x: Any) -> Any:
        raise ZeroDivisionError("oh")

    give_kernel("exp", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        fe.sigmoid(fe.ones(2))
    assert "while computing sigmoid(float32[2])" in caught.value.__notes__


def test_a_failed_call_leaves_its_operands_alone() -> None:
    x = fe.ones(2).requires_grad_()
    with pytest.raises(ShapeError):
        x + fe.ones(3)
    (x * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 2]
