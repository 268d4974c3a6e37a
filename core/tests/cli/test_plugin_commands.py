"""Commands of plugins: let in if they work, left out and reported if not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from ferrule.cli import plugin_commands
from ferrule_plugins import hookimpl, plugin_manager


def app_with_one_command() -> typer.Typer:
    app = typer.Typer()

    @app.callback(invoke_without_command=True)
    def top() -> None:
        typer.echo("ours")

    @app.command("train")
    def train() -> None:
        typer.echo("our train")

    return app


class Good:
    @hookimpl
    def ferrule_cli(self, app: typer.Typer) -> None:
        @app.command()
        def greet_all(name: str = "all") -> None:
            typer.echo(f"hello {name}")

        group = typer.Typer(name="tool")
        app.add_typer(group)

        @group.command()
        def inner() -> None:
            typer.echo("inner")

        @group.command()
        def other() -> None:
            typer.echo("other")


class Raises:
    @hookimpl
    def ferrule_cli(self, app: typer.Typer) -> None:
        app.command("half")(lambda: typer.echo("half"))
        raise ZeroDivisionError("in the middle")


class TwoDefaults:
    @hookimpl
    def ferrule_cli(self, app: typer.Typer) -> None:
        @app.command()
        def odd(value: Annotated[int, typer.Option()] = typer.Option(3)) -> None: ...


class Usurper:
    @hookimpl
    def ferrule_cli(self, app: typer.Typer) -> None:
        app.command("train")(lambda: typer.echo("their train"))
        app.callback(invoke_without_command=True)(lambda: typer.echo("theirs"))


@pytest.fixture
def with_plugins() -> Iterator[Callable[..., typer.Typer]]:
    names: list[str] = []
    left_out = list(plugin_commands.left_out)

    def build(*plugins: Any) -> typer.Typer:
        for plugin in plugins:
            names.append(type(plugin).__name__)
            plugin_manager.manager().register(plugin, names[-1])
        app = app_with_one_command()
        plugin_commands.add(app)
        return app

    yield build
    plugin_commands.left_out[:] = left_out
    for name in names:
        plugin_manager.manager().unregister(name=name)
        plugin_manager._failures.pop((name, "ferrule_cli"), None)


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_commands_and_groups_are_added(with_plugins: Callable[..., typer.Typer]) -> None:
    app = with_plugins(Good())
    assert "hello you" in run(app, "greet-all", "--name", "you")
    assert "inner" in run(app, "tool", "inner")


def test_they_are_added_once(with_plugins: Callable[..., typer.Typer]) -> None:
    app = with_plugins(Good())
    before = len(app.registered_commands), len(app.registered_groups)
    plugin_commands.add(app)
    assert (len(app.registered_commands), len(app.registered_groups)) == before


@pytest.mark.parametrize("plugin", [Raises(), TwoDefaults(), Usurper()])
def test_a_broken_plugin_breaks_nothing_else(
    plugin: Any, with_plugins: Callable[..., typer.Typer]
) -> None:
    app = with_plugins(plugin, Good())
    assert run(app, "train") == "ours\nour train\n"
    assert "hello all" in run(app, "greet-all")


def test_what_was_left_out_is_reported(with_plugins: Callable[..., typer.Typer]) -> None:
    with_plugins(TwoDefaults(), Usurper(), Raises())
    reports = "\n".join(plugin_commands.left_out)
    assert "command 'odd' of a plugin: " in reports
    assert "command 'train' of a plugin: its name is taken" in reports
    assert any(f.name == "Raises" for f in plugin_manager.failures())


def test_an_installed_plugin_adds_its_command(
    plugin_distributions: ModuleType, run_python: Callable[..., str], tmp_path: Path
) -> None:
    source = """\
    from ferrule_plugins import hookimpl

    class Plugin:
        @hookimpl
        def ferrule_cli(self, app):
            @app.command()
            def greet():
                print("hello from a plugin")

    plugin = Plugin()
    """
    good = plugin_distributions.PluginDistribution(
        "ferrule-greet", "greet", source, attribute="plugin", group="ferrule.plugins"
    )
    bad = plugin_distributions.PluginDistribution(
        "ferrule-bad", "bad", "1 / 0", attribute="plugin", group="ferrule.plugins"
    )
    site = plugin_distributions.install([good, bad], tmp_path / "site")
    command = "from ferrule.cli import main; raise SystemExit(main([{!r}]))"
    assert run_python(command.format("greet"), site) == "hello from a plugin\n"
    doctor = run_python(command.format("backends"), site)
    assert "failed: plugin 'bad' (from ferrule-bad 1.2.3): import: ZeroDivisionError" in doctor
