"""Stage 5: many signals that could have been."""

from __future__ import annotations

from .direct import DirectDenoiser
from .epsilon import latent_noise
from .observations import Piece
from .pixelwise import PixelwiseSampler
from .sampler import Sampler
from .sampling import PosteriorSampler
from .stack import DeferredStack, SampleStack

__all__ = [
    "DeferredStack",
    "DirectDenoiser",
    "Piece",
    "PixelwiseSampler",
    "PosteriorSampler",
    "SampleStack",
    "Sampler",
    "latent_noise",
]
