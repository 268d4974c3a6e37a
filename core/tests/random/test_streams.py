"""The default generators: seeds, states, and blocks that leave them as they were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ferrule as fe
from ferrule import ArgumentError, Generator, generator


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    with fe.random.fork_rng():
        yield


def test_manual_seed_returns_the_generator_and_initial_seed_the_seed() -> None:
    assert fe.manual_seed(5) is fe.default_generator()
    assert fe.initial_seed() == 5
    assert fe.manual_seed(-1).initial_seed() == 2**64 - 1


def test_seed_is_fresh_and_can_be_repeated() -> None:
    a = fe.seed()
    first = fe.rand(3).tolist()
    assert fe.seed() != a
    fe.manual_seed(a)
    assert fe.rand(3).tolist() == first
    own = Generator()
    assert own.seed() == own.initial_seed()


def test_a_state_is_continued() -> None:
    fe.manual_seed(1)
    fe.rand(5)
    state = fe.get_rng_state()
    first = fe.rand(3).tolist()
    fe.set_rng_state(state)
    assert fe.rand(3).tolist() == first
    twin = Generator(seed=9).set_state(state)
    assert twin.get_state().tolist() == state.tolist()
    assert fe.rand(3, generator=twin).tolist() == first


def test_a_fork_leaves_the_stream_where_it_was() -> None:
    fe.manual_seed(3)
    before = fe.get_rng_state().tolist()
    with fe.random.fork_rng():
        fe.manual_seed(99)
        fe.rand(10)
    assert fe.get_rng_state().tolist() == before
    with fe.random.fork_rng(devices=[fe.get_backend()]):
        fe.rand(10)
    assert fe.get_rng_state().tolist() == before
    with fe.random.fork_rng(enabled=False):
        fe.rand(10)
    assert fe.get_rng_state().tolist() != before


def test_a_fork_restores_after_an_error() -> None:
    fe.manual_seed(3)
    before = fe.get_rng_state().tolist()
    with pytest.raises(KeyError), fe.random.fork_rng():
        fe.rand(10)
        raise KeyError
    assert fe.get_rng_state().tolist() == before


def test_a_generator_made_within_a_fork_starts_from_the_seed_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fe.manual_seed(11)
    monkeypatch.setattr(generator, "_generators", {})
    with fe.random.fork_rng():
        fe.manual_seed(12)
        fe.rand(4)
    assert fe.default_generator().state.tolist() == [11, 0]


def test_what_is_drawn_by_a_generator_of_another_device_is_refused() -> None:
    own = Generator(seed=0)
    own.device = fe.Device("elsewhere")
    for draw in (
        lambda: fe.bernoulli(fe.zeros(2), generator=own),
        lambda: fe.multinomial(fe.ones(2), 1, generator=own),
        lambda: fe.poisson(fe.ones(2), own),
        lambda: fe.zeros(2).normal_(generator=own),
    ):
        with pytest.raises(ArgumentError, match="the generator draws on elsewhere"):
            draw()
