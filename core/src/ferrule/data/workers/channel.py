"""Messages over a socket between a loader and one worker, descriptors among them.

No end ever waits inside a read or a write, so a message cut short by its sender's death holds up
nobody, and two ends that send at once do not wait for each other.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_HEAD = struct.Struct("<QB")  # how long the message is, and whether a descriptor comes with it
_DESCRIPTOR = struct.Struct("i")
_PIECE = 2**18
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_CUT_SHORT = getattr(socket, "MSG_CTRUNC", 0)
_Selector: Any = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Closed(Exception):
    """The other end is gone."""


@dataclass(frozen=True)
class Message:
    """What arrived.

    Attributes:
        content: its bytes.
        descriptor: what came with it, which is the receiver's to close.
    """

    content: memoryview
    descriptor: int | None


class Channel:
    """One end of a connection. Takes the socket over."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.socket = end
        self._arriving = bytearray()
        self._descriptors: deque[int] = deque()
        self._leaving: deque[tuple[memoryview, int | None]] = deque()

    @property
    def pending(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._leaving)

    def queue(self, parts: Sequence[Any], descriptor: int | None = None) -> None:
        """Have a message sent. The descriptor is closed when that is done."""
        views = [memoryview(part).cast("B") for part in parts if len(part)]
        head = _HEAD.pack(sum(view.nbytes for view in views), descriptor is not None)
        # small parts in one piece, because each piece is a system call
        if sum(view.nbytes for view in views) < _PIECE:
            views = [memoryview(b"".join([head, *views]))]
        else:
            views = [memoryview(head), *views]
        self._leaving.append((views[0], descriptor))
        self._leaving.extend((view, None) for view in views[1:])

    def flush(self) -> None:
        """Send what can be sent without waiting.

        Raises:
            Closed: the other end is gone.
        """
        try:
            while self._leaving:
                view, descriptor = self._leaving[0]
                if descriptor is None:
                    sent = self.socket.send(view)
                else:
                    sent = socket.send_fds(self.socket, [view], [descriptor])
                    os.close(descriptor)
                if sent < view.nbytes:
                    self._leaving[0] = (view[sent:], None)
                else:
                    self._leaving.popleft()
        except BlockingIOError:
            return
        except OSError as error:
            raise Closed from error

    def read(self) -> list[Message]:
        """The messages that have arrived, without waiting for any.

        Raises:
            Closed: the other end is gone, and all that it sent has been read.
        """
        closed = False
        while True:
            try:
                piece = self._receive()
            except BlockingIOError:
                break
            except ConnectionError:
                piece = b""
            if not piece:
                closed = True
                break
            self._arriving += piece
        found = self._complete()
        if closed and not found:
            raise Closed
        return found

    def _receive(self) -> bytes:
        if not hasattr(self.socket, "recvmsg"):
            return self.socket.recv(_PIECE)
        # Not socket.recv_fds, which forgets the flags it is given (until Python 3.12 at least).
        room = socket.CMSG_SPACE(_DESCRIPTOR.size)
        piece, further, flags, _ = self.socket.recvmsg(_PIECE, room, _CLOSE_ON_EXEC)
        for level, kind, content in further:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors.extend(d for (d,) in _DESCRIPTOR.iter_unpack(content))
        if flags & _CUT_SHORT:
            raise OSError(
                "a batch could not be received, because this process has too many files open; "
                "raise the limit (ulimit -n)"
            )
        return piece

    def _complete(self) -> list[Message]:
        found, start = [], 0
        while len(self._arriving) - start >= _HEAD.size:
            length, with_descriptor = _HEAD.unpack_from(self._arriving, start)
            end = start + _HEAD.size + length
            if len(self._arriving) < end:
                break
            content = memoryview(self._arriving[start + _HEAD.size : end])
            descriptor = self._descriptors.popleft() if with_descriptor else None
            found.append(Message(content, descriptor))
            start = end
        del self._arriving[:start]
        return found

    def close(self) -> None:
        """Let go of this end and of what was not sent or not taken."""
        self.socket.close()
        for _, descriptor in self._leaving:
            if descriptor is not None:
                os.close(descriptor)
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._leaving.clear()
        self._descriptors.clear()

    def hang_up(self) -> None:
        """End the connection for every process that holds this end."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was faster
            return


def ready(channels: Iterable[Channel], timeout: float | None) -> list[Channel]:
    """Wait until something has arrived, or what waits to be sent can be sent.

    Returns:
        the channels where that is so; none when ``timeout`` seconds have passed.
    """
    with _Selector() as selector:
        for channel in channels:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if channel.pending else 0)
            selector.register(channel.socket, events, channel)
        return [key.data for key, _ in selector.select(timeout)]
