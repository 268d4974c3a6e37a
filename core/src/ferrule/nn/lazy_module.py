"""Modules that learn the shapes of their parameters from their first input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn.blame import locate
from ferrule.nn.lazy import is_uninitialized
from ferrule.nn.module import Module
from ferrule.nn.tree import own_buffers, own_parameters


class LazyModuleMixin(Module):
    """What makes a layer lazy: ``class LazyLinear(LazyModuleMixin, Linear)``.

    Its constructor assigns `UninitializedParameter` and `UninitializedBuffer`, and
    `initialize_parameters` gives them a shape when it is called with the first input. From then on
    the module is an ordinary one, of the class ``cls_to_become``. A state dict that is loaded gives
    them shapes, too.

    Create optimizers after the first call, so that they see the parameters that there are.
    """

    cls_to_become: type[Module] | None = None

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters and buffers shapes that fit the arguments of `forward`, and initial
        values, if they have none."""
        raise NotImplementedError(
            f"{type(self).__name__} has no initialize_parameters(); define it"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or a buffer of this module itself has no shape as yet."""
        return any(is_uninitialized(x) for _, x in (*own_parameters(self), *own_buffers(self)))

    def materialize(self, **shapes: Any) -> None:
        """Give parameters and buffers of these names shapes, those that there are."""
        for name, shape in shapes.items():
            value = getattr(self, name)
            if is_uninitialized(value):
                value.materialize(shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            with fe.no_grad():
                self.initialize_parameters(*args, **kwargs)
            if self.has_uninitialized_params():
                raise ArgumentError(
                    f"{type(self).__name__}: initialize_parameters left parameters without a shape"
                )
        except Exception as error:
            locate(error, self)
            raise
        if self.cls_to_become is not None:
            self.__class__: type[Module] = self.cls_to_become
        return Module.__call__(self, *args, **kwargs)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        /,
        *lists: Any,
    ) -> None:
        given = {
            name: state_dict.get(prefix + name)
            for name, _ in (*own_parameters(self), *own_buffers(self))
        }
        self.materialize(
            **{
                name: value.shape
                for name, value in given.items()
                if value is not None and not is_uninitialized(value)
            }
        )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *lists)
