"""Stage 3: an observation becomes a distribution over signals."""

from __future__ import annotations

from .divnoising import DivNoising
from .latents import DiagonalGaussian
from .memory import keep_freed_memory
from .precision import fast_dtype, resolve_device, resolve_dtype
from .published import network_from_published, published_state_dict

__all__ = [
    "DiagonalGaussian",
    "DivNoising",
    "fast_dtype",
    "keep_freed_memory",
    "network_from_published",
    "published_state_dict",
    "resolve_device",
    "resolve_dtype",
]
