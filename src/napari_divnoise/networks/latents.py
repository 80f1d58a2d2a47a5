"""Diagonal Gaussians: what the encoder says of the latents, and draws from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

LOG_STD_RANGE = (-10.0, 5.0)
"""Bounds of a latent's log-std: wide enough for any trained network, and finite."""


@dataclass(frozen=True, slots=True)
class DiagonalGaussian:
    """Independent normal distributions, one for each latent.

    Attributes
    ----------
    mean : torch.Tensor
        Means, ``(B, C, Y, X)``, latent units.
    log_std : torch.Tensor
        Natural logarithm of the standard deviations, ``(B, C, Y, X)``.
    """

    mean: Tensor
    log_std: Tensor

    def draw(self, epsilon: Tensor) -> Tensor:
        """Return one draw: the mean plus the spread times standard normal noise.

        Parameters
        ----------
        epsilon : torch.Tensor
            Standard normal noise that broadcasts against the mean.
        """
        return torch.addcmul(self.mean, self.log_std.exp(), epsilon)

    def kl_to_standard(self) -> Tensor:
        """Return KL(self || N(0, 1)) in nats, not reduced, ``(B, C, Y, X)``, float32.

        Notes
        -----
        Kingma and Welling 2014, appendix B, with the log-variance written as
        twice the log-std.
        """
        mean, log_std = self.mean.float(), self.log_std.float()
        return 0.5 * (mean.square() + torch.exp(2 * log_std) - 1) - log_std


def bounded_log_std(log_std: Tensor) -> Tensor:
    """Return `log_std` kept inside `LOG_STD_RANGE`, its gradient left as it is.

    A plain clamp would stop the gradient outside the range, and a latent that
    went there once could never come back.
    """
    return log_std + (log_std.clamp(*LOG_STD_RANGE) - log_std).detach()
