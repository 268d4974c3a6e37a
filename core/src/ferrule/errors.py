"""The errors of core. Every one names the culprit and the remedy."""

from __future__ import annotations

from ferrule_plugins import FerruleError


class ShapeError(FerruleError, ValueError):
    """Shapes, dims or sizes do not fit an op."""


class OutOfRange(ShapeError, IndexError):
    """An index or a dim lies outside a tensor. Python's iteration over items ends by it.

    Attributes:
        index: the index, where it is one and is known.
    """

    index: int | None = None


class DTypeError(FerruleError, TypeError):
    """A dtype does not fit an op or a backend."""


class DeviceError(FerruleError, RuntimeError):
    """Tensors of several devices meet in one op."""


class ArgumentError(FerruleError, TypeError):
    """An op was called with arguments that it does not have, or of the wrong kind."""


class GraphError(FerruleError, RuntimeError):
    """The tape cannot do what was asked of it."""


class MissingKernel(FerruleError, NotImplementedError):
    """A backend has no kernel for a primitive, and falling back to the host was not allowed."""


class LinAlgError(FerruleError, RuntimeError):
    """A matrix has no such factors, inverse or solution. PyTorch has it as a `RuntimeError` too."""


class DeclarationError(FerruleError, TypeError):
    """An op is declared wrongly. Raised when the declaration is imported."""


class CheckpointError(FerruleError, ValueError):
    """A checkpoint cannot be read, or does not belong to what it is loaded into."""


class DataError(FerruleError, ValueError):
    """A data set is missing, truncated or of the wrong kind."""
