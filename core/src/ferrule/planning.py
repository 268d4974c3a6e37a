"""Working out what a call does: every check that an op makes, before any kernel runs."""

from __future__ import annotations

import math
import re
from copy import copy
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe
from ferrule import index_check, promotion, runtime
from ferrule.abstract import output_types
from ferrule.autograd.rule import Refusal, ReplayRule
from ferrule.errors import (
    ArgumentError,
    DeclarationError,
    DeviceError,
    DTypeError,
    OutOfRange,
    ShapeError,
)
from ferrule.plan import Plan
from ferrule.promotion import WEAK
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType, FerruleError, Spec, dtypes
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.op import Op


def describe(op: Op, types: tuple[Any, ...], attrs: dict[str, Any]) -> str:
    """The call as a message shows it: ``softmax(float32[3,4], dim=5)``."""
    operands = [t.__name__ if isinstance(t, type) else str(t) for t in types]
    given = [
        f"{name}={getattr(value, 'name', value)!s}"
        for name, value in attrs.items()
        if value is not (default := op.schema.attributes[name].default) and value != default
    ]
    return f"{op.name}({', '.join(operands + given)})"


def bind(
    op: Op, args: tuple[Any, ...], attrs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort arguments into operands and attributes, and make tensors of scalar operands where the
    op is not a primitive of two operands alone, whose kernels take them as they are."""
    try:
        operands, bound = op.schema.bind(args, attrs)
    except ArgumentError as error:
        raise ArgumentError(f"{op.name} {error}") from None
    if op.schema.creates:
        bound["device"] = runtime.device(bound["device"])
    if op.schema.variadic and len(operands) == 0:
        raise ArgumentError(f"{op.name} needs at least one tensor")
    for i, x in enumerate(operands):
        if not (isinstance(x, Tensor) or x.__class__ in WEAK):
            number = _number(x)
            if number is not None:
                operands = (*operands[:i], number, *operands[i + 1 :])
            elif x is not None or not op.schema.operand(i).optional:
                raise ArgumentError(
                    f"{op.name}: operand {i} is of type {type(x).__name__}, not a tensor; convert "
                    "it with fe.tensor(...)"
                )
    if not _takes_scalars(op):
        operands = _materialise(op, operands)
    elif not any(isinstance(x, Tensor) for x in operands):
        operands = (fe.tensor(operands[0]), *operands[1:])
    return operands, bound


def _number(x: Any) -> Any:
    """The Python scalar that a NumPy scalar or a subclass of Python's own (an enum) stands for."""
    x = x.item() if isinstance(x, np.generic) else x
    if isinstance(x, bool):
        return x
    return next((kind(x) for kind in _NUMBERS if isinstance(x, kind)), None)


_NUMBERS: tuple[Any, ...] = (int, float, complex)


def _takes_scalars(op: Op) -> bool:
    schema = op.schema
    binary = schema.roles == ("value", "value") and not (schema.variadic or schema.attributes)
    return op.primitive and binary  # the body of a composite is written for tensors


def _materialise(op: Op, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """0-d tensors for scalars, with the dtype that promotion gives them."""
    if not any(x.__class__ in WEAK for x in operands):
        return operands
    values = [x for i, x in enumerate(operands) if x is not None and op.schema.role(i) == "value"]
    kinds = (x._type if isinstance(x, Tensor) else x.__class__ for x in values)
    common = promotion.result_type(kinds)
    device = next((x.device for x in operands if isinstance(x, Tensor)), None)
    device = runtime.device(device)
    try:
        return tuple(
            _constant(x, repr(x), common if op.schema.role(i) == "value" else None, device)
            if x.__class__ in WEAK
            else x
            for i, x in enumerate(operands)
        )
    except DTypeError as error:
        raise DTypeError(f"{op.name}: {error}") from None


@lru_cache(maxsize=1024)
def _constant(value: Any, text: str, dtype: DType | None, device: Device) -> Tensor:
    """A 0-d tensor, made once. ``text`` tells apart what is equal: 1 and True, 0.0 and -0.0."""
    return fe.tensor(value, dtype=dtype, device=device)


forget_constants = _constant.cache_clear


def make(op: Op, types: tuple[Any, ...], attrs: dict[str, Any], active: Any = None) -> Plan:
    """The plan of a call; see `Op.plan`.

    Args:
        active: the backend to plan for, in the place of that of the operands' device.
    """
    try:
        return _make(op, types, attrs, active)
    except FerruleError as error:
        if isinstance(error, (ShapeError, DTypeError, ArgumentError, DeviceError)):
            reason = str(error).removeprefix(f"{op.name}: ")  # bodies name themselves
            raise type(error)(f"{describe(op, types, attrs)}: {reason}") from None
        raise


def _make(op: Op, types: tuple[Any, ...], attrs: dict[str, Any], active: Any) -> Plan:
    device = _device(types, attrs)
    attrs = op.schema.canonical(types, attrs)
    casts = _casts(op, types)
    plan = Plan(op, types, attrs)
    if casts is not None:
        plan.casts = casts
        return plan
    _check_roles(op, types)
    plan.bounds = _bounds(types)
    if active is None:
        active = runtime.active(device.backend)
    for t in types:
        if isinstance(t, TensorType):
            active.check_dtype(t.dtype)
    kernel = active.kernel(op, device)
    if op.primitive:
        plan.out = _infer(op, types, attrs, device)
    elif kernel is not None and not op.dynamic:
        plan.out = output_types(op, types, attrs)
    if kernel is not None:
        outs = plan.out if isinstance(plan.out, tuple) else (plan.out,)
        for out in outs:
            if out is not None:  # a dynamic composite's is known when it has run
                active.check_dtype(out.dtype)
        plan.run = partial(kernel, **attrs) if attrs else kernel
    _differentiate(op, plan)
    plan.guard = index_check.guard(plan, active)
    if plan.guard is not None and plan.run is not None:
        plan.unchecked = copy(plan)
        plan.run = plan.guard.around(plan.run)
    return plan


def _device(types: tuple[Any, ...], attrs: dict[str, Any]) -> Device:
    devices = {t.device: t for t in types if isinstance(t, TensorType)}
    if len(devices) > 1:
        (a, type_a), (b, type_b) = list(devices.items())[:2]
        raise DeviceError(
            f"its tensors are on {a} ({type_a}) and on {b} ({type_b}); bring them together with "
            f'.to("{a}")'
        )
    if devices:
        return next(iter(devices))
    return attrs["device"]


def _casts(op: Op, types: tuple[Any, ...]) -> tuple[DType | None, ...] | None:
    """The dtypes to convert the operands to, if any needs it; checks that the op has the result."""
    values = [t for i, t in enumerate(types) if t is not None and op.schema.role(i) == "value"]
    tensors = [t for t in values if isinstance(t, TensorType)]
    if not values:
        return None
    if op.promote == "same":
        distinct = {t.dtype.name: None for t in tensors}
        if len(distinct) > 1:
            raise DTypeError(
                f"operands have the dtypes {' and '.join(distinct)}; convert them with .to(dtype)"
            )
    common = promotion.result_type(values)
    assert common is not None
    if op.promote == "float" and common.category in ("bool", "integer"):
        common = promotion.default_float()
    if common not in op.dtypes:
        names = " ".join(d.name for d in dtypes.ALL if d in op.dtypes)
        raise DTypeError(
            f"{common.name} is not among its dtypes ({names}); convert with .to(dtype)"
        )
    if all(t.dtype is common for t in tensors):
        return None
    return tuple(
        common
        if isinstance(t, TensorType) and op.schema.role(i) == "value" and t.dtype is not common
        else None
        for i, t in enumerate(types)
    )


def convert(op: Op, operands: tuple[Any, ...], casts: tuple[DType | None, ...]) -> tuple[Any, ...]:
    """Operands brought to the dtypes that promotion asks for."""
    return tuple(
        x if dtype is None else fe.ops.cast(x, dtype=dtype) for x, dtype in zip(operands, casts)
    )


def _check_roles(op: Op, types: tuple[Any, ...]) -> None:
    for i, t in enumerate(types):
        role = op.schema.role(i)
        if t is None or role == "value":
            continue
        wanted = "bool" if role == "mask" else "integer"
        if t.dtype.category != wanted:
            name = op.schema.operand(i).name
            remedy = ".bool()" if role == "mask" else ".long()"
            raise DTypeError(
                f"{name} must be {wanted}, not {t.dtype.name}; convert it with {remedy}"
            )


def _bounds(types: tuple[Any, ...]) -> tuple[int, int] | None:
    """Where an integer scalar meets a tensor: what the tensor's dtype can hold."""
    if int not in types:
        return None
    dtype = next(t.dtype for t in types if isinstance(t, TensorType))
    if dtype.category == "integer":
        info = dtypes.iinfo(dtype)
        return int(info.min), int(info.max)
    largest = int(float(dtypes.finfo(dtypes.float64).max))
    return -largest, largest


def check_bounds(plan: Plan, operands: tuple[Any, ...]) -> None:
    """Refuse an integer scalar that the dtype which it meets cannot hold."""
    assert plan.bounds is not None
    low, high = plan.bounds
    for x in operands:
        if x.__class__ is int and not low <= x <= high:
            dtype = next(t.dtype for t in plan.types if isinstance(t, TensorType))
            raise DTypeError(
                f"{describe(plan.op, plan.types, plan.attrs)}: {x} does not fit in {dtype.name}; "
                "convert the tensor to a wider dtype first"
            )


def _infer(op: Op, types: tuple[Any, ...], attrs: dict[str, Any], device: Device) -> Any:
    """The types of a primitive's outputs, by its body."""
    found = op.body(*(t if isinstance(t, TensorType) else _Weak for t in types), **attrs)
    if isinstance(found, tuple):
        return tuple(_placed(op, each, device) for each in found)
    return _placed(op, found, device)


def measured(plan: Plan, data: Any) -> Plan:
    """The plan of a call of a dynamic op, with the types that its results turned out to have."""
    device = _device(plan.types, plan.attrs)
    spec = runtime.active(device.backend).backend.spec
    found = copy(plan)
    if isinstance(data, tuple):
        found.out = tuple(TensorType(spec(array), device) for array in data)
    else:
        found.out = TensorType(spec(data), device)
    return found


class _Weak:
    """A Python scalar, to an inference rule: it has no dims and no say in the dtype."""

    shape: tuple[int, ...] = ()
    dtype: DType | None = None
    ndim = 0


def _placed(op: Op, found: Any, device: Device) -> TensorType:
    if isinstance(found, TensorType):
        return found
    if not isinstance(found, Spec):
        raise DeclarationError(f"the body of primitive {op.name!r} returned {found!r}, not a Spec")
    if any(n < 0 for n in found.shape):
        raise ShapeError(f"the result would have the shape {found.shape}; sizes are not negative")
    if math.prod(found.shape) * found.dtype.itemsize > _ADDRESSABLE:
        raise ShapeError(f"the result {found} would need more memory than can be addressed")
    return TensorType(found, device)


_ADDRESSABLE = 2**62


def _differentiate(op: Op, plan: Plan) -> None:
    """Attach the rule by which calls are recorded, if their outputs can have gradients."""
    outs = [o for o in (plan.out if isinstance(plan.out, tuple) else (plan.out,)) if o is not None]
    if not op.differentiable:
        return
    if outs and not any(o.dtype.category in CONTINUOUS for o in outs):
        return
    if op.rule is not None:
        plan.differentiate_by(op.rule)
    elif op.primitive:
        reason = f"declare a rule with @{op.name}.vjp, or the op with differentiable=False"
        plan.differentiate_by(Refusal(op, reason))
    elif plan.run is not None:
        plan.differentiate_by(ReplayRule(op))


def note_kernel(error: Exception, plan: Plan) -> None:
    """Say which kernel an error came from."""
    if isinstance(error, OutOfRange):  # it came from the check before the kernel
        return
    types = [t for t in plan.types if isinstance(t, TensorType)]
    device = types[0].device if types else plan.attrs["device"]
    error.add_note(
        f"raised by the {plan.op.name!r} kernel of backend {device.backend!r}, called as "
        f"{describe(plan.op, plan.types, plan.attrs)}"
    )


def note_body(error: Exception, plan: Plan) -> None:
    """Say which composite an error came out of: in its text, if that names no call yet."""
    call = describe(plan.op, plan.types, plan.attrs)
    own = isinstance(error, (ShapeError, DTypeError, ArgumentError, DeviceError))
    if own and not _NAMES_A_CALL.match(str(error)):
        error.args = (f"{call}: {error}",)
    error.add_note(f"while computing {call}")


_NAMES_A_CALL = re.compile(r"\w+[(:]")
