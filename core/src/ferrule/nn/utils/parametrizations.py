"""Parametrisations of weights: length and direction, largest singular value 1, orthogonal."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.module import Module
from ferrule.nn.utils.parametrize import register_parametrization
from ferrule.nn.utils.spectral_norm import as_matrix, check, output_dim, random_unit, unit
from ferrule.nn.utils.weight_norm import norm_except_dim, weight_of
from ferrule.tensor import Tensor

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_of(weight_g, weight_v, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Compute a weight as ``g * v / norm(v)``, of a length ``parametrizations.weight.original0``
    and a direction ``parametrizations.weight.original1``. A state dict with ``weight_g`` and
    ``weight_v``, as the older form saves it, can be loaded.

    Args:
        module: what has the weight.
        name: of the weight.
        dim: the dim whose slices have lengths of their own; None for one length of all.

    Returns:
        The module.

    Source: Salimans, Kingma, arXiv:1602.07868.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(module: Any, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        self.dim = check("spectral_norm", weight, dim, n_power_iterations)
        self.n_power_iterations = n_power_iterations
        self.eps = eps
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            height, width = matrix.shape
            self.register_buffer("_u", random_unit(height, weight, eps))
            self.register_buffer("_v", random_unit(width, weight, eps))
            self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with fe.no_grad():
            for _ in range(times):
                self._u = unit(fe.mv(matrix, self._v), self.eps)
                self._v = unit(fe.mv(fe.adjoint(matrix), self._u), self.eps)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return ops.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        return weight / fe.vdot(self._u, fe.mv(matrix, self._v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Compute a weight as another divided by its largest singular value, which power iteration
    estimates; reading the weight in training improves the estimate. A vector is divided by its
    length.

    Args:
        module: what has the weight.
        name: of the weight.
        n_power_iterations: iterations for each time that the weight is read in training.
        eps: keeps lengths from 0.
        dim: the dim that counts what the layer gives: by default 1 for transposed convolutions, 0
            otherwise.

    Returns:
        The module.

    Source: Miyato et al., arXiv:1802.05957.
    """
    weight = _weight("spectral_norm", module, name)
    found = output_dim(module) if dim is None else dim
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, found, eps)
    )


_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """From any matrix to one with orthonormal columns, or rows if they are fewer.

    Attributes:
        base: an orthogonal matrix that the result is multiplied with, so that any can be reached
            from an original close to 0; a buffer. Without trivialization there is none.
    """

    def __init__(self, map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.map = map
        self.trivialized = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = x.shape[-2:]
        wide = rows < columns
        if wide:
            x, rows, columns = fe.swapaxes(x, -2, -1), columns, rows
        if self.map == "householder":
            below = ops.tril(x, diagonal=-1)
            tau = 2.0 / (1.0 + ops.sum(below * below, dim=-2))
            q = fe.linalg.householder_product(below, tau)
            signs = fe.diagonal(x, dim1=-2, dim2=-1).detach().to(fe.int32).to(x.dtype)
            q = q * fe.unsqueeze(signs, -2)
        else:
            lower = ops.tril(x)
            if rows != columns:
                zeros = fe.zeros(*x.shape[:-1], rows - columns, dtype=x.dtype, device=x.device)
                lower = fe.cat([lower, zeros], -1)
            skew = lower - fe.adjoint(lower)
            if self.map == "matrix_exp":
                q = fe.matrix_exp(skew)
            else:
                one = fe.eye(rows, dtype=x.dtype, device=x.device)
                q = fe.linalg.solve(one - skew * 0.5, one + skew * 0.5)
            if rows != columns:
                q = fe.narrow(q, -1, 0, columns)
        if self.trivialized:
            q = ops.matmul(self.base, q)
        return fe.swapaxes(q, -2, -1) if wide else q

    def right_inverse(self, value: Tensor) -> Tensor:
        rows, columns = value.shape[-2:]
        wide = rows < columns
        q = value
        if wide:
            q, rows, columns = fe.swapaxes(q, -2, -1), columns, rows
        if not self.trivialized:
            if self.map != "householder":
                raise NotImplementedError(
                    f"orthogonal: no matrix is known whose {self.map} is a given one; use "
                    "use_trivialization=True to assign to the weight"
                )
            found = _reflections(q)
            return fe.swapaxes(found, -2, -1) if wide else found
        if rows == columns:
            base = q if _is_orthogonal(q) else _made_orthogonal(q)
        else:
            more = fe.randn(*q.shape[:-2], rows, rows - columns, dtype=q.dtype, device=q.device)
            base = _made_orthogonal(fe.cat([q, more], -1))
        self.base = base
        # every map takes this to the identity: householder's is a reflection in each direction, and
        # the signs on the diagonal undo them
        negative = -fe.eye(*value.shape[-2:], dtype=value.dtype, device=value.device)
        return ops.expand(negative, shape=value.shape)


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Compute a weight that is always orthogonal, or unitary: its columns are orthonormal, or its
    rows if they are fewer.

    Args:
        module: what has the weight.
        name: of the weight, a matrix or a batch of them.
        orthogonal_map: ``"matrix_exp"``: the exponential of a skew-symmetric matrix; ``"cayley"``:
            the Cayley map of one; ``"householder"``: a product of reflections. By default the first
            for square and complex matrices, and the last for others.
        use_trivialization: multiply with an orthogonal matrix, which assigning to the weight sets.

    Returns:
        The module.

    Raises:
        ShapeError: the weight is no matrix.
        ArgumentError: there is no such map, or it has no complex form.

    Source: Lezcano-Casado, arXiv:1909.09501; Lezcano-Casado, Martinez-Rubio, arXiv:1901.08428.
    """
    weight = _weight("orthogonal", module, name)
    if weight.ndim < 2:
        raise ShapeError(f"orthogonal: {name!r} is {weight._type}; it must be a matrix or several")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.dtype.is_complex else "householder"
    if orthogonal_map not in _MAPS:
        raise ArgumentError(
            f"orthogonal: orthogonal_map must be one of {', '.join(_MAPS)}, not {orthogonal_map!r}"
        )
    if orthogonal_map == "householder" and weight.dtype.is_complex:
        raise ArgumentError(
            "orthogonal: householder is for real matrices; use matrix_exp or cayley"
        )
    found = _Orthogonal(orthogonal_map, use_trivialization)
    return register_parametrization(module, name, found, unsafe=True)


def _weight(call: str, module: Module, name: str) -> Tensor:
    found = getattr(module, name, None)
    if not isinstance(found, Tensor):
        raise ArgumentError(f"{call}: {type(module).__name__} has no parameter or buffer {name!r}")
    return found


def _is_orthogonal(q: Tensor) -> bool:
    n = q.shape[-1]
    one = fe.eye(n, dtype=q.dtype, device=q.device)
    return fe.allclose(fe.adjoint(q) @ q, one, atol=10.0 * n * float(fe.finfo(q.dtype).eps))


def _made_orthogonal(x: Tensor) -> Tensor:
    """The orthogonal factor of QR whose triangular one has no negative number on the diagonal."""
    q, r = fe.linalg.qr(x)
    signs = ops.sgn(fe.diagonal(r, dim1=-2, dim2=-1))
    return q * fe.unsqueeze(signs, -2)


def _reflections(q: Tensor) -> Tensor:
    """The matrix whose product of Householder reflections, times the signs on its diagonal, is an
    orthonormal ``q``. The factorisation runs on the host."""
    raw, tau = np.linalg.qr(q.detach().numpy().astype(np.float64), mode="raw")
    found = np.array(raw.swapaxes(-2, -1))
    diagonal = np.arange(q.shape[-1])
    signs = np.sign(found[..., diagonal, diagonal])
    found[..., diagonal, diagonal] = np.where(tau == 0.0, -signs, signs)
    return fe.tensor(found, dtype=q.dtype, device=q.device)
