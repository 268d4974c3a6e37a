"""A loopback backend: another backend behind a wall, which counts what passes through it."""

from ferrule_example_null.backend import COUNTS, OF, NullBackend
from ferrule_example_null.sealed import Sealed

__all__ = ["COUNTS", "OF", "NullBackend", "Sealed"]
