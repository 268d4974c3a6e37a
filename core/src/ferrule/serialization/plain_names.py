"""What pickles name of Python's own library that is no more than a container or a number."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, NoReturn

from ferrule.serialization.unpickling import Constructor, Malformed, hashable, plain


def _misfit(name: str) -> NoReturn:
    raise Malformed(f"the pickle makes a {name} of what cannot be one")


def _ordered_dict(args: tuple[Any, ...]) -> Any:
    match args:
        case ():
            return OrderedDict()
        case (list(pairs),) if all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
            return OrderedDict((hashable(key), plain(value)) for key, value in pairs)
    return _misfit("OrderedDict")


def _counter(args: tuple[Any, ...]) -> Any:
    match args:
        case ():
            return Counter()
        case (dict(counts),) if all(isinstance(n, int) for n in counts.values()):
            return Counter(counts)
    return _misfit("Counter")


def _set(kind: type) -> Callable[[tuple[Any, ...]], Any]:
    def build(args: tuple[Any, ...]) -> Any:
        match args:
            case () | (list(),):
                return kind(map(hashable, args[0] if args else ()))
        return _misfit(kind.__name__)

    return build


def _complex(args: tuple[Any, ...]) -> Any:
    match args:
        case (float(real), float(imag)):
            return complex(real, imag)
    return _misfit("complex")


def _bytes(args: tuple[Any, ...]) -> bytes:
    """How protocol 2 spells bytes: as characters of the same numbers."""
    match args:
        case (str(text), "latin1" | "latin-1") if all(ord(c) < 256 for c in text):
            return text.encode("latin1")
        case ():
            return b""
    return _misfit("bytes")


def _bytearray(args: tuple[Any, ...]) -> bytearray:
    return bytearray(args[0] if len(args) == 1 and isinstance(args[0], bytes) else _bytes(args))


NAMES: dict[str, Any] = {
    name: Constructor(name, build)
    for names, build in (
        (("collections.OrderedDict",), _ordered_dict),
        (("collections.Counter",), _counter),
        (("builtins.set", "__builtin__.set"), _set(set)),
        (("builtins.frozenset", "__builtin__.frozenset"), _set(frozenset)),
        (("builtins.complex", "__builtin__.complex"), _complex),
        (("builtins.bytearray", "__builtin__.bytearray"), _bytearray),
        (("builtins.bytes", "__builtin__.bytes"), _bytes),
        (("_codecs.encode",), _bytes),
    )
    for name in names
}
