"""Ops that a test declares are gone after it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _declarations_end_with_the_test(own_declarations: None) -> None: ...
