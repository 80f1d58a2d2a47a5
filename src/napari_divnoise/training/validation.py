"""How good the network is where it was not trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

    from ..images import Normalization
    from ..networks import Likelihood, Network
    from .objectives import Objective
    from .patches import Block

MOST_IMAGES = 8
MOST_PIXELS = 512 * 512


class Validation:
    """Observations that no training patch touches, and a seed for what is random.

    Parameters
    ----------
    observations : torch.Tensor
        ``(B, 1, Y, X)``, network units.
    seed : int
        Of latent noise or blind spots: the same at every validation, so that two
        losses differ by the networks alone.
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
            Of what is random.
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
        self,
        objective: Objective,
        network: Network,
        likelihood: Likelihood,
        kl_weight: float,
    ) -> float:
        """Return the loss on the kept-out block, network units, nats per pixel."""
        x = self._observations
        loss = objective.validation_loss(network, likelihood, x, self._seed)
        return float(loss.total(kl_weight))
