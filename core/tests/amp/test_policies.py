"""The policies of op declarations, and composites that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ops
from ferrule.errors import DeclarationError
from ferrule.op import OPS
from ferrule.samples import of
from ferrule.schema import Dim
from ferrule_plugins import dtypes

X = fe.tensor(np.random.default_rng(0).standard_normal((3, 3)), dtype=fe.float32)


@pytest.fixture
def mixture() -> Any:
    """A composite without policy whose body has both kinds of ops."""

    @fe.composite(dtypes=frozenset({dtypes.bfloat16, dtypes.float32}), samples=[(of(2, 2),)])
    def mixture(x: fe.Tensor, *, dim: Dim = -1) -> fe.Tensor:
        """The softmax of a square."""
        return ops.softmax(ops.matmul(x, x), dim=dim)

    @mixture.vjp
    def _(g, y, dim):
        inner = ops.sum(g * y, dim=dim, keepdim=True)
        return y * (g - inner)

    yield mixture
    del OPS["mixture"]


def test_a_composite_without_policy_is_taken_apart(mixture: Any) -> None:
    with fe.autocast(fe.get_backend()):
        found = mixture(X)
    assert found.dtype is fe.float32
    low = X.bfloat16()
    assert fe.equal(found, fe.softmax((low @ low).float(), -1))
    assert mixture(X).dtype is fe.float32
    assert not fe.equal(mixture(X), found)


def test_and_so_it_is_where_its_backend_has_a_kernel(
    mixture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fe.autocast(fe.get_backend()):
        expected = mixture(X)

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        raise AssertionError("the kernel would not convert anything")

    monkeypatch.setitem(fe.runtime.active(fe.get_backend()).kernels, "mixture", kernel)
    mixture.forget()
    with fe.autocast(fe.get_backend()):
        assert fe.equal(mixture(X), expected)
    mixture.forget()


def test_the_gradient_of_one_that_is_taken_apart_is_that_of_its_body(mixture: Any) -> None:
    found = []
    for function in (mixture, lambda x: fe.softmax(x @ x, -1)):
        x = X.clone().requires_grad_()
        with fe.autocast(fe.get_backend()):
            y = function(x)
        y[:, 0].sum().backward()
        found.append(x.grad)
    assert fe.equal(*found)


def test_one_that_has_nothing_to_convert_runs_whole() -> None:
    x = X.bfloat16()
    with fe.profiler.count_ops() as counted, fe.autocast(fe.get_backend()):
        fe.relu(x)
    assert dict(counted.counts) == {"relu": 1}


def test_plans_do_not_remember_what_autocast_made_of_a_body(mixture: Any) -> None:
    """A call under autocast between forward and backward of one without must not change it."""
    x = X.clone().requires_grad_()
    y = fe.nn.functional.silu(x)
    with fe.autocast(fe.get_backend()):
        fe.nn.functional.silu(X.clone().requires_grad_())
        mixture(X.clone().requires_grad_())
    y.sum().backward()
    s = 1 / (1 + np.exp(-X.double().numpy()))
    assert x.grad is not None
    expected = s * (1 + X.double().numpy() * (1 - s))
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_policy_is_one_of_three() -> None:
    with pytest.raises(DeclarationError, match="'lower', 'float32' or 'widest', not 'half'"):

        @fe.composite(dtypes=frozenset({dtypes.float32}), samples=[], autocast="half")  # pyright: ignore[reportArgumentType]
        def never(x: fe.Tensor) -> fe.Tensor:
            """Not declared."""
            return x

    assert "never" not in OPS


@pytest.mark.parametrize("policy", ["lower", "float32", "widest"])
def test_ops_with_a_policy_run_in_it(policy: str) -> None:
    """Every op with a policy, on its own samples: those that autocast may lower run in bfloat16,
    those of float32 never do."""
    wanted = [op for op in OPS.values() if op.autocast == policy]
    assert wanted
    start = fe.bfloat16 if policy == "float32" else fe.float32
    for op in wanted:
        if fe.float32 not in op.dtypes:  # of complex operands alone
            continue
        sample = op.samples[0]
        operands = [
            None
            if i is None
            else fe.tensor(_drawn(i, op.schema.role(n)), dtype=i.dtype or _dtype(op, n, start))
            for n, i in enumerate(sample.inputs)
        ]
        with fe.autocast(fe.get_backend(), fe.bfloat16):
            found = op(*operands, **sample.attrs)
        outs = found if isinstance(found, tuple) else (found,)
        floats = {y.dtype for y in outs if y.dtype.is_floating_point}
        assert floats <= {fe.bfloat16 if policy == "lower" else fe.float32}, op.name


def _drawn(described: Any, role: str) -> Any:
    from ferrule_conformance.inputs import draw

    dtype = described.dtype or {"mask": dtypes.bool_, "index": dtypes.int64}.get(
        role, dtypes.float64
    )
    return draw(described, dtype, np.random.default_rng(0))


def _dtype(op: Any, position: int, start: Any) -> Any:
    role = op.schema.role(position)
    return {"mask": fe.bool, "index": fe.int64}.get(role, start)
