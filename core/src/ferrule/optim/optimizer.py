"""What all optimizers share: parameter groups, state, and the step over all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError, GraphError
from ferrule.ops.precision import HALVES
from ferrule.optim import saved
from ferrule.optim.hooks import Hooked
from ferrule.optim.options import Group, check_rate, check_switches
from ferrule.tensor import Tensor

State = dict[str, Any]

# What a group may hold besides options: labels, and what schedules keep there.
_NOT_OPTIONS = {
    "params", "param_names", "name", "initial_lr", "max_lr", "min_lr", "max_momentum",
    "base_momentum", "swa_lr",
}  # fmt: skip


class Optimizer(Hooked):
    """The base class of optimizers. Subclasses say what one parameter's `update` is, or define
    `step`.

    Attributes:
        param_groups: dicts with ``"params"`` and the options that hold for them.
        state: what is kept from step to step, by parameter.
        defaults: the options of groups that do not give their own.
        numbers: the entries of a parameter's state that are one number, whatever its shape.
        complex_params: whether parameters may be complex; they are then updated as real ones, with
            a last dim for the real and the imaginary part.

    Raises:
        ArgumentError: there are no parameters, one is given twice, or an option is wrong.
        GraphError: a parameter is not a leaf.
    """

    numbers: frozenset[str] = frozenset({"step"})
    complex_params = True

    def __init__(self, params: Iterable[Any] | Tensor, defaults: Group) -> None:
        super().__init__()
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: defaultdict[Any, State] = defaultdict(dict)
        if isinstance(params, Tensor):
            raise ArgumentError(f"{self._name}: give a list of parameters, not one: [p]")
        groups = list(params)
        if groups and not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if not self._all():
            raise ArgumentError(
                f"{self._name}: there are no parameters; model.parameters() has those of modules "
                "that are attributes, and does not see those in a plain list: use nn.ModuleList"
            )

    @property
    def _name(self) -> str:
        return type(self).__name__

    def update(self, param: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        """One step of one parameter.

        Args:
            param, grad: the parameter and its gradient, in float32 or float64.
            state: this parameter's, to be changed; empty before the first step.
            group: the options.

        Returns:
            The parameter's next value.
        """
        raise NotImplementedError(f"{self._name} has no update(); define it")

    def check(self, group: Group) -> None:
        """Refuse options that make no sense, with `ArgumentError`."""

    def add_param_group(self, param_group: Group) -> None:
        """Optimize more parameters, with options of their own where given.

        Args:
            param_group: ``"params"``: a tensor, tensors, or pairs of a name and a tensor, as
                ``named_parameters()`` gives them; and options.

        Raises:
            ArgumentError, GraphError: as the constructor; nothing was added.
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise ArgumentError(
                f"{self._name}: a group is a dict with 'params', not {param_group!r}"
            )
        group = {**self.defaults, **param_group, **self._listed(param_group["params"])}
        unknown = param_group.keys() - self.defaults.keys() - _NOT_OPTIONS
        if unknown:
            raise ArgumentError(
                f"{self._name}: has no option {sorted(unknown)[0]!r}; it has "
                f"{', '.join(self.defaults)}. For entries of your own, set "
                "optimizer.param_groups[i][...] afterwards"
            )
        seen = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(group["params"]):
            self._check_param(i, p)
            if id(p) in seen:
                raise ArgumentError(f"{self._name}: parameter {i} ({p._type}) is given twice")
            seen.add(id(p))
        for other in self.param_groups[:1]:
            if ("param_names" in other) != ("param_names" in group):
                raise ArgumentError(
                    f"{self._name}: some groups name their parameters and some do not; give "
                    "named_parameters() for all of them or for none"
                )
        self._check(group)
        self.param_groups.append(group)

    def _listed(self, params: Any) -> Group:
        if isinstance(params, Tensor):
            return {"params": [params]}
        if isinstance(params, (set, frozenset)):
            raise ArgumentError(
                f"{self._name}: the parameters are in a set, which has no order; give a list"
            )
        listed = list(params)
        named = [p for p in listed if isinstance(p, tuple)]
        if not named:
            return {"params": listed}
        if len(named) < len(listed):
            raise ArgumentError(f"{self._name}: some parameters have names and some have not")
        return {"params": [p for _, p in named], "param_names": [name for name, _ in named]}

    def _check_param(self, i: int, p: Any) -> None:
        if not isinstance(p, Tensor):
            raise ArgumentError(f"{self._name}: parameter {i} is {p!r}, not a tensor")
        if not p.is_leaf:
            raise GraphError(
                f"{self._name}: parameter {i} ({p._type}) was computed from others, so that a "
                "step would not reach them; give the leaves"
            )
        if p.dtype.is_complex and not self.complex_params:
            raise ArgumentError(
                f"{self._name}: parameter {i} is {p._type}, and this optimizer has no rule for "
                "complex ones; optimize fe.view_as_real of it"
            )

    def _check(self, group: Group) -> None:
        check_switches(self._name, group)
        if "lr" in group:
            check_rate(self._name, group["lr"])
        self.check(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss anew, with its gradients, before the step.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with fe.enable_grad():
                loss = closure()
        with fe.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if (grad := p.grad) is not None:
                        p._rebind("step", self._updated(p, grad, self.state[p], group))
        return loss

    def _updated(self, p: Tensor, grad: Tensor, state: State, group: Group) -> Tensor:
        """`update` of a parameter of any dtype: of complex ones as pairs of real ones, of 16-bit
        ones in float32, so that the learning rate and the small options are not rounded to 16
        bits."""
        if p.dtype.is_complex:
            into, back = fe.view_as_real, fe.view_as_complex
        elif p.dtype in HALVES:
            into, back = _widened, p.dtype
        else:
            return self.update(p, grad, state, group)

        def narrowed(x: Tensor) -> Tensor:
            return back(x) if callable(back) else x.to(back)

        wide = {k: v if k in self.numbers else into(v) for k, v in state.items()}
        value = self.update(into(p), into(grad), wide, group)
        state.update((k, v if k in self.numbers else narrowed(v)) for k, v in wide.items())
        return narrowed(value)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = None if set_to_none else fe.zeros_like(p)

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, with numbers in the place of parameters, in their order over
        all groups. The keys and the layout are PyTorch's. Later steps do not change it."""
        for hook in tuple(self._state_dict_pre_hooks.values()):
            hook(self)
        found = saved.dump(self)
        for hook in tuple(self._state_dict_post_hooks.values()):
            found = given if (given := hook(self, found)) is not None else found
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, here or in PyTorch, converted to the dtypes and
        devices of these parameters.

        Raises:
            CheckpointError: the groups differ in number or size, or a state in shape; nothing was
                changed.
        """
        for hook in tuple(self._load_state_dict_pre_hooks.values()):
            copied = dict(state_dict)
            state_dict = copied if (given := hook(self, copied)) is None else given
        self.state, self.param_groups = saved.restore(self, state_dict)
        for hook in tuple(self._load_state_dict_post_hooks.values()):
            hook(self)

    def _restored(self, p: Tensor, number: int, key: str, value: Any) -> Any:
        """An entry of the saved state of ``p``, the ``number``-th parameter, as it is kept."""
        number_ = key in self.numbers
        return saved.entry(p, number, key, value, is_number=number_, name=self._name)

    def _all(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        lines = [f"{self._name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {k}: {v}" for k, v in sorted(group.items()) if k != "params"]
        return "\n".join([*lines, ")"])


def _widened(x: Tensor) -> Tensor:
    return x.to(fe.float32)
