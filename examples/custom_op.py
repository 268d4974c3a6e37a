"""Declare an op outside ferrule: its body, its gradient, and samples that check both."""

import ferrule as fe
from ferrule.declare import floating
from ferrule.samples import of


@fe.composite(dtypes=floating, samples=[(of(3, 4),), (of(0),)])
def squareplus(x: fe.Tensor) -> fe.Tensor:
    """``(x + sqrt(x**2 + 4)) / 2``. Source: Barron, arXiv:2112.11687."""
    return (x + fe.sqrt(x * x + 4.0)) * 0.5


@squareplus.vjp
def _(g, x):
    return g * (x / fe.sqrt(x * x + 4.0) + 1.0) * 0.5


x = fe.randn(3, 4, dtype=fe.float64, requires_grad=True)
fe.autograd.gradcheck(squareplus, x)
fe.autograd.gradgradcheck(squareplus, x)
with fe.profiler.count_ops() as ops:
    squareplus(x)
print("the gradients agree with finite differences")
print(f"squareplus runs by its body, in {ops.counts.total()} ops: {', '.join(ops.counts)}")
