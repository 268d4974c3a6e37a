"""Differentiation in reverse, by a tape."""

from ferrule.autograd.engine import backward, grad
from ferrule.autograd.function import Function
from ferrule.autograd.gradcheck import gradcheck, gradgradcheck
from ferrule.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
