import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(0)


def by_paths(log_probs: Any, labels: list[int], blank: int) -> float:
    """Of one sequence: the sum over every path that collapses to the labels."""
    likelihood = 0.0
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        collapsed = [c for c, _ in itertools.groupby(path) if c != blank]
        if collapsed == labels:
            likelihood += math.exp(sum(log_probs[t, c] for t, c in enumerate(path)))
    return -math.log(likelihood) if likelihood else math.inf


def draw(*shape: int) -> fe.Tensor:
    return F.log_softmax(fe.tensor(rng.standard_normal(shape)), -1)


@given(
    st.integers(0, 4).flatmap(
        lambda t: st.tuples(st.just(t), st.lists(st.integers(0, 1), max_size=4))
    ),
    st.integers(0, 2),
    st.integers(0, 2**16),
)
def test_all_paths(case: tuple[int, list[int]], blank: int, seed: int) -> None:
    times, choices = case
    others = [c for c in range(3) if c != blank]
    labels = [others[c] for c in choices]
    logits = np.random.default_rng(seed).standard_normal((5, 1, 3))
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    loss = F.ctc_loss(
        fe.tensor(log_probs), fe.tensor([labels], dtype=fe.int64), (times,), (len(labels),),
        blank, "sum",
    )  # fmt: skip
    assert float(loss) == pytest.approx(by_paths(log_probs[:times, 0], labels, blank))


PADDED = fe.tensor([[1, 2, 2], [3, 0, -1], [2, 9, 9]])  # what is beyond a length does not matter
JOINED = fe.tensor([1, 2, 2, 3, 2])
INPUTS, LABELS = (5, 4, 3), (3, 1, 1)


def test_forms_of_targets() -> None:
    log_probs = draw(5, 3, 4)
    each = F.ctc_loss(log_probs, PADDED, INPUTS, LABELS, reduction="none")
    joined = F.ctc_loss(log_probs, JOINED, fe.tensor(INPUTS), fe.tensor(LABELS), reduction="none")
    assert each.tolist() == joined.tolist()
    for n, (t, s) in enumerate(zip(INPUTS, LABELS)):
        labels = PADDED[n, :s]
        single = F.ctc_loss(log_probs[:, n], labels, fe.tensor(t), fe.tensor(s), reduction="none")
        assert single.shape == ()
        assert float(single) == pytest.approx(float(each[n]))
        wanted = by_paths(log_probs[:t, n].numpy(), labels.tolist(), 0)
        assert float(each[n]) == pytest.approx(wanted)


def test_reductions() -> None:
    log_probs = draw(5, 3, 4)
    options: dict[str, Any] = {"input_lengths": INPUTS, "target_lengths": (3, 1, 0)}
    each = F.ctc_loss(log_probs, PADDED, reduction="none", **options).numpy()
    assert float(F.ctc_loss(log_probs, PADDED, reduction="sum", **options)) == pytest.approx(
        each.sum()
    )
    mean = (each / [3, 1, 1]).mean()  # over the length, and over 1 where that is 0
    assert float(F.ctc_loss(log_probs, PADDED, **options)) == pytest.approx(mean)


def test_gradients() -> None:
    x = fe.tensor(rng.standard_normal((5, 3, 4)), requires_grad=True)

    def loss(x: fe.Tensor) -> fe.Tensor:
        return F.ctc_loss(F.log_softmax(x, -1), PADDED, INPUTS, LABELS)

    assert gradcheck(loss, x)
    assert gradgradcheck(loss, x, fast_mode=True)
    (slope,) = fe.autograd.grad(loss(x), x)
    np.testing.assert_allclose(slope.numpy().sum(-1), 0, atol=1e-12)
    assert not slope[4, 1].any()  # beyond its length
    assert not slope[3:, 2].any()


def test_targets_that_no_path_reaches() -> None:
    x = fe.tensor(rng.standard_normal((2, 2, 3)), requires_grad=True)
    log_probs = F.log_softmax(x, -1)
    targets = fe.tensor([[1, 1], [1, 2]])  # two equal labels need a blank between them
    each = F.ctc_loss(log_probs, targets, (2, 2), (2, 2), reduction="none")
    assert np.isinf(np.asarray(each)).tolist() == [True, False]
    loss = F.ctc_loss(log_probs, targets, (2, 2), (2, 2), 0, "sum", True)
    assert float(loss) == pytest.approx(float(each[1]))
    (slope,) = fe.autograd.grad(loss, x)
    assert slope.isfinite().all()
    assert not slope[:, 0].any()
    assert slope[:, 1].any()


def test_impossible_classes() -> None:
    x = draw(4, 1, 3).numpy().copy()
    x[:, :, 2] = -math.inf
    log_probs = fe.tensor(x, requires_grad=True)
    loss = F.ctc_loss(log_probs, fe.tensor([[1, 1]]), (4,), (2,))
    assert not fe.autograd.grad(loss, log_probs)[0].isnan().any()


def test_long_sequences_do_not_underflow() -> None:
    log_probs = F.log_softmax(fe.tensor(rng.standard_normal((300, 1, 5)), dtype=fe.float32), -1)
    targets = fe.tensor(rng.integers(1, 5, (1, 40)))
    for dtype in (fe.float32, fe.float16):
        y = F.ctc_loss(log_probs.to(dtype), targets, (300,), (40,), reduction="sum")
        wide = F.ctc_loss(log_probs.to(dtype).double(), targets, (300,), (40,), reduction="sum")
        assert y.dtype is dtype
        assert float(y) == pytest.approx(float(wide), rel=1e-3 if dtype is fe.float16 else 1e-5)


def test_no_labels() -> None:
    log_probs = draw(3, 2, 4)
    wanted = [-float(log_probs[:, n, 0].sum()) for n in range(2)]
    for targets in (fe.zeros(2, 0, dtype=fe.int64), fe.zeros(0, dtype=fe.int64)):
        y = F.ctc_loss(log_probs, targets, (3, 3), (0, 0), reduction="none")
        np.testing.assert_allclose(y.numpy(), wanted)


def test_arguments() -> None:
    x, targets = draw(5, 2, 4), fe.tensor([[1, 2], [3, 1]])
    cases: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
        (fe.ShapeError, r"one of input_lengths is 6", (targets, (6, 5), (2, 2)), {}),
        (fe.ShapeError, r"one of target_lengths is 3", (targets, (5, 5), (3, 2)), {}),
        (fe.ShapeError, "their sum must be 3", (fe.tensor([1, 2, 3]), (5, 5), (2, 2)), {}),
        (fe.ShapeError, "a label is 4", (fe.tensor([[1, 4], [1, 1]]), (5, 5), (2, 2)), {}),
        (fe.ShapeError, "a length for each", (targets, (5, 5), (2,)), {}),
        (fe.ShapeError, r"input_lengths .* must be \(2,\)", (targets, (5,), (2, 2)), {}),
        (fe.ArgumentError, "blank=4 is not one of", (targets, (5, 5), (2, 2)), {"blank": 4}),
        (fe.DTypeError, "must be integers", (targets, fe.tensor([5.0, 5.0]), (2, 2)), {}),
        (fe.ArgumentError, '"none", "mean"', (targets, (5, 5), (2, 2)), {"reduction": "max"}),
        (fe.ShapeError, r"\(T, N, C\) and \(N, S\)", (targets[None], (5, 5), (2, 2)), {}),
    ]
    for error, message, operands, options in cases:
        with pytest.raises(error, match=message):
            F.ctc_loss(x, *operands, **options)
