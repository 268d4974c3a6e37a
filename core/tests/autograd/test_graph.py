"""Pictures of the tape."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ferrule as fe
from ferrule import ArgumentError, GraphError, nn
from ferrule.autograd import graph

NEEDS_DOT = pytest.mark.skipif(
    shutil.which("dot") is None, reason="Graphviz is not installed: apt install graphviz"
)


@pytest.fixture
def drawn() -> graph:
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    y = fe.sort(net(fe.ones(4, 3)), dim=1)[0].sum(0)
    return graph(y, params=dict(net.named_parameters()))


def test_nodes_show_ops_types_and_names(drawn: graph) -> None:
    source = drawn.source
    assert source.startswith("digraph")
    for text in (
        r'"0.weight\nfloat32[2,3]"',
        r'"0.bias\nfloat32[2]"',
        r'"linear\nfloat32[4,2]"',
        r'"relu\nfloat32[4,2]"',
        r'"sort(dim=1)\nfloat32[4,2]\nint64[4,2]"',
        r'"sum(dim=(0,))\nfloat32[2]"',
        r'"output\nfloat32[2]"',
    ):
        assert text in source, source


def test_arrows_point_from_operands_to_results() -> None:
    a, b = fe.ones(2, requires_grad=True), fe.ones(2, requires_grad=True)
    lines = graph(a * b, {"a": a, "b": b}).source.splitlines()
    ids = {
        name: line.split()[0] for line in lines for name in ("a", "b", "mul") if f'"{name}' in line
    }
    arrows = [line.strip(" ;") for line in lines if "->" in line]
    assert f"{ids['a']} -> {ids['mul']}" in arrows
    assert f"{ids['b']} -> {ids['mul']}" in arrows
    assert f"{ids['mul']} -> out0" in arrows
    assert len(arrows) == 3


def test_a_leaf_without_a_name_and_an_output_that_is_a_leaf() -> None:
    a = fe.ones(2, requires_grad=True)
    assert r'"leaf\nfloat32[2]"' in graph(a.exp()).source
    assert "out0" in graph(a).source
    assert "output 1" in graph([a, a.exp()]).source


def test_names_are_escaped() -> None:
    a = fe.ones(2, requires_grad=True)
    assert r"\"quoted\"\\n" in graph(a * 2, {'"quoted"\\n': a}).source


def test_text_needs_nothing_installed(drawn: graph, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    for name in ("a.dot", "b.gv"):
        assert drawn.render(tmp_path / name).read_text() == drawn.source
    with pytest.raises(ArgumentError, match=r"pip install 'ferrule\[graph\]'"):
        drawn.render(tmp_path / "a.svg")


def test_a_missing_dot_says_how_to_install_it(
    drawn: graph, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArgumentError, match="apt install graphviz"):
        drawn.render(tmp_path / "a.svg")
    assert not (tmp_path / "a.svg").exists()
    assert drawn._repr_mimebundle_()["text/plain"] == drawn.source


def test_formats_that_do_not_exist_are_refused(drawn: graph, tmp_path: Path) -> None:
    for name in ("a", "a.docx"):
        with pytest.raises(ArgumentError, match=r"\.svg"):
            drawn.render(tmp_path / name)


@NEEDS_DOT
def test_pictures(drawn: graph, tmp_path: Path) -> None:
    svg = drawn.render(tmp_path / "g.svg").read_text()
    assert "0.weight" in svg and "</svg>" in svg
    assert drawn.render(tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in drawn._repr_mimebundle_()["image/svg+xml"]


@NEEDS_DOT
def test_dot_understands_the_text(drawn: graph) -> None:
    found = subprocess.run(
        ["dot", "-Tplain"], input=drawn.source, capture_output=True, text=True, check=True
    )
    assert not found.stderr


def test_what_was_freed_or_never_recorded_is_refused() -> None:
    a = fe.ones(2, requires_grad=True)
    y = (a * a).sum()
    y.backward()
    with pytest.raises(GraphError, match="retain_graph"):
        graph(y)
    with pytest.raises(GraphError, match="requires_grad"):
        graph(fe.ones(2))


def test_it_is_pytorchs_module_too() -> None:
    from ferrule.autograd.graph import save_on_cpu, saved_tensors_hooks

    assert fe.autograd.graph.saved_tensors_hooks is saved_tensors_hooks
    assert fe.autograd.graph.save_on_cpu is save_on_cpu
    assert fe.autograd.graph is graph
