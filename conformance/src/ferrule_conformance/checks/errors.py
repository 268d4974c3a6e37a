"""Level 4: what goes wrong on the device is told, at the right time, and does no lasting harm."""

from __future__ import annotations

import numpy as np

import ferrule as fe
from ferrule import nn
from ferrule_conformance import reference_backend
from ferrule_conformance.call import Array, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.checks.threads import trainable
from ferrule_conformance.comparison import same_bits
from ferrule_conformance.failure import Failure
from ferrule_conformance.training.data import CLASSES, TOKENS, uniform

TEXT = np.arange(12, dtype=np.int64).reshape(3, 4) % TOKENS


@check(each="backend", level=4)
def errors_in_training(case: Case) -> None:
    """A token that the model does not know is an error, at the call, or on an asynchronous backend
    that is asked to check, at the next synchronisation; a right step after it is right."""
    model = _model(case)
    want = _step(case, model, TEXT)
    for wrong in (TOKENS, -1, TOKENS + 1000):
        text = TEXT.copy()
        text[1, 2] = wrong
        error = _error(case, model, text)
        if error is None:
            raise Failure(f"the token {wrong} of {TOKENS} was not refused")
        if not isinstance(error, fe.OutOfRange):
            raise Failure(f"the token {wrong} raised {error!r}, not an OutOfRange") from error
        got = _step(case, model, TEXT)
        for i, (a, b) in enumerate(zip(got, want)):
            same_bits(a, b, what=f"after the error, result {i}: ")


def _model(case: Case) -> nn.Module:
    dtype = trainable(case)
    with reference_backend.selected():
        model = nn.Sequential(nn.Embedding(TOKENS, 5), nn.Linear(5, CLASSES))
    model.to(device=case.device, dtype=dtype)
    start = {
        name: fe.tensor(uniform(name, x.shape).astype(dtype.numpy), device=case.device)
        for name, x in model.state_dict().items()
    }
    model.load_state_dict(start)
    return model


def _loss(case: Case, model: nn.Module, text: Array) -> fe.Tensor:
    model.zero_grad()
    loss = model(fe.tensor(text, device=case.device)).square().mean()
    loss.backward()
    return loss


def _step(case: Case, model: nn.Module, text: Array) -> list[Array]:
    """The loss and the gradients."""
    loss = _loss(case, model, text)
    return [host(loss), *(host(p.grad) for p in model.parameters() if p.grad is not None)]


def _error(case: Case, model: nn.Module, text: Array) -> Exception | None:
    """What the step raises at the time when it should."""
    if not case.backend.capabilities.asynchronous:
        try:
            model(fe.tensor(text, device=case.device))
        except Exception as error:
            return error
        return None
    with fe.debug.check_indices():
        try:
            _loss(case, model, text)
        except Exception as error:
            raise Failure(f"{error!r} was raised before the synchronisation") from error
        try:
            fe.synchronize(case.device)
        except Exception as error:
            return error
    return None
