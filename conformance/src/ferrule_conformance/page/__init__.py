"""The scorecard as one HTML page that needs no network and no server."""

from ferrule_conformance.page.rendering import render

__all__ = ["render"]
