"""A backend at whose kernel for ``neg`` somebody presses Ctrl-C."""

from __future__ import annotations

from typing import Any

from sound import SoundBackend


def _tiring(x: Any) -> Any:
    raise KeyboardInterrupt


backend = SoundBackend("interrupting", {"neg": _tiring})
