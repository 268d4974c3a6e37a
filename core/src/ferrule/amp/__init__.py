"""Mixed precision: matrix products in 16 bits, sums and logarithms in float32, as PyTorch's
``torch.amp`` has it. See docs/mixed_precision.md."""

from ferrule.amp.autocast import (
    autocast,
    get_autocast_dtype,
    is_autocast_available,
    is_autocast_enabled,
)
from ferrule.amp.function import custom_bwd, custom_fwd
from ferrule.amp.scaler import GradScaler

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_enabled",
]
