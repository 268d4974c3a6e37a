"""Declare an op outside ferrule: its body, its gradient, and samples that check both."""

import ferrule as fe
from ferrule.declare import floating
from ferrule.samples import of


@fe.composite(dtypes=floating, samples=[(of(3, 4),), (of(0),)])
def mish(x: fe.Tensor) -> fe.Tensor:
    """``x * tanh(log(1 + exp(x)))``. Source: Misra, arXiv:1908.08681."""
    return x * fe.tanh(fe.log1p(fe.exp(x)))


@mish.vjp
def _(g, x):
    t, s = fe.tanh(fe.log1p(fe.exp(x))), fe.sigmoid(x)
    return g * (t + x * s * (1.0 - t * t))


x = fe.randn(3, 4, dtype=fe.float64, requires_grad=True)
fe.autograd.gradcheck(mish, x)
fe.autograd.gradgradcheck(mish, x)
with fe.profiler.count_ops() as ops:
    mish(x)
print("the gradients agree with finite differences")
print(f"mish runs by its body, in {ops.counts.total()} ops: {', '.join(ops.counts)}")
