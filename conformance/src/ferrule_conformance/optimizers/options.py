"""The options with which optimizers are tested, besides their defaults."""

from __future__ import annotations

from typing import Any

Options = dict[str, Any]
"""Of a constructor; a rate that is ``"tensor"`` stands for a tensor that holds it."""

COMMON: dict[str, Options] = {
    "maximize": {"maximize": True},
    "decay": {"weight_decay": 0.1},
    "lr tensor": {"lr": "tensor"},
}
ADAM = {
    **COMMON,
    "lr, betas, eps": {"lr": 0.05, "betas": (0.5, 0.7), "eps": 1e-3},
    "betas 0": {"betas": (0.0, 0.0)},
    "no lr": {"lr": 0.0, "weight_decay": 0.1},
}
DECOUPLED = {"decoupled": {"weight_decay": 0.1, "decoupled_weight_decay": True}}
SHARED: dict[str, dict[str, Options]] = {
    "SGD": {
        **COMMON,
        "momentum": {"momentum": 0.9, "weight_decay": 0.1},
        "dampening": {"momentum": 0.9, "dampening": 0.3},
        "nesterov": {"momentum": 0.9, "nesterov": True, "maximize": True},
    },
    "Adam": {**ADAM, **DECOUPLED, "amsgrad": {"amsgrad": True, "weight_decay": 0.1}},
    "AdamW": {**ADAM, "amsgrad": {"amsgrad": True, "maximize": True}},
    "Adamax": ADAM,
    "NAdam": {**ADAM, **DECOUPLED, "momentum decay": {"momentum_decay": 0.3}},
    "RAdam": {**ADAM, **DECOUPLED, "soon": {"betas": (0.9, 0.95), "lr": 0.05}},
    "Adagrad": {
        **COMMON,
        "lr decay": {"lr": 0.1, "lr_decay": 0.3, "eps": 1e-3},
        "accumulator": {"initial_accumulator_value": 0.5},
    },
    "Adadelta": {**COMMON, "rho, eps": {"rho": 0.5, "eps": 1e-2, "lr": 0.3}},
    "RMSprop": {
        **COMMON,
        "momentum": {"momentum": 0.9, "alpha": 0.5},
        "centered": {"centered": True, "eps": 1e-3},
        "both": {"centered": True, "momentum": 0.5, "weight_decay": 0.1},
    },
    "Rprop": {
        "maximize": {"maximize": True},
        "lr tensor": {"lr": "tensor"},
        "etas": {"etas": (0.3, 2.0), "step_sizes": (1e-3, 0.02), "lr": 0.01},
    },
    "ASGD": {
        **COMMON,
        "averages": {"t0": 5, "lambd": 0.1, "alpha": 0.5, "lr": 0.1},
    },
    "Adafactor": {
        **COMMON,
        "eps, d": {"eps": (1e-3, 0.5), "d": 2.0, "beta2_decay": -0.5, "lr": 0.1},
    },
    "Muon": {
        "lr tensor": {"lr": "tensor"},
        "no nesterov": {"nesterov": False, "weight_decay": 0.0, "lr": 0.1},
        "rms": {"adjust_lr_fn": "match_rms_adamw", "momentum": 0.5, "ns_steps": 3},
    },
    "LBFGS": {
        "lr": {"lr": 0.1, "max_iter": 5},
        "history": {"lr": 0.5, "history_size": 2, "max_iter": 4},
        "strong_wolfe": {"line_search_fn": "strong_wolfe"},
        "evaluations": {"line_search_fn": "strong_wolfe", "max_iter": 6, "max_eval": 9},
    },
}
"""Optimizers that PyTorch has too, with sets of options, each under a label."""

OWN: dict[str, dict[str, Options]] = {
    "Lion": {**COMMON, "betas": {"betas": (0.5, 0.7), "weight_decay": 0.1, "lr": 0.01}},
    "LAMB": {**COMMON, "lr, betas, eps": {"lr": 0.05, "betas": (0.5, 0.7), "eps": 1e-3}},
}
"""Those that it does not have."""
