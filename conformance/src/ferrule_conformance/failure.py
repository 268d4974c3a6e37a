"""How a check says that a backend is wrong, or that it has nothing to say."""

from __future__ import annotations


class Failure(AssertionError):
    """The backend does not conform. The text says what was found and what is right."""


class NotApplicable(Exception):
    """There is nothing to check here. The text is the reason that the report shows."""
