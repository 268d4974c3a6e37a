"""The logic of tools/compare_torch.py, without PyTorch."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import ferrule as fe


def _load() -> Any:
    path = Path(__file__).parent.parent / "tools/compare_torch.py"
    spec = importlib.util.spec_from_file_location("compare_torch", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # which dataclasses look up
    spec.loader.exec_module(module)
    return module


tool = _load()
P, S = tool.Parameter, tool.Signature


def rows(theirs: list[Any], ours: Any) -> list[tuple[str, str]]:
    return [(d.what, d.why) for d in tool.differences("f", theirs, ours)]


def test_equal_signatures_do_not_differ() -> None:
    theirs = S((P("self"), P("dim", "0"), P("keepdim", "False"), P("dtype", "4", True)))
    ours = S((P("input"), P("dim", "0"), P("keepdim", "False"), P("dtype", "ferrule.int64", True)))
    assert rows([theirs], ours) == []


@pytest.mark.parametrize(
    ("ours", "what"),
    [
        (S((P("input"),)), "no argument `dim`"),
        (S((P("input"), P("keepdim"), P("dim", "0"))), "`dim` in place 3 instead of 2"),
        (S((P("input"), P("dim", "0", True))), "`dim` by keyword only"),
        (S((P("input"), P("dim"))), "`dim` must be given, PyTorch: 0"),
        (S((P("input"), P("dim", "1"))), "`dim=1`, PyTorch: 0"),
    ],
)
def test_each_kind_of_difference(ours: Any, what: str) -> None:
    assert rows([S((P("self"), P("dim", "0")))], ours) == [(what, "")]


def test_more_parameters_and_defaults_are_no_difference() -> None:
    ours = S((P("input"), P("dim", "0"), P("more", "None")))
    assert rows([S((P("self"), P("dim")))], ours) == []


def test_arguments_that_are_left_out_say_why() -> None:
    assert rows([S((P("self"), P("out", "None", True)))], S((P("input"),))) == [
        ("no argument `out`", "value semantics: bind the result to a name")
    ]


def test_of_overloads_one_must_agree() -> None:
    low = S((P("low"), P("high"), P("size")))
    high = S((P("high"), P("size")))
    ours = S((P("low", "0"), P("high", "None"), P("size", "None")))
    assert rows([high, low], ours) == []
    assert rows([high], ours) != []
    assert rows([S((P("self"), P("a"))), S((P("self"), P("b")))], S((P("input"),))) == []


def test_values_by_position_and_options_are_taken_for_what_they_hold() -> None:
    ours = S((P("size", "None", True),), rest=True)
    assert rows([S((P("size"), P("dtype", "None")))], ours) == []
    assert rows([S((P("self"), P("dtype", "6", True)))], S((P("self"),), options=True)) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1", "1.0"), ("[]", "None"), ("[1, 1]", "1"), ("[-2, -1]", "(-2, -1)"),
        ("'mean'", "mean"), ("torch.float32", "ferrule.float32"), ("0", "<object object at 0x1>"),
    ],
)  # fmt: skip
def test_defaults_that_mean_the_same(a: str, b: str) -> None:
    assert rows([S((P("x"), P("p", a)))], S((P("x"), P("p", b)))) == []


@pytest.mark.parametrize(("a", "b"), [("1", "True"), ("0", "None"), ("[1, 2]", "(2, 1)")])
def test_defaults_that_do_not(a: str, b: str) -> None:
    assert len(rows([S((P("x"), P("p", a)))], S((P("x"), P("p", b))))) == 1


def test_names_left_out_on_purpose_have_a_reason_and_others_none() -> None:
    for name in ("sparse_coo_tensor", "quantize_per_tensor", "cuda", "storage_offset", "view_copy"):
        assert tool.reason_for_name(name)
    for name in ("add", "softmax", "cross_entropy", "solve", "index_add_", "std_mean", "gather"):
        assert not tool.reason_for_name(name) or name == "solve"


def test_signatures_are_read_from_functions_ops_and_classes() -> None:
    def plain(input: Any, dim: int = 0, *, flag: bool = False) -> None: ...

    found = tool.signature_of(plain)
    assert found.parameters == (P("input"), P("dim", "0"), P("flag", "False", True))
    op = tool.signature_of(fe.ops.softmax)
    assert [(p.name, p.alias, p.keyword_only) for p in op.parameters] == [
        ("x", "input", False), ("dim", "", False),
    ]  # fmt: skip
    assert tool.signature_of(fe.Tensor.exp).parameters[0].alias == "input"
    assert [p.name for p in tool.signature_of(fe.optim.SGD).parameters][:2] == ["params", "lr"]


def test_the_report_counts_and_puts_open_rows_first() -> None:
    found = [
        tool.Difference("b", "missing", "on purpose"),
        tool.Difference("c", "missing", ""),
        tool.Difference("a", "`p` by keyword only | so", ""),
    ]
    text = tool.report({"torch": (found, 10)}, "9.9")
    assert "| `torch` | 10 | 8 | 1 | 2 |" in text
    lines = [line for line in text.splitlines() if line.startswith("| `") and "torch" not in line]
    assert [line[3] for line in lines] == ["a", "c", "b"]
    assert "\\| so" in lines[0]
    assert "Nothing differs." in tool.report({"torch.fft": ([], 3)}, "9.9")
