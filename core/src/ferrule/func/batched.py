"""The tensors that a function sees under `vmap`: one sample each, and all samples in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NoReturn

from ferrule import ops
from ferrule.autograd.node import Leaf, Node
from ferrule.errors import GraphError
from ferrule.modes import Interpreter, Modes, Scope, current, is_grad_enabled
from ferrule.tensor import RemovableHandle, Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Spec


class Level(Interpreter):
    """One call of `vmap`: see `ferrule.func.interpreter`.

    Attributes:
        size: the number of samples.
        randomness: what random functions do.
    """

    size: int
    randomness: Literal["error", "same", "different"]

    def note_write(self, target: Tensor) -> None:
        """Remember what ``target`` is, before it is given a value that differs by sample."""
        raise NotImplementedError(f"{type(self).__name__} has no note_write(); define it")


class Batch:
    """What stands in the place of an array.

    Attributes:
        vmap: the call of `vmap` that the samples belong to.
        value: all samples along the first dim. It may be batched itself, by a `vmap` further out.
    """

    __slots__ = ("value", "vmap")

    def __init__(self, value: Tensor, vmap: Level) -> None:
        self.value = value
        self.vmap = vmap


_slot: Any = vars(Tensor)["_data"]  # the storage that `Batched._data` hides


class Batched(Tensor):
    """A tensor whose value differs from sample to sample. Its type is that of one sample.

    It has no place of its own on the tape: that is where `bottom` of it is.
    """

    __slots__ = ()

    def __init__(self, value: Tensor, vmap: Level) -> None:
        self._become(Batch(value, vmap))

    def _become(self, batch: Batch) -> None:
        _slot.__set__(self, batch)
        self._type = _of_one_sample(batch.value._type)
        self._node = None

    @property
    def _batch(self) -> Batch:
        return _slot.__get__(self)

    @property
    def _data(self) -> NoReturn:
        raise GraphError(
            f"a tensor ({self._type}) that belongs to a vmap was used where that vmap is not in "
            "force: it left the mapped function by another way than its return value, or reached "
            "another thread. Return it from the function"
        )

    @property
    def requires_grad(self) -> bool:
        return bottom(self)._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        below = bottom(self)
        if not requires_grad or below._node is not None:
            below.requires_grad_(requires_grad)
            return self
        vmaps = in_force()
        below = all_lowered(self, vmaps).detach().requires_grad_()
        whole = all_lifted(below, vmaps)
        assert isinstance(whole, Batched)
        self._become(whole._batch)
        return self

    @property
    def is_leaf(self) -> bool:
        return bottom(self).is_leaf

    @property
    def grad_fn(self) -> Node | None:
        return bottom(self).grad_fn

    @property
    def grad(self) -> Tensor | None:
        found = bottom(self).grad
        return None if found is None else all_lifted(found, levels(self))

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        raise GraphError("grad cannot be set under vmap; use fe.func.grad inside of it")

    def detach(self) -> Tensor:
        return with_bottom(self, bottom(self).detach())

    def _apart(self) -> Tensor:
        return with_bottom(self, bottom(self)._apart())

    def _placed(self, node: Node | None) -> Tensor:
        return with_bottom(self, bottom(self)._placed(node))

    def retain_grad(self) -> None:
        bottom(self).retain_grad()

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        vmaps = levels(self)

        def of_all(g: Tensor) -> Tensor | None:
            with under(vmaps):
                replaced = hook(all_lifted(g, vmaps))
                return None if replaced is None else all_lowered(replaced, vmaps)

        return bottom(self).register_hook(of_all)

    def _give(self, target: Tensor) -> None:
        self._batch.vmap.note_write(target)
        target.__class__ = Batched
        assert isinstance(target, Batched)
        target._become(Batch(self._batch.value, self._batch.vmap))

    def _rebind(self, name: str, value: Tensor, reshaped: bool = False) -> Tensor:
        if isinstance(bottom(self)._node, Leaf) and is_grad_enabled():
            bottom(self)._rebind(name, bottom(self))  # which refuses
        value = self._written(name, value, reshaped)
        for vmap in set(levels(value)).difference(levels(self)):
            vmap.note_write(self)
        vmaps = sorted({*levels(self), *levels(value)}, key=position)
        whole = all_lifted(all_lowered(value, vmaps), vmaps)
        assert isinstance(whole, Batched)
        self._become(whole._batch)
        return self

    def _refuse(self, what: str, instead: str) -> NoReturn:
        raise GraphError(
            f"{what}: under vmap a tensor ({self._type}) has not one value but one for each of the "
            f"{self._batch.vmap.size} samples, so it cannot become a Python or NumPy value. "
            f"{instead}"
        )

    def numpy(self) -> NoReturn:
        self._refuse("numpy", "Return the tensor from the function, and convert what vmap returns")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self._refuse("__array__", "Return the tensor, and convert what vmap returns")

    def __dlpack__(self, **options: Any) -> NoReturn:
        self._refuse("__dlpack__", "Return the tensor, and export what vmap returns")

    def __dlpack_device__(self) -> NoReturn:
        self._refuse("__dlpack_device__", "Return the tensor, and export what vmap returns")

    def item(self) -> NoReturn:
        self._refuse(
            "item", "Compute with the tensor itself; as an index, give it a dim: x[i.reshape(1)]"
        )

    def tolist(self) -> NoReturn:
        self._refuse("tolist", "Compute with the tensor itself")

    def __bool__(self) -> NoReturn:
        self._refuse(
            "bool", "In the place of an if, choose between both outcomes with fe.where(...)"
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self._refuse("deepcopy", "Use clone()")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self._refuse("pickle", "Return the tensor, and save what vmap returns")

    def __repr__(self) -> str:
        batch = self._batch
        inner = repr(batch.value).replace("\n", "\n  ")
        return f"Batched({batch.vmap.size} x {self._type},\n  {inner})"

    def __format__(self, spec: str) -> str:
        return repr(self)


def _of_one_sample(whole: TensorType) -> TensorType:
    return TensorType(Spec(whole.shape[1:], whole.dtype), whole.device)


def is_batched(x: Any) -> bool:
    """Whether ``x`` is a tensor that differs from sample to sample of a `vmap`."""
    return isinstance(x, Batched)


def in_force() -> tuple[Level, ...]:
    """The calls of `vmap` that the code runs under, the outermost first."""
    return tuple(i for i in current().stack if isinstance(i, Level))


class under(Scope):
    """Puts the given calls of `vmap` in force, those that are not."""

    def __init__(self, vmaps: Iterable[Level]) -> None:
        super().__init__()
        self.vmaps = tuple(vmaps)

    def modes(self, now: Modes) -> Modes:
        return now.with_stack((*now.stack, *(v for v in self.vmaps if v not in now.stack)))


def position(vmap: Level) -> int:
    """How far inside it is. The wrapper of the innermost is the outermost one."""
    try:
        return current().stack.index(vmap)
    except ValueError:
        raise GraphError(
            "a tensor or a function that belongs to a vmap was used after that vmap had ended; "
            "return tensors from the mapped function, and use functions inside of it"
        ) from None


def levels(x: Any) -> tuple[Level, ...]:
    """The calls of `vmap` that a tensor is batched by, the outermost first."""
    found: list[Level] = []
    while isinstance(x, Batched):
        found.append(x._batch.vmap)
        x = x._batch.value
    return tuple(reversed(found))


def bottom(x: Tensor) -> Tensor:
    """All samples of all calls of `vmap`, in leading dims, the outermost first: what ops compute
    with and the tape records."""
    while isinstance(x, Batched):
        x = x._batch.value
    return x


def with_bottom(x: Tensor, new: Tensor) -> Tensor:
    """``x`` with another `bottom`."""
    if not isinstance(x, Batched):
        return new
    return Batched(with_bottom(x._batch.value, new), x._batch.vmap)


def wrapped(x: Tensor, vmaps: Iterable[Level]) -> Tensor:
    """The tensor that is batched by ``vmaps``, the outermost first, and has ``x`` at its bottom."""
    for vmap in vmaps:
        x = Batched(x, vmap)
    return x


def lower(x: Tensor, vmap: Level) -> Tensor:
    """``x`` seen from outside of ``vmap``: its samples are the first dim. What does not depend on
    the sample is repeated."""
    if isinstance(x, Batched):
        batch = x._batch
        if batch.vmap is vmap:
            return batch.value
        if position(batch.vmap) > position(vmap):
            return Batched(_swapped(lower(batch.value, vmap)), batch.vmap)
    return ops.expand(x, shape=(vmap.size, *x.shape))


def lift(x: Tensor, vmap: Level) -> Tensor:
    """The inverse: the first dim becomes the samples of ``vmap``."""
    if isinstance(x, Batched) and position(x._batch.vmap) > position(vmap):
        return Batched(lift(_swapped(x._batch.value), vmap), x._batch.vmap)
    return Batched(x, vmap)


def all_lowered(x: Tensor, vmaps: Iterable[Level]) -> Tensor:
    """Lowered by several, given the outermost first: their samples are the leading dims."""
    for vmap in reversed(tuple(vmaps)):
        x = lower(x, vmap)
    return x


def all_lifted(x: Tensor, vmaps: Iterable[Level]) -> Tensor:
    """The inverse of `all_lowered`."""
    for vmap in vmaps:
        x = lift(x, vmap)
    return x


def _swapped(x: Tensor) -> Tensor:
    return ops.permute(x, dims=(1, 0, *range(2, x.ndim)))
