"""A run of the suite in a terminal, without pytest."""

from __future__ import annotations

from rich.console import Console
from rich.progress import track

from ferrule_conformance.session import Request, Session, SessionError


def conform(request: Request) -> int:
    """Run the tests, show failures as they come and the scorecard at the end.

    Returns:
        The exit code: 0 if all is well, 1 if a test failed, 2 if the tests cannot be run.
    """
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        session = Session(request)
    except SessionError as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        return 2
    try:
        total = len(session.trials)
        for result in track(session.run(), request.backend, total, console=errors, transient=True):
            if result.outcome == "failed":
                console.print(result.message + "\n", markup=False, soft_wrap=True)
        console.print(session.scorecard.table(console.width), markup=False, soft_wrap=True)
        session.write()
    except OSError as error:
        errors.print(f"the scorecard cannot be written: {error}", markup=False, soft_wrap=True)
        return 2
    finally:
        session.close()
    return 1 if session.scorecard.failed else 0
