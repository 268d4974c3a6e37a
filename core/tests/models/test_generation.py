"""Which tokens may be drawn, how often they are, and how a text is written from them."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.models import generation

ROWS = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.floats(-5, 5), min_size=n, max_size=n, unique_by=lambda x: round(x, 3))
)


def wanted(row: list[float], temperature: float, top_k: int | None, top_p: float) -> Any:
    """The definition: the likeliest first, until there are enough."""
    scores = np.array(row) / temperature
    order = np.argsort(-scores)[:top_k]
    p = np.exp(scores[order] - scores.max())
    p /= p.sum()
    count = next(n for n in range(1, len(p) + 1) if p[:n].sum() >= top_p or n == len(p))
    result = np.zeros(len(row))
    result[order[:count]] = p[:count] / p[:count].sum()
    return result


@given(ROWS, st.floats(0.3, 3), st.none() | st.integers(1, 15), st.floats(0.05, 0.99))
def test_probabilities_are_those_of_the_definition(
    row: list[float], temperature: float, top_k: int | None, top_p: float
) -> None:
    sums = np.cumsum(sorted(wanted(row, temperature, top_k, 1.0))[::-1])
    if np.abs(sums - top_p).min() < 1e-6:
        return  # where rounding decides
    got = generation.probabilities(
        fe.tensor([row], dtype=fe.float64), temperature=temperature, top_k=top_k, top_p=top_p
    )
    np.testing.assert_allclose(got.numpy()[0], wanted(row, temperature, top_k, top_p), atol=1e-12)


def test_as_likely_as_the_last_of_the_top_k_stays() -> None:
    got = generation.probabilities(fe.tensor([[1.0, 2.0, 2.0, 0.0]]), top_k=1)
    assert got.tolist() == [[0.0, 0.5, 0.5, 0.0]]


def test_some_token_stays_however_small_top_p_is() -> None:
    got = generation.probabilities(fe.tensor([[1.0, 3.0, 2.0]]), top_p=0.0)
    assert got.tolist() == [[0.0, 1.0, 0.0]]


def test_half_precision_is_summed_in_more() -> None:
    got = generation.probabilities(fe.zeros(1, 4096, dtype=fe.float16), top_p=0.5)
    assert got.dtype is fe.float32
    assert (got > 0).sum().item() == 2048


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    fe.manual_seed(3)
    logits = fe.log(fe.tensor([0.1, 0.2, 0.3, 0.4])).expand(8000, 4)
    counts = fe.bincount(generation.sample(logits), minlength=4).numpy()
    expected = 8000 * np.array([0.1, 0.2, 0.3, 0.4])
    assert ((counts - expected) ** 2 / expected).sum() < 30.7  # chi-square of 3 degrees: p = 1e-6


def test_a_generator_draws_the_same_again() -> None:
    logits = fe.zeros(5, 100)
    first, again = (
        generation.sample(logits, generator=fe.Generator(seed=7)).tolist() for _ in range(2)
    )
    assert first == again
    assert len(set(first)) > 1


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.0}, {"temperature": math.inf}, {"top_k": 0}, {"top_p": 1.5}],
)
def test_arguments_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        generation.probabilities(fe.zeros(1, 3), **options)


def test_logits_of_other_shapes_are_refused() -> None:
    for shape in [(3,), (1, 2, 3), (2, 0)]:
        with pytest.raises(ShapeError, match="logits must be"):
            generation.probabilities(fe.zeros(shape))


def counting(tokens: fe.Tensor, state: Any) -> tuple[fe.Tensor, Any]:
    """A model of ten tokens that counts on from the sum of all it has seen."""
    total = tokens.sum(1) + (0 if state is None else state)
    return fe.nn.functional.one_hot(total % 10, 10).float(), total


def test_a_text_goes_on_from_the_state() -> None:
    ids = fe.tensor([[1, 2], [4, 0]])
    # 1 + 2 = 3, 3 + 3 = 6, 6 + 6 = 12
    assert generation.generate(counting, ids, 3).tolist() == [[1, 2, 3, 6, 2], [4, 0, 4, 8, 6]]
    assert generation.generate(counting, ids, 3, use_cache=False).tolist() == [
        [1, 2, 3, 6, 2], [4, 0, 4, 8, 6],
    ]  # fmt: skip
    assert generation.generate(counting, ids, 0).tolist() == ids.tolist()


def test_rows_end_one_by_one_and_then_all() -> None:
    ids = fe.tensor([[1, 2], [4, 0]])
    got = generation.generate(counting, ids, 9, eos_token_id=6, pad_token_id=0)
    assert got.tolist() == [[1, 2, 3, 6, 0], [4, 0, 4, 8, 6]]
    got = generation.generate(counting, ids, 9, eos_token_id=6)
    assert got.tolist() == [[1, 2, 3, 6, 6], [4, 0, 4, 8, 6]]


def test_drawing_is_an_option() -> None:
    ids = fe.tensor([[1, 2]])
    drawn = generation.generate(counting, ids, 3, do_sample=True, top_k=1)
    assert drawn.tolist() == generation.generate(counting, ids, 3).tolist()
    with pytest.raises(ArgumentError, match="do_sample=True"):
        generation.generate(counting, ids, 3, temperature=0.5)


@pytest.mark.parametrize(
    ("ids", "count", "error", "words"),
    [
        (fe.tensor([1, 2]), 1, ShapeError, r"input_ids\[None\]"),
        (fe.tensor([[1.0]]), 1, DTypeError, "integers"),
        (fe.zeros(1, 0, dtype=fe.int64), 1, ShapeError, "at least one"),
        (fe.tensor([[1]]), -1, ArgumentError, "max_new_tokens"),
    ],
)
def test_what_cannot_be_continued_is_refused(
    ids: fe.Tensor, count: int, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        generation.generate(counting, ids, count)


def test_the_loss_predicts_each_token_from_those_before() -> None:
    logits = np.random.default_rng(0).standard_normal((2, 4, 5))
    labels = np.array([[0, 4, -100, 2], [1, 1, 3, 0]])
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    terms = [
        -logs[b, t, labels[b, t + 1]] for b in range(2) for t in range(3) if labels[b, t + 1] >= 0
    ]
    got = generation.next_token_loss(fe.tensor(logits), fe.tensor(labels))
    assert got is not None
    assert got.item() == pytest.approx(np.mean(terms), abs=1e-12)
    with pytest.raises(ShapeError, match="same tokens"):
        generation.next_token_loss(fe.tensor(logits), fe.tensor(labels[:, :3]))
