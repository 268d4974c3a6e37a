"""The errors of the contract. Each says what failed, why, and what mends it."""

from __future__ import annotations


class FerruleError(Exception):
    """Base of every error that ferrule raises on purpose. Its text is written for the user."""


class BackendError(FerruleError, RuntimeError):
    """A backend cannot be used.

    Args:
        backend: the name that was asked for.
        reason: what went wrong, a sentence without its full stop.
        remedy: what mends it, a command where there is one.
        distribution: the installed distribution that supplies the backend, if one does.
        version: that distribution's version.
    """

    state = "cannot be used"

    def __init__(
        self,
        backend: str,
        reason: str,
        *,
        remedy: str,
        distribution: str | None = None,
        version: str | None = None,
    ) -> None:
        self.backend = backend
        self.reason = reason
        self.remedy = remedy
        self.distribution = distribution
        self.version = version
        source = f" (from {distribution} {version})" if distribution else ""
        super().__init__(
            f"backend {backend!r}{source} {self.state}: {reason}. To mend it: {remedy}"
        )


class BackendNotInstalled(BackendError):
    """No installed and allowed distribution supplies the backend."""

    state = "is not installed"


class BackendBroken(BackendError):
    """The backend's package is installed, but importing it failed or it is not a backend."""

    state = "is broken"


class BackendIncompatible(BackendError):
    """The backend was written to a contract that this ferrule-plugins does not serve."""

    state = "is incompatible"


class BackendUnavailable(BackendError):
    """The backend's code is sound, but it cannot run on this machine."""

    state = "is unavailable here"
