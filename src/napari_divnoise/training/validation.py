"""How good the network is where it was not trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .objective import Likelihood, evidence_loss

if TYPE_CHECKING:
    from torch import Tensor

    from ..images import Normalization
    from ..networks import DivNoising
    from .patches import Block

MOST_IMAGES = 8
MOST_PIXELS = 512 * 512


class Validation:
    """Observations that no training patch touches, and fixed noise for their latents.

    Parameters
    ----------
    observations : torch.Tensor
        ``(B, 1, Y, X)``, network units.
    seed : int
        Of the noise: the same at every validation, so that two losses differ by the
        networks alone.
    """

    def __init__(self, observations: Tensor, seed: int) -> None:
        self._observations = observations
        self._seed = seed

    @classmethod
    def cut(
        cls,
        images: Any,
        block: Block | None,
        normalization: Normalization,
        *,
        multiple: int,
        seed: int,
        device: torch.device,
    ) -> Validation | None:
        """Cut the block out of a few images of the stack; None where there is none.

        Parameters
        ----------
        images : array
            ``(N, Y, X)``, camera units.
        block : Block or None
            Where to cut.
        normalization : Normalization
            Camera units to network units.
        multiple : int
            Sizes are cut to a multiple of this, in pixels.
        seed : int
            Of the noise.
        device : torch.device
            Where the validation runs.
        """
        if block is None:
            return None
        height = block.height // multiple * multiple
        width = block.width // multiple * multiple
        most = max(min(MOST_IMAGES, MOST_PIXELS // (height * width)), 1)
        n_images = int(images.shape[0])
        chosen = np.unique(
            np.linspace(0, n_images - 1, min(most, n_images)).astype(int)
        )
        rows = slice(block.top, block.top + height)
        columns = slice(block.left, block.left + width)
        cuts = [np.asarray(images[int(n), rows, columns]) for n in chosen]
        x = normalization.normalize(np.stack(cuts)[:, None])
        return cls(torch.as_tensor(x, dtype=torch.float32, device=device), seed)

    @torch.no_grad()
    def loss(
        self, network: DivNoising, likelihood: Likelihood, kl_weight: float
    ) -> float:
        """Return the loss on the kept-out block, network units, nats per pixel."""
        x = self._observations
        generator = torch.Generator().manual_seed(self._seed)
        factor = network.downsampling
        shape = (len(x), network.z_channels, x.shape[2] // factor, x.shape[3] // factor)
        epsilon = torch.randn(shape, generator=generator).to(x.device)
        return float(evidence_loss(network, likelihood, x, epsilon).total(kl_weight))
