"""Stage 5: many signals that could have been."""

from __future__ import annotations

from .epsilon import latent_noise
from .sampling import Piece, PosteriorSampler
from .stack import DeferredStack, SampleStack

__all__ = [
    "DeferredStack",
    "Piece",
    "PosteriorSampler",
    "SampleStack",
    "latent_noise",
]
