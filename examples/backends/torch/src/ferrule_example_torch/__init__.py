"""PyTorch as a backend of ferrule."""

from ferrule_example_torch.backend import TorchBackend

backend = TorchBackend()

__all__ = ["TorchBackend", "backend"]
