"""Reading pickles without executing them.

A pickle is a program for a small stack machine. Python's own machine calls whatever the program
names. This one knows the instructions that make plain containers, numbers and strings, and for
every name it asks a table of what may be built; there is no other way out of it.

Source: the instructions as documented in Python's ``pickletools``.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PROTOCOL = 5
"""The newest protocol of pickles that can be read."""


_COPIED = (str, bytes, bytearray, list, tuple, dict, set, frozenset)
"""What constructors copy. A tensor has a length too, and is not copied."""


class Refused(Exception):
    """The pickle asks for something that is not built."""


class Malformed(Exception):
    """The pickle is damaged."""


@dataclass(frozen=True)
class Name:
    """What a name in a pickle stands for, if that is no value of its own, such as the type of a
    storage.

    Attributes:
        name: as the pickle spells it.
    """

    name: str


@dataclass(frozen=True)
class Constructor(Name):
    """A name that stands for a function.

    Attributes:
        build: takes the tuple of arguments. It raises `Malformed` or `Refused` for those it does
            not take.
    """

    build: Callable[[tuple[Any, ...]], Any]


class Machine:
    """Runs one pickle.

    Args:
        data: the pickle.
        names: what each ``module.name`` stands for: a `Name` or a plain value.
        persistent: makes an object of a persistent id.
    """

    def __init__(
        self, data: bytes, names: Mapping[str, Any], persistent: Callable[[Any], Any]
    ) -> None:
        self.data = data
        self.place = 0
        self.names = names
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0

    def run(self) -> Any:
        """What the pickle describes.

        Raises:
            Refused: it asks for something that is not in ``names``.
            Malformed: it is damaged.
        """
        while (code := self._take(1)) != b".":
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise Refused(f"the instruction {code!r}, which makes objects of other kinds")
            instruction(self)
        value = self._pop()
        if self.stack or self.marks:
            raise Malformed("the pickle ends with values left over")
        return plain(value)

    # What instructions are made of.

    def _take(self, count: int) -> bytes:
        taken = self.data[self.place : self.place + count]
        if len(taken) != count:
            raise Malformed("the pickle ends too early")
        self.place += count
        return taken

    def _unpack(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _line(self) -> str:
        end = self.data.find(b"\n", self.place)
        if end < 0:
            raise Malformed("the pickle ends too early")
        line = self._take(end - self.place)
        self.place += 1
        return _text(line)

    def _push(self, value: Any) -> None:
        self.stack.append(value)

    def _pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Malformed("the pickle takes a value that it has not made")
        return self.stack.pop()

    def _top(self, kind: type) -> Any:
        value = self._pop()
        self.stack.append(value)
        if not isinstance(value, kind):
            raise Malformed(
                f"the pickle fills a {type(value).__name__} as if it were another thing"
            )
        return value

    def _mark(self) -> None:
        self.marks.append(len(self.stack))

    def _above_mark(self) -> list[Any]:
        if not self.marks:
            raise Malformed("the pickle takes values that it has not made")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    # Instructions that need more than a line.

    def _protocol(self) -> None:
        if (number := self._take(1)[0]) > PROTOCOL:
            raise Refused(f"protocol {number} of pickles, which is newer than this reader")

    def _store(self, key: int) -> None:
        self.memo[key] = self._top(object)

    def _fetch(self, key: int) -> None:
        if key not in self.memo:
            raise Malformed("the pickle refers to a value that it has not made")
        self._push(self.memo[key])

    def _tuple(self, count: int) -> None:
        values = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(values)))

    def _append(self, values: list[Any]) -> None:
        self._top(list).extend(map(plain, values))

    def _set_items(self, values: list[Any]) -> None:
        if len(values) % 2:
            raise Malformed("the pickle gives a dict a key without a value")
        target = self._top(dict)
        for key, value in zip(values[::2], values[1::2]):
            target[hashable(key)] = plain(value)

    def _dict(self) -> None:
        values = self._above_mark()
        self._push({})
        self._set_items(values)

    def _add_items(self) -> None:
        values = self._above_mark()
        self._top(set).update(map(hashable, values))

    def _pair(self) -> list[Any]:
        value, key = self._pop(), self._pop()
        return [key, value]

    def _named(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise Malformed("the pickle names something with what is no string")
        spelling = f"{module}.{name}"
        if spelling not in self.names:
            raise Refused(spelling)
        self._push(self.names[spelling])

    def _global(self) -> None:
        module = self._line()
        self._named(module, self._line())

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._named(module, name)

    def _reduce(self) -> None:
        args, constructor = self._pop(), self._pop()
        if not isinstance(constructor, Constructor) or not isinstance(args, tuple):
            raise Malformed("the pickle calls what cannot be called")
        # One value can be an argument many times over, and every call copies it.
        self.copied += sum(len(a) for a in args if isinstance(a, _COPIED))
        if self.copied > len(self.data):
            raise Malformed("the pickle copies the same values over and over")
        self._push(constructor.build(args))

    def _build(self) -> None:
        """PyTorch hangs ``_metadata``, the versions of layers, on the dict that a ``state_dict``
        is. Of other objects nobody sets attributes."""
        state = self._pop()
        target = self._top(object)
        if not isinstance(target, OrderedDict):
            raise Refused(f"attributes of a {type(target).__name__}")
        if not isinstance(state, dict):
            raise Malformed("the attributes of a dict are no dict")
        if "_metadata" in state:
            target._metadata = state["_metadata"]  # pyright: ignore[reportAttributeAccessIssue]

    def _integer(self) -> None:
        line = self._line()
        self._push(line == "01" if line in ("00", "01") else _number(int, line))

    def _long(self, size: int) -> None:
        if size < 0:
            raise Malformed("the pickle has a number of negative length")
        self._push(int.from_bytes(self._take(size), "little", signed=True))


def hashable(key: Any) -> Any:
    """A key of a dict or a member of a set.

    Only those are taken whose hash is quick to compute and not easily made to collide: tuples
    within tuples would take exponential time, and chosen large ints quadratic time.

    Raises:
        Refused: it is of another kind.
    """
    if isinstance(key, (str, bytes, float, bool, type(None))) or (
        isinstance(key, int) and abs(key) < 2**60
    ):
        return key
    raise Refused(f"a key of a dict or a member of a set that is a {type(key).__name__}")


def plain(value: Any) -> Any:
    """A value, which a name is not.

    Raises:
        Refused: it is a name.
    """
    for part in value if isinstance(value, tuple) else (value,):
        if isinstance(part, Name):
            raise Refused(f"{part.name} itself, as a value")
    return value


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise Malformed("the pickle has a string that is none") from None


def _number(kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Malformed(f"the pickle has a number that is none: {text[:20]!r}") from None


_INSTRUCTIONS: dict[bytes, Callable[[Machine], Any]] = {
    b"\x80": Machine._protocol,
    b"\x95": lambda m: m._take(8),  # the length of what follows, for readers of streams
    b"(": Machine._mark,
    b"0": lambda m: m._above_mark() if m.marks and m.marks[-1] == len(m.stack) else m._pop(),
    b"1": Machine._above_mark,
    b"2": lambda m: m._push(m._top(object)),
    # the memo
    b"p": lambda m: m._store(_number(int, m._line())),
    b"q": lambda m: m._store(m._unpack("<B")),
    b"r": lambda m: m._store(m._unpack("<I")),
    b"\x94": lambda m: m._store(len(m.memo)),
    b"g": lambda m: m._fetch(_number(int, m._line())),
    b"h": lambda m: m._fetch(m._unpack("<B")),
    b"j": lambda m: m._fetch(m._unpack("<I")),
    # constants and numbers
    b"N": lambda m: m._push(None),
    b"\x88": lambda m: m._push(True),
    b"\x89": lambda m: m._push(False),
    b"I": Machine._integer,
    b"J": lambda m: m._push(m._unpack("<i")),
    b"K": lambda m: m._push(m._unpack("<B")),
    b"M": lambda m: m._push(m._unpack("<H")),
    b"L": lambda m: m._push(_number(int, m._line().removesuffix("L"))),
    b"\x8a": lambda m: m._long(m._unpack("<B")),
    b"\x8b": lambda m: m._long(m._unpack("<i")),
    b"F": lambda m: m._push(_number(float, m._line())),
    b"G": lambda m: m._push(m._unpack(">d")),
    # strings and bytes
    b"X": lambda m: m._push(_text(m._take(m._unpack("<I")))),
    b"\x8c": lambda m: m._push(_text(m._take(m._unpack("<B")))),
    b"\x8d": lambda m: m._push(_text(m._take(m._unpack("<Q")))),
    b"B": lambda m: m._push(m._take(m._unpack("<I"))),
    b"C": lambda m: m._push(m._take(m._unpack("<B"))),
    b"\x8e": lambda m: m._push(m._take(m._unpack("<Q"))),
    b"\x96": lambda m: m._push(bytearray(m._take(m._unpack("<Q")))),
    # containers
    b")": lambda m: m._push(()),
    b"\x85": lambda m: m._tuple(1),
    b"\x86": lambda m: m._tuple(2),
    b"\x87": lambda m: m._tuple(3),
    b"t": lambda m: m._push(tuple(m._above_mark())),
    b"]": lambda m: m._push([]),
    b"l": lambda m: m._push([plain(value) for value in m._above_mark()]),
    b"a": lambda m: m._append([m._pop()]),
    b"e": lambda m: m._append(m._above_mark()),
    b"}": lambda m: m._push({}),
    b"d": Machine._dict,
    b"s": lambda m: m._set_items(m._pair()),
    b"u": lambda m: m._set_items(m._above_mark()),
    b"\x8f": lambda m: m._push(set()),
    b"\x90": Machine._add_items,
    b"\x91": lambda m: m._push(frozenset(map(hashable, m._above_mark()))),
    # names, and what is made with them
    b"c": Machine._global,
    b"\x93": Machine._stack_global,
    b"Q": lambda m: m._push(m.persistent(m._pop())),
    b"R": Machine._reduce,
    b"b": Machine._build,
}
