"""Keeping freed memory in the process, because page faults cost more than arithmetic.

glibc returns large freed blocks to the system, and the next array of that size is faulted in page
by page. A training step frees and allocates the same sizes over and over, so the memory is better
kept.
"""

from __future__ import annotations

import ctypes
import os

SWITCH = "FERRULE_CPU_KEEP_MEMORY"
"""``0`` leaves the allocator as it is."""

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST_THRESHOLD = 32 * 1024 * 1024  # what glibc takes on machines of 64 bits
_NEVER_TRIM = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to keep what is freed. Says whether it will; other allocators do not
    have the switch."""
    if os.environ.get(SWITCH, "1") == "0":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return False
    return bool(
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_THRESHOLD) and mallopt(_M_TRIM_THRESHOLD, _NEVER_TRIM)
    )
