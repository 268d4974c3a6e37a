"""Fit a line to noisy points: tensors and gradients by hand."""

import ferrule as fe

fe.manual_seed(0)
x = fe.rand(100)
y = 3.0 * x + 0.5 + 0.05 * fe.randn(100)

slope = fe.tensor(0.0, requires_grad=True)
offset = fe.tensor(0.0, requires_grad=True)

for _ in range(300):
    loss = ((slope * x + offset - y) ** 2).mean()
    by_slope, by_offset = fe.autograd.grad(loss, [slope, offset])
    with fe.no_grad():
        slope -= 0.5 * by_slope
        offset -= 0.5 * by_offset

print(f"slope {slope.item():.2f} (it was 3), offset {offset.item():.2f} (it was 0.5)")
