"""Models that take the checkpoints which others have published for them."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Generic, Self, TypeVar

import ferrule as fe
from ferrule.models.configuration import Configuration
from ferrule.nn import init
from ferrule.nn.embedding import Embedding
from ferrule.nn.linear import Linear
from ferrule.nn.module import Module
from ferrule.serialization import staging

C = TypeVar("C", bound=Configuration)


class Pretrained(Module, Generic[C]):
    """A model with a configuration, whose checkpoints may name its tensors in several ways.

    Attributes:
        config: its configuration.
        config_class: what reads that from a file.
        tied: parameters that are others too, by the names of both. A checkpoint may leave out the
            first.
    """

    config: C
    config_class: ClassVar[type[Any]]  # of Configuration; a class variable cannot say which
    tied: dict[str, str]

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config
        self.tied = {}
        self.register_load_state_dict_pre_hook(_rename)

    def checkpoint_name(self, name: str) -> str | None:
        """What a tensor that a checkpoint calls ``name`` is called here; None: it is not used."""
        return name

    @classmethod
    def from_pretrained(
        cls,
        folder: str | os.PathLike[str],
        *,
        strict: bool = True,
        device: Any = None,
        dtype: Any = None,
        **settings: Any,
    ) -> Self:
        """The model that a folder in Hugging Face's layout holds, in evaluation mode.

        Args:
            folder: with ``config.json``, and the weights as `ferrule.load` finds them:
                ``model.safetensors``, ``pytorch_model.bin``, or either in several files.
            strict: whether the weights must be there for every parameter; otherwise what is
                missing keeps its initial values, as a new classifier does.
            device: where to put it.
            dtype: of the parameters.
            settings: what to change in the configuration.

        Raises:
            CheckpointError: a file is missing or damaged, or does not fit the model.
            ArgumentError: the configuration asks for what is not computed here.
        """
        read = cls.config_class.from_json(folder)
        config = type(read).from_dict({**read.to_dict(), **settings})
        model = cls(config).to(device=device, dtype=dtype)
        state = fe.load(folder, map_location=staging.device(model))
        model.load_state_dict(state, strict=strict)
        return model.eval()


def _rename(model: Pretrained[Any], state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Call the tensors of a checkpoint as ``model`` does. Called before it takes them."""
    for key in [key for key in state if key.startswith(prefix)]:
        name = model.checkpoint_name(key.removeprefix(prefix))
        value = state.pop(key)
        if name is not None:
            state[prefix + name] = value
    for name, source in model.tied.items():
        if prefix + source in state:
            state.setdefault(prefix + name, state[prefix + source])


def draw_normal(model: Module, std: float) -> None:
    """Initial values as BERT and GPT-2 draw them: weights and tables normal, biases and the row of
    the padding 0."""
    for module in model.modules():
        if isinstance(module, Linear):
            init.normal_(module.weight, 0.0, std)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, Embedding):
            init.normal_(module.weight, 0.0, std)
            if module.padding_idx is not None:
                with fe.no_grad():
                    module.weight[module.padding_idx] = 0.0
