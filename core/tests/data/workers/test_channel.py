"""Messages over sockets."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrule.data.workers.channel import Channel, Closed, ready

Ends = tuple[Channel, Channel]


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def ends() -> Iterator[Ends]:
    a, b = (Channel(end) for end in socket.socketpair())
    yield a, b
    a.close()
    b.close()


def received(a: Channel, b: Channel, count: int) -> list[bytes]:
    """``count`` messages that ``a`` sends and ``b`` takes, both without waiting."""
    found: list[bytes] = []
    while len(found) < count:
        assert ready([a, b], 10)
        a.flush()
        if ready([b], 0):
            found += [bytes(message.content) for message in b.read()]
    return found


@given(messages=st.lists(st.lists(st.binary(max_size=20), max_size=3), min_size=1, max_size=5))
def test_messages_arrive_whole_and_in_order(messages: list[list[bytes]]) -> None:
    a, b = (Channel(end) for end in socket.socketpair())
    for parts in messages:
        a.queue(parts)
    assert received(a, b, len(messages)) == [b"".join(parts) for parts in messages]
    a.close()
    b.close()


def test_messages_larger_than_the_sockets_buffer(ends: Ends) -> None:
    large = [os.urandom(3_000_000), b"x" * 10, os.urandom(700_000)]
    for message in large:
        ends[0].queue([message[:5], message[5:]])
    ends[0].flush()
    assert ends[0].pending
    assert received(*ends, 3) == large
    assert not ends[0].pending


def test_descriptors_come_with_their_messages(ends: Ends) -> None:
    for i in range(3):
        ends[0].queue([b"none"])
        reading, writing = os.pipe()
        os.write(writing, b"%d" % i)
        os.close(writing)
        ends[0].queue([b"with"], reading)
    ends[0].flush()
    found = []
    for message in ends[1].read():
        if message.descriptor is not None:
            assert bytes(message.content) == b"with"
            assert not os.get_inheritable(message.descriptor)
            found.append(os.read(message.descriptor, 9))
            os.close(message.descriptor)
    assert found == [b"0", b"1", b"2"]


def test_descriptors_that_nobody_took_are_closed() -> None:
    before = open_files()
    a, b = (Channel(end) for end in socket.socketpair())
    for _ in range(2):  # the first comes with a message of which the rest is missing
        reading, writing = os.pipe()
        os.close(writing)
        a.queue([bytes(2_000_000)], reading)
    a.flush()
    assert b.read() == []
    assert open_files() == before + 4
    a.close()
    b.close()
    assert open_files() == before


def test_what_was_sent_before_the_end_is_still_read(ends: Ends) -> None:
    ends[0].queue([b"last words"])
    ends[0].flush()
    ends[0].hang_up()
    assert [bytes(message.content) for message in ends[1].read()] == [b"last words"]
    with pytest.raises(Closed):
        ends[1].read()
    ends[1].queue([b"anyone there?"])
    with pytest.raises(Closed):
        ends[1].flush()


def test_nothing_arrives_from_a_silent_end(ends: Ends) -> None:
    assert ready(ends, 0) == []
    assert ends[0].read() == []
