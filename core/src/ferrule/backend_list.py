"""The doctor: what is installed, and whether it works here."""

from __future__ import annotations

import ferrule as fe
from ferrule import runtime
from ferrule.text_table import text_table
from ferrule_plugins import discovery
from ferrule_plugins.discovery import BackendStatus


class BackendList(list[BackendStatus]):
    """The states of the installed backends, by name."""

    def table(self) -> str:
        """The same as a table, with how many dtypes each backend declares and how many ops it has
        kernels for; below it, why those that are not ready are not, and what mends that."""
        head = ("backend", "state", "version", "from", "dtypes", "kernels", "devices")
        rows = [
            (s.name, s.state, s.version, s.distribution, *_counts(s.name), _names(s)) for s in self
        ]
        if not rows:
            return "no backend is installed; to mend it: pip install ferrule-cpu"
        lines = [text_table(head, rows, right=(4, 5))]
        for status in self:
            if status.reason:
                lines.append(f"\n{status.name} is {status.state}: {status.reason}")
            if status.remedy:
                lines.append(f"  to mend it: {status.remedy}")
        return "\n".join(lines)


def _counts(name: str) -> tuple[str, str]:
    try:
        found = runtime.described(name)
    except Exception:  # the state says why
        return "-", "-"
    return str(len(found.dtypes)), str(len(found.kernels.keys() & fe.OPS.keys()))


def _names(status: BackendStatus) -> str:
    return ", ".join(f"{d.name} ({d.kind})" for d in status.devices) or "-"


def backends() -> BackendList:
    """The doctor: every backend that is installed, whether it works, and if not, what mends it. A
    list; ``print(fe.backends().table())`` shows it.

    Never raises.
    """
    return BackendList(discovery.status())
