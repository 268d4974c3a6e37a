"""Dropout as layers. What is dropped is 0, and the rest is scaled by ``1 / (1 - p)``; when not
training, they are their input."""

from __future__ import annotations

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.module import Module
from ferrule.tensor import Tensor


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ArgumentError(
                f"{type(self).__name__}: p is a probability and must lie in [0, 1], not {p}"
            )
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Drops each element with probability ``p``. Source: Srivastava et al., JMLR 15 (2014)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Drops whole channels of ``(N, C, L)`` or ``(C, L)``. Source: Tompson et al.,
    arXiv:1411.4280."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Drops whole channels of ``(N, C, H, W)``. Source: Tompson et al., arXiv:1411.4280."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Drops whole channels of ``(N, C, D, H, W)`` or ``(C, D, H, W)``. Source: Tompson et al.,
    arXiv:1411.4280."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Gives elements the least value of `SELU`, and scales and shifts all so that mean 0 and
    variance 1 stay. Source: Klambauer et al., arXiv:1706.02515."""

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels of ``(N, C, ...)``."""

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
