"""Signatures as readers see them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

_TO_CALLERS = {"Shaped": "Tensor", "Spec": "Tensor"}
"""What an op's declaration says of types, to those who call it with tensors."""

WIDTH = 88


def of(function: Callable[..., Any], name: str, *, keywords: str = "") -> str:
    """``name(x: int) -> str``, on a line for each parameter if it is long. A method's ``self`` is
    left out."""
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    result = _text(signature.return_annotation)
    return f"{keywords}{name}{_laid_out(parameters, result, len(keywords + name))}"


def of_op(op: Any) -> str:
    """The signature of an op, in terms of tensors."""
    signature = op.__signature__
    laid_out = _laid_out(
        list(signature.parameters.values()), _text(signature.return_annotation), len(op.name)
    )
    names = "|".join(_TO_CALLERS)
    return op.name + re.sub(rf"\b({names})\b", lambda m: _TO_CALLERS[m[1]], laid_out)


def _laid_out(parameters: list[inspect.Parameter], result: str, taken: int) -> str:
    words: list[str] = []
    kinds = inspect.Parameter
    starred = False
    for p in parameters:
        if p.kind is kinds.VAR_POSITIONAL:
            starred = True
        if p.kind is kinds.KEYWORD_ONLY and not starred:
            words.append("*")
            starred = True
        words.append(_parameter(p))
    arrow = f" -> {result}" if result else ""
    line = f"({', '.join(words)}){arrow}"
    if len(line) + taken <= WIDTH:
        return line
    return "(\n" + "".join(f"    {word},\n" for word in words) + f"){arrow}"


def _parameter(p: inspect.Parameter) -> str:
    kinds = inspect.Parameter
    stars = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(p.kind, "")
    annotation = _text(p.annotation)
    text = f"{stars}{p.name}" + (f": {annotation}" if annotation else "")
    if p.default is not kinds.empty:
        default = getattr(p.default, "__name__", None) or repr(p.default)
        text += f" = {default}" if annotation else f"={default}"
    return text


def _text(annotation: Any) -> str:
    if annotation is inspect.Signature.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
