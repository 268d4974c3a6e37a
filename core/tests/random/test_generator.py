"""Generators: seeds, states, and which words a call draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ferrule as fe
from ferrule import ArgumentError, Generator, ShapeError, Tensor

DRAWS: dict[str, Callable[..., Tensor]] = {
    "rand": lambda **o: fe.rand(3, 5, **o),
    "rand float64": lambda **o: fe.rand(5, dtype=fe.float64, **o),
    "randn": lambda **o: fe.randn(3, 5, **o),
    "randint": lambda **o: fe.randint(100, (7,), **o),
    "randperm": lambda **o: fe.randperm(20, **o),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())


@pytest.fixture(autouse=True)
def _the_stream_goes_on_where_it_was() -> Iterator[None]:
    generator = fe.default_generator()
    before = generator.state
    yield
    generator.state = before


@every_draw
def test_one_seed_gives_one_sequence(draw: Callable[..., Tensor]) -> None:
    sequences = []
    for _ in range(2):
        fe.manual_seed(42)
        sequences.append([draw().tolist() for _ in range(3)])
    assert sequences[0] == sequences[1]
    assert sequences[0][0] != sequences[0][1]
    fe.manual_seed(43)
    assert draw().tolist() != sequences[0][0]


@every_draw
def test_a_generator_of_ones_own_draws_what_the_default_would_and_leaves_it_alone(
    draw: Callable[..., Tensor],
) -> None:
    fe.manual_seed(42)
    before = fe.default_generator().state.tolist()
    own = draw(generator=Generator(seed=42))
    assert fe.default_generator().state.tolist() == before
    assert own.tolist() == draw().tolist()


@every_draw
def test_a_saved_state_continues_the_stream(draw: Callable[..., Tensor]) -> None:
    generator = Generator(seed=1)
    draw(generator=generator)
    saved = generator.state
    expected = [draw(generator=generator).tolist() for _ in range(2)]
    generator.state = saved
    assert [draw(generator=generator).tolist() for _ in range(2)] == expected
    other = Generator(seed=99)
    other.state = fe.tensor(saved.tolist())
    assert draw(generator=other).tolist() == expected[0]


def test_the_state_is_the_seed_and_the_number_of_blocks_of_four_words() -> None:
    generator = Generator(seed=5)
    assert (generator.state.dtype, generator.state.tolist()) == (fe.int64, [5, 0])
    for words, blocks in ((4, 1), (1, 2), (5, 4), (0, 4), (8, 6)):
        generator.bits((words,))
        assert generator.state.tolist() == [5, blocks]


def test_whole_blocks_give_the_same_words_however_they_are_split() -> None:
    a, b = Generator(seed=3), Generator(seed=3)
    whole = a.bits((24,)).tolist()
    parts = [b.bits(shape) for shape in ((4,), (2, 4), (0,), (12,))]
    assert [w for part in parts for w in part.reshape(-1).tolist()] == whole
    c, d = Generator(seed=3), Generator(seed=3)
    assert fe.rand(8, generator=c).tolist() == [
        v for _ in range(2) for v in fe.rand(4, generator=d).tolist()
    ]


def test_shapes_are_filled_in_row_major_order() -> None:
    flat = fe.rand(12, generator=Generator(seed=3))
    assert fe.rand(3, 4, generator=Generator(seed=3)).tolist() == flat.reshape(3, 4).tolist()


def test_writing_to_a_state_that_was_read_or_set_leaves_the_generator_alone() -> None:
    generator = Generator(seed=5)
    read = generator.state
    read += 100
    assert generator.state.tolist() == [5, 0]
    given = fe.tensor([7, 1])
    generator.state = given
    given.zero_()
    assert generator.state.tolist() == [7, 1]


def test_drawing_leaves_a_state_that_was_read_alone() -> None:
    generator = Generator(seed=5)
    saved = generator.state
    generator.bits((4,))
    assert saved.tolist() == [5, 0]


@pytest.mark.parametrize("seed", [0, 1, -1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), fe.tensor(3)])
def test_seeds_of_64_bits(seed: Any) -> None:
    drawn = [fe.rand(4, generator=Generator(seed=seed)).tolist() for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_every_bit_of_a_seed_counts() -> None:
    seeds = [0, *(2**i for i in range(64))]
    assert len({tuple(Generator(seed=s).bits((4,)).tolist()) for s in seeds}) == 65


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 1.5, "1", None, True], ids=repr)
def test_what_is_no_seed_is_refused_and_nothing_is_seeded(seed: Any) -> None:
    before = fe.default_generator().state.tolist()
    with pytest.raises(ArgumentError, match=r"^manual_seed: "):
        fe.manual_seed(seed)
    assert fe.default_generator().state.tolist() == before


@pytest.mark.parametrize("state", [fe.zeros(2), fe.tensor([1]), fe.tensor([[1, 2]])], ids=str)
def test_a_state_of_another_type_is_refused(state: Tensor) -> None:
    generator = Generator(seed=1)
    with pytest.raises(ShapeError, match=r"state is int64\[2\]"):
        generator.state = state
    assert generator.state.tolist() == [1, 0]


def test_unseeded_generators_differ() -> None:
    assert Generator().state.tolist() != Generator().state.tolist()


def test_drawing_can_be_recorded_but_draws_constants() -> None:
    x = fe.rand(3, requires_grad=True)
    assert x.is_leaf
    assert x.requires_grad
    assert fe.randn(3, requires_grad=True).is_leaf
