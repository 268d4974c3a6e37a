"""How commands print."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 200


def console(stderr: bool = False) -> Console:
    """A console that prints text as it is: what plugins and paths say is no markup. Into a pipe or
    a file it writes long lines, plain, for other programs to read."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else max(_WIDE, shutil.get_terminal_size().columns)
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)
