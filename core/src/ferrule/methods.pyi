"""Methods of tensors. Written by tools/method_stubs.py; do not edit."""

import builtins
from collections.abc import Sequence
from typing import Any, Literal

from ferrule.decompositions import SVD, TriangularSolution
from ferrule.generator import Generator
from ferrule.histograms import Histogram
from ferrule.linalg.factorisations import QR
from ferrule.linalg.functions import SlogDet
from ferrule.operators import Operators
from ferrule.pointwise import MantissaExponent
from ferrule.reductions import MinMax, ValuesIndices
from ferrule.tensor import Tensor

class Methods(Operators):
    __slots__ = ()
    @property
    def H(self) -> Tensor:
        """A matrix transposed, and complex elements conjugated."""

    @property
    def T(self) -> Tensor:
        """The dims in reverse order."""

    def abs(self) -> Tensor:
        """Elementwise absolute value, real for complex elements; its slope at 0 is taken as 0."""

    def abs_(self) -> Tensor:
        """In place, `abs`: this tensor takes the value of its result."""

    def absolute(self) -> Tensor:
        """Elementwise absolute value, real for complex elements; its slope at 0 is taken as 0."""

    def absolute_(self) -> Tensor:
        """In place, `absolute`: this tensor takes the value of its result."""

    def acos(self) -> Tensor:
        """Elementwise angle within [0, pi] whose cosine is ``x``; NaN beyond 1."""

    def acos_(self) -> Tensor:
        """In place, `acos`: this tensor takes the value of its result."""

    def acosh(self) -> Tensor:
        """Elementwise inverse of `cosh`, not negative; NaN below 1."""

    def acosh_(self) -> Tensor:
        """In place, `acosh`: this tensor takes the value of its result."""

    def add(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """Elementwise ``input + alpha * other``."""

    def add_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """In place, `add`: this tensor takes the value of its result."""

    def addbmm(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * bmm(batch1, batch2).sum(0)``; see `addmm`."""

    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In place, `addbmm`: this tensor takes the value of its result."""

    def addcdiv(self, tensor1: Any, tensor2: Any, value: complex = 1) -> Tensor:
        """Elementwise ``x + value * tensor1 / tensor2``."""

    def addcdiv_(self, tensor1: Any, tensor2: Any, value: complex = 1) -> Tensor:
        """In place, `addcdiv`: this tensor takes the value of its result."""

    def addcmul(self, tensor1: Any, tensor2: Any, value: complex = 1) -> Tensor:
        """Elementwise ``x + value * tensor1 * tensor2``."""

    def addcmul_(self, tensor1: Any, tensor2: Any, value: complex = 1) -> Tensor:
        """In place, `addcmul`: this tensor takes the value of its result."""

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * (mat1 @ mat2)`` of matrices. Where ``beta`` is 0, NaNs of
        ``input`` do not matter."""

    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In place, `addmm`: this tensor takes the value of its result."""

    def addmv(self, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * (mat @ vec)``; see `addmm`."""

    def addmv_(self, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In place, `addmv`: this tensor takes the value of its result."""

    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * outer(vec1, vec2)``; see `addmm`."""

    def addr_(self, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In place, `addr`: this tensor takes the value of its result."""

    def adjoint(self) -> Tensor:
        """The last two dims exchanged, and complex elements conjugated."""

    def all(self, dim: Any = None, keepdim: builtins.bool = False) -> Tensor:
        """Whether no element over ``dim`` is 0: bool, or uint8 of uint8. An empty ``dim`` names
        none."""

    def allclose(
        self,
        other: Tensor,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> builtins.bool:
        """Whether all elements are close, as `isclose` says."""

    def amax(self, dim: Any = None, keepdim: builtins.bool = False) -> Tensor:
        """The largest element over ``dim``. NaN wins; at ties the gradient is shared equally."""

    def amin(self, dim: Any = None, keepdim: builtins.bool = False) -> Tensor:
        """The smallest element over ``dim``. NaN wins; at ties the gradient is shared equally."""

    def aminmax(self, *, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> MinMax:
        """The smallest and the largest element along ``dim``, or of all. See `amax`."""

    def angle(self) -> Tensor:
        """Elementwise angle from the positive axis, in radians: of a real number, 0 or pi."""

    def any(self, dim: Any = None, keepdim: builtins.bool = False) -> Tensor:
        """Whether some element over ``dim`` is not 0: bool, or uint8 of uint8. An empty ``dim``
        names none."""

    def arccos(self) -> Tensor:
        """Elementwise angle within [0, pi] whose cosine is ``x``; NaN beyond 1."""

    def arccos_(self) -> Tensor:
        """In place, `arccos`: this tensor takes the value of its result."""

    def arccosh(self) -> Tensor:
        """Elementwise inverse of `cosh`, not negative; NaN below 1."""

    def arccosh_(self) -> Tensor:
        """In place, `arccosh`: this tensor takes the value of its result."""

    def arcsin(self) -> Tensor:
        """Elementwise angle within [-pi/2, pi/2] whose sine is ``x``; NaN beyond 1."""

    def arcsin_(self) -> Tensor:
        """In place, `arcsin`: this tensor takes the value of its result."""

    def arcsinh(self) -> Tensor:
        """Elementwise inverse of `sinh`."""

    def arcsinh_(self) -> Tensor:
        """In place, `arcsinh`: this tensor takes the value of its result."""

    def arctan(self) -> Tensor:
        """Elementwise angle within [-pi/2, pi/2] whose tangent is ``x``."""

    def arctan2(self, other: Any) -> Tensor:
        """Elementwise angle of the point ``(b, a)`` from the first axis, within [-pi, pi]."""

    def arctan2_(self, other: Any) -> Tensor:
        """In place, `arctan2`: this tensor takes the value of its result."""

    def arctan_(self) -> Tensor:
        """In place, `arctan`: this tensor takes the value of its result."""

    def arctanh(self) -> Tensor:
        """Elementwise inverse of `tanh`; infinite at 1, NaN beyond."""

    def arctanh_(self) -> Tensor:
        """In place, `arctanh`: this tensor takes the value of its result."""

    def argmax(self, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Tensor:
        """The index of the largest element along ``dim``, or, without one, in row-major order: the
        first among equals. NaN is largest."""

    def argmin(self, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Tensor:
        """The index of the smallest element along ``dim``, or, without one, in row-major order: the
        first among equals. NaN wins."""

    def argsort(
        self,
        dim: builtins.int = -1,
        descending: builtins.bool = False,
        stable: builtins.bool = False,
    ) -> Tensor:
        """The indices that put the elements along ``dim`` in order. See `sort`."""

    def argwhere(self) -> Tensor:
        """The indices of the elements that are not 0. See `nonzero`."""

    def asin(self) -> Tensor:
        """Elementwise angle within [-pi/2, pi/2] whose sine is ``x``; NaN beyond 1."""

    def asin_(self) -> Tensor:
        """In place, `asin`: this tensor takes the value of its result."""

    def asinh(self) -> Tensor:
        """Elementwise inverse of `sinh`."""

    def asinh_(self) -> Tensor:
        """In place, `asinh`: this tensor takes the value of its result."""

    def atan(self) -> Tensor:
        """Elementwise angle within [-pi/2, pi/2] whose tangent is ``x``."""

    def atan2(self, other: Any) -> Tensor:
        """Elementwise angle of the point ``(b, a)`` from the first axis, within [-pi, pi]."""

    def atan2_(self, other: Any) -> Tensor:
        """In place, `atan2`: this tensor takes the value of its result."""

    def atan_(self) -> Tensor:
        """In place, `atan`: this tensor takes the value of its result."""

    def atanh(self) -> Tensor:
        """Elementwise inverse of `tanh`; infinite at 1, NaN beyond."""

    def atanh_(self) -> Tensor:
        """In place, `atanh`: this tensor takes the value of its result."""

    def baddbmm(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * bmm(batch1, batch2)``; see `addmm`."""

    def baddbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In place, `baddbmm`: this tensor takes the value of its result."""

    def bernoulli(self, p: Any = None, *, generator: Generator | None = None) -> Tensor:
        """Ones and zeros in the shape and dtype of ``input``: one with the probability that
        ``input`` holds there or, if it is given, with probability ``p``."""

    def bernoulli_(self, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
        """In place: one with probability ``p``, a number or a tensor, and zero otherwise."""

    def bfloat16(self) -> Tensor:
        """The values as bfloat16."""

    def bincount(self, weights: Tensor | None = None, minlength: builtins.int = 0) -> Tensor:
        """How often each integer from 0 to the largest element occurs, or the sums of their
        weights."""

    def bitwise_and(self, other: Any) -> Tensor:
        """Elementwise ``a & b``."""

    def bitwise_and_(self, other: Any) -> Tensor:
        """In place, `bitwise_and`: this tensor takes the value of its result."""

    def bitwise_left_shift(self, other: Any) -> Tensor:
        """Elementwise ``a << b``, for ``0 <= b <`` the number of bits."""

    def bitwise_left_shift_(self, other: Any) -> Tensor:
        """In place, `bitwise_left_shift`: this tensor takes the value of its result."""

    def bitwise_not(self) -> Tensor:
        """Elementwise ``~x``."""

    def bitwise_not_(self) -> Tensor:
        """In place, `bitwise_not`: this tensor takes the value of its result."""

    def bitwise_or(self, other: Any) -> Tensor:
        """Elementwise ``a | b``."""

    def bitwise_or_(self, other: Any) -> Tensor:
        """In place, `bitwise_or`: this tensor takes the value of its result."""

    def bitwise_right_shift(self, other: Any) -> Tensor:
        """Elementwise ``a >> b``, keeping the sign, for ``0 <= b <`` the number of bits."""

    def bitwise_right_shift_(self, other: Any) -> Tensor:
        """In place, `bitwise_right_shift`: this tensor takes the value of its result."""

    def bitwise_xor(self, other: Any) -> Tensor:
        """Elementwise ``a ^ b``."""

    def bitwise_xor_(self, other: Any) -> Tensor:
        """In place, `bitwise_xor`: this tensor takes the value of its result."""

    def bmm(self, mat2: Tensor) -> Tensor:
        """The products of as many pairs of matrices: ``(b, n, m)`` and ``(b, m, p)``."""

    def bool(self) -> Tensor:
        """The values as bool."""

    def broadcast_to(self, size: Sequence[builtins.int]) -> Tensor:
        """Repeated along dims of size 1, and new leading ones, to fill ``size``; -1 keeps a
        size."""

    def byte(self) -> Tensor:
        """The values as uint8."""

    def cauchy_(
        self,
        median: builtins.float = 0.0,
        sigma: builtins.float = 1.0,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """In place: numbers of the Cauchy distribution of that median, of which half lie within
        ``sigma`` of it."""

    def cdouble(self) -> Tensor:
        """The values as complex128."""

    def ceil(self) -> Tensor:
        """The smallest integer not below each element."""

    def ceil_(self) -> Tensor:
        """In place, `ceil`: this tensor takes the value of its result."""

    def cfloat(self) -> Tensor:
        """The values as complex64."""

    def char(self) -> Tensor:
        """The values as int8."""

    def cholesky(self, upper: builtins.bool = False) -> Tensor:
        """``fe.linalg.cholesky``, with ``upper`` by position."""

    def cholesky_inverse(self, upper: builtins.bool = False) -> Tensor:
        """The inverse of the matrix of which ``input`` is the Cholesky factor."""

    def cholesky_solve(self, L: Tensor, upper: builtins.bool = False) -> Tensor:
        """``X`` for which ``A @ X`` is ``input``, where ``L`` is the Cholesky factor of ``A``: the
        lower one, or, if ``upper``, the upper one."""

    def chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """At most ``chunks`` pieces of equal size along ``dim``; the last may be smaller."""

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        """Each element brought between ``min`` and ``max``, numbers or tensors; ``max`` wins where
        they cross."""

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        """In place, `clamp`: this tensor takes the value of its result."""

    def clamp_max(self, max: Any) -> Tensor:
        """Each element, or ``max`` where it is larger."""

    def clamp_max_(self, max: Any) -> Tensor:
        """In place, `clamp_max`: this tensor takes the value of its result."""

    def clamp_min(self, min: Any) -> Tensor:
        """Each element, or ``min`` where it is smaller."""

    def clamp_min_(self, min: Any) -> Tensor:
        """In place, `clamp_min`: this tensor takes the value of its result."""

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """Each element brought between ``min`` and ``max``, numbers or tensors; ``max`` wins where
        they cross."""

    def clip_(self, min: Any = None, max: Any = None) -> Tensor:
        """In place, `clip`: this tensor takes the value of its result."""

    def clone(self) -> Tensor:
        """The same value, with a place of its own on the tape."""

    def conj(self) -> Tensor:
        """The complex conjugate of each element; of a real tensor the same values."""

    def conj_physical(self) -> Tensor:
        """The complex conjugate of each element; of a real tensor the same values."""

    def conj_physical_(self) -> Tensor:
        """In place, `conj_physical`: this tensor takes the value of its result."""

    def contiguous(self) -> Tensor:
        """The tensor itself: memory order is the backend's affair."""

    def copy_(self, src: Any, non_blocking: builtins.bool = False) -> Tensor:
        """Take the values of ``src``, a tensor or a number, converted and broadcast to this
        tensor's type. ``non_blocking`` is understood and makes no difference."""

    def copysign(self, other: Any) -> Tensor:
        """Elementwise ``abs(a)`` with the sign of ``b``, that of a zero too."""

    def copysign_(self, other: Any) -> Tensor:
        """In place, `copysign`: this tensor takes the value of its result."""

    def corrcoef(self) -> Tensor:
        """Pearson's coefficients of correlation of variables, which are the rows of ``x``: the
        columns are observations. Their parts lie between -1 and 1."""

    def cos(self) -> Tensor:
        """Elementwise cosine of angles in radians."""

    def cos_(self) -> Tensor:
        """In place, `cos`: this tensor takes the value of its result."""

    def cosh(self) -> Tensor:
        """Elementwise hyperbolic cosine."""

    def cosh_(self) -> Tensor:
        """In place, `cosh`: this tensor takes the value of its result."""

    def count_nonzero(self, dim: Any = None) -> Tensor:
        """How many elements over ``dim`` are not 0, as int64."""

    def cov(
        self,
        *,
        correction: builtins.int = 1,
        fweights: Tensor | None = None,
        aweights: Tensor | None = None,
    ) -> Tensor:
        """The covariances of variables, which are the rows of ``input``: the columns are
        observations."""

    def cpu(self) -> Tensor:
        """On the device named ``cpu``."""

    def cross(self, other: Tensor, dim: builtins.int | None = None) -> Tensor:
        """The cross products of vectors of three elements along ``dim``, by default the first dim
        of size 3; the other dims broadcast."""

    def cuda(self, device: Any = None) -> Tensor:
        """On the device named ``cuda``, or on another of that backend: ``1`` or ``"cuda:1"``."""

    def cummax(self, dim: builtins.int) -> ValuesIndices:
        """The largest of the elements up to each one along ``dim``, and their indices: the last
        among equals. NaN wins."""

    def cummin(self, dim: builtins.int) -> ValuesIndices:
        """The smallest of the elements up to each one along ``dim``; otherwise as `cummax`."""

    def cumprod(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """The products of the elements up to each one along ``dim``, in ``dtype`` where one is
        given. Bools and integers multiply in int64."""

    def cumprod_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """In place, `cumprod`: this tensor takes the value of its result."""

    def cumsum(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """The sums of the elements up to each one along ``dim``, in ``dtype`` where one is given.
        Bools and integers add up in int64."""

    def cumsum_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """In place, `cumsum`: this tensor takes the value of its result."""

    def deg2rad(self) -> Tensor:
        """Elementwise degrees to radians."""

    def deg2rad_(self) -> Tensor:
        """In place, `deg2rad`: this tensor takes the value of its result."""

    def det(self) -> Tensor:
        """The determinant of each matrix. Its gradient exists for singular matrices, too."""

    def detach_(self) -> Tensor:
        """Cut this tensor from the tape."""

    def diag(self, diagonal: builtins.int = 0) -> Tensor:
        """Of a matrix, its diagonal; of a tensor of one dim, the matrix with it on its diagonal."""

    def diag_embed(
        self,
        offset: builtins.int = 0,
        dim1: builtins.int = -2,
        dim2: builtins.int = -1,
    ) -> Tensor:
        """Square matrices with the rows of ``input`` on a diagonal and zeros elsewhere: the
        transpose of `diagonal`."""

    def diagflat(self, offset: builtins.int = 0) -> Tensor:
        """The matrix with all elements, in row-major order, on its diagonal."""

    def diagonal(
        self,
        offset: builtins.int = 0,
        dim1: builtins.int = 0,
        dim2: builtins.int = 1,
    ) -> Tensor:
        """The elements of a plane of two dims at which their indices differ by ``offset``, in a new
        last dim that takes the place of the two."""

    def diagonal_scatter(
        self,
        src: Tensor,
        offset: builtins.int = 0,
        dim1: builtins.int = 0,
        dim2: builtins.int = 1,
    ) -> Tensor:
        """``input`` with ``src`` in the place of ``diagonal(input, offset, dim1, dim2)``."""

    def diff(
        self,
        n: builtins.int = 1,
        dim: builtins.int = -1,
        prepend: Tensor | None = None,
        append: Tensor | None = None,
    ) -> Tensor:
        """Each element along ``dim`` minus the one before, ``n`` times over; of bools, whether the
        two differ. ``prepend`` and ``append`` are put before and after ``input`` first."""

    def digamma(self) -> Tensor:
        """The derivative of `lgamma`. At 0 it is infinite, of the sign opposite to that of the
        zero; at negative integers, where both signs meet, NaN."""

    def digamma_(self) -> Tensor:
        """In place, `digamma`: this tensor takes the value of its result."""

    def dist(self, other: Tensor, p: builtins.float = 2) -> Tensor:
        """The norm of order ``p`` of ``input - other``, which broadcast."""

    def div(self, other: Any, *, rounding_mode: Literal["trunc", "floor"] | None = None) -> Tensor:
        """Elementwise ``input / other``."""

    def div_(self, other: Any, *, rounding_mode: Literal["trunc", "floor"] | None = None) -> Tensor:
        """In place, `div`: this tensor takes the value of its result."""

    def divide(
        self,
        other: Any,
        *,
        rounding_mode: Literal["trunc", "floor"] | None = None,
    ) -> Tensor:
        """Elementwise ``input / other``."""

    def divide_(
        self,
        other: Any,
        *,
        rounding_mode: Literal["trunc", "floor"] | None = None,
    ) -> Tensor:
        """In place, `divide`: this tensor takes the value of its result."""

    def dot(self, tensor: Tensor) -> Tensor:
        """The sum of products of the elements of two vectors of one length."""

    def double(self) -> Tensor:
        """The values as float64."""

    def dsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Pieces along dim 2; otherwise as `hsplit`."""

    def eq(self, other: Any) -> Tensor:
        """Elementwise ``a == b``, as bool."""

    def eq_(self, other: Any) -> Tensor:
        """In place, `eq`: this tensor takes the value of its result."""

    def equal(self, other: Tensor) -> builtins.bool:
        """Whether two tensors have the same shape and the same elements."""

    def erf(self) -> Tensor:
        """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to
        ``x``."""

    def erf_(self) -> Tensor:
        """In place, `erf`: this tensor takes the value of its result."""

    def erfc(self) -> Tensor:
        """``1 - erf(x)``, with full relative precision for large ``x``."""

    def erfc_(self) -> Tensor:
        """In place, `erfc`: this tensor takes the value of its result."""

    def erfinv(self) -> Tensor:
        """The inverse of `erf`: infinite at -1 and 1, NaN beyond."""

    def erfinv_(self) -> Tensor:
        """In place, `erfinv`: this tensor takes the value of its result."""

    def exp(self) -> Tensor:
        """Elementwise ``e**x``."""

    def exp2(self) -> Tensor:
        """Elementwise ``2**x``."""

    def exp2_(self) -> Tensor:
        """In place, `exp2`: this tensor takes the value of its result."""

    def exp_(self) -> Tensor:
        """In place, `exp`: this tensor takes the value of its result."""

    def expand(self, *sizes: Any, size: Any = None) -> Tensor:
        """Repeated along dims of size 1, and new leading ones, to fill ``size``; -1 keeps a
        size."""

    def expand_as(self, other: Tensor) -> Tensor:
        """Broadcast to the shape of ``other``."""

    def expm1(self) -> Tensor:
        """Elementwise ``e**x - 1``, accurate near 0."""

    def expm1_(self) -> Tensor:
        """In place, `expm1`: this tensor takes the value of its result."""

    def exponential_(
        self,
        lambd: builtins.float = 1.0,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """In place: waiting times between events that happen ``lambd`` times in a unit of time."""

    def fill_(self, value: Any) -> Tensor:
        """Make every element ``value``, a number or a tensor without dims, whose gradient is the
        sum of all."""

    def fill_diagonal_(self, fill_value: Any, wrap: builtins.bool = False) -> Tensor:
        """Make the elements whose indices are all equal ``fill_value``."""

    def fix(self) -> Tensor:
        """Each element without its fraction."""

    def fix_(self) -> Tensor:
        """In place, `fix`: this tensor takes the value of its result."""

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """The dims from ``start_dim`` to ``end_dim`` made one."""

    def flip(self, *along: Any, dims: Any = None) -> Tensor:
        """In reverse order along ``dims``: ``x.flip(0, 1)``."""

    def fliplr(self) -> Tensor:
        """In reverse order along dim 1."""

    def flipud(self) -> Tensor:
        """In reverse order along dim 0."""

    def float(self) -> Tensor:
        """The values as float32."""

    def float_power(self, exponent: Any) -> Tensor:
        """Elementwise ``input ** exponent`` in double precision, complex if one of them is."""

    def float_power_(self, exponent: Any) -> Tensor:
        """In place, `float_power`: this tensor takes the value of its result."""

    def floor(self) -> Tensor:
        """The largest integer not above each element."""

    def floor_(self) -> Tensor:
        """In place, `floor`: this tensor takes the value of its result."""

    def floor_divide(self, other: Any) -> Tensor:
        """Elementwise ``floor(a / b)``."""

    def floor_divide_(self, other: Any) -> Tensor:
        """In place, `floor_divide`: this tensor takes the value of its result."""

    def fmax(self, other: Any) -> Tensor:
        """The larger of two elements, the other one where one is NaN. At ties the gradient is that
        of ``a``."""

    def fmin(self, other: Any) -> Tensor:
        """The smaller of two elements, the other one where one is NaN. At ties the gradient is that
        of ``a``."""

    def fmod(self, other: Any) -> Tensor:
        """Elementwise ``a - trunc(a / b) * b``: the sign is that of ``a``."""

    def fmod_(self, other: Any) -> Tensor:
        """In place, `fmod`: this tensor takes the value of its result."""

    def frac(self) -> Tensor:
        """The fraction of each element, with its sign."""

    def frac_(self) -> Tensor:
        """In place, `frac`: this tensor takes the value of its result."""

    def frexp(self) -> MantissaExponent:
        """Each element as ``mantissa * 2**exponent``, with a mantissa within [0.5, 1) but for its
        sign. Exponents are int32."""

    def gather(
        self,
        dim: builtins.int,
        index: Tensor,
        *,
        sparse_grad: builtins.bool = False,
    ) -> Tensor:
        """Along ``dim``, the elements of ``input`` that ``index`` names: ``input[index[i, j], j]``
        for each ``i, j``, for ``dim=0`` of two."""

    def ge(self, other: Any) -> Tensor:
        """Elementwise ``a >= b``, as bool."""

    def ge_(self, other: Any) -> Tensor:
        """In place, `ge`: this tensor takes the value of its result."""

    def geometric_(self, p: builtins.float, *, generator: Generator | None = None) -> Tensor:
        """In place: how many trials it takes to succeed, if each does with probability ``p``."""

    def ger(self, vec2: Tensor) -> Tensor:
        """The products of each element of a vector with each element of another."""

    def greater(self, other: Any) -> Tensor:
        """Elementwise ``a > b``, as bool."""

    def greater_(self, other: Any) -> Tensor:
        """In place, `greater`: this tensor takes the value of its result."""

    def greater_equal(self, other: Any) -> Tensor:
        """Elementwise ``a >= b``, as bool."""

    def greater_equal_(self, other: Any) -> Tensor:
        """In place, `greater_equal`: this tensor takes the value of its result."""

    def gt(self, other: Any) -> Tensor:
        """Elementwise ``a > b``, as bool."""

    def gt_(self, other: Any) -> Tensor:
        """In place, `gt`: this tensor takes the value of its result."""

    def half(self) -> Tensor:
        """The values as float16."""

    def hardshrink(self, lambd: builtins.float = 0.5) -> Tensor:
        """0 within ``lambd`` of 0, ``x`` elsewhere."""

    def heaviside(self, values: Any) -> Tensor:
        """Elementwise 0 below 0, ``values`` at 0 and 1 above; 0 for NaN."""

    def heaviside_(self, values: Any) -> Tensor:
        """In place, `heaviside`: this tensor takes the value of its result."""

    def histc(
        self,
        bins: builtins.int = 100,
        min: builtins.float = 0,
        max: builtins.float = 0,
    ) -> Tensor:
        """How many elements lie in each of ``bins`` bins of equal width from ``min`` to ``max``, in
        the dtype of ``input``. If the two are equal, they are the smallest and the largest element.
        NaN and what lies outside count nowhere."""

    def histogram(
        self,
        bins: Any,
        *,
        range: tuple[builtins.float, builtins.float] | None = None,
        weight: Tensor | None = None,
        density: builtins.bool = False,
    ) -> Histogram:
        """How many elements lie in each bin, or the sums of their weights, and the bins' bounds."""

    def hsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Pieces along dim 1, or along dim 0 where there is but one: an int says how many of equal
        size, several say before which indices to cut."""

    def hypot(self, other: Any) -> Tensor:
        """Elementwise ``sqrt(a**2 + b**2)``, without overflow."""

    def hypot_(self, other: Any) -> Tensor:
        """In place, `hypot`: this tensor takes the value of its result."""

    def i0(self) -> Tensor:
        """The modified Bessel function of the first kind of order 0."""

    def i0_(self) -> Tensor:
        """In place, `i0`: this tensor takes the value of its result."""

    def igamma(self, x: Any) -> Tensor:
        """The regularised lower incomplete gamma function P: the integral of ``t**(a - 1) *
        exp(-t)`` from 0 to ``x``, over that to infinity. NaN for negative operands."""

    def igamma_(self, x: Any) -> Tensor:
        """In place, `igamma`: this tensor takes the value of its result."""

    def igammac(self, x: Any) -> Tensor:
        """The regularised upper incomplete gamma function Q, ``1 - gammainc(a, x)``, with full
        relative precision where it is small. NaN for negative operands."""

    def igammac_(self, x: Any) -> Tensor:
        """In place, `igammac`: this tensor takes the value of its result."""

    @property
    def imag(self) -> Tensor:
        """The imaginary part of each element."""

    def index_add(
        self,
        dim: builtins.int,
        index: Tensor,
        source: Tensor,
        *,
        alpha: Any = 1,
    ) -> Tensor:
        """``input`` with ``alpha`` times the slices of ``source`` along ``dim`` added where
        ``index`` says."""

    def index_add_(
        self,
        dim: builtins.int,
        index: Tensor,
        source: Tensor,
        *,
        alpha: Any = 1,
    ) -> Tensor:
        """In place, `index_add`: this tensor takes the value of its result."""

    def index_copy(self, dim: builtins.int, index: Tensor, source: Tensor) -> Tensor:
        """``input`` with the slices of ``source`` along ``dim`` in the place of those that
        ``index`` names."""

    def index_copy_(self, dim: builtins.int, index: Tensor, source: Tensor) -> Tensor:
        """In place, `index_copy`: this tensor takes the value of its result."""

    def index_fill(self, dim: builtins.int, index: Tensor, value: Any) -> Tensor:
        """``input`` with ``value``, a number or a tensor without dims, in the slices along ``dim``
        that ``index`` names; negative indices count from the end."""

    def index_fill_(self, dim: builtins.int, index: Tensor, value: Any) -> Tensor:
        """In place, `index_fill`: this tensor takes the value of its result."""

    def index_put(
        self,
        indices: Sequence[Tensor],
        values: Tensor,
        accumulate: builtins.bool = False,
    ) -> Tensor:
        """``input`` with ``values``, which broadcast, at ``input[indices]``; with ``accumulate``
        they are added to what is there."""

    def index_put_(
        self,
        indices: Sequence[Tensor],
        values: Tensor,
        accumulate: builtins.bool = False,
    ) -> Tensor:
        """In place, `index_put`: this tensor takes the value of its result."""

    def index_reduce(
        self,
        dim: builtins.int,
        index: Tensor,
        source: Tensor,
        reduce: str,
        *,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """``input`` with the slices of ``source`` along ``dim`` reduced into those that ``index``
        names: by ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``, as in `scatter_reduce`."""

    def index_reduce_(
        self,
        dim: builtins.int,
        index: Tensor,
        source: Tensor,
        reduce: str,
        *,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """In place, `index_reduce`: this tensor takes the value of its result."""

    def index_select(self, dim: builtins.int, index: Tensor) -> Tensor:
        """The slices of ``input`` along ``dim`` that ``index`` names."""

    def inner(self, other: Tensor) -> Tensor:
        """The sums of products along the last dims, for each pair of rows; with a tensor without
        dims, the product with that number."""

    def int(self) -> Tensor:
        """The values as int32."""

    def inverse(self) -> Tensor:
        """``fe.linalg.inv``"""

    def is_complex(self) -> builtins.bool:
        """Whether the dtype is complex."""

    def is_contiguous(self) -> builtins.bool:
        """True: memory order is the backend's affair, and every tensor reads as row-major."""

    def is_nonzero(self) -> builtins.bool:
        """Whether the one element is not zero."""

    def is_same_size(self, other: Tensor) -> builtins.bool:
        """Whether the shapes are equal."""

    def is_signed(self) -> builtins.bool:
        """Whether the dtype holds numbers below zero."""

    def isclose(
        self,
        other: Any,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> Tensor:
        """Elementwise: they are equal, or both finite with ``abs(a - b) <= atol + rtol *
        abs(b)``."""

    def isfinite(self) -> Tensor:
        """Elementwise: it is neither infinite nor NaN."""

    def isinf(self) -> Tensor:
        """Elementwise: it is infinite."""

    def isnan(self) -> Tensor:
        """Elementwise: it is not a number."""

    def isneginf(self) -> Tensor:
        """Elementwise: it is minus infinity."""

    def isposinf(self) -> Tensor:
        """Elementwise: it is infinity."""

    def isreal(self) -> Tensor:
        """Elementwise: its imaginary part is 0."""

    @property
    def itemsize(self) -> builtins.int:
        """Bytes per element: `element_size`."""

    def kron(self, other: Tensor) -> Tensor:
        """The Kronecker product: each element of ``input`` times all of ``other``, in blocks. The
        one with fewer dims gets leading dims of size 1."""

    def kthvalue(
        self,
        k: builtins.int,
        dim: builtins.int = -1,
        keepdim: builtins.bool = False,
    ) -> ValuesIndices:
        """The ``k``-th smallest element along ``dim``, counted from 1, and its index."""

    def ldexp(self, other: Any) -> Tensor:
        """Elementwise ``input * 2**other``. Integers become floats."""

    def ldexp_(self, other: Any) -> Tensor:
        """In place, `ldexp`: this tensor takes the value of its result."""

    def le(self, other: Any) -> Tensor:
        """Elementwise ``a <= b``, as bool."""

    def le_(self, other: Any) -> Tensor:
        """In place, `le`: this tensor takes the value of its result."""

    def lerp(self, end: Any, weight: Any) -> Tensor:
        """Elementwise ``x + weight * (end - x)``, exact at both ends."""

    def lerp_(self, end: Any, weight: Any) -> Tensor:
        """In place, `lerp`: this tensor takes the value of its result."""

    def less(self, other: Any) -> Tensor:
        """Elementwise ``a < b``, as bool."""

    def less_(self, other: Any) -> Tensor:
        """In place, `less`: this tensor takes the value of its result."""

    def less_equal(self, other: Any) -> Tensor:
        """Elementwise ``a <= b``, as bool."""

    def less_equal_(self, other: Any) -> Tensor:
        """In place, `less_equal`: this tensor takes the value of its result."""

    def lgamma(self) -> Tensor:
        """The logarithm of the absolute value of the gamma function; infinite at its poles."""

    def lgamma_(self) -> Tensor:
        """In place, `lgamma`: this tensor takes the value of its result."""

    def log(self) -> Tensor:
        """Elementwise natural logarithm; NaN below 0, -inf at 0."""

    def log10(self) -> Tensor:
        """Elementwise logarithm to the base 10, exact for its powers."""

    def log10_(self) -> Tensor:
        """In place, `log10`: this tensor takes the value of its result."""

    def log1p(self) -> Tensor:
        """Elementwise ``log(1 + x)``, accurate near 0."""

    def log1p_(self) -> Tensor:
        """In place, `log1p`: this tensor takes the value of its result."""

    def log2(self) -> Tensor:
        """Elementwise logarithm to the base 2, exact for its powers."""

    def log2_(self) -> Tensor:
        """In place, `log2`: this tensor takes the value of its result."""

    def log_(self) -> Tensor:
        """In place, `log`: this tensor takes the value of its result."""

    def log_normal_(
        self,
        mean: builtins.float = 1.0,
        std: builtins.float = 2.0,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """In place: exponentials of normal numbers of that mean and standard deviation."""

    def log_softmax(self, dim: builtins.int, dtype: Any = None) -> Tensor:
        """The logarithm of `softmax`, without loss of precision."""

    def logaddexp(self, other: Any) -> Tensor:
        """``log(exp(a) + exp(b))``, without overflow. The gradient is shared in halves at ties, the
        infinite ones included."""

    def logaddexp2(self, other: Any) -> Tensor:
        """``log2(2**a + 2**b)``, without overflow. The gradient is as that of `logaddexp`."""

    def logcumsumexp(self, dim: builtins.int) -> Tensor:
        """The logarithm of the sum of the exponentials up to each element along ``dim``, without
        overflow."""

    def logdet(self) -> Tensor:
        """The logarithm of the determinant of each matrix: for real ones NaN where that is
        negative, and -inf where it is 0."""

    def logical_and(self, other: Any) -> Tensor:
        """Elementwise: both are not 0."""

    def logical_and_(self, other: Any) -> Tensor:
        """In place, `logical_and`: this tensor takes the value of its result."""

    def logical_not(self) -> Tensor:
        """Elementwise: it is 0."""

    def logical_not_(self) -> Tensor:
        """In place, `logical_not`: this tensor takes the value of its result."""

    def logical_or(self, other: Any) -> Tensor:
        """Elementwise: one is not 0."""

    def logical_or_(self, other: Any) -> Tensor:
        """In place, `logical_or`: this tensor takes the value of its result."""

    def logical_xor(self, other: Any) -> Tensor:
        """Elementwise: just one is not 0."""

    def logical_xor_(self, other: Any) -> Tensor:
        """In place, `logical_xor`: this tensor takes the value of its result."""

    def logit(self, eps: builtins.float | None = None) -> Tensor:
        """The logarithm of the odds, ``log(x / (1 - x))``; NaN outside of 0 to 1. With ``eps``,
        which is not negative, ``x`` is brought between ``eps`` and ``1 - eps`` first, and the
        gradient outside is 0."""

    def logit_(self, eps: builtins.float | None = None) -> Tensor:
        """In place, `logit`: this tensor takes the value of its result."""

    def logsumexp(
        self,
        dim: builtins.int | Sequence[builtins.int] | None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """``log(sum(exp(x)))`` over ``dim``, without overflow."""

    def long(self) -> Tensor:
        """The values as int64."""

    def lt(self, other: Any) -> Tensor:
        """Elementwise ``a < b``, as bool."""

    def lt_(self, other: Any) -> Tensor:
        """In place, `lt`: this tensor takes the value of its result."""

    def lu(self, pivot: builtins.bool = True, get_infos: builtins.bool = False) -> Any:
        """``fe.linalg.lu_factor``, which does not refuse singular matrices: the packed factors, the
        pivots, and, with ``get_infos``, for each matrix 0 or which pivot is 0."""

    def lu_solve(self, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
        """``fe.linalg.lu_solve``, with the right side first."""

    @property
    def mH(self) -> Tensor:
        """The last two dims exchanged, and complex elements conjugated."""

    @property
    def mT(self) -> Tensor:
        """The last two dims exchanged."""

    def masked_fill(self, mask: Tensor, value: Any) -> Tensor:
        """``input`` with ``value``, a number or a tensor without dims, where ``mask`` holds. The
        tensor and the mask broadcast."""

    def masked_fill_(self, mask: Tensor, value: Any) -> Tensor:
        """In place, `masked_fill`: this tensor takes the value of its result."""

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """``input`` with the elements of ``source``, one after the other, at the places where
        ``mask`` holds. The tensor and the mask broadcast."""

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor:
        """In place, `masked_scatter`: this tensor takes the value of its result."""

    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements of ``input`` at which ``mask`` holds, in row-major order, in one dim. The
        two broadcast."""

    def matmul(self, other: Tensor) -> Tensor:
        """The matrix product. A tensor of one dim is a row on the left and a column on the right;
        leading dims broadcast."""

    def matrix_exp(self) -> Tensor:
        """The exponential of each matrix, ``I + A + A @ A / 2 + ...``."""

    def matrix_power(self, n: builtins.int) -> Tensor:
        """The product of ``n`` times each matrix; for a negative ``n``, of its inverse."""

    def max(self, dim: Any = None, keepdim: builtins.bool = False, *, other: Any = None) -> Any:
        """The largest element; with ``dim``, the largest along it and their indices, the first
        among equals; with a second tensor, the larger of each two elements. NaN wins."""

    def maximum(self, other: Any) -> Tensor:
        """The larger of two elements. NaN wins; at ties the gradient is split in halves."""

    def mean(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """The arithmetic mean over ``dim``, in ``dtype`` where one is given. NaN of no elements."""

    def median(self, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Any:
        """The median of all elements, the lower one of two; with ``dim``, those along it and their
        indices. NaN where an element is NaN."""

    def min(self, dim: Any = None, keepdim: builtins.bool = False, *, other: Any = None) -> Any:
        """The smallest element; otherwise as `max`."""

    def minimum(self, other: Any) -> Tensor:
        """The smaller of two elements. NaN wins; at ties the gradient is split in halves."""

    def mm(self, mat2: Tensor) -> Tensor:
        """The product of two matrices."""

    def mode(self, dim: builtins.int = -1, keepdim: builtins.bool = False) -> ValuesIndices:
        """The most frequent element along ``dim``, the smallest of several, and the last index
        where it stands."""

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """Dims moved to other places: `movedim`, by NumPy's name."""

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """The dims ``source`` moved to the places ``destination``, the others in order around
        them."""

    def msort(self) -> Tensor:
        """The elements along the first dim in order."""

    def mul(self, other: Any) -> Tensor:
        """Elementwise ``a * b``; for bool, the logical and."""

    def mul_(self, other: Any) -> Tensor:
        """In place, `mul`: this tensor takes the value of its result."""

    def multinomial(
        self,
        num_samples: builtins.int,
        replacement: builtins.bool = False,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """Indices drawn by weight: int64 of shape ``(num_samples,)``, or ``(m, num_samples)``."""

    def multiply(self, other: Any) -> Tensor:
        """Elementwise ``a * b``; for bool, the logical and."""

    def multiply_(self, other: Any) -> Tensor:
        """In place, `multiply`: this tensor takes the value of its result."""

    def mv(self, vec: Tensor) -> Tensor:
        """The product of a matrix and a vector."""

    def mvlgamma(self, p: builtins.int) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension ``p``, whose argument must
        be above ``(p - 1) / 2``."""

    def mvlgamma_(self, p: builtins.int) -> Tensor:
        """In place, `mvlgamma`: this tensor takes the value of its result."""

    def nan_to_num(
        self,
        nan: builtins.float | None = None,
        posinf: builtins.float | None = None,
        neginf: builtins.float | None = None,
    ) -> Tensor:
        """Each element, with numbers in the places of NaN (by default 0) and of the infinities (the
        largest and the smallest finite number of the dtype)."""

    def nan_to_num_(
        self,
        nan: builtins.float | None = None,
        posinf: builtins.float | None = None,
        neginf: builtins.float | None = None,
    ) -> Tensor:
        """In place, `nan_to_num`: this tensor takes the value of its result."""

    def nanmean(
        self,
        dim: Any = None,
        keepdim: builtins.bool = False,
        *,
        dtype: Any = None,
    ) -> Tensor:
        """The arithmetic mean over ``dim`` of what is not NaN; otherwise as `mean`."""

    def nanmedian(self, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Any:
        """As `median`, of what is not NaN."""

    def nanquantile(
        self,
        q: Any,
        dim: builtins.int | None = None,
        keepdim: builtins.bool = False,
        *,
        interpolation: str = "linear",
    ) -> Tensor:
        """As `quantile`, of what is not NaN; NaN where nothing else is there."""

    def nansum(
        self,
        dim: Any = None,
        keepdim: builtins.bool = False,
        *,
        dtype: Any = None,
    ) -> Tensor:
        """The sum over ``dim`` of what is not NaN; otherwise as `sum`."""

    def narrow(self, dim: builtins.int, start: Any, length: builtins.int) -> Tensor:
        """The ``length`` elements along ``dim`` from ``start`` on, an int or a tensor of one."""

    @property
    def nbytes(self) -> builtins.int:
        """Bytes of all elements."""

    def ndimension(self) -> builtins.int:
        """The number of dims: `dim`."""

    def ne(self, other: Any) -> Tensor:
        """Elementwise ``a != b``, as bool."""

    def ne_(self, other: Any) -> Tensor:
        """In place, `ne`: this tensor takes the value of its result."""

    def neg(self) -> Tensor:
        """Elementwise ``-x``."""

    def neg_(self) -> Tensor:
        """In place, `neg`: this tensor takes the value of its result."""

    def negative(self) -> Tensor:
        """Elementwise ``-x``."""

    def negative_(self) -> Tensor:
        """In place, `negative`: this tensor takes the value of its result."""

    def nelement(self) -> builtins.int:
        """The number of elements: `numel`."""

    def new_empty(self, *size: Any, **options: Any) -> Tensor:
        """A tensor whose elements do not matter, with this one's dtype and device unless ``dtype=``
        and ``device=`` are given."""

    def new_full(
        self,
        size: Any,
        fill_value: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """``fill_value`` everywhere, with this one's dtype and device unless others are given."""

    def new_ones(self, *size: Any, **options: Any) -> Tensor:
        """Ones, with this one's dtype and device unless ``dtype=`` and ``device=`` are given."""

    def new_tensor(
        self,
        data: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """A tensor of ``data``, with this one's dtype and device unless others are given."""

    def new_zeros(self, *size: Any, **options: Any) -> Tensor:
        """Zeros, with this one's dtype and device unless ``dtype=`` and ``device=`` are given."""

    def nextafter(self, other: Any) -> Tensor:
        """Elementwise the next number of the dtype after ``a`` towards ``b``."""

    def nextafter_(self, other: Any) -> Tensor:
        """In place, `nextafter`: this tensor takes the value of its result."""

    def nonzero(self, *, as_tuple: builtins.bool = False) -> Any:
        """The indices of the elements that are not 0, in row-major order: int64 of shape ``(count,
        input.ndim)``, or with ``as_tuple`` a tensor for each dim, which together index
        ``input``."""

    def norm(
        self,
        p: builtins.float | str | None = "fro",
        dim: Any = None,
        keepdim: builtins.bool = False,
        dtype: Any = None,
    ) -> Tensor:
        """The norm of the elements over ``dim``, or over everything."""

    def normal_(
        self,
        mean: builtins.float = 0.0,
        std: builtins.float = 1.0,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """In place: normal numbers."""

    def not_equal(self, other: Any) -> Tensor:
        """Elementwise ``a != b``, as bool."""

    def not_equal_(self, other: Any) -> Tensor:
        """In place, `not_equal`: this tensor takes the value of its result."""

    def orgqr(self, input2: Tensor) -> Tensor:
        """``fe.linalg.householder_product``"""

    def ormqr(
        self,
        tau: Tensor,
        other: Tensor,
        left: builtins.bool = True,
        transpose: builtins.bool = False,
    ) -> Tensor:
        """``other`` multiplied, from the ``left`` or from the right, by the product of reflections
        of which `orgqr` gives the first columns, all of its columns being used, or by its
        adjoint."""

    def outer(self, vec2: Tensor) -> Tensor:
        """The products of each element of a vector with each element of another."""

    def permute(self, *order: Any, dims: Any = None) -> Tensor:
        """The dims in another order: ``x.permute(1, 0)``."""

    def pinverse(self, rcond: builtins.float = 1e-15) -> Tensor:
        """``fe.linalg.pinv``, by default with a smaller bound for singular values that count."""

    def polygamma(self, n: builtins.int) -> Tensor:
        """The ``n``-th derivative of `digamma`."""

    def polygamma_(self, n: builtins.int) -> Tensor:
        """In place, `polygamma`: this tensor takes the value of its result."""

    def positive(self) -> Tensor:
        """The same value: ``+input``."""

    def pow(self, exponent: Any) -> Tensor:
        """Elementwise ``a ** exponent``. Of integers to negative powers what is left without its
        fraction: 0, but for 1 and -1; 0 to a negative power is 0."""

    def pow_(self, exponent: Any) -> Tensor:
        """In place, `pow`: this tensor takes the value of its result."""

    def prelu(self, weight: Any) -> Tensor:
        """``x`` where it is positive, ``weight * x`` elsewhere."""

    def prod(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """The product over ``dim``, or over everything, in ``dtype`` where one is given. Bools and
        integers multiply in int64."""

    def put(self, index: Tensor, source: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """``input`` with the elements of ``source`` at the places that ``index`` names in
        ``input``, flattened; negative indices count from the end."""

    def put_(self, index: Tensor, source: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """In place, `put`: this tensor takes the value of its result."""

    def qr(self, some: builtins.bool = True) -> QR:
        """``fe.linalg.qr``, reduced if ``some`` and otherwise complete."""

    def quantile(
        self,
        q: Any,
        dim: builtins.int | None = None,
        keepdim: builtins.bool = False,
        *,
        interpolation: str = "linear",
    ) -> Tensor:
        """The ``q``-th quantiles along ``dim``, or of all elements. NaN where an element is NaN."""

    def rad2deg(self) -> Tensor:
        """Elementwise radians to degrees."""

    def rad2deg_(self) -> Tensor:
        """In place, `rad2deg`: this tensor takes the value of its result."""

    def random_(
        self,
        from_: Any = None,
        to: Any = None,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """In place: uniform integers: ``x.random_(10)`` below 10, ``x.random_(1, 7)`` from 1 to
        below 7, ``x.random_()`` from 0 to the largest of the dtype, or for floats to the largest up
        to which they hold every integer."""

    def ravel(self) -> Tensor:
        """All elements in row-major order, in one dim."""

    @property
    def real(self) -> Tensor:
        """The real part of each element; of a real tensor the same values."""

    def reciprocal(self) -> Tensor:
        """Elementwise ``1 / x``."""

    def reciprocal_(self) -> Tensor:
        """In place, `reciprocal`: this tensor takes the value of its result."""

    def relu(self) -> Tensor:
        """``max(x, 0)``; NaN stays NaN. The slope at 0 is taken as 0."""

    def relu_(self) -> Tensor:
        """In place, `relu`: this tensor takes the value of its result."""

    def remainder(self, other: Any) -> Tensor:
        """Elementwise ``a - floor(a / b) * b``: the sign is that of ``b``."""

    def remainder_(self, other: Any) -> Tensor:
        """In place, `remainder`: this tensor takes the value of its result."""

    def renorm(self, p: builtins.float, dim: builtins.int, maxnorm: builtins.float) -> Tensor:
        """The slices along ``dim``, each scaled so that its ``p``-norm is at most ``maxnorm``;
        those within it stay as they are."""

    def renorm_(self, p: builtins.float, dim: builtins.int, maxnorm: builtins.float) -> Tensor:
        """In place, `renorm`: this tensor takes the value of its result."""

    def repeat(self, *counts: Any, repeats: Any = None) -> Tensor:
        """The whole tensor so many times along each dim; counts for new leading dims come first."""

    def repeat_interleave(
        self,
        repeats: Any = None,
        dim: builtins.int | None = None,
        *,
        output_size: builtins.int | None = None,
    ) -> Tensor:
        """Each element so many times, one after the other: ``[1, 2]`` twice is ``[1, 1, 2, 2]``."""

    def reshape(self, *sizes: Any, shape: Any = None) -> Tensor:
        """The same elements in row-major order in another shape: ``x.reshape(2, -1)``. One size may
        be -1: what remains."""

    def reshape_as(self, other: Tensor) -> Tensor:
        """In the shape of ``other``."""

    def resolve_conj(self) -> Tensor:
        """The same values: conjugates are computed at once."""

    @property
    def retains_grad(self) -> builtins.bool:
        """Whether it is no leaf and `retain_grad` was called."""

    def roll(self, shifts: Any, dims: Any = None) -> Tensor:
        """Shifted along ``dims``; what leaves at the end comes in at the beginning."""

    def rot90(self, k: builtins.int = 1, dims: Sequence[builtins.int] = ...) -> Tensor:
        """Turned by ``k`` right angles in the plane of two dims, from the first towards the
        second."""

    def round(self, *, decimals: builtins.int = 0) -> Tensor:
        """The nearest integer to each element, halves to even; or so many decimal places."""

    def round_(self, *, decimals: builtins.int = 0) -> Tensor:
        """In place, `round`: this tensor takes the value of its result."""

    def rsqrt(self) -> Tensor:
        """Elementwise ``1 / sqrt(x)``."""

    def rsqrt_(self) -> Tensor:
        """In place, `rsqrt`: this tensor takes the value of its result."""

    def scatter(
        self,
        dim: builtins.int,
        index: Tensor,
        src: Any = None,
        *,
        value: Any = None,
        reduce: str | None = None,
    ) -> Tensor:
        """``input`` with elements of ``src`` in the place of those that ``index`` names along
        ``dim``: element ``[index[i, j], j]`` becomes ``src[i, j]``, for ``dim=0`` of two."""

    def scatter_(
        self,
        dim: builtins.int,
        index: Tensor,
        src: Any = None,
        *,
        value: Any = None,
        reduce: str | None = None,
    ) -> Tensor:
        """In place, `scatter`: this tensor takes the value of its result."""

    def scatter_add(self, dim: builtins.int, index: Tensor, src: Tensor) -> Tensor:
        """`scatter` that adds: `scatter_reduce` by ``"sum"``."""

    def scatter_add_(self, dim: builtins.int, index: Tensor, src: Tensor) -> Tensor:
        """In place, `scatter_add`: this tensor takes the value of its result."""

    def scatter_reduce(
        self,
        dim: builtins.int,
        index: Tensor,
        src: Tensor,
        reduce: str,
        *,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """`scatter` that reduces all that meets at one place."""

    def scatter_reduce_(
        self,
        dim: builtins.int,
        index: Tensor,
        src: Tensor,
        reduce: str,
        *,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """In place, `scatter_reduce`: this tensor takes the value of its result."""

    def select(self, dim: builtins.int, index: Any) -> Tensor:
        """The slice of ``input`` at ``index`` along ``dim``, without that dim."""

    def select_scatter(self, src: Tensor, dim: builtins.int, index: builtins.int) -> Tensor:
        """``input`` with ``src`` in the place of its slice at ``index`` along ``dim``."""

    def sgn(self) -> Tensor:
        """``x / abs(x)`` for complex elements, 0 at 0; `sign` of real ones."""

    def sgn_(self) -> Tensor:
        """In place, `sgn`: this tensor takes the value of its result."""

    def short(self) -> Tensor:
        """The values as int16."""

    def sigmoid(self) -> Tensor:
        """``1 / (1 + exp(-x))``, without overflow."""

    def sigmoid_(self) -> Tensor:
        """In place, `sigmoid`: this tensor takes the value of its result."""

    def sign(self) -> Tensor:
        """-1, 0 or 1 by the sign of each element; NaN stays NaN."""

    def sign_(self) -> Tensor:
        """In place, `sign`: this tensor takes the value of its result."""

    def signbit(self) -> Tensor:
        """Elementwise: it is negative, or -0.0."""

    def sin(self) -> Tensor:
        """Elementwise sine of angles in radians."""

    def sin_(self) -> Tensor:
        """In place, `sin`: this tensor takes the value of its result."""

    def sinc(self) -> Tensor:
        """``sin(pi * x) / (pi * x)``, and 1 at 0."""

    def sinc_(self) -> Tensor:
        """In place, `sinc`: this tensor takes the value of its result."""

    def sinh(self) -> Tensor:
        """Elementwise hyperbolic sine."""

    def sinh_(self) -> Tensor:
        """In place, `sinh`: this tensor takes the value of its result."""

    def slice_scatter(
        self,
        src: Tensor,
        dim: builtins.int = 0,
        start: builtins.int | None = None,
        end: builtins.int | None = None,
        step: builtins.int = 1,
    ) -> Tensor:
        """``input`` with ``src`` in the place of ``start:end:step`` along ``dim``."""

    def slogdet(self) -> SlogDet:
        """The sign of the determinant of each matrix (for complex ones a number of magnitude 1) and
        the logarithm of its magnitude; 0 and -inf where it is 0. It does not overflow."""

    def softmax(self, dim: builtins.int, dtype: Any = None) -> Tensor:
        """Exponentials along ``dim``, scaled to sum to one; computed in ``dtype`` where one is
        given, to which ``input`` is converted first."""

    def sort(
        self,
        dim: builtins.int = -1,
        descending: builtins.bool = False,
        stable: builtins.bool = False,
    ) -> Any:
        """The elements along ``dim`` in order, and their indices. Equal elements keep their order,
        whether that is asked for or not."""

    def split(self, split_size: Any, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """Pieces along ``dim``: of one size (the last may be smaller), or of the sizes given."""

    def split_with_sizes(
        self,
        split_sizes: Sequence[builtins.int],
        dim: builtins.int = 0,
    ) -> tuple[Tensor, ...]:
        """Pieces along ``dim`` of the sizes given."""

    def sqrt(self) -> Tensor:
        """Elementwise square root; NaN below 0."""

    def sqrt_(self) -> Tensor:
        """In place, `sqrt`: this tensor takes the value of its result."""

    def square(self) -> Tensor:
        """Elementwise ``x * x``."""

    def square_(self) -> Tensor:
        """In place, `square`: this tensor takes the value of its result."""

    def squeeze(self, dim: Any = None) -> Tensor:
        """Without the dims of size 1, or without those among ``dim``, an int or several."""

    def squeeze_(self, dim: Any = None) -> Tensor:
        """In place, `squeeze`: this tensor takes the value of its result."""

    def std(
        self,
        dim: Any = None,
        unbiased: builtins.bool | None = None,
        keepdim: builtins.bool = False,
        *,
        correction: builtins.float | None = ...,
    ) -> Tensor:
        """The standard deviation over ``dim``: the root of `var`, which explains the arguments."""

    def sub(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """Elementwise ``input - alpha * other``. Bools cannot be subtracted."""

    def sub_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """In place, `sub`: this tensor takes the value of its result."""

    def subtract(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """Elementwise ``input - alpha * other``. Bools cannot be subtracted."""

    def subtract_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """In place, `subtract`: this tensor takes the value of its result."""

    def sum(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """The sum over ``dim``, or over everything, in ``dtype`` where one is given. Bools and
        integers add up in int64."""

    def sum_to_size(self, *size: Any) -> Tensor:
        """The sum over the dims by which ``size`` broadcasts to the shape of ``input``."""

    def svd(self, some: builtins.bool = True, compute_uv: builtins.bool = True) -> SVD:
        """``fe.linalg.svd``, with ``V`` in the place of ``Vh``; reduced if ``some``. Without
        ``compute_uv``, ``U`` and ``V`` are square and 0."""

    def swapaxes(self, axis0: builtins.int, axis1: builtins.int) -> Tensor:
        """Two dims exchanged: `transpose`, by NumPy's name."""

    def swapaxes_(self, axis0: builtins.int, axis1: builtins.int) -> Tensor:
        """In place, `swapaxes`: this tensor takes the value of its result."""

    def swapdims(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Two dims exchanged: `transpose`."""

    def swapdims_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """In place, `swapdims`: this tensor takes the value of its result."""

    def t(self) -> Tensor:
        """A matrix transposed; a tensor of fewer dims as it is."""

    def t_(self) -> Tensor:
        """In place, `t`: this tensor takes the value of its result."""

    def take(self, index: Tensor) -> Tensor:
        """The elements of ``input``, flattened, that ``index`` names, in the shape of ``index``."""

    def take_along_dim(self, indices: Tensor, dim: builtins.int | None = None) -> Tensor:
        """As `gather`, and sizes in other dims than ``dim`` broadcast; negative indices count from
        the end. Without ``dim`` both are flattened."""

    def tan(self) -> Tensor:
        """Elementwise tangent of angles in radians."""

    def tan_(self) -> Tensor:
        """In place, `tan`: this tensor takes the value of its result."""

    def tanh(self) -> Tensor:
        """Elementwise hyperbolic tangent."""

    def tanh_(self) -> Tensor:
        """In place, `tanh`: this tensor takes the value of its result."""

    def tensor_split(self, indices_or_sections: Any, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """Pieces along ``dim``: so many of nearly equal size, or cut before the indices given."""

    def tile(self, *counts: Any, dims: Any = None) -> Tensor:
        """As `repeat`, but fewer counts than dims are those of the last ones."""

    def to(
        self,
        *args: Any,
        device: Any = None,
        dtype: Any = None,
        non_blocking: builtins.bool = False,
        copy: builtins.bool = False,
    ) -> Tensor:
        """The same values with another dtype or on another device: ``x.to("cuda")``,
        ``x.to(fe.float64)``, ``x.to("cuda", fe.float16)``, ``x.to(other)``."""

    def to_device(self, device: Any, *, stream: Any = None) -> Tensor:
        """On another device, as the Python array API standard spells it. There are no streams to
        choose from."""

    def topk(
        self,
        k: builtins.int,
        dim: builtins.int = -1,
        largest: builtins.bool = True,
        sorted: builtins.bool = True,
    ) -> ValuesIndices:
        """The ``k`` largest, or smallest, elements along ``dim``, in order, and their indices: the
        first places among equals."""

    def trace(self) -> Tensor:
        """The sum of the elements on the diagonal of a matrix; integers add up in int64."""

    def transpose(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Two dims exchanged."""

    def transpose_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """In place, `transpose`: this tensor takes the value of its result."""

    def triangular_solve(
        self,
        A: Tensor,
        upper: builtins.bool = True,
        transpose: builtins.bool = False,
        unitriangular: builtins.bool = False,
    ) -> TriangularSolution:
        """``X`` for which ``T @ X`` is ``b``, or, with ``transpose``, ``T.mT @ X``, where ``T`` is
        the upper or lower triangle of ``A``. ``fe.linalg.solve_triangular`` is its successor."""

    def tril(self, diagonal: builtins.int = 0) -> Tensor:
        """The lower triangles of matrices: zeros above a diagonal."""

    def tril_(self, diagonal: builtins.int = 0) -> Tensor:
        """In place, `tril`: this tensor takes the value of its result."""

    def triu(self, diagonal: builtins.int = 0) -> Tensor:
        """The upper triangles of matrices: zeros below a diagonal."""

    def triu_(self, diagonal: builtins.int = 0) -> Tensor:
        """In place, `triu`: this tensor takes the value of its result."""

    def true_divide(
        self,
        other: Any,
        *,
        rounding_mode: Literal["trunc", "floor"] | None = None,
    ) -> Tensor:
        """Elementwise ``input / other``."""

    def true_divide_(
        self,
        other: Any,
        *,
        rounding_mode: Literal["trunc", "floor"] | None = None,
    ) -> Tensor:
        """In place, `true_divide`: this tensor takes the value of its result."""

    def trunc(self) -> Tensor:
        """Each element without its fraction."""

    def trunc_(self) -> Tensor:
        """In place, `trunc`: this tensor takes the value of its result."""

    def type(self, dtype: Any = None) -> Any:
        """The values in ``dtype``; without one, the name of the dtype."""

    def type_as(self, other: Tensor) -> Tensor:
        """The values in the dtype of ``other``."""

    def unbind(self, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """The slices along ``dim``, which is gone from them."""

    def unflatten(self, dim: builtins.int, sizes: Sequence[builtins.int]) -> Tensor:
        """The dim ``dim`` made several, of ``sizes``; one may be -1: what remains."""

    def unfold(self, dimension: builtins.int, size: builtins.int, step: builtins.int) -> Tensor:
        """All windows of ``size`` elements along a dim, ``step`` apart, in a new last dim."""

    def uniform_(
        self,
        from_: builtins.float = 0.0,
        to: builtins.float = 1.0,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """In place: uniform numbers from ``from_`` to below ``to``, up to rounding."""

    def unique(
        self,
        sorted: builtins.bool = True,
        return_inverse: builtins.bool = False,
        return_counts: builtins.bool = False,
        dim: builtins.int | None = None,
    ) -> Any:
        """The distinct elements, or slices along ``dim``, in rising order."""

    def unique_consecutive(
        self,
        return_inverse: builtins.bool = False,
        return_counts: builtins.bool = False,
        dim: builtins.int | None = None,
    ) -> Any:
        """The elements, or slices along ``dim``, that differ from the one before; otherwise as
        `unique`."""

    def unsqueeze(self, dim: builtins.int) -> Tensor:
        """A dim of size 1 put in at ``dim``."""

    def unsqueeze_(self, dim: builtins.int) -> Tensor:
        """In place, `unsqueeze`: this tensor takes the value of its result."""

    def var(
        self,
        dim: Any = None,
        unbiased: builtins.bool | None = None,
        keepdim: builtins.bool = False,
        *,
        correction: builtins.float | None = ...,
    ) -> Tensor:
        """The variance over ``dim``: squared distances from the mean, over ``n - correction``."""

    def vdot(self, other: Tensor) -> Tensor:
        """As `dot`, of the conjugates of ``input``."""

    def view(self, *shape: Any, size: Any = None) -> Tensor:
        """As `reshape`: tensors have value semantics, so the two do not differ."""

    def view_as(self, other: Tensor) -> Tensor:
        """In the shape of ``other``."""

    def vsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Pieces along dim 0 of at least two; otherwise as `hsplit`."""

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where ``condition`` holds, ``other`` elsewhere."""

    def xlogy(self, other: Any) -> Tensor:
        """``a * log(b)``, and 0 where ``a`` is, unless ``b`` is NaN."""

    def xlogy_(self, other: Any) -> Tensor:
        """In place, `xlogy`: this tensor takes the value of its result."""

    def zero_(self) -> Tensor:
        """Make every element 0."""
