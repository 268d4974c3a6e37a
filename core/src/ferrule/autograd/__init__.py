"""Differentiation in reverse, by a tape."""

from ferrule.autograd import anomaly, node, saved
from ferrule.autograd.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from ferrule.autograd.checkpoint import checkpoint
from ferrule.autograd.engine import backward, grad
from ferrule.autograd.function import Function
from ferrule.autograd.gradcheck import gradcheck, gradgradcheck

# the class takes the name; the module of that name can still be imported from
from ferrule.autograd.graph import graph
from ferrule.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "anomaly",
    "backward",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "no_grad",
    "node",
    "saved",
    "set_detect_anomaly",
    "set_grad_enabled",
]
