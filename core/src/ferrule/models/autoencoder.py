"""Autoencoders: networks that reproduce their input through a narrow place."""

from __future__ import annotations

from collections.abc import Sequence

import ferrule as fe
from ferrule import nn
from ferrule.models.mlp import MLP
from ferrule.nn import functional as F
from ferrule.random import Generator
from ferrule.tensor import Tensor


class Autoencoder(nn.Module):
    """``(..., in_features)`` to the same shape, through ``latent`` numbers.

    Args:
        in_features: numbers in an input.
        hidden: sizes of the encoder's hidden layers; the decoder has them in reverse.
        latent: numbers in a code.

    ``Autoencoder(784, [512, 256], 32)`` has 1,083,696 parameters.

    Source: Hinton, Salakhutdinov, "Reducing the dimensionality of data with neural networks",
    Science 313 (2006).
    """

    def __init__(self, in_features: int, hidden: Sequence[int], latent: int) -> None:
        super().__init__()
        self.encoder = MLP(in_features, hidden, latent)
        self.decoder = MLP(latent, hidden[::-1], in_features)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class VAE(nn.Module):
    """A variational autoencoder: a code is drawn from the normal distribution that the encoder
    finds, and codes of standard normal numbers decode to things like those learned from.

    The decoder returns logits: inputs are numbers between 0 and 1.

    Args:
        in_features: numbers in an input.
        hidden: sizes of the encoder's hidden layers, one at least; the decoder has them in reverse.
        latent: numbers in a code.

    ``VAE(784, [400], 20)`` has 652,824 parameters.

    Source: Kingma, Welling, arXiv:1312.6114.
    """

    def __init__(self, in_features: int, hidden: Sequence[int], latent: int) -> None:
        super().__init__()
        self.latent = latent
        self.encoder = MLP(in_features, hidden[:-1], hidden[-1])
        self.mean = nn.Linear(hidden[-1], latent)
        self.log_variance = nn.Linear(hidden[-1], latent)
        self.decoder = MLP(latent, hidden[::-1], in_features)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the code's distribution, each ``(..., latent)``."""
        found = F.relu(self.encoder(x))
        return self.mean(found), self.log_variance(found)

    def draw(
        self, mean: Tensor, log_variance: Tensor, generator: Generator | None = None
    ) -> Tensor:
        """A code of that distribution. Gradients flow to both arguments."""
        noise = fe.randn(mean.shape, dtype=mean.dtype, device=mean.device, generator=generator)
        return mean + noise * (0.5 * log_variance).exp()

    def decode(self, code: Tensor) -> Tensor:
        """Logits of the inputs, ``(..., in_features)``, of codes ``(..., latent)``."""
        return self.decoder(code)

    def forward(
        self, x: Tensor, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the input, and what `encode` returns. Outside of training the code is the mean
        of its distribution."""
        mean, log_variance = self.encode(x)
        code = self.draw(mean, log_variance, generator) if self.training else mean
        return self.decode(code), mean, log_variance

    def sample(self, count: int, generator: Generator | None = None) -> Tensor:
        """``(count, in_features)`` numbers between 0 and 1, like those learned from."""
        like = self.mean.weight
        shape = (count, self.latent)
        code = fe.randn(shape, dtype=like.dtype, device=like.device, generator=generator)
        return self.decode(code).sigmoid()


def vae_loss(logits: Tensor, x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The negative evidence lower bound, summed over features and averaged over the batch: what the
    decoder does not know of ``x``, and how far the code's distribution is from standard normal.

    Args:
        logits: ``(N, in_features)``, as `VAE` returns them.
        x: ``(N, in_features)`` between 0 and 1.
        mean, log_variance: ``(N, latent)``.

    Source: Kingma, Welling, arXiv:1312.6114, equation 10 and appendix B.
    """
    unknown = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    return (unknown + divergence) / len(x)
