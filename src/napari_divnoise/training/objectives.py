"""One objective for each method: what a step minimises, and what a validation says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ..networks import valid_pixels
from .blind_spots import BlindSpots, box_of, draw_blind_spots
from .objective import LOG_2PI, Loss, evidence_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ..networks import DivNoising, Likelihood, UNet
    from .config import TrainingConfig

MIN_ERROR = 1e-8
"""Mean squared error, network units, below which images count as free of noise."""


class Objective(Protocol):
    """What a method minimises; everything random is drawn from a generator or seed.

    Attributes
    ----------
    has_rate : bool
        Whether there are latents whose rate is weighed against the distortion.
    """

    has_rate: bool

    def loss(
        self,
        network: Any,
        likelihood: Likelihood,
        x: Tensor,
        generator: torch.Generator,
    ) -> Loss:
        """Return the loss of a step, nats per pixel in network units.

        Parameters
        ----------
        network : Network
            Of the kind that the method trains.
        likelihood : Likelihood
            The noise model in network units.
        x : torch.Tensor
            Observations, ``(B, 1, Y, X)``, network units.
        generator : torch.Generator
            On the device of `x`; a function of the step.
        """
        ...

    def validation_loss(
        self, network: Any, likelihood: Likelihood, x: Tensor, seed: int
    ) -> Loss:
        """Return the loss of observations with what is random held fixed by `seed`."""
        ...


class Evidence:
    """DivNoising and the vanilla VAE: the evidence lower bound."""

    has_rate = True

    def loss(
        self,
        network: DivNoising,
        likelihood: Likelihood,
        x: Tensor,
        generator: torch.Generator,
    ) -> Loss:
        """Return distortion and rate with fresh latent noise."""
        n_rows, n_columns = (n // network.downsampling for n in x.shape[2:])
        shape = (len(x), n_rows, n_columns, network.z_channels)
        epsilon = torch.randn(shape, generator=generator, device=generator.device)
        return evidence_loss(network, likelihood, x, epsilon.permute(0, 3, 1, 2))

    def validation_loss(
        self, network: DivNoising, likelihood: Likelihood, x: Tensor, seed: int
    ) -> Loss:
        """Return distortion and rate with fixed latent noise."""
        generator = torch.Generator().manual_seed(seed)
        n_rows, n_columns = (n // network.downsampling for n in x.shape[2:])
        shape = (len(x), network.z_channels, n_rows, n_columns)
        epsilon = torch.randn(shape, generator=generator).to(x.device)
        return evidence_loss(network, likelihood, x, epsilon)


class BlindSpotObjective:
    """N2V and PN2V: hide pixels, and ask the network what they were.

    Parameters
    ----------
    distortion : callable
        From likelihood, hidden observations ``(M,)`` and the network's outputs for
        them, ``(M, K)``, to nats per pixel.
    mask_share : float
        About so many of the pixels are hidden.
    """

    has_rate = False

    def __init__(
        self,
        distortion: Callable[[Likelihood, Tensor, Tensor], Tensor],
        mask_share: float,
    ) -> None:
        self._distortion = distortion
        self._box = box_of(mask_share)

    def loss(
        self,
        network: UNet,
        likelihood: Likelihood,
        x: Tensor,
        generator: torch.Generator,
    ) -> Loss:
        """Return the distortion of hidden pixels; there is no rate."""
        shape = (len(x), x.shape[2], x.shape[3])
        spots = draw_blind_spots(shape, box=self._box, generator=generator)
        return self._of(network, likelihood, x, spots)

    def validation_loss(
        self, network: UNet, likelihood: Likelihood, x: Tensor, seed: int
    ) -> Loss:
        """Return the distortion of the same hidden pixels every time."""
        # Drawn where every device sees the same.
        generator = torch.Generator().manual_seed(seed)
        shape = (len(x), x.shape[2], x.shape[3])
        spots = draw_blind_spots(shape, box=self._box, generator=generator)
        return self._of(network, likelihood, x, spots.to(x.device))

    def _of(
        self, network: UNet, likelihood: Likelihood, x: Tensor, spots: BlindSpots
    ) -> Loss:
        features = network.features(spots.hidden_in(x))
        outputs = network.head(spots.taken_from(features))
        observations = spots.taken_from(x)[:, 0]
        with torch.autocast(x.device.type, enabled=False):
            distortion = self._distortion(likelihood, observations, outputs)
        return Loss(distortion=distortion, rate=torch.zeros_like(distortion))


def gaussian_distortion(
    _likelihood: Likelihood, observations: Tensor, outputs: Tensor
) -> Tensor:
    """Return N2V's squared error as nats per pixel.

    Parameters
    ----------
    observations : torch.Tensor
        ``(M,)``, network units.
    outputs : torch.Tensor
        ``(M, 1)``, the signals.

    Notes
    -----
    ``0.5 * log(2 pi e * mse)``: the likelihood of a Gaussian whose spread is that of
    the errors. It is smallest where the squared error is, its gradient points the
    same way, and it has the unit of the other methods' distortion: one can be
    compared with the other, and tells how much there is to gain by a noise model.
    """
    error = (outputs[:, 0] - observations).square().mean()
    return 0.5 * (error.clamp(min=MIN_ERROR).log() + LOG_2PI + 1)


def mixture_distortion(
    likelihood: Likelihood, observations: Tensor, outputs: Tensor
) -> Tensor:
    """Return PN2V's distortion: ``-log mean_k p(observation | output k)``.

    Parameters
    ----------
    likelihood : Likelihood
        The noise model in network units.
    observations : torch.Tensor
        ``(M,)``, network units.
    outputs : torch.Tensor
        ``(M, K)``: signals that are equally likely, given what is around the pixel.

    Notes
    -----
    PPN2V, equation 5, in logarithms. Observations without likelihood do not count.
    """
    log_p = likelihood.log_prob(
        observation=observations[:, None].expand_as(outputs), signal=outputs
    )
    log_mean = log_p.logsumexp(dim=1) - math.log(outputs.shape[1])
    valid = valid_pixels(likelihood, observations)
    if valid is None:
        return -log_mean.mean()
    log_mean = torch.where(valid, log_mean, 0.0)
    return -log_mean.sum() / valid.sum().clamp(min=1)


def objective_of(config: TrainingConfig) -> Objective:
    """Return what the method of `config` minimises."""
    if config.method == "n2v":
        return BlindSpotObjective(gaussian_distortion, config.mask_share)
    if config.method == "pn2v":
        return BlindSpotObjective(mixture_distortion, config.mask_share)
    return Evidence()
