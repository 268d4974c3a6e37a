"""Saving and loading: safetensors files, written whole or not at all, and PyTorch's checkpoints,
read without executing them.

The tensors of a nested structure become the tensors of the file, named by their place in it
(``model.0.weight``). The structure itself is one JSON string in the file's metadata, with every
dict, list and tuple and every number and string, so that it comes back as it was. Other readers of
safetensors see the tensors and pass over the string.
"""

from ferrule.serialization.checkpoint import FORMAT, load, load_metadata, save
from ferrule.serialization.model_weights import load_model, save_model
from ferrule.serialization.safetensors_file import is_safetensors

__all__ = [
    "FORMAT",
    "is_safetensors",
    "load",
    "load_metadata",
    "load_model",
    "save",
    "save_model",
]
