"""vmap: samples along any dim, in trees, nested, and what cannot be done with them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ferrule as fe
from ferrule import ArgumentError, GraphError, OutOfRange, ShapeError, Tensor, func, nn
from ferrule.autograd import grad
from ferrule.declare import floating
from ferrule.func.batching import Call, elementwise
from ferrule.schema import Dim
from ferrule_plugins import Shaped

RNG = np.random.default_rng(0)


def f64(*shape: int) -> Tensor:
    return fe.tensor(RNG.normal(size=shape))


def close(found: Tensor, wanted: Any) -> None:
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-10, atol=1e-12)


def mixed(a: Tensor, b: Tensor) -> Tensor:
    return a.sin() * b.sum() + a.flip(0).cumsum(0)


# Dims and trees.


@settings(max_examples=40)
@given(st.data())
def test_dims_in_and_out(data: st.DataObject) -> None:
    batch = data.draw(st.integers(0, 4))
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    da = data.draw(st.integers(-len(shape) - 1, len(shape)))
    db = data.draw(st.none() | st.integers(-2, 1))
    out = data.draw(st.integers(-len(shape) - 1, len(shape)))
    rows = RNG.normal(size=(batch, *shape))
    others = RNG.normal(size=(batch, 2) if db is not None else (2,))
    a = fe.tensor(np.moveaxis(rows, 0, da))
    b = fe.tensor(others if db is None else np.moveaxis(others, 0, db))
    found = func.vmap(mixed, in_dims=(da, db), out_dims=out)(a, b)
    wanted = np.zeros((batch, *shape))
    for i in range(batch):
        one = fe.tensor(others if db is None else others[i])
        wanted[i] = mixed(fe.tensor(rows[i]), one).numpy()
    close(found, np.moveaxis(wanted, 0, out))


@settings(max_examples=40)
@given(st.permutations([0, 1, 2]), st.permutations([0, 1, 2]))
def test_nested_maps_over_any_dims(places: list[int], out: list[int]) -> None:
    """Mapping over all three dims of a tensor, in any order, is elementwise."""
    x = f64(2, 3, 4)
    f: Callable[..., Any] = fe.exp
    order = []
    left = [0, 1, 2]
    for d in places:
        order.append(left.index(d))
        left.remove(d)
    back = []
    left = []
    for d in reversed(places):
        left = sorted([*left, d])
        back.append(left.index(d))
    for source, target in zip(reversed(order), back):
        f = func.vmap(f, in_dims=source, out_dims=target)
    close(f(x), np.exp(x.numpy()))
    assert sorted(out) == [0, 1, 2]


def test_trees_of_arguments_and_results() -> None:
    p = {"w": f64(5, 3), "b": [f64(), f64(2, 5)]}
    dims = ({"w": 0, "b": [None, 1]}, None)

    def f(p: Any, k: float) -> Any:
        return {"y": p["w"] * p["b"][0] * k, "z": (p["b"][1],)}

    found = func.vmap(f, in_dims=dims, out_dims={"y": 1, "z": (0,)})(p, 2.0)
    close(found["y"], (p["w"] * p["b"][0] * 2).numpy().T)
    close(found["z"][0], p["b"][1].numpy().T)


def test_keyword_arguments_are_shared() -> None:
    x, w = f64(4, 3), f64(4, 3)
    found = func.vmap(lambda x, *, w: (x * w).sum(1))(x, w=w)
    close(found, np.einsum("bj,ij->bi", x.numpy(), w.numpy()))


def test_results_that_do_not_depend_on_the_sample_are_repeated_or_returned_once() -> None:
    x, c = f64(4, 3), f64(2)
    _, b = func.vmap(lambda x: (x, c * 2), out_dims=(0, 1))(x)
    assert b.shape == (2, 4)
    _, once = func.vmap(lambda x: (x, c * 2), out_dims=(0, None))(x)
    close(once, 2 * c.numpy())


@pytest.mark.parametrize("chunk_size", [1, 3, 7, 99])
def test_chunks_change_nothing(chunk_size: int) -> None:
    x = f64(3, 7)
    found = func.vmap(lambda x: (x.sin(), x.sum()), 1, (1, 0), chunk_size=chunk_size)(x)
    close(found[0], np.sin(x.numpy()))
    close(found[1], x.numpy().sum(0))


# Gradients.


def test_per_sample_gradients_of_a_network() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.LayerNorm(5), nn.Linear(5, 3)).double()
    x, t = f64(6, 4), fe.tensor(RNG.integers(0, 3, 6))
    params = {name: p.detach() for name, p in net.named_parameters()}

    def loss(params: Any, x: Tensor, t: Tensor) -> Tensor:
        logits = func.functional_call(net, params, (x.unsqueeze(0),))
        return nn.functional.cross_entropy(logits, t.unsqueeze(0))

    found = func.vmap(func.grad(loss), in_dims=(None, 0, 0))(params, x, t)
    for i in range(6):
        net.zero_grad()
        nn.functional.cross_entropy(net(x[i : i + 1]), t[i : i + 1]).backward()
        for name, p in net.named_parameters():
            assert p.grad is not None
            close(found[name][i], p.grad.numpy())


def test_per_sample_gradients_of_convolutions() -> None:
    w, x = f64(2, 3, 2, 2), f64(5, 3, 6, 6)

    def loss(w: Tensor, x: Tensor) -> Tensor:
        y = nn.functional.conv2d(x.unsqueeze(0), w, padding=1)
        return nn.functional.max_pool2d(y, 2).square().sum()

    found = func.vmap(func.grad(loss, argnums=(0, 1)), in_dims=(None, 0))(w, x)
    for i in range(5):
        gw, gx = func.grad(loss, argnums=(0, 1))(w, x[i])
        close(found[0][i], gw.numpy())
        close(found[1][i], gx.numpy())


def test_what_is_shared_by_an_outer_map_and_an_inner_one() -> None:
    w, a, b = f64(3), f64(4, 3), f64(5)

    def f(w: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return ((w * a).sum() * b).sin()

    inner = func.vmap(func.grad(f), in_dims=(None, 0, None))
    found = func.vmap(inner, in_dims=(None, None, 0))(w, a, b)
    assert found.shape == (5, 4, 3)
    inside = (w * a).sum(1).numpy()[None, :, None]
    bs = b.numpy()[:, None, None]
    close(found, np.cos(inside * bs) * bs * a.numpy()[None])


def test_gradients_through_a_map_reach_what_is_shared() -> None:
    x = f64(4, 3)
    w = f64(3).requires_grad_()
    y = func.vmap(lambda x: (w * x).sum().tanh())(x)
    y.sum().backward()
    assert w.grad is not None
    close(w.grad, ((1 - y.detach() ** 2).unsqueeze(1) * x).sum(0).numpy())


def test_the_gradient_that_a_rule_decrees_holds_under_vmap_too() -> None:
    """Of a maximum at a tie, of a row of padding: bodies alone would say otherwise."""
    close(func.vmap(func.grad(lambda x: fe.relu(x).sum()))(fe.zeros(2, 3)), np.zeros((2, 3)))
    table = f64(2, 4, 3)
    index = fe.tensor([[0, 1], [3, 0]])

    def f(table: Tensor, index: Tensor) -> Tensor:
        return nn.functional.embedding(index, table, padding_idx=0).sum()

    found = func.vmap(func.grad(f))(table, index)
    wanted = np.zeros((2, 4, 3))
    wanted[0, 1] = wanted[1, 3] = 1
    close(found, wanted)


def test_autograd_grad_inside_and_a_jacobian_by_basis_vectors() -> None:
    def f(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        assert x.requires_grad and x.is_leaf
        y = (x * x * x).sum()
        assert y.requires_grad and not y.is_leaf and y.grad_fn is not None
        return grad(y, x)[0]

    x = f64(4, 3)
    close(func.vmap(f)(x), 3 * x.numpy() ** 2)
    leaf = f64(3).requires_grad_()
    y = leaf.exp()
    rows = func.vmap(lambda v: grad(y, leaf, v, retain_graph=True)[0])(fe.eye(3, dtype=fe.float64))
    close(rows, np.diag(np.exp(leaf.detach().numpy())))


def test_hooks_see_one_sample() -> None:
    def f(x: Tensor) -> Tensor:
        y = x * 2

        def hook(g: Tensor) -> Tensor:
            assert g.shape == (3,)
            return g * x

        y.register_hook(hook)
        return y.sum()

    x = f64(4, 3)
    close(func.vmap(func.grad(f))(x), 2 * x.numpy())


def test_custom_functions_see_one_sample_both_ways() -> None:
    class Scaled(fe.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, w: Tensor, k: float) -> tuple[Tensor, Tensor]:
            assert x.shape == (3,)
            ctx.save_for_backward(x, w)
            ctx.k = k
            return x * w * k, x + w

        @staticmethod
        def backward(ctx: Any, g: Tensor, h: Tensor) -> tuple[Tensor, Tensor, None]:
            x, w = ctx.saved_tensors
            assert g.shape == h.shape == (3,)
            return g * w * ctx.k + h, g * x * ctx.k + h, None

    def f(x: Tensor, w: Tensor) -> Tensor:
        y, z = Scaled.apply(x, w, 2.0)
        return (y * y).sum() + z.prod()

    def plain(x: Tensor, w: Tensor) -> Tensor:
        return (x * w * 2.0).square().sum() + (x + w).prod()

    x, w = f64(4, 3), f64(3)
    for transform in (
        lambda f: func.vmap(func.grad(f, argnums=(0, 1)), (0, None)),
        lambda f: func.vmap(func.hessian(f), (0, None)),
        lambda f: func.grad(lambda x, w: func.vmap(f, (0, None))(x, w).sum(), argnums=(0, 1)),
    ):
        for a, b in zip(_leaves(transform(f)(x, w)), _leaves(transform(plain)(x, w))):
            close(a, b.numpy())


def _leaves(x: Any) -> list[Tensor]:
    return list(x) if isinstance(x, tuple) else [x]


# Tensors under vmap.


def test_they_look_like_one_sample() -> None:
    def f(x: Tensor) -> Tensor:
        assert x.shape == (3, 2) and x.ndim == 2 and x.numel() == 6 and len(x) == 3
        assert x.dtype is fe.float64 and x.device is fe.Device(fe.get_backend())
        assert not x.requires_grad and x.is_leaf and x.grad is None
        assert "5 x float64[3,2]" in repr(x)
        assert "Batched" in f"{x}"
        assert isinstance(x, Tensor)
        rows = [row.sum() for row in x]
        return fe.stack(rows) + x.detach().clone().T[0].reshape(3).flatten()

    x = f64(5, 3, 2)
    close(func.vmap(f)(x), x.numpy().sum(2) + x.numpy()[:, :, 0])


def test_writing_in_place() -> None:
    def f(x: Tensor, c: Tensor) -> Tensor:
        kept = x.clone()
        x += c
        x[1:].mul_(100)  # another tensor: values, not views
        x[0] = c[0]
        x.sub_(kept.zero_())
        made = fe.zeros(3, dtype=fe.float64)
        made[1] = x[1]  # a tensor of our own becomes one that differs by sample
        made.add_(1)
        return made

    x, c = f64(4, 3), f64(3)
    before = x.numpy().copy()
    found = func.vmap(f, (0, None))(x, c)
    wanted = np.ones((4, 3))
    wanted[:, 1] += before[:, 1] + c.numpy()[1]
    close(found, wanted)
    close(x, before)


def test_writing_in_place_is_differentiated() -> None:
    def f(x: Tensor) -> Tensor:
        made = fe.zeros(2, dtype=fe.float64)
        made[0] = x.prod()
        made *= x[:2]
        return made.sum()

    x = f64(4, 3)
    wanted = func.vmap(func.grad(lambda x: x.prod() * x[0]))(x)
    close(func.vmap(func.grad(f))(x), wanted.numpy())


def test_indexing() -> None:
    x = f64(2, 4, 3)
    i = fe.tensor([[3, 0], [1, 1]])
    xs, ints = x.numpy(), i.numpy()
    close(func.vmap(lambda x, i: x[i])(x, i), np.stack([a[b] for a, b in zip(xs, ints)]))
    close(func.vmap(lambda x: x[..., 1:, None])(x), xs[..., 1:, None])
    close(func.vmap(lambda i: x[0][i])(i), np.stack([xs[0][b] for b in ints]))
    close(
        func.vmap(lambda x, i: x.gather(0, i[:, None].expand(2, 3)))(x, i),
        np.stack([a[b] for a, b in zip(xs, ints)]),
    )
    close(func.vmap(lambda x: fe.where(x > 0, x, 0.0))(x), np.maximum(xs, 0))


def test_an_index_out_of_range_does_not_reach_into_another_sample() -> None:
    with pytest.raises(OutOfRange, match="index 4 is out of range for dim 0 of size 4"):
        func.vmap(lambda x, i: x.index_select(0, i))(f64(2, 4), fe.tensor([[4], [0]]))


def test_dtypes_promote_as_for_one_sample() -> None:
    """Samples without dims outrank nothing, though all of them together have one."""
    scalars, vector = f64(3), fe.ones(2, dtype=fe.float32)
    assert func.vmap(lambda s: s * vector)(scalars).dtype is fe.float32
    assert func.vmap(lambda s: s * 2)(fe.ones(3, dtype=fe.int64)).dtype is fe.int64
    assert func.vmap(lambda s: s / 2)(fe.ones(3, dtype=fe.int64)).dtype is fe.float32
    assert func.vmap(lambda x: x.half().to(fe.bfloat16))(vector).dtype is fe.bfloat16


def test_other_interpreters_inside_and_outside() -> None:
    x = f64(4, 3)
    with fe.profiler.count_ops() as outside:
        func.vmap(lambda x: fe.softmax(x, 0))(x)
    assert outside.counts["softmax"] == 1

    def f(x: Tensor) -> Tensor:
        with fe.profiler.count_ops() as inside:
            y = fe.exp(x) + nn.functional.embedding(fe.tensor([0, 1]), x.reshape(3, 1)).sum()
        assert inside.counts["exp"] == 1
        return y

    wanted = np.exp(x.numpy()) + x.numpy()[:, :2].sum(1, keepdims=True)
    close(func.vmap(f)(x), wanted)


def test_errors_speak_of_one_sample() -> None:
    with pytest.raises(ShapeError, match=r"matmul\(float64\[3,4\], float64\[3,4\]\)"):
        func.vmap(lambda x: x @ x)(f64(2, 3, 4))


# What cannot be done.


@pytest.mark.parametrize(
    ("use", "remedy"),
    [
        (lambda x: x.sum().item(), "Compute with the tensor itself"),
        (lambda x: x if x.sum() > 0 else -x, r"fe\.where"),
        (lambda x: x.numpy(), "convert what vmap returns"),
        (lambda x: np.asarray(x), "convert what vmap returns"),
        (lambda x: x.tolist(), "Compute with the tensor itself"),
        (lambda x: float(x[0]), "Compute with the tensor itself"),
        (lambda x: range(x.long()[0]), r"x\[i\.reshape\(1\)\]"),
        (lambda x: deepcopy(x), r"clone\(\)"),
        (lambda x: fe.nonzero(x), "a mask with where"),
        (lambda x: x[x > 0], "a mask with where"),
        (lambda x: x.requires_grad_().sum().backward(), r"fe\.func\.grad"),
        (lambda x: np.from_dlpack(x), "export what vmap returns"),
    ],
)
def test_samples_cannot_become_python_values(use: Any, remedy: str) -> None:
    with pytest.raises(GraphError, match=remedy):
        func.vmap(use)(f64(2, 3))


def test_a_shared_tensor_has_no_gradient_for_each_sample_by_autograd_grad() -> None:
    w = f64(3).requires_grad_()
    with pytest.raises(GraphError, match="all samples of a vmap share"):
        func.vmap(lambda x: grad((w * x).sum(), w)[0])(f64(4, 3))


def test_a_tensor_from_outside_keeps_its_value() -> None:
    outside = fe.zeros(3, dtype=fe.float64)
    batch_norm = nn.BatchNorm1d(3)

    def f(x: Tensor) -> Tensor:
        outside[0] = x[0]
        return x

    with pytest.raises(GraphError, match="from outside of the mapped function"):
        func.vmap(f)(f64(2, 3))
    close(outside + 1, np.ones(3))
    assert type(outside) is Tensor
    with pytest.raises(GraphError, match=r"\.eval\(\), or no running statistics"):
        func.vmap(batch_norm)(fe.ones(2, 4, 3))
    assert batch_norm.get_buffer("running_mean").tolist() == [0, 0, 0]
    assert func.vmap(batch_norm.eval())(fe.ones(2, 4, 3)).shape == (2, 4, 3)


def test_a_tensor_from_outside_keeps_its_value_when_the_function_fails() -> None:
    outside = fe.zeros(3, dtype=fe.float64)

    def f(x: Tensor) -> Tensor:
        outside.add_(x)
        raise KeyError("elsewhere")

    with pytest.raises(KeyError, match="elsewhere"):
        func.vmap(f)(f64(2, 3))
    assert outside.tolist() == [0, 0, 0]


def test_a_local_in_a_reference_cycle_is_not_from_outside() -> None:
    def f(x: Tensor) -> Tensor:
        made = fe.zeros(3, dtype=fe.float64)
        made += x
        cycle: list[Any] = [made]
        cycle.append(cycle)
        return x * 2

    gc.disable()
    try:
        x = f64(2, 3)
        close(func.vmap(f)(x), 2 * x.numpy())
    finally:
        gc.enable()


def test_a_tensor_that_leaves_by_another_way_says_so() -> None:
    left: list[Tensor] = []

    def f(x: Tensor) -> Tensor:
        left.append(x)
        return x

    func.vmap(f)(f64(2, 3))
    for use in (lambda: left[0] + 1, lambda: left[0].exp(), lambda: fe.softmax(left[0], 0)):
        with pytest.raises(GraphError, match="left the mapped function"):
            use()
    with pytest.raises(GraphError, match="left the mapped function"):
        func.vmap(lambda x: x + left[0])(f64(2, 3))


def test_a_pullback_that_leaves_by_another_way_says_so() -> None:
    left: list[Any] = []

    def f(x: Tensor) -> Tensor:
        y, pull = func.vjp(fe.sin, x)
        left.append(pull)
        return y

    func.vmap(f)(f64(2, 3))
    with pytest.raises(GraphError, match="after that vmap had ended"):
        left[0](f64(3))


def test_wrong_calls_say_what_is_wrong() -> None:
    x = f64(4, 3)

    def refused(kind: type[Exception], match: str, *args: Any, **options: Any) -> None:
        with pytest.raises(kind, match=match):
            func.vmap(lambda *xs: xs[0], **options)(*args)

    refused(ArgumentError, "in_dims is an int or a tuple", x, in_dims=None)
    refused(ArgumentError, "does not fit the arguments", x, in_dims=(0, 0))
    refused(ArgumentError, "nothing is mapped over", x, in_dims=(None,))
    refused(ArgumentError, "no positional argument")
    refused(ArgumentError, "is an int or None, not 1.5", x, in_dims=(1.5,))
    refused(ArgumentError, "give None for it", x, 2.0)
    refused(OutOfRange, "which has 2 dims", x, in_dims=2)
    refused(OutOfRange, "which has 0 dims", f64())
    refused(ShapeError, r"\[3, 4\]", x, x, in_dims=(0, 1))
    refused(ArgumentError, "out_dims is None for a result that differs", x, out_dims=None)
    refused(OutOfRange, "has 2 dims", x, out_dims=2)
    refused(ArgumentError, "does not fit what the function returned", x, out_dims=(0, 0))
    refused(ArgumentError, "randomness is", x, randomness="often")
    refused(ArgumentError, "chunk_size must be positive", x, chunk_size=0)
    with pytest.raises(ArgumentError, match="only tensors can be put together"):
        func.vmap(lambda x: (x, 1.0))(x)


# Ops of third parties.


def test_a_primitive_without_a_rule_is_refused_until_it_has_one(give_kernel: Any) -> None:

    @fe.primitive(dtypes=floating, samples=[])
    def test_tripled(x: Shaped) -> Shaped:
        """``3 * x``"""
        return x

    @fe.primitive(dtypes=floating, samples=[])
    def test_turned(x: Shaped, *, dim: Dim) -> Shaped:
        """In reverse order along ``dim``."""
        return x

    give_kernel("test_tripled", lambda x: x * 3)
    give_kernel("test_turned", lambda x, dim: np.flip(x, dim))
    x = f64(4, 3, 2)
    with pytest.raises(GraphError, match=r"@test_tripled\.batching"):
        func.vmap(test_tripled)(x)
    test_tripled.batching(elementwise)
    close(func.vmap(func.vmap(test_tripled))(x), 3 * x.numpy())

    @test_turned.batching
    def _(call: Call) -> Tensor:
        (x,) = call.operands
        return call(x, dim=call.attrs["dim"] + 1)

    close(func.vmap(lambda x: test_turned(x, dim=-1), 1, 1)(x), np.flip(x.numpy(), -1))
