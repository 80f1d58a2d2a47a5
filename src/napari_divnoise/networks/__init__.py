"""Stage 3: an observation becomes a distribution over signals."""

from __future__ import annotations

from .divnoising import DivNoising
from .kinds import KINDS, Network, build_network
from .latents import DiagonalGaussian
from .likelihood import EVERYTHING, Likelihood, valid_pixels
from .memory import keep_freed_memory
from .precision import fast_dtype, resolve_device, resolve_dtype
from .published import network_from_published, published_state_dict
from .unet import UNet

__all__ = [
    "EVERYTHING",
    "KINDS",
    "DiagonalGaussian",
    "DivNoising",
    "Likelihood",
    "Network",
    "UNet",
    "build_network",
    "fast_dtype",
    "keep_freed_memory",
    "network_from_published",
    "published_state_dict",
    "resolve_device",
    "resolve_dtype",
    "valid_pixels",
]
