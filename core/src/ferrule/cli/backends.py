"""``ferrule backends``: the doctor."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from typing import Annotated, Any

import typer

import ferrule as fe
from ferrule.certification import Certification, certification
from ferrule.cli import plugin_commands, terminal
from ferrule_plugins import BackendStatus, plugin_manager, selection


def backends(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every installed backend: whether it works here, and if not, why and what mends it; and
    when and how conformance certified it."""
    report = examine()
    if as_json:
        typer.echo(json.dumps(report, indent=2, default=str))
    else:
        _show(report)


def examine() -> dict[str, Any]:
    """The doctor's report in types that JSON has. Never raises."""
    try:
        selected, refusal = str(selection.selected()), ""
    except fe.FerruleError as error:
        selected, refusal = None, str(error)
    found = [_as_dict(status) for status in fe.backends()]
    further = [
        {"plugin": name, "title": title, "text": text}
        for name, answer in plugin_manager.call_hook("ferrule_doctor")
        for title, text in _rows(answer).items()
    ]
    return {
        "ferrule": fe.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "selected": selected,
        "selection_error": refusal,
        "backends": found,
        "further": further,
        "failures": [*map(str, plugin_manager.failures()), *plugin_commands.left_out],
    }


def _as_dict(status: BackendStatus) -> dict[str, Any]:
    try:
        return {**status.as_dict(), "certification": _certification(status).as_dict()}
    except Exception as error:  # a probe's answer may hold anything
        fault = f"its probe's report is malformed ({type(error).__name__}: {error})"
        remedy = f"pip install --upgrade {status.distribution}, or tell its authors"
        broken = BackendStatus(
            status.name, "broken", status.distribution, status.version, reason=fault, remedy=remedy
        )
        return {**broken.as_dict(), "certification": _certification(broken).as_dict()}


def _certification(status: BackendStatus) -> Certification:
    if status.state != "ready":
        return Certification("uncertified", f"it is {status.state}")
    try:
        return certification(status.name, fe.runtime.active(status.name).packs)
    except Exception as error:  # what activation runs is the backend's own, and may raise anything
        return Certification("uncertified", f"that cannot be told ({error})")


def _rows(answer: Any) -> dict[str, str]:
    if not isinstance(answer, Mapping):
        return {"malformed answer": f"{type(answer).__name__}, not a mapping from title to text"}
    return {str(title): str(text) for title, text in answer.items()}


_COLOURS = {"ready": "green", "unavailable": "yellow", "blocked": "yellow"}


def _show(report: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = terminal.console()
    console.print(f"ferrule {report['ferrule']}, Python {report['python']}, {report['platform']}")
    console.print(f"selected: {report['selected'] or report['selection_error']}", soft_wrap=True)
    titles = ("backend", "state", "version", "from", "certified", "devices")
    table = Table(*titles, box=None, pad_edge=False)
    for status in report["backends"]:
        state = Text(status["state"], style=_COLOURS.get(status["state"], "red"))
        devices = "\n".join(map(_device, status["devices"])) or "-"
        cells = (status["version"], status["distribution"], _certified(status), devices)
        table.add_row(Text(status["name"], style="bold"), state, *map(Text, cells))
    console.print()
    console.print(table)
    for status in report["backends"]:
        name = status["name"]
        if status["reason"]:
            console.print(f"\n{name} is {status['state']}: {status['reason']}", soft_wrap=True)
        if status["remedy"]:
            console.print(f"  to mend it: {status['remedy']}", soft_wrap=True)
        if status["details"]:
            rows = ", ".join(f"{title} {text}" for title, text in status["details"].items())
            console.print(f"\n{name}: {rows}", soft_wrap=True)
        if status["state"] == "ready":
            console.print(f"\n{name}: {_how(status)}", soft_wrap=True)
    if not report["backends"]:
        console.print("none is installed; to mend it: pip install ferrule-cpu")
    for row in report["further"]:
        console.print(f"\n{row['title']}: {row['text']}", soft_wrap=True)
    for failure in report["failures"]:
        console.print(f"\nfailed: {failure}", soft_wrap=True)


def _certified(status: dict[str, Any]) -> str:
    found = status["certification"]
    if status["state"] != "ready":
        return "-"
    return found["certificate"]["date"][:10] if found["state"] == "certified" else found["state"]


def _how(status: dict[str, Any]) -> str:
    found = status["certification"]
    made = found["certificate"]
    if made is None:
        return f"uncertified: {found['reason']}"
    tests, states = made["tests"], made["ops"]
    run = (
        f"levels {', '.join(map(str, made['levels']))}; {tests.get('passed')} tests passed, "
        f"{tests.get('waived')} waived, {tests.get('skipped')} skipped; {states.get('total')} ops, "
        f"{states.get('native')} native, {states.get('host')} on the host; seed "
        f"{', '.join(map(str, made['seeds']))}; on {made['device']}"
    )
    stale = f", but that is stale: {found['reason']}" if found["state"] == "stale" else ""
    return f"certified since {made['date']} ({run}){stale}"


def _device(device: dict[str, Any]) -> str:
    memory = device["memory"]
    size = f", {memory / 2**30:.1f} GiB" if isinstance(memory, int) else ""
    return f"{device['name']} ({device['kind']}{size})"
