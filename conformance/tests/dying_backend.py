"""A backend that takes its process down with it, as native code may."""

from __future__ import annotations

import os
import signal
from typing import Any

from sound import KIT, SoundBackend


def _deadly(x: Any) -> Any:
    if x.dtype == "int8":
        os.kill(os.getpid(), signal.SIGSEGV)
    return KIT["neg"](x)


backend = SoundBackend("dying", {"neg": _deadly})
